# learning rates compared
import torch

def minimise(f, start, lr, steps):
    x = torch.tensor(start, requires_grad=True)
    path = [x.item()]
    for _ in range(steps):
        y = f(x)
        y.backward()
        with torch.no_grad():
            x.sub_(lr * x.grad)
            x.grad = None
        path.append(round(x.item(), 4))
    return path

f = lambda x: x ** 2 - 4 * x + 1
for lr in [0.01, 0.1, 0.5, 1.0]:
    print(f"lr={lr:<5}", minimise(f, 5.0, lr, 4))
