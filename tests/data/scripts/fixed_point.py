import torch

a = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
x = torch.tensor(1.0, dtype=torch.float64)
for _ in range(20):
    x = 0.5 * (x + a / x)
x.backward()
print(x.item(), a.grad.item(), 1 / (2 * 2 ** 0.5))
