import torch

torch.manual_seed(0)
print(torch.rand(20))
print(torch.randn(4, 5))
print(torch.randn(17))
print(torch.randn(32, dtype=torch.float64))
print(torch.rand(18, dtype=torch.float64))
print(torch.randint(100, (3, 4)), torch.randint(low=-5, high=5, size=(20,)))
print(torch.normal(0.0, 1.0, size=(3,)), torch.normal(2.0, 0.5, (2, 8)))
w = torch.empty(3, 2).uniform_(-1, 1)
print(w, torch.empty(2).normal_(0, 0.01), torch.zeros(20).normal_())
