import torch

x = torch.tensor(10.0, requires_grad=True)
lr = 0.1
for i in range(50):
    y = (x - 3) ** 2
    y.backward()
    with torch.no_grad():
        x -= lr * x.grad
    x.grad.zero_()
    if i % 10 == 0:
        print(f"step {i:2d}: x = {x.item():.4f}, y = {y.item():.6f}")
print(x)
