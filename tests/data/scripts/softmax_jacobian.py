import torch

z = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
s = torch.softmax(z, dim=0)
print(s, s.sum())
J = torch.zeros(3, 3)
for i in range(3):
    J[i] = torch.autograd.grad(s[i], z, retain_graph=True)[0]
expected = torch.diag(s) - torch.outer(s, s)
print(J)
print(torch.allclose(J, expected, atol=1e-6))
