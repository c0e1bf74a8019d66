import numpy as np

x = np.array([0.1, 0.2, 0.7])
W = np.array([[0.1, 0.4, 0.8], [0.3, 0.7, 0.2]])
target = np.array([1.0, 0.0])

def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))

for step in range(3):
    z = W @ x
    a = sigmoid(z)
    loss = 0.5 * np.sum((a - target) ** 2)
    delta = (a - target) * a * (1 - a)
    dW = np.outer(delta, x)
    W -= 1.0 * dW
    print(step, f"{loss:.6f}", np.round(a, 4))
print(np.round(W, 5))
print(W.shape, W.dtype, W.size, W.ndim, (W > 0.3).sum(), np.argmax(W, axis=1))
