"""Roots, powers and logarithms to other bases, lengths and angles, and x*log(y) at 0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.ops.elementwise import Elementwise
from gradcli.ops.rows.arithmetic import ALL, ANY, square
from gradcli.ops.rows.exponential import log, log1p, sigmoid
from gradcli.ops.rows.logic import (
    equal,
    less_equal,
    logical_and,
    where,
)

if TYPE_CHECKING:
    from gradcli.graph import Node

Array = np.ndarray[Any, Any]

LN2, LN10 = 0.6931471805599453, 2.302585092994046
PLUS = (0.5, 2.0)

reciprocal: Elementwise = Elementwise(
    "reciprocal",
    np.reciprocal,
    [lambda g, y, x: -(g * square(y))],
    doc="1/x.",
    domain="x != 0",
    box=(PLUS,),
    kinks=(),
)

rsqrt: Elementwise = Elementwise(
    "rsqrt",
    lambda x: 1 / np.sqrt(x),
    [lambda g, y, x: -(g * (0.5 * y / x))],
    doc="1/sqrt(x).",
    domain="x > 0",
    box=(PLUS,),
    kinks=(((0.0,), (-np.inf,)),),
    spell="torch.rsqrt jax.lax.rsqrt",
)

cbrt: Elementwise = Elementwise(
    "cbrt",
    np.cbrt,
    [lambda g, y, x: g / (3.0 * square(y))],
    doc="Cube root, of negative numbers too.",
    domain=ALL,
    box=(PLUS,),
    kinks=(((0.0,), (np.inf,)),),
    spell="np+jnp+math.cbrt scipy.special.cbrt",
)

exp2: Elementwise = Elementwise(
    "exp2",
    np.exp2,
    [lambda g, y, x: g * (y * LN2)],
    doc="2 to the power x.",
    domain=ALL,
    box=(ANY,),
    kinks=(),
    spell="np+torch+jnp+math.exp2 torch.special.exp2 scipy.special.exp2",
)

log2: Elementwise = Elementwise(
    "log2",
    np.log2,
    [lambda g, y, x: g / (x * LN2)],
    doc="Logarithm to base 2.",
    domain="x > 0",
    box=(PLUS,),
    kinks=(((0.0,), (np.inf,)),),
    spell="np+torch+jnp+math.log2",
)

log10: Elementwise = Elementwise(
    "log10",
    np.log10,
    [lambda g, y, x: g / (x * LN10)],
    doc="Logarithm to base 10.",
    domain="x > 0",
    box=(PLUS,),
    kinks=(((0.0,), (np.inf,)),),
    spell="np+torch+jnp+math.log10",
)


def _share(scale: float) -> list[Any]:
    """Shares of two terms in the logarithm of their sum; of two that are nothing, none."""

    def rule(g: Node, y: Node, a: Node, b: Node) -> Node:
        step = a - b if scale == 1 else (a - b) * scale
        return where(equal(y, -np.inf), 0.0, g * sigmoid(step))

    return [rule, lambda g, y, a, b: rule(g, y, b, a)]


logaddexp: Elementwise = Elementwise(
    "logaddexp",
    np.logaddexp,
    _share(1),
    doc="log(exp(x) + exp(y)), without overflow.",
    domain=ALL,
    box=(ANY, ANY),
    kinks=(((-np.inf, -np.inf), (0.0, 0.0)),),
)

logaddexp2: Elementwise = Elementwise(
    "logaddexp2",
    np.logaddexp2,
    _share(LN2),
    doc="log2(2**x + 2**y), without overflow.",
    domain=ALL,
    box=(ANY, ANY),
    kinks=(((-np.inf, -np.inf), (0.0, 0.0)),),
)

hypot: Elementwise = Elementwise(
    "hypot",
    np.hypot,
    [
        lambda g, y, a, b: where(equal(y, 0.0), 0.0, g * (a / y)),
        lambda g, y, a, b: where(equal(y, 0.0), 0.0, g * (b / y)),
    ],
    doc="sqrt(x**2 + y**2), without overflow; at (0, 0) its derivative is 0.",
    domain=ALL,
    box=(ANY, ANY),
    kinks=(((0.0, 0.0), (0.0, 0.0)),),
    spell="np+torch+jnp+math.hypot",
)


def _turn(g: Node, side: Node, a: Node, b: Node) -> Node:
    # Divided by the length twice: its square would overflow, or vanish.
    length = hypot(a, b)
    return where(equal(length, 0.0), 0.0, g * (side / length / length))


atan2: Elementwise = Elementwise(
    "atan2",
    np.arctan2,
    [lambda g, y, a, b: _turn(g, b, a, b), lambda g, y, a, b: -_turn(g, a, a, b)],
    doc="Angle of the point (x2, x1), from -pi to pi; at (0, 0) its derivative is 0.",
    domain=ALL,
    box=((0.5, 2.0), ANY),
    kinks=(((0.0, 0.0), (0.0, 0.0)),),
    spell="np+torch+jnp+math.atan2 np+torch+jnp.arctan2",
    args="x1 x2",
)


def _xlogy(x: Array, y: Array) -> Array:
    return np.where((x == 0) & ~np.isnan(y), 0, x * np.log(y))


def _xlog1py(x: Array, y: Array) -> Array:
    return np.where((x == 0) & ~np.isnan(y), 0, x * np.log1p(y))


def _nothing(x: Node, y: Node, edge: float) -> Node:
    """Where x is 0 and the logarithm has no slope to offer."""
    return logical_and(equal(x, 0.0), less_equal(y, edge))


xlogy: Elementwise = Elementwise(
    "xlogy",
    _xlogy,
    [
        lambda g, y, a, b: where(_nothing(a, b, 0.0), 0.0, g * log(b)),
        lambda g, y, a, b: where(_nothing(a, b, 0.0), 0.0, g * (a / b)),
    ],
    doc="x*log(y), and 0 where x is 0.",
    domain="y > 0, or x = 0",
    box=(ANY, PLUS),
    kinks=(((0.0, 0.0), (0.0, 0.0)), ((0.0, -1.0), (0.0, 0.0))),
    spell="scipy.special.xlogy torch.xlogy torch.special.xlogy jax.scipy.special.xlogy "
    "special.xlogy xlogy",
)

xlog1py: Elementwise = Elementwise(
    "xlog1py",
    _xlog1py,
    [
        lambda g, y, a, b: where(_nothing(a, b, -1.0), 0.0, g * log1p(b)),
        lambda g, y, a, b: where(_nothing(a, b, -1.0), 0.0, g * (a / (1.0 + b))),
    ],
    doc="x*log(1 + y), and 0 where x is 0.",
    domain="y > -1, or x = 0",
    box=(ANY, (-0.5, 2.0)),
    kinks=(((0.0, -1.0), (0.0, 0.0)), ((0.0, -2.0), (0.0, 0.0))),
    spell="scipy.special.xlog1py torch.special.xlog1py jax.scipy.special.xlog1py "
    "special.xlog1py xlog1py",
)


def _entr(x: Array) -> Array:
    return np.where(x > 0, -x * np.log(x), np.where(x < 0, -np.inf, -x))


entr: Elementwise = Elementwise(
    "entr",
    _entr,
    [lambda g, y, x: -(g * (1.0 + log(x)))],
    doc="-x*log(x), 0 at 0 and -inf below.",
    domain="x >= 0",
    box=(PLUS,),
    kinks=(((0.0,), (np.inf,)),),
    spell="scipy.special.entr torch.special.entr jax.scipy.special.entr special.entr entr",
)


def _logit(x: Array) -> Array:
    # About 1/2 the logarithm is near 0: there 2x - 1 is exact, and no digits are lost.
    middle = np.log1p((2 * x - 1) / (1 - x))
    return np.where(np.abs(x - 0.5) < 0.25, middle, np.log(x) - np.log1p(-x))


logit: Elementwise = Elementwise(
    "logit",
    _logit,
    [lambda g, y, x: g / (x * (1.0 - x))],
    doc="log(x/(1 - x)), the inverse of the logistic function.",
    domain="0 < x < 1",
    box=((0.2, 0.8),),
    kinks=(((0.0,), (np.inf,)), ((1.0,), (np.inf,))),
    spell="scipy.special.logit jax.scipy.special.logit special.logit",
)
