import torch

a = torch.arange(3.0).reshape(3, 1).requires_grad_()
b = torch.arange(2.0).requires_grad_()
c = a + b * 2
print(c, c.shape)
c.sum().backward()
print(a.grad, b.grad)
s = torch.tensor(3.0, requires_grad=True)
(s * torch.ones(2, 3)).sum().backward()
print(s.grad)
bias = torch.zeros(4, requires_grad=True)
(torch.ones(5, 4) * 2 + bias).pow(2).mean().backward()
print(bias.grad)
