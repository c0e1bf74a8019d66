"""CasADi, MX: functions built beforehand, except where building is a part of the work."""

import sys

import casadi
import work

_START = "import casadi as c; x = c.MX.sym('x', 3); "
_START += "print(c.Function('g', [x], [c.gradient(c.sumsqr(x), x)])([3, 4, 10]))"
START = [sys.executable, "-c", _START]


def chain(size):
    x = casadi.MX.sym("x", size)
    y = casadi.sum1(casadi.sin(x) * casadi.exp(-(x**2)) + casadi.tanh(x))
    f = casadi.Function("f", [x], [y, casadi.gradient(y, x)])
    point = casadi.DM(work.normal(size))
    return lambda: f(point)


def recurrence():
    def run():
        start = y = casadi.MX.sym("y")
        for _ in range(10_000):
            y = casadi.sin(y) * 1.01
        return casadi.Function("f", [start], [y, casadi.gradient(y, start)])(0.5)

    return run


def recurrence_again():
    start = y = casadi.MX.sym("y")
    for _ in range(10_000):
        y = casadi.sin(y) * 1.01
    f = casadi.Function("f", [start], [y, casadi.gradient(y, start)])
    return lambda: f(0.5)


def _stencil(size):
    x = casadi.MX.sym("x", size)
    before, after = casadi.vertcat(x[-1], x[:-1]), casadi.vertcat(x[1:], x[0])
    return x, before - 2 * x + after + 0.1 * x**3


def banded_jacobian():
    """Building and evaluating."""
    point = casadi.DM(work.normal(100_000))

    def run():
        x, y = _stencil(100_000)
        return casadi.Function("j", [x], [casadi.jacobian(y, x)])(point)

    return run


def diagonal_jacobian():
    point = casadi.DM(work.normal(1001))

    def run():
        x = casadi.MX.sym("x", 1001)
        return casadi.Function("j", [x], [casadi.jacobian(casadi.sin(x), x)])(point)

    return run


def _rosenbrock(size):
    x = casadi.MX.sym("x", size)
    a, b = x[:-1], x[1:]
    return x, casadi.sum1(100 * (b - a**2) ** 2 + (1 - a) ** 2)


def sparse_hessian():
    """Building and evaluating."""
    point = casadi.DM(work.normal(100_000) / 4)

    def run():
        x, y = _rosenbrock(100_000)
        return casadi.Function("h", [x], [casadi.hessian(y, x)[0]])(point)

    return run
