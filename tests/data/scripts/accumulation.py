import torch

x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
for step in range(3):
    loss = (x ** 2).sum()
    loss.backward()
    print(step, x.grad)

x.grad.zero_()
print(x.grad)
(x * 5).sum().backward()
print(x.grad)
x.grad = None
print(x.grad)
x.prod().backward()
print(x.grad)
