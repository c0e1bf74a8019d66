import torch

w = torch.tensor([3.0, 4.0], requires_grad=True)
(w ** 2).sum().backward()
norm = w.grad.norm()
print(norm)
if norm > 1.0:
    w.grad.mul_(1.0 / norm)
print(w.grad)
w.grad.clamp_(-0.7, 0.7)
print(w.grad)
w.grad[0] = 0
print(w.grad)
