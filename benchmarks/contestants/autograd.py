"""HIPS autograd."""

import sys

import autograd
import autograd.numpy as np
import work
from autograd.scipy.special import logsumexp

_START = "import autograd, autograd.numpy as np; "
_START += "print(autograd.grad(lambda x: (x**2).sum())(np.array([3., 4, 10])))"
START = [sys.executable, "-c", _START]


def chain(size):
    x = work.normal(size)
    f = autograd.value_and_grad(lambda x: np.sum(np.sin(x) * np.exp(-(x**2)) + np.tanh(x)))
    return lambda: f(x)


def mlp():
    d = work.mlp()
    rows = np.arange(1797)

    def loss(parameters):
        w1, b1, w2, b2 = parameters
        z = np.dot(np.tanh(np.dot(d["X"], w1) + b1), w2) + b2
        return np.mean(logsumexp(z, axis=1) - z[rows, d["y"]])

    f = autograd.value_and_grad(loss)
    return lambda: f([d["W1"], d["b1"], d["W2"], d["b2"]])


def logistic():
    d = work.logistic()

    def loss(w):
        return np.mean(np.logaddexp(-d["y"] * np.dot(d["X"], w), 0)) + 0.01 * np.sum(w**2)

    f = autograd.value_and_grad(loss)
    return lambda: f(d["w"])


def recurrence():
    def value(y):
        for _ in range(10_000):
            y = np.sin(y) * 1.01
        return y

    f = autograd.value_and_grad(value)
    sys.setrecursionlimit(100_000)
    return lambda: f(0.5)


def dense_jacobian():
    x = work.normal(1001)
    f = autograd.jacobian(lambda x: np.exp(x - np.sum(x) / 1001))
    return lambda: f(x)


def diagonal_jacobian():
    x = work.normal(1001)
    f = autograd.jacobian(np.sin)
    return lambda: f(x)


def hessian():
    x = work.normal(1000) / 4

    def value(x):
        return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    f = autograd.hessian(value)
    return lambda: f(x)
