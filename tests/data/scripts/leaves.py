import torch

a = torch.tensor([1.0, 2.0], requires_grad=True)
b = torch.tensor([3.0, 4.0])
c = a + b
d = c.mean()
for name, t in [("a", a), ("b", b), ("c", c), ("d", d)]:
    print(f"{name}: is_leaf={t.is_leaf}, requires_grad={t.requires_grad}, grad_fn={t.grad_fn is not None}")
c.retain_grad()
d.backward()
print(a.grad, b.grad, c.grad)
print(d.grad_fn)  # the name of the last step
e = b * 2
print(e.is_leaf, e.grad_fn, e)
b.requires_grad = True
print((b * 2).is_leaf, b.is_leaf)
