import torch
torch.manual_seed(0)
w = torch.randn(4, requires_grad=True)
x = torch.randn(5, 4, requires_grad=True)
out = torch.sigmoid(x @ w).sum()
gx = torch.autograd.grad(out, x, create_graph=True)[0]
penalty = ((gx.norm(2, dim=1) - 1) ** 2).mean()
penalty.backward()
print(penalty)
print(w.grad)
