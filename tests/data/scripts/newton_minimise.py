import torch

def f(x):
    return torch.exp(x[0] + 3 * x[1] - 0.1) + torch.exp(x[0] - 3 * x[1] - 0.1) + torch.exp(-x[0] - 0.1)

x = torch.tensor([-1.0, 0.7], dtype=torch.double, requires_grad=True)
for k in range(4):
    g = torch.autograd.grad(f(x), x, create_graph=True)[0]
    H = torch.stack([torch.autograd.grad(gi, x, retain_graph=True)[0] for gi in g])
    step = torch.linalg.solve(H, g)
    x = (x - step).detach().requires_grad_()
    print(k, [f"{v:.6f}" for v in x.tolist()], f"{f(x).item():.8f}")
