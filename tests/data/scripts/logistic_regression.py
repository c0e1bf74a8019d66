import torch

X = torch.tensor([[0.5, 1.2], [1.0, 0.8], [2.5, 2.0], [3.0, 3.5], [0.2, 0.1], [2.0, 3.1]])
y = torch.tensor([0., 0., 1., 1., 0., 1.])
w = torch.zeros(2, requires_grad=True)
b = torch.zeros(1, requires_grad=True)

for epoch in range(300):
    p = torch.sigmoid(X @ w + b)
    loss = -(y * torch.log(p) + (1 - y) * torch.log(1 - p)).mean()
    loss.backward()
    with torch.no_grad():
        for param in [w, b]:
            param -= 0.3 * param.grad
            param.grad.zero_()
    if epoch % 100 == 0:
        print("epoch {:3d} loss {:.4f}".format(epoch, loss.item()))

with torch.no_grad():
    predicted = (torch.sigmoid(X @ w + b) > 0.5).float()
print(w, b)
print(predicted, (predicted == y).float().mean())
