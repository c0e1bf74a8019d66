import torch
x = torch.tensor([1., 2., 3.], requires_grad=True)
s = torch.softmax(x, dim=0)
J = torch.zeros(3, 3)
for i in range(3):
    if x.grad is not None:
        x.grad.zero_()
    s[i].backward(retain_graph=True)
    J[i] = x.grad
print(J)
S = s.detach()
print(torch.diag(S) - torch.outer(S, S))
print(torch.allclose(J, torch.diag(S) - torch.outer(S, S)))
