import torch

x = torch.tensor(1.0, requires_grad=True)
y = torch.tensor(2.0, requires_grad=True)
z = (x + y) * (y + 3)
z.backward()
print(f"dz/dx = {x.grad}, dz/dy = {y.grad}")

u = torch.tensor(1.0, requires_grad=True)
v = torch.tensor(2.0, requires_grad=True)
f = u * v + u ** 2
fu, fv = torch.autograd.grad(f, [u, v], create_graph=True)
fuu, fuv = torch.autograd.grad(fu, (u, v), allow_unused=True)
print(fu, fv)
print(fuu, fuv)
