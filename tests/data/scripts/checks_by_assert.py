import torch

x = torch.tensor([0.5, 1.5], requires_grad=True)
y = torch.sin(x) * x
g, = torch.autograd.grad(y.sum(), x)
assert torch.allclose(g, torch.cos(x) * x + torch.sin(x))
assert g.shape == x.shape, "shapes differ"
assert torch.isclose(g[0], torch.cos(x[0]) * x[0] + torch.sin(x[0]))
assert torch.equal(x, x.clone()) and not torch.equal(x, x + 1)
assert x.requires_grad and x.grad is None
assert isinstance(x, torch.Tensor)
print(torch.isclose(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.1])))
print(torch.allclose(torch.tensor(1.0), torch.tensor(1.0 + 1e-9)), torch.is_tensor(x), "ok")
