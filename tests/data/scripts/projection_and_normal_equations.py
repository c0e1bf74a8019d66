import torch

A = torch.tensor([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
b = torch.tensor([6.0, 0.0, 0.0])
x = torch.linalg.solve(A.T @ A, A.T @ b)
print(x)
r = b - A @ x
print(r, (A.T @ r).abs().max() < 1e-5)
w = torch.zeros(2, requires_grad=True)
for i in range(400):
    ((A @ w - b) ** 2).sum().backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
    w.grad.zero_()
print(w)
