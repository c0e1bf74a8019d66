import torch

shapes = {"W": (2, 2), "b": (2,)}
params = {name: torch.ones(shape, requires_grad=True) for name, shape in shapes.items()}
for name, p in params.items():
    print(name, p.shape, p.numel())
x = torch.tensor([1.0, 2.0])
out = (params["W"] @ x + params["b"]).sum()
out.backward()
grads = [p.grad for p in params.values()]
print(grads)
print({k: v.grad.sum().item() for k, v in params.items()})
layers = [(torch.eye(2) * 2, torch.zeros(2)), (torch.ones(2, 2), torch.ones(2))]
h = x
for W, b in layers:
    h = h @ W + b
print(h, len(layers))
history = []
history.append(("first", 1))
history.append(("second", 2.5))
print(history, history[-1][0], [a for a, _ in history])
print(list(zip([1, 2], ["a", "b"])), dict(a=1, b=2), sorted([3, 1, 2]), list(reversed([1, 2])))
