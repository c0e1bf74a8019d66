import torch

X = torch.linspace(0, 1, 50).reshape(-1, 1)
true_w, true_b = torch.tensor([[2.0]]), 0.5
Y = X @ true_w + true_b
w = torch.zeros(1, 1, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
lr = 0.5

def squared_loss(y_hat, y):
    return ((y_hat - y) ** 2).mean()

for epoch in range(200):
    loss = squared_loss(X @ w + b, Y)
    loss.backward()
    with torch.no_grad():
        w -= lr * w.grad
        b -= lr * b.grad
        w.grad.zero_()
        b.grad.zero_()
    if (epoch + 1) % 50 == 0:
        print(f"epoch {epoch + 1}: loss {loss.item():.6f}")
print(w, b)
print(f"w error {(w - true_w).abs().item():.3f}, b error {abs(b.item() - true_b):.3f}")
assert torch.allclose(w, true_w, atol=1e-1), "not converged"
