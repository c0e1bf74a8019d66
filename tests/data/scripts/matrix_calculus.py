import torch

A = torch.tensor([[4.0, 1.0], [1.0, 3.0]], requires_grad=True)
torch.logdet(A).backward() if False else torch.log(torch.det(A)).backward()
print(A.grad)
print(torch.linalg.inv(A).T)
A.grad = None
torch.trace(A @ A).backward()
print(A.grad, 2 * A.T.detach())
A.grad = None
x = torch.tensor([1.0, 2.0])
torch.linalg.norm(A @ x).backward()
print(A.grad)
print(torch.einsum("ij,j->i", A, x), torch.outer(x, x))
