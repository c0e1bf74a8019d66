import torch

def hessian(f, x):
    y = f(x)
    grad = torch.autograd.grad(y, x, create_graph=True)[0]
    rows = []
    for i in range(x.numel()):
        row = torch.autograd.grad(grad[i], x, retain_graph=True)[0]
        rows.append(row)
    return torch.stack(rows)

def f(x):
    return (x[0] ** 2 * x[1] + torch.exp(x[1] * x[2])).sum() + x[2] ** 3

x = torch.tensor([1.0, 2.0, 0.5], requires_grad=True)
H = hessian(f, x)
print(H)
print(torch.allclose(H, H.T))
