import torch

def f(x):
    return (x ** 4).sum() + (x[0] * x[1]) ** 2

x = torch.tensor([1.0, 2.0], requires_grad=True)
v = torch.tensor([1.0, -1.0])
g = torch.autograd.grad(f(x), x, create_graph=True)[0]
hv = torch.autograd.grad(g @ v, x)[0]
print(g, hv)
(g * v).sum().backward() if False else print("done")
