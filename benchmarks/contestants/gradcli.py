"""gradcli: programs compiled once, run again."""

import json
import subprocess
import sys

import numpy as np
import work

import gradcli

START = [sys.executable, "-m", "gradcli", "eval", "sum(x**2)", "--x", "3,4,10", "--json"]


def chain(size):
    x = work.normal(size)
    program = gradcli.compile(work.CHAIN)
    return lambda: program.evaluate({"x": x})


def chain_value(size):
    x = work.normal(size)
    program = gradcli.compile(work.CHAIN)
    return lambda: program.evaluate({"x": x}, grad=False)


def mlp():
    inputs = work.mlp()
    program = gradcli.compile(work.MLP)
    return lambda: program.evaluate(inputs, wrt=["W1", "b1", "W2", "b2"])


def mlp_value():
    inputs = work.mlp()
    program = gradcli.compile(work.MLP)
    return lambda: program.evaluate(inputs, grad=False)


def logistic():
    inputs = work.logistic()
    program = gradcli.compile(work.LOGISTIC)
    return lambda: program.evaluate(inputs, wrt="w")


def logistic_value():
    inputs = work.logistic()
    program = gradcli.compile(work.LOGISTIC)
    return lambda: program.evaluate(inputs, grad=False)


def recurrence():
    return lambda: gradcli.evaluate(work.RECURRENCE, {"y": 0.5})


def recurrence_again():
    program = gradcli.compile(work.RECURRENCE)
    points = iter(np.linspace(0.1, 0.9, 10_000))
    return lambda: program.evaluate({"y": next(points)})


def recurrence_again_value():
    program = gradcli.compile(work.RECURRENCE)
    points = iter(np.linspace(0.1, 0.9, 10_000))
    return lambda: program.evaluate({"y": next(points)}, grad=False)


def dense_jacobian():
    x = work.normal(1001)
    return lambda: gradcli.jacobian("exp(x - sum(x)/1001)", {"x": x})


def diagonal_jacobian():
    x = work.normal(1001)
    return lambda: gradcli.jacobian("sin(x)", {"x": x})


def banded_jacobian():
    x = work.normal(100_000)
    return lambda: gradcli.jacobian(work.STENCIL, {"x": x}, sparse=True)


def hessian():
    x = work.normal(1000) / 4
    return lambda: gradcli.hessian(work.ROSENBROCK, {"x": x})


def sparse_hessian():
    x = work.normal(100_000) / 4
    return lambda: gradcli.hessian(work.ROSENBROCK, {"x": x}, sparse=True)


def terms():
    """100,000 terms, read and traced (some 800 kB)."""
    text = "+".join([f"x*{k}.5" for k in range(100_000)])
    return lambda: gradcli.evaluate(text, {"x": 1.0})


def _batch(lines):
    text = "\n".join(lines)
    command = [sys.executable, "-m", "gradcli", "batch"]

    def run():
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
        assert done.stdout.count('"ok": true') == len(lines)

    return run


def _request(expr, k):
    return json.dumps({"id": k, "expr": expr, "inputs": {"x": [0.1 * (k % 7), 2.0, 3.0]}})


def batch_repeated():
    """10,000 requests with one expression."""
    return _batch([_request("sum(sin(x)*x**2)", k) for k in range(10_000)])


def batch_new():
    """2,000 requests, each with an expression of its own."""
    return _batch([_request(f"sum(sin(x)*x**2 + {k}.5)", k) for k in range(2_000)])
