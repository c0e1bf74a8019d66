import torch

X = torch.arange(20, dtype=torch.float32).reshape(10, 2) / 20
w_true = torch.tensor([1.0, -2.0])
y = X @ w_true

def data_iter(batch_size, features, labels):
    batches = []
    for i in range(0, len(features), batch_size):
        j = torch.tensor(range(i, min(i + batch_size, len(features))))
        batches.append((features[j], labels[j]))
    return batches

w = torch.zeros(2, requires_grad=True)
for epoch in range(30):
    total = 0.0
    for xb, yb in data_iter(4, X, y):
        loss = ((xb @ w - yb) ** 2 / 2).sum()
        loss.backward()
        with torch.no_grad():
            w -= 0.3 * w.grad / len(xb)
            w.grad.zero_()
        total += loss.item()
    if epoch % 10 == 0:
        print(f"{epoch:2d} {total:.5f}")
print(w.detach())
