import torch
x = torch.linspace(0.1, 0.9, 5, requires_grad=True)
for fn in [torch.sin, torch.log, torch.sqrt, torch.tanh, torch.erf, torch.sigmoid, torch.abs, torch.asin]:
    x.grad = None
    fn(x).sum().backward()
    print(fn.__name__, x.grad)
