import torch

w = torch.tensor(5.0, requires_grad=True)
best, patience = float("inf"), 0
epoch = 0
while True:
    epoch += 1
    loss = (w - 1) ** 2 + 0.1
    loss.backward()
    with torch.no_grad():
        w -= 0.25 * w.grad
        w.grad.zero_()
    if loss.item() < best - 1e-6:
        best = loss.item()
        patience = 0
    else:
        patience += 1
    if patience >= 2 or epoch > 1000:
        break
print(f"stopped after {epoch} epochs, best {best:.4f}, w {w:.4f}")
