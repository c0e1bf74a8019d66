import torch

x = torch.tensor(1.0, requires_grad=True)
y = torch.tensor(2.0, requires_grad=True)
z = x ** 2
gx, gy = torch.autograd.grad(z, (x, y), allow_unused=True)
print(gx, gy)
print(gy is None)
print(torch.autograd.grad([x * 2, y * 3], [x, y], grad_outputs=[torch.tensor(1.0), torch.tensor(10.0)]))
