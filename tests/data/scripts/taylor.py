import torch
import math

def taylor(f, x0, order):
    x = torch.tensor(x0, dtype=torch.float64, requires_grad=True)
    g = f(x)
    coefficients = [g.item()]
    for k in range(1, order + 1):
        g, = torch.autograd.grad(g, x, create_graph=True)
        coefficients.append(g.item() / math.factorial(k))
    return coefficients

print([f"{c:.6f}" for c in taylor(torch.exp, 0.0, 5)])
print([round(c, 6) for c in taylor(lambda t: 1 / (1 + t ** 2), 0.5, 4)])
