import torch

def l2_penalty(w):
    return (w ** 2).sum() / 2

x = torch.tensor([[1.0, 2.0, 3.0], [0.0, 1.0, -1.0]])
y = torch.tensor([[1.0], [2.0]])
for lambd in (0, 3):
    w = torch.full((3, 1), 0.1, requires_grad=True)
    for i in range(20):
        loss = ((x @ w - y) ** 2).mean() + lambd * l2_penalty(w)
        loss.backward()
        with torch.no_grad():
            w.sub_(0.05 * w.grad)
            w.grad.zero_()
    print(f"lambda {lambd}: norm {torch.norm(w).item():.4f}")
    print(w.flatten().detach().numpy())
