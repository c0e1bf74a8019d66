import torch
from torch.func import jacrev, jacfwd, hessian, jvp, vjp, grad
f = lambda x, y: (x ** 2 * y).sum()
x, y = torch.tensor([1., 2.]), torch.tensor([3., 4.])
print(jacrev(f, argnums=1)(x, y))
print(hessian(f, argnums=0)(x, y))
print(jacfwd(lambda x: x * x.sum())(x))
print(jacrev(f, argnums=(0, 1))(x, y))
value, pull = vjp(f, x, y)
print(value, pull(torch.tensor(2.)))
print(jvp(f, (x, y), (torch.ones(2), torch.zeros(2))))
print(grad(lambda x: (torch.sin(x) ** 2).sum())(x))
print(grad(f, argnums=1)(x, y), jacrev(jacrev(lambda x: (x ** 3).sum()))(x))
