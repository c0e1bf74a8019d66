import torch

def loss_fn(w):
    return 10 * w[0] ** 2 + w[1] ** 2

w = torch.tensor([1.0, -2.0], requires_grad=True)
v = torch.zeros_like(w)
lr, beta = 0.02, 0.9
for step in range(60):
    loss = loss_fn(w)
    loss.backward()
    with torch.no_grad():
        v[:] = beta * v - lr * w.grad
        w += v
        w.grad.zero_()
    if step % 20 == 19:
        print(step, w, loss)
print(v)
