import numpy as np
import torch
t = torch.tensor([1., 4.])
print(np.sqrt(t), np.array(t).dtype, np.asarray(t) * 2, np.array([t[0].item(), 2]))
x = torch.tensor([1., 2.], requires_grad=True)
print(np.array(x.tolist()), type(x), type(1.5), type(x.grad), type([1]), type("a"))
print(isinstance(x, torch.Tensor), x.type(), divmod(7.5, 2), divmod(-7, 2))
a = np.copy(t)
a[0] = 9
print(t, a)
