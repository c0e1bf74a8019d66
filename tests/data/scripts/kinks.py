import torch

x = torch.tensor([-2.0, -0.5, 0.0, 0.5, 2.0], requires_grad=True)
for name, f in [("relu", torch.relu), ("abs", torch.abs), ("clamp", lambda t: torch.clamp(t, -1, 1)),
                ("where", lambda t: torch.where(t > 0, t ** 2, -t)),
                ("max0", lambda t: torch.max(t, torch.zeros_like(t))),
                ("clamp_min", lambda t: t.clamp(min=0.25)), ("sign", torch.sign)]:
    x.grad = None
    f(x).sum().backward()
    print(f"{name:10s}", x.grad)
