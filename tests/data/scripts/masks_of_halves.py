import torch

W = torch.tensor([[0.1, -0.2, 0.3], [0.4, 0.5, -0.6]], requires_grad=True)
x = torch.tensor([1.0, 2.0, 3.0])
y = torch.sigmoid(W @ x)

rows = []
for mask in ([0.5, 0], [0, 0.5]):
    W.grad = None
    y.backward(gradient=torch.tensor(mask), retain_graph=True)
    rows.append(W.grad.flatten() / 0.5)
    print(mask, W.grad)
J = torch.stack(rows)
print(J)
print(J.shape)
