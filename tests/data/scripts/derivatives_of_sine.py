import torch

x = torch.linspace(0, 3.0, 4, requires_grad=True)
y = torch.sin(x)
derivatives = [y]
for order in range(1, 5):
    g = torch.autograd.grad(derivatives[-1].sum(), x, create_graph=True)[0]
    derivatives.append(g)
for order, d in enumerate(derivatives):
    print(order, d.detach())
print(torch.allclose(derivatives[4], y))
