import torch
def batch_jacobian(f, x):
    y = f(x)
    out = torch.zeros(x.shape[0], y.shape[1], x.shape[1])
    for i in range(y.shape[1]):
        out[:, i] = torch.autograd.grad(y[:, i].sum(), x, retain_graph=True)[0]
    return out
x = torch.tensor([[1., 2.], [3., 4.], [5., 6.]], requires_grad=True)
f = lambda x: torch.stack([x[:, 0] * x[:, 1], x[:, 0] ** 2], dim=1)
print(batch_jacobian(f, x))
