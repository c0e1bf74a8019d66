import torch

w = torch.tensor(0.5, requires_grad=True)
x = torch.tensor(2.0)
prediction = w * x
target = (w * x).detach() + 1
loss = (target - prediction) ** 2
loss.backward()
print(loss, w.grad)
y = w * 3
print(y.detach().requires_grad, y.requires_grad)
y.detach_()
print(y.requires_grad, y.grad_fn, y.is_leaf)
frozen = w.detach().clone().requires_grad_()
(frozen ** 2).backward()
print(frozen.grad, w.grad)
