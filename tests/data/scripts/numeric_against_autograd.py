import torch

def f(x):
    return torch.sum(x ** 2 * torch.exp(-x))

x = torch.tensor([0.1, 0.7, 1.9], dtype=torch.float64, requires_grad=True)
f(x).backward()
eps = 1e-6
numeric = torch.zeros_like(x)
for i in range(len(x)):
    e = torch.zeros(3, dtype=torch.float64)
    e[i] = eps
    numeric[i] = (f(x + e) - f(x - e)) / (2 * eps)
print(x.grad)
print(numeric)
print((x.grad - numeric).abs().max().item() < 1e-8)
