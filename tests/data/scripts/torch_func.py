import torch
from torch.func import grad, vmap, jacrev, jacfwd, hessian, vjp, jvp
f = lambda x: torch.sin(x)
x = torch.tensor(0.5)
print(grad(f)(x))
print(grad(grad(f))(x), -torch.sin(x))
print(vmap(grad(f))(torch.tensor([0., 1., 2.])))
print(jacrev(torch.sin)(torch.tensor([0.1, 0.2])))
print(jacfwd(torch.sin)(torch.tensor([0.1, 0.2])))
print(hessian(lambda x: (x ** 3).sum())(torch.tensor([1., 2.])))
