import torch
w = torch.randn(3, generator=torch.Generator().manual_seed(1)).requires_grad_()
for i in range(4):
    loss = (w ** 2).mean()
    loss.backward()
    w.data = w.data - 0.5 * w.grad.data
    w.grad.data.zero_()
    print(i, '%.4f' % loss.item(), w.data.tolist())
