import torch
xs = [torch.tensor(float(i), requires_grad=True) for i in range(3)]
total = sum(x ** 2 for x in xs)
total.backward()
print([x.grad.item() for x in xs])
print(*[x.grad for x in xs], sep=', ')
grads = list(map(lambda x: x.grad, xs))
print(grads)
print(max(xs, key=lambda t: t.item()))
print(any(x.requires_grad for x in xs), all(x.is_leaf for x in xs))
