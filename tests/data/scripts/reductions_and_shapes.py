import torch
x = torch.tensor([[1., 2.], [3., 4.]], requires_grad=True)
print(x.sum(dim=0, keepdim=True), x.mean(1), x.std(), x.var(unbiased=False), x.norm())
print(x.T, x.mT.shape, x.reshape(-1), x.flatten()[1:3], x[:, -1], x[..., None].shape)
print(x.max(), x.min(dim=1), x.prod(), x.cumsum(0), x.logsumexp(1))
y = x.view(4) * torch.tensor([1, 2, 3, 4])
print(y.dtype, y)
y.sum().backward()
print(x.grad)
