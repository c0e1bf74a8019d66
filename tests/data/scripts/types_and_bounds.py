import torch
x = torch.tensor([1, 2, 3])
print(x.dtype, x.float().dtype, x.double(), (x / 2).dtype, x // 2, x % 2, x ** 2)
print(torch.tensor([1.5, 2]).type(), x.type(torch.float64))
print(x.to(torch.float32) * 0.5, x + 1.5, x.bool())
print(torch.tensor(3).item(), torch.tensor(True), torch.tensor([True, False]) & True)
print(torch.finfo(torch.float32).eps, torch.float32)
