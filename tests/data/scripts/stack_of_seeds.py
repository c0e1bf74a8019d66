import torch
x = torch.tensor([1., 2., 3.], requires_grad=True)
y = x ** 2 * x.sum()
J = torch.autograd.grad(y, x, torch.eye(3), is_grads_batched=True)[0]
print(J)
x = torch.tensor(1., requires_grad=True)
y = torch.tensor(2., requires_grad=True)
print(torch.autograd.grad(x ** 2, [x, y], allow_unused=True))
print(torch.autograd.grad(x ** 2, [x, y], materialize_grads=True))
