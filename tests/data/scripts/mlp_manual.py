import torch

X = torch.tensor([[0., 0.], [0., 1.], [1., 0.], [1., 1.]])
y = torch.tensor([[0.], [1.], [1.], [0.]])
W1 = torch.tensor([[0.5, -0.3, 0.8], [0.2, 0.9, -0.5]], requires_grad=True)
b1 = torch.zeros(3, requires_grad=True)
W2 = torch.tensor([[0.7], [-0.6], [0.4]], requires_grad=True)
b2 = torch.zeros(1, requires_grad=True)
params = [W1, b1, W2, b2]

def net(X):
    H = torch.tanh(X @ W1 + b1)
    return torch.sigmoid(H @ W2 + b2)

losses = []
for epoch in range(500):
    loss = ((net(X) - y) ** 2).mean()
    losses.append(loss.item())
    loss.backward()
    with torch.no_grad():
        for p in params:
            p -= 1.0 * p.grad
            p.grad = None
print(f"first {losses[0]:.4f}, last {losses[-1]:.4f}, fewer: {losses[-1] < losses[0]}")
print(net(X))
print([tuple(p.shape) for p in params])
