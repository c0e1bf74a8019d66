import torch

def f(x):
    return torch.stack([x[0] * x[1], torch.sin(x[0])])

x = torch.tensor([0.5, 2.0], requires_grad=True)
u = torch.zeros(2, requires_grad=True)
y = f(x)
g = torch.autograd.grad(y, x, grad_outputs=u, create_graph=True)[0]
jvp = torch.autograd.grad(g, u, grad_outputs=torch.tensor([1.0, 0.0]))[0]
print(jvp)
