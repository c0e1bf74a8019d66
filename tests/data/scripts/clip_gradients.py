import torch
x = torch.tensor([3., 4.], requires_grad=True)
(x ** 2).sum().backward()
total = torch.nn.utils.clip_grad_norm_([x], 1.0)
print(total, x.grad)
