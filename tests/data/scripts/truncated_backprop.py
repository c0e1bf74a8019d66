import torch

w = torch.tensor(0.9, requires_grad=True)
h = torch.tensor(1.0)
for t in range(6):
    if t % 3 == 0:
        h = h.detach()  # cut the graph
    h = w * h + 0.1
h.backward()
print(f"{h.item():.4f} {w.grad.item():.4f}")
