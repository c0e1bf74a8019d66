import torch

x = torch.tensor([1., 2., 3.], requires_grad=True)
y = x - torch.sum(x)
print(y)
y.backward(torch.ones_like(y))
print(x.grad)

x.grad.zero_()
z = torch.exp(x - torch.sum(x))
print(z)
z.backward(torch.ones_like(z))
print(x.grad)
print(x.grad / z)
