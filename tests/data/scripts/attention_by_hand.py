import torch
import math

Q = torch.tensor([[1.0, 0.0], [0.5, 0.5]], requires_grad=True)
K = torch.tensor([[0.2, 0.8], [0.9, 0.1], [0.4, 0.4]], requires_grad=True)
V = torch.tensor([[1.0], [2.0], [3.0]], requires_grad=True)
scores = Q @ K.transpose(-2, -1) / math.sqrt(K.size(-1))
weights = torch.softmax(scores, dim=-1)
out = weights @ V
print(scores, weights, out, sep="\n")
out.sum().backward()
print(Q.grad)
print(K.grad)
print(V.grad)
