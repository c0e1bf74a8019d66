import torch
from torch import nn

w = nn.Parameter(torch.tensor([1.0, -1.0]))
b = nn.Parameter(torch.zeros(1), requires_grad=False)
print(w, b.requires_grad)
y = (w * 2 + b).relu().sum()
y.backward()
print(w.grad, b.grad)
b.requires_grad_()
for p in [w, b]:
    p.grad = None
(w.prod() + b).sum().backward()
print([p.grad for p in (w, b)])
