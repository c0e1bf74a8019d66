import torch

torch.manual_seed(0)
print(torch.rand(3), torch.randn(3), torch.randint(0, 10, (5,)))
print(torch.rand(2, 2), torch.randn(2, 2))
torch.manual_seed(42)
w = torch.randn(3, requires_grad=True)
print(w)
print(torch.randn(()), torch.rand(1, dtype=torch.float64), torch.randn(2, dtype=torch.float64))
print(torch.randperm(6), torch.rand_like(w), torch.randn_like(w))
