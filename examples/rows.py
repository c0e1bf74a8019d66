# A Jacobian row by row: each mask selects one row of it.
import torch

x = torch.tensor([1.0, 2.0], requires_grad=True)
y = torch.exp(x - torch.sum(x))
print(y)

y.backward(torch.tensor([0.5, 0]), retain_graph=True)
print(x.grad)
x.grad.zero_()

J = torch.zeros(2, 2)
for i in range(2):
    v = torch.zeros(2)
    v[i] = 1
    y.backward(v, retain_graph=True)
    J[i] = x.grad
    x.grad.zero_()
print(J)
