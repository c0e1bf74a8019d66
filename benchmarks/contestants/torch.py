"""PyTorch, eager."""

import sys

import torch
import work
from torch.nn import functional

_START = "import torch; x = torch.tensor([3., 4, 10], requires_grad=True); "
START = [sys.executable, "-c", _START + "(x**2).sum().backward(); print(x.grad)"]


def _chain(x):
    return (torch.sin(x) * torch.exp(-(x**2)) + torch.tanh(x)).sum()


def _differentiated(f, *tensors):
    for tensor in tensors:
        tensor.requires_grad_()

    def run():
        for tensor in tensors:
            tensor.grad = None
        value = f()
        value.backward()
        return value

    return run


def chain(size):
    x = torch.tensor(work.normal(size))
    return _differentiated(lambda: _chain(x), x)


def mlp():
    d = {name: torch.tensor(array) for name, array in work.mlp().items()}

    def loss():
        hidden = torch.tanh(d["X"] @ d["W1"] + d["b1"])
        return functional.cross_entropy(hidden @ d["W2"] + d["b2"], d["y"])

    return _differentiated(loss, d["W1"], d["b1"], d["W2"], d["b2"])


def logistic():
    d = {name: torch.tensor(array) for name, array in work.logistic().items()}
    w = d["w"]

    def loss():
        return functional.softplus(-d["y"] * (d["X"] @ w)).mean() + 0.01 * (w**2).sum()

    return _differentiated(loss, w)


def recurrence():
    start = torch.tensor(0.5, dtype=torch.float64)

    def value():
        y = start
        for _ in range(10_000):
            y = torch.sin(y) * 1.01
        return y

    return _differentiated(value, start)


def dense_jacobian():
    x = torch.tensor(work.normal(1001))
    return lambda: torch.func.jacrev(lambda x: torch.exp(x - x.sum() / 1001))(x)


def diagonal_jacobian():
    x = torch.tensor(work.normal(1001))
    return lambda: torch.func.jacrev(torch.sin)(x)


def hessian():
    x = torch.tensor(work.normal(1000) / 4)

    def f(x):
        return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()

    return lambda: torch.func.hessian(f)(x)
