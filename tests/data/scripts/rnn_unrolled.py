import torch

Wx = torch.tensor([[0.5, -0.2]], requires_grad=True)
Wh = torch.tensor([[0.1, 0.3], [-0.4, 0.2]], requires_grad=True)
h = torch.zeros(1, 2)
inputs = torch.tensor([[1.0], [0.5], [-1.0]])
states = []
for x in inputs:
    h = torch.tanh(x.unsqueeze(0) @ Wx + h @ Wh)
    states.append(h)
out = torch.cat(states, dim=0)
print(out)
out[-1].sum().backward()
print(Wx.grad)
print(Wh.grad)
