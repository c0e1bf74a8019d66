"""Numbers that people write by pi, a root or a logarithm: 0.693147... is `log(2)`."""

from __future__ import annotations

import math

from gradcli.ops.notation.formula import Call, Formula, Infix, Number
from gradcli.ops.notation.latex import LATEX


class Constant(Number):
    """A number that formulas write as another formula, and code as a number."""

    __slots__ = ("written",)

    def __init__(self, value: float, written: Formula) -> None:
        super().__init__(value)
        self.written = written


def _of(function: str, x: Formula) -> Formula:
    return Call(function, x, ndim=0, latex=LATEX[function])


def _over(a: float, b: Formula) -> Formula:
    return Infix("/", Number(a), b, 0)


_PI = Number(math.pi)
_ROOT_PI = _of("sqrt", _PI)
_ROOT_2 = _of("sqrt", Number(2))
_ROOT_2_PI = _of("sqrt", Infix("*", Number(2), _PI, 0))
_LOG_2, _LOG_10 = _of("log", Number(2)), _of("log", Number(10))

KNOWN: tuple[tuple[float, Formula], ...] = (
    (2 * math.pi, Infix("*", Number(2), _PI, 0)),
    (math.pi / 2, Infix("/", _PI, Number(2), 0)),
    (1 / math.pi, _over(1, _PI)),
    (2 / math.pi, _over(2, _PI)),
    (math.pi / 180, Infix("/", _PI, Number(180), 0)),
    (180 / math.pi, _over(180, _PI)),
    (math.sqrt(math.pi), _ROOT_PI),
    (1 / math.sqrt(math.pi), _over(1, _ROOT_PI)),
    (2 / math.sqrt(math.pi), _over(2, _ROOT_PI)),
    (math.sqrt(2 / math.pi), _of("sqrt", _over(2, _PI))),
    (math.sqrt(2 * math.pi), _ROOT_2_PI),
    (1 / math.sqrt(2 * math.pi), _over(1, _ROOT_2_PI)),
    (math.sqrt(2), _ROOT_2),
    (1 / math.sqrt(2), _over(1, _ROOT_2)),
    (math.log(2), _LOG_2),
    (1 / math.log(2), _over(1, _LOG_2)),
    (math.log(10), _LOG_10),
    (1 / math.log(10), _over(1, _LOG_10)),
)


def number(value: float) -> Number:
    """A number, with the formula that people write for it where it is one of `KNOWN`."""
    if type(value) is float:
        for known, formula in KNOWN:
            if abs(value - known) <= 2e-16 * known:
                return Constant(value, formula)
    return Number(value)


def over(left: Formula, right: Formula, ndim: int) -> Infix:
    """A quotient: `1/(x*log(2))`, not `1/log(2)/x`."""
    if isinstance(left, Constant) and isinstance(left.written, Infix):
        top, below = left.written.left, left.written.right
        if left.written.symbol == "/" and isinstance(top, Number):
            return Infix("/", top, Infix("*", right, below, ndim), ndim)
    return Infix("/", left, right, ndim)


def times(left: Formula, right: Formula, ndim: int) -> Infix:
    """A product: `2*x/sqrt(pi)`, not `2/sqrt(pi)*x`."""
    if isinstance(left, Constant) and isinstance(left.written, Infix):
        top, below = left.written.left, left.written.right
        if left.written.symbol == "/" and isinstance(top, Number):
            above = right if top.value == 1 else Infix("*", top, right, ndim)
            return Infix("/", above, below, ndim)
    return Infix("*", left, right, ndim)
