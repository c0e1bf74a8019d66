import torch

a = torch.tensor(2.0, requires_grad=True)
b = torch.tensor(6.0, requires_grad=True)
Q = 3 * a ** 3 - b ** 2
Q.backward(retain_graph=True)
print(a.grad, b.grad)
Q.backward()
print(a.grad, b.grad)
print(9 * a ** 2 == a.grad, -2 * b == b.grad)
print(a.grad / 2 == 9 * a ** 2)
