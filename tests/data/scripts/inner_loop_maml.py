import torch

w = torch.tensor([1.0, 2.0], requires_grad=True)
x = torch.tensor([0.5, -0.3])
inner_loss = ((w * x).sum() - 1.0) ** 2
g, = torch.autograd.grad(inner_loss, w, create_graph=True)
fast = w - 0.1 * g
outer_loss = ((fast * x).sum() + 0.5) ** 2
outer_loss.backward()
print(g)
print(fast)
print(w.grad)
