import torch

N, D_in, H, D_out = 4, 3, 5, 2
x = torch.arange(N * D_in, dtype=torch.float).reshape(N, D_in) / 10
y = torch.ones(N, D_out)
w1 = (torch.arange(D_in * H).view(D_in, H).float() - 7) / 20
w2 = (torch.arange(H * D_out).view(H, D_out).float() - 5) / 20
w1.requires_grad_()
w2.requires_grad_()

learning_rate = 1e-2
for t in range(201):
    y_pred = x.mm(w1).clamp(min=0).mm(w2)
    loss = (y_pred - y).pow(2).sum()
    if t % 50 == 0:
        print(t, round(loss.item(), 4))
    loss.backward()
    with torch.no_grad():
        w1 -= learning_rate * w1.grad
        w2 -= learning_rate * w2.grad
        w1.grad.zero_()
        w2.grad.zero_()
print(w1)
print(w2)
