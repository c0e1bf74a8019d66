import torch

x = torch.linspace(-1, 1, 11)
y = 1 + 2 * x - 3 * x ** 2
X = torch.stack([x ** k for k in range(4)], dim=1)
print(X.shape)
coef = torch.zeros(4, requires_grad=True)
for i in range(1, 2001):
    loss = torch.mean((X @ coef - y) ** 2)
    loss.backward()
    coef.data -= 0.2 * coef.grad.data
    coef.grad.data.zero_()
print(["%.2f" % c for c in coef], coef.dtype)
