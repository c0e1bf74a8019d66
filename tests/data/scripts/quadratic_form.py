import torch

A = torch.tensor([[2.0, 0.5], [0.5, 1.0]])
b = torch.tensor([1.0, -1.0])
x = torch.zeros(2, requires_grad=True)
for _ in range(100):
    loss = 0.5 * x @ A @ x - b @ x
    loss.backward()
    with torch.no_grad():
        x -= 0.4 * x.grad
        x.grad = None
print(x, torch.linalg.solve(A, b))
y = torch.tensor([1.0, 2.0], requires_grad=True)
q = y.T @ A @ y if False else torch.matmul(y, torch.matmul(A, y))
q.backward()
print(y.grad, (A + A.T) @ y)
