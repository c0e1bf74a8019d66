# A straight line fitted by gradient descent, as one writes it in PyTorch.
import torch

X = torch.linspace(0, 1, 50)
Y = 2 * X + 0.5
w = torch.zeros(1, requires_grad=True)
b = torch.zeros(1, requires_grad=True)

for step in range(301):
    loss = ((w * X + b - Y) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        w -= 0.5 * w.grad
        b -= 0.5 * b.grad
    w.grad.zero_()
    b.grad.zero_()
    if step % 100 == 0:
        print(f"step {step}: loss {loss.item():.6f}")

print(w, b)
assert abs(w.item() - 2) < 1e-2, "the slope was not found"
