import numpy as np
import torch

n = np.array([1.0, 2.0, 3.0])
t = torch.from_numpy(n)
print(t, t.dtype)
t32 = torch.tensor(n, dtype=torch.float32, requires_grad=True)
y = (t32 ** 2).sum()
y.backward()
print(t32.grad, t32.grad.numpy(), t32.detach().numpy())
print(torch.as_tensor(np.arange(3)), torch.Tensor([1, 2]), torch.tensor(n))
a = torch.ones(3)
b = a.numpy()
a.add_(1)
print(a, b)
print(type(b) == type(n), b.dtype, y.item(), np.exp(1.0))
print(np.sum(t32.detach().numpy() * n))
print((t * 2).numpy(), torch.from_numpy(np.eye(2, dtype=np.float32)))
