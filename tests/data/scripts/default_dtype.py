import torch

torch.set_default_dtype(torch.float64)
x = torch.tensor([1.0, 2.0], requires_grad=True)
print(x, torch.ones(2), x.dtype)
y = torch.exp(x).sum()
y.backward()
print(x.grad)
torch.set_printoptions(precision=10)
print(x.grad)
print(torch.tensor([1.0], dtype=torch.float32))
torch.set_default_dtype(torch.float32)
print(torch.ones(1))
