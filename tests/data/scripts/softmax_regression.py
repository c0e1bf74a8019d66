import torch
import torch.nn.functional as F

X = torch.tensor([[1.0, 2.0], [2.0, 1.0], [3.0, 3.0], [-1.0, 0.5]])
labels = torch.tensor([0, 1, 2, 0])
W = torch.zeros(2, 3, requires_grad=True)
b = torch.zeros(3, requires_grad=True)

def softmax(X):
    X_exp = torch.exp(X)
    partition = X_exp.sum(1, keepdims=True)
    return X_exp / partition

def cross_entropy(y_hat, y):
    return -torch.log(y_hat[range(len(y_hat)), y])

for epoch in range(20):
    y_hat = softmax(X @ W + b)
    l = cross_entropy(y_hat, labels).mean()
    l.backward()
    with torch.no_grad():
        W -= 0.5 * W.grad
        b -= 0.5 * b.grad
    W.grad.zero_()
    b.grad.zero_()
print(W)
print(b)
print(softmax(X @ W + b).sum(dim=1))
print(softmax(X @ W + b).argmax(dim=1))
print(F.cross_entropy(X @ W + b, labels))
