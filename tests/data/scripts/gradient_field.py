import torch

points = torch.tensor([[0.0, 0.0], [1.0, 0.5], [-1.0, 2.0]], requires_grad=True)
r2 = (points ** 2).sum(dim=1)
potential = torch.exp(-r2)
(field,) = torch.autograd.grad(potential.sum(), points)
print(-field)
print(potential)
div = 0
for k in range(2):
    g = torch.autograd.grad(torch.exp(-(points ** 2).sum(dim=1)).sum(), points, create_graph=True)[0]
    div = div + torch.autograd.grad(g[:, k].sum(), points)[0][:, k]
print(div)
