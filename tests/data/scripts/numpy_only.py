import numpy as np

a = np.array([1, 2, 3])
b = np.array([[1.0, 2.0], [3.0, 4.0]])
print(a, a.dtype, a.shape)
print(b, b.dtype, b.T)
print(a * 2, a / 2, a ** 2, a + 0.5, -a)
print(b @ b, b.sum(), b.sum(axis=0), b.mean(axis=1), b.std())
print(np.dot(a, a), np.exp(b), np.maximum(a, 2), a > 1)
print(np.zeros(3), np.ones((2, 2)), np.eye(2), np.arange(0, 1, 0.25), np.linspace(0, 1, 5))
print(a.reshape(3, 1), a[None, :].shape, b[:, 0], b[1], b[b > 2])
print(np.concatenate([a, a]), np.stack([a, a]), np.where(a > 1, a, 0))
print(a.sum(), a.max(), a.argmax(), b.min(axis=1), float(b[0, 0]), int(a[1]))
c = b.copy()
c[0] = 0
c[1, 1] += 10
print(c, b)
print(np.linalg.inv(b), np.linalg.det(b).round(6), np.linalg.norm(a))
print(repr(a), repr(b), [a, b], [x for x in a], b.tolist())
