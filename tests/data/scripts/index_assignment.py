import torch

x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
y = torch.zeros(3, 3)
for i in range(3):
    for j in range(i + 1):
        y[i, j] = x[i] * x[j]
print(y)
y.sum().backward()
print(x.grad)
mask = torch.tensor([True, False, True])
z = x.detach().clone()
z[mask] = -1
print(z)
z[:2] = torch.tensor([7.0, 8.0])
print(z, x)
