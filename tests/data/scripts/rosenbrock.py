import torch

def rosenbrock(x, a=1, b=100):
    return (a - x[0]) ** 2 + b * (x[1] - x[0] ** 2) ** 2

x = torch.tensor([-1.2, 1.0], requires_grad=True)
print(rosenbrock(x))
for i in range(1000):
    loss = rosenbrock(x)
    loss.backward()
    with torch.no_grad():
        x -= 1e-3 * x.grad
    x.grad.zero_()
    if (i + 1) % 250 == 0:
        print(f"iter {i + 1:4d} | loss {loss.item():.4f} | x = ({x[0].item():.3f}, {x[1].item():.3f})")
print(rosenbrock(x, b=1))
