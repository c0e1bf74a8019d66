import torch

w = torch.tensor([2.0, 3.0, -1.0], requires_grad=True)
square_avg = torch.zeros(3)
for i in range(30):
    loss = (w ** 4).sum()
    loss.backward()
    with torch.no_grad():
        square_avg.mul_(0.9).addcmul_(w.grad, w.grad, value=0.1)
        w.addcdiv_(w.grad, square_avg.sqrt().add_(1e-8), value=-0.05)
        w.grad.zero_()
print(w)
print(square_avg)
