import numpy as np

def f(x):
    return np.sum(np.sin(x) * x ** 2)

def numerical_gradient(f, x, h=1e-5):
    grad = np.zeros_like(x)
    for i in range(x.size):
        old = x[i]
        x[i] = old + h
        hi = f(x)
        x[i] = old - h
        lo = f(x)
        x[i] = old
        grad[i] = (hi - lo) / (2 * h)
    return grad

x = np.array([0.5, 1.0, -2.0])
analytic = np.cos(x) * x ** 2 + 2 * x * np.sin(x)
numeric = numerical_gradient(f, x)
print(np.round(analytic, 5))
print(np.round(numeric, 5))
print(np.allclose(analytic, numeric, atol=1e-6), np.max(np.abs(analytic - numeric)) < 1e-8)
