import torch

x = torch.tensor([1.0, 2.0, 3.0])
x.add_(1)
x *= 2
x[0] = 10
x[-1] += 5
print(x)
x.fill_(0.5)
print(x)
w = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
y = w * 2
y += 1
y[1] = 0
print(y)
y.sum().backward()
print(w.grad)
z = w.clone()
z[0] = 100.0
z.mul_(3)
print(z)
z.sum().backward()
print(w.grad)
