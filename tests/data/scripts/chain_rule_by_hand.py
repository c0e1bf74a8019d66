import torch

x, w, b, y = torch.tensor([1., 2., 3.]), torch.tensor([.5, -.5, .25]), torch.tensor(.1), torch.tensor(1.)
w.requires_grad_(True); b.requires_grad_(True)
z = torch.dot(w, x) + b
p = 1 / (1 + torch.exp(-z))
loss = -(y * p.log() + (1 - y) * (1 - p).log())
loss.backward()
with torch.no_grad():
    dz = p - y
    dw, db = dz * x, dz
print(f"loss {loss:.4f}")
print("autograd:", w.grad, b.grad)
print("by hand: ", dw, db)
print(torch.allclose(w.grad, dw), torch.allclose(b.grad, db))
