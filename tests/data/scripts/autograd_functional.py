import torch
from torch.autograd import functional as AF
f = lambda x: torch.exp(x).sum(dim=1)
x = torch.arange(6.).reshape(2, 3) / 10
print(AF.vjp(f, x, torch.ones(2)))
print(AF.jvp(f, x, torch.ones(2, 3)))
g = lambda x: (x ** 3).sum()
print(AF.hvp(g, x, torch.ones(2, 3)))
print(AF.vhp(g, x, torch.ones(2, 3)))
