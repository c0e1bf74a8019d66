import torch

print(torch.tensor([1e-5, 1.0]), torch.tensor([1e10, 1.0]), torch.tensor([0.001, 1000.0]))
print(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([1.5, float("inf")]), torch.tensor([float("nan"), 1]))
print(torch.tensor([-1.0, 2.0]), torch.tensor([[1, -2], [30, 4]]))
print(torch.arange(24.0).reshape(2, 3, 4))
print(torch.linspace(0, 1, 25))
print(torch.zeros(0), torch.empty(0, 3).shape, torch.tensor([]))
print(torch.arange(2000))
x = torch.tensor([[0.12345678, 1.0], [2.0, 3.0]], requires_grad=True)
print(x, x * 1000, x.sum(0), x[0], sep="\n")
print(str(x), repr(x[0, 0]))
print([x[0, 0].item(), x[0, 1].item()], (x.sum(), 2), {"x": x.sum()})
