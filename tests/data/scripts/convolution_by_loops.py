import torch

def corr2d(X, K):
    h, w = K.shape
    Y = torch.zeros((X.shape[0] - h + 1, X.shape[1] - w + 1))
    for i in range(Y.shape[0]):
        for j in range(Y.shape[1]):
            Y[i, j] = (X[i:i + h, j:j + w] * K).sum()
    return Y

X = torch.ones((6, 8))
X[:, 2:6] = 0
K = torch.tensor([[1.0, -1.0]])
Y = corr2d(X, K)
print(Y)
kernel = torch.zeros((1, 2), requires_grad=True)
for i in range(20):
    l = ((corr2d(X, kernel) - Y) ** 2).sum()
    l.backward()
    kernel.data[:] -= 3e-2 * kernel.grad
    kernel.grad.zero_()
    if (i + 1) % 5 == 0:
        print(f'epoch {i + 1}, loss {l.sum():.3f}')
print(kernel.data.reshape((1, 2)))
