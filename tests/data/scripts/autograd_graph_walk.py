import torch

# z = log(x*y + sin(x)), node by node
x = torch.tensor(0.5, requires_grad=True)
y = torch.tensor(4.2, requires_grad=True)
a = x * y
b = torch.sin(x)
c = a + b
z = torch.log(c)
for t in (a, b, c, z):
    t.retain_grad()
z.backward()
for name, t in {"z": z, "c": c, "b": b, "a": a, "y": y, "x": x}.items():
    print(f"{name:>2} = {t.item():.4f}   dz/d{name} = {t.grad.item():.4f}   {t.grad_fn.name() if t.grad_fn else 'leaf'}")
