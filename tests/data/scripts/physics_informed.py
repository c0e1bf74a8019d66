import torch

# u'' of u = sin(2 t), by autograd
t = torch.linspace(0, 1, 5, dtype=torch.float64).requires_grad_(True)
u = torch.sin(2 * t)
du = torch.autograd.grad(u, t, torch.ones_like(u), create_graph=True)[0]
d2u = torch.autograd.grad(du, t, torch.ones_like(du), create_graph=True)[0]
residual = d2u + 4 * u
print(du)
print(d2u)
print(residual.abs().max() < 1e-12)
