import torch

x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
A = torch.tensor([[1., 2.], [3., 4.]], requires_grad=True)
print(x + 1, x - 1, x * 2, x / 2, x ** 2, -x, 1 / x, 2 - x, 2 ** x, sep="\n")
print(x.sum(), x.mean(), x.max(), x.prod(), x.norm(), x.std(), x.var(), sep="\n")
print(x.exp(), x.log(), x.sin(), x.sqrt(), x.abs(), torch.tanh(x), torch.sigmoid(x), torch.relu(x), sep="\n")
print(x @ x, A @ A, A @ A[0], A.mm(A), A.t(), A.T, A.view(-1), A.reshape(4, 1), A.flatten(), sep="\n")
print(x[0], x[1:], A[:, 0], A[x[:2].detach() > 1], x.clone(), x.unsqueeze(0), sep="\n")
print(A.sum(dim=0), A.mean(dim=1, keepdim=True), A.max(dim=1).values, torch.cat([x, x]), torch.stack([x, x]), sep="\n")
print(torch.softmax(x, dim=0), torch.log_softmax(x, 0), x.clamp(min=2), torch.where(x > 1, x, -x), sep="\n")
print(x.square(), x.pow(3), A.inverse(), torch.det(A), torch.trace(A), torch.dot(x, x), torch.outer(x, x), sep="\n")
print(x.cumsum(0), x.view(3, 1).expand(3, 2), A.diag(), torch.logsumexp(x, 0), sep="\n")
