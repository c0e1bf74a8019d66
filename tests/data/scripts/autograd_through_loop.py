import torch

def horner(coefs, x):
    result = torch.zeros_like(x)
    for c in reversed(coefs):
        result = result * x + c
    return result

coefs = [1.0, -2.0, 0.5, 3.0]
x = torch.tensor([0.0, 1.0, 2.0], requires_grad=True)
p = horner(coefs, x)
p.sum().backward()
print(p)
print(x.grad)
print(x.detach() ** 2 * 9 + x.detach() - 2)
