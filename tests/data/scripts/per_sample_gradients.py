import torch
from torch.func import vmap, grad
def predict(w, x):
    return torch.tanh(x @ w)
def loss(w, x, t):
    return (predict(w, x) - t) ** 2
w = torch.tensor([0.5, -0.5, 0.1])
X = torch.tensor([[1., 2., 3.], [0., 1., 0.], [2., 2., 2.]])
t = torch.tensor([1., 0., -1.])
g = vmap(grad(loss), in_dims=(None, 0, 0))(w, X, t)
print(g)
print(g.mean(0))
