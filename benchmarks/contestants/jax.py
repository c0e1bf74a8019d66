"""JAX, jitted; compiled before it is timed."""

import sys

import jax
import jax.numpy as jnp
import work

jax.config.update("jax_enable_x64", True)
_START = "import jax; print(jax.grad(lambda x: (x**2).sum())(jax.numpy.array([3., 4, 10])))"
START = [sys.executable, "-c", _START]


def _timed(f, *args):
    compiled = jax.jit(f)
    return lambda: jax.block_until_ready(compiled(*args))


def chain(size):
    def f(x):
        return (jnp.sin(x) * jnp.exp(-(x**2)) + jnp.tanh(x)).sum()

    return _timed(jax.value_and_grad(f), jnp.array(work.normal(size)))


def mlp():
    d = {name: jnp.array(array) for name, array in work.mlp().items()}
    rows = jnp.arange(1797)

    def loss(parameters):
        w1, b1, w2, b2 = parameters
        logs = jax.nn.log_softmax(jnp.tanh(d["X"] @ w1 + b1) @ w2 + b2)
        return -logs[rows, d["y"]].mean()

    return _timed(jax.value_and_grad(loss), [d["W1"], d["b1"], d["W2"], d["b2"]])


def logistic():
    d = {name: jnp.array(array) for name, array in work.logistic().items()}

    def loss(w):
        return jax.nn.softplus(-d["y"] * (d["X"] @ w)).mean() + 0.01 * (w**2).sum()

    return _timed(jax.value_and_grad(loss), d["w"])


def recurrence_again():
    def f(y):
        return jax.lax.fori_loop(0, 10_000, lambda i, y: jnp.sin(y) * 1.01, y)

    return _timed(jax.value_and_grad(f), jnp.array(0.5))


def dense_jacobian():
    f = jax.jacrev(lambda x: jnp.exp(x - x.sum() / 1001))
    return _timed(f, jnp.array(work.normal(1001)))


def diagonal_jacobian():
    return _timed(jax.jacrev(jnp.sin), jnp.array(work.normal(1001)))


def hessian():
    def f(x):
        return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()

    return _timed(jax.hessian(f), jnp.array(work.normal(1000) / 4))
