import torch

def f(a):
    b = a * 2
    while b.norm() < 1000:
        b = b * 2
    if b.sum() > 0:
        c = b
    else:
        c = 100 * b
    return c

for value in (0.37, -0.5, 12.0, -2500.0):
    a = torch.tensor(value, requires_grad=True)
    d = f(a)
    d.backward()
    print(value, d, a.grad, a.grad == d / a)
