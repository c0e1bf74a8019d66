import torch

R = torch.tensor([[5.0, 3.0, 1.0], [4.0, 2.4, 0.8], [1.0, 0.6, 0.2]])
P = torch.full((3, 1), 0.5, requires_grad=True)
Q = torch.full((3, 1), 0.5, requires_grad=True)
for step in range(300):
    error = R - P @ Q.t()
    loss = error.pow(2).sum() + 0.001 * (P.pow(2).sum() + Q.pow(2).sum())
    loss.backward()
    for M in (P, Q):
        M.data.add_(M.grad, alpha=-0.01)
        M.grad.zero_()
print((P @ Q.T).round(decimals=2))
print(f"{loss.item():.3f}")
