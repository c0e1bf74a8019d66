import torch

def jacobian(f, x):
    x = x.clone().detach().requires_grad_(True)
    y = f(x)
    J = torch.zeros(y.numel(), x.numel())
    for i in range(y.numel()):
        v = torch.zeros_like(y)
        v[i] = 1.0
        (g,) = torch.autograd.grad(y, x, grad_outputs=v, retain_graph=True)
        J[i] = g
    return J

def f(x):
    return torch.stack([x[0] ** 2 + x[1], x[0] * x[1], torch.sin(x[1])])

x = torch.tensor([1.0, 2.0])
print(jacobian(f, x))
print(jacobian(lambda t: t ** 3, torch.arange(1.0, 4.0)))
