import torch

w = torch.ones(3, requires_grad=True)
print(w.data, w.data.requires_grad)
w.data -= 0.1
print(w)
w.data.mul_(2)
print(w, w.is_leaf, w.requires_grad)
loss = (w ** 2).sum()
loss.backward()
w.data = w.data - 0.5 * w.grad.data
print(w, w.grad)
w.data[0] = 7.0
print(w)
