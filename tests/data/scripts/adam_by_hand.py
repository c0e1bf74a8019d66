import torch

params = {
    "w": torch.tensor([[1.0, -1.0]], requires_grad=True),
    "b": torch.tensor([0.5], requires_grad=True),
}
m = {k: torch.zeros_like(p) for k, p in params.items()}
v = {k: torch.zeros_like(p) for k, p in params.items()}
beta1, beta2, eps, lr = 0.9, 0.999, 1e-8, 0.1
x = torch.tensor([[1.0, 2.0], [3.0, -1.0], [0.5, 0.5]])
target = torch.tensor([[3.0], [1.0], [1.5]])

for t in range(1, 101):
    pred = x @ params["w"].T + params["b"]
    loss = torch.mean((pred - target) ** 2)
    loss.backward()
    with torch.no_grad():
        for k, p in params.items():
            m[k] = beta1 * m[k] + (1 - beta1) * p.grad
            v[k] = beta2 * v[k] + (1 - beta2) * p.grad ** 2
            m_hat = m[k] / (1 - beta1 ** t)
            v_hat = v[k] / (1 - beta2 ** t)
            p -= lr * m_hat / (torch.sqrt(v_hat) + eps)
            p.grad.zero_()
    if t % 25 == 0:
        print(f"{t:>4}  {loss.item():.5f}")
for k in params:
    print(k, params[k].data)
