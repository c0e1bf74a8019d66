import torch

x = torch.tensor([2.0, 5.0], requires_grad=True)
y = (x ** 3).sum()
y.backward(create_graph=True)
print(x.grad)
x_grad = x.grad
x.grad = None
x_grad.sum().backward()
print(x.grad)
