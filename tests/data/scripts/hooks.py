import torch
x = torch.tensor([1., 2.], requires_grad=True)
h = x.register_hook(lambda g: g * 10)
(x ** 2).sum().backward()
print(x.grad)
h.remove()
x.grad = None
(x ** 2).sum().backward()
print(x.grad)
x = torch.tensor([1., 2.], requires_grad=True)
y = x * 3
y.register_hook(print)
z = y.mean()
z.backward()
norms = []
w = torch.tensor([3., 4.], requires_grad=True)
handles = [t.register_hook(lambda g: norms.append(g.norm().item())) for t in (w, y)]
(w * y.detach()).sum().backward()
print(norms, torch.autograd.grad((w ** 2).sum(), w), norms, len(handles))
