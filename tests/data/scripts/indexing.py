import torch
x = torch.arange(12).reshape(3, 4)
print(x[1], x[:, 1], x[1:, ::2], x[x > 5], x[[0, 2]], x[torch.tensor([0, 1]), torch.tensor([1, 2])])
print(x.float().mean(dim=1, keepdim=True), x.sum(), x.max(dim=0))
y = x.clone()
y[y % 2 == 0] = -1
print(y)
y[:, 0] += 10
print(y, x.t()[0], (x == y).sum().item(), x.unsqueeze(0).shape, x.permute(1, 0).shape)
print(torch.where(x > 5, x, -x), x.gather(1, torch.tensor([[0], [1], [2]])))
