import torch

def power(x, n):
    if n == 0:
        return torch.ones_like(x)
    return x * power(x, n - 1)

def fib(n, memo={}):
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)

x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
y = power(x, 4)
print(y)
y.sum().backward()
print(x.grad, fib(10))
