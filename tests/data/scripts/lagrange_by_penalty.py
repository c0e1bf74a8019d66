import torch

# minimise x + y on the circle x^2 + y^2 = 2
p = torch.tensor([0.5, 0.3], dtype=torch.float64, requires_grad=True)
mu = 1.0
for outer in range(4):
    for inner in range(500):
        constraint = (p ** 2).sum() - 2
        loss = p.sum() + mu * constraint ** 2
        g, = torch.autograd.grad(loss, p)
        with torch.no_grad():
            p -= 0.01 / mu * g
    mu *= 2
    print(f"mu={mu:g}: {p[0].item():.4f} {p[1].item():.4f}, violation {constraint.item():+.1e}")
