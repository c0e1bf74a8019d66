"""Activations that need a rule of their own: a kink with a slope parameter, or digits to keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.ops.elementwise import Elementwise
from gradcli.ops.forward import horner
from gradcli.ops.rows.arithmetic import ALL, ANY, absolute, maximum, minimum, square
from gradcli.ops.rows.exponential import exp, expm1, tanh
from gradcli.ops.rows.logic import equal, greater, where

if TYPE_CHECKING:
    from gradcli.graph import Node

Array = np.ndarray[Any, Any]


def _nearest_zero(a: Node | float, b: Node | float) -> Node:
    """Of the slopes between a and b the one nearest 0: the subgradient of least norm."""
    return maximum(minimum(a, b), minimum(0.0, maximum(a, b)))


def _beyond(x: Node, right: Node, at_zero: Node, left: Node) -> Node:
    return where(greater(x, 0.0), right, where(equal(x, 0.0), at_zero, left))


leaky_relu: Elementwise = Elementwise(
    "leaky_relu",
    lambda x, slope: np.where(x > 0, x, slope * x),
    [
        lambda g, y, x, slope: _beyond(x, g, g * _nearest_zero(1.0, slope), g * slope),
        lambda g, y, x, slope: where(greater(x, 0.0), 0.0, g * x),
    ],
    doc="The number where it is positive, a multiple of it elsewhere.",
    domain=ALL,
    box=(ANY, (0.1, 0.9)),
    kinks=(((0.0, 0.1), (0.1, 0.0)), ((0.0, 2.0), (1.0, 0.0)), ((0.0, -0.5), (0.0, 0.0))),
    spell="",
    args="x negative_slope",
)

elu: Elementwise = Elementwise(
    "elu",
    lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))),
    [
        lambda g, y, x, a: _beyond(x, g, g * _nearest_zero(1.0, a), g * (a * exp(x))),
        lambda g, y, x, a: where(greater(x, 0.0), 0.0, g * expm1(x)),
    ],
    doc="The number where it is positive, alpha*(exp(x) - 1) elsewhere.",
    domain=ALL,
    box=(ANY, (0.5, 1.5)),
    kinks=(((0.0, 1.0), (1.0, 0.0)), ((0.0, 0.5), (0.5, 0.0)), ((0.0, 2.0), (1.0, 0.0))),
    spell="",
    args="x alpha",
)

celu: Elementwise = Elementwise(
    "celu",
    lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0) / alpha)),
    [
        lambda g, y, x, a: where(greater(x, 0.0), g, g * exp(x / a)),
        lambda g, y, x, a: where(greater(x, 0.0), 0.0, g * (expm1(x / a) - x / a * exp(x / a))),
    ],
    doc="The number where it is positive, alpha*(exp(x/alpha) - 1) elsewhere.",
    domain="alpha > 0",
    box=(ANY, (0.5, 1.5)),
    kinks=(((0.0, 2.0), (1.0, 0.0)),),
    spell="",
    args="x alpha",
)

softsign: Elementwise = Elementwise(
    "softsign",
    lambda x: x / (1 + np.abs(x)),
    # Not 1/(1 + |x|) - |x|/(1 + |x|)**2, which has no digits left for large x.
    [lambda g, y, x: g / square(1.0 + absolute(x))],
    doc="x/(1 + |x|).",
    domain=ALL,
    box=(ANY,),
    kinks=(),
    spell="F.softsign jax.nn.soft_sign",
)

# x*cosh(x) - sinh(x) = the sum of 2k/(2k + 1)! * x**(2k + 1): nothing cancels near 0.
_TANHSHRINK = (
    1 / 3, 1 / 30, 1 / 840, 1 / 45360, 1 / 3991680, 1 / 518918400, 1 / 93405312000,
    1 / 22230464256000,
)  # fmt: skip


def _tanhshrink(x: Array) -> Array:
    near = np.clip(x, -1, 1)
    small = near**3 * horner(_TANHSHRINK, near * near) / np.cosh(near)
    return np.where(np.abs(x) < 1, small, x - np.tanh(x))


tanhshrink: Elementwise = Elementwise(
    "tanhshrink",
    _tanhshrink,
    [lambda g, y, x: g * square(tanh(x))],
    doc="x - tanh(x), exact near 0.",
    domain=ALL,
    box=(ANY,),
    kinks=(),
    spell="F.tanhshrink",
)
