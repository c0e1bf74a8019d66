"""Arithmetic, and the piecewise-linear functions."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.ops.elementwise import Elementwise
from gradcli.ops.forward import into
from gradcli.ops.leaves import known_number
from gradcli.ops.rows.logic import (
    equal,
    greater,
    greater_equal,
    leaves_out,
    less,
    less_equal,
    logical_and,
    logical_not,
    where,
)

if TYPE_CHECKING:
    from gradcli.graph import Node

Array = np.ndarray[Any, Any]

ANY = (-2.0, 2.0)
ALL = "all real numbers"

add: Elementwise = Elementwise(
    "add",
    np.add,
    [lambda g, y, a, b: g, lambda g, y, a, b: g],
    doc="Sum of two numbers.",
    domain=ALL,
    box=(ANY, ANY),
    kinks=(),
    symbol="+",
    kind="join",
    spell="np+jnp.add",
    scalar=operator.add,
)

subtract: Elementwise = Elementwise(
    "subtract",
    np.subtract,
    [lambda g, y, a, b: g, lambda g, y, a, b: -g],
    doc="Difference of two numbers.",
    domain=ALL,
    box=(ANY, ANY),
    kinks=(),
    symbol="-",
    kind="promote",
    spell="np+jnp.subtract",
    scalar=operator.sub,
)

multiply: Elementwise = Elementwise(
    "multiply",
    np.multiply,
    [lambda g, y, a, b: g * b, lambda g, y, a, b: g * a],
    doc="Product of two numbers.",
    domain=ALL,
    box=(ANY, ANY),
    kinks=(),
    symbol="*",
    kind="join",
    spell="np+torch+jnp.multiply torch.mul",
    scalar=operator.mul,
)

divide: Elementwise = Elementwise(
    "divide",
    np.divide,
    [
        lambda g, y, a, b: g / b,
        # `g / b` is shared with the other argument, so that n-th derivatives have few nodes;
        # `y / b` spares a rounding.
        lambda g, y, a, b: -(y / b if known_number(g) == 1 else (g / b) * y),
    ],
    doc="Quotient of two numbers.",
    domain="y != 0",
    box=(ANY, (0.5, 2.0)),
    kinks=(),
    symbol="/",
    spell="np+jnp.divide np+jnp.true_divide",
    scalar=operator.truediv,
)

negative: Elementwise = Elementwise(
    "negative",
    np.negative,
    [lambda g, y, x: -g],
    doc="The number with the other sign.",
    domain=ALL,
    box=(ANY,),
    kinks=(),
    symbol="-",
    kind="promote",
    spell="np+torch+jnp.negative torch.neg",
    scalar=operator.neg,
)

floor_divide: Elementwise = Elementwise(
    "floor_divide",
    np.floor_divide,
    [None, None],
    doc="Quotient rounded towards minus infinity; its derivative is 0.",
    domain="y != 0",
    box=((0.1, 0.9), (1.1, 2.0)),
    kinks=(((2.0, 1.0), (0.0, 0.0)),),
    symbol="//",
    kind="promote",
)

remainder: Elementwise = Elementwise(
    "remainder",
    np.remainder,
    [lambda g, y, a, b: g, lambda g, y, a, b: -(g * floor_divide(a, b))],
    doc="What floor division leaves, with the divisor's sign.",
    domain="y != 0",
    box=((2.2, 2.4), (0.85, 0.95)),
    kinks=(((2.0, 1.0), (1.0, -2.0)),),
    symbol="%",
    kind="promote",
    spell="np+torch+jnp.remainder np+jnp.mod",
)


square: Elementwise = Elementwise(
    "square",
    np.square,
    [lambda g, y, x: g * (2.0 * x)],
    doc="The number times itself.",
    domain=ALL,
    box=(ANY,),
    kinks=(),
    kind="promote",
)

sqrt: Elementwise = Elementwise(
    "sqrt",
    np.sqrt,
    [lambda g, y, x: g / (2.0 * y)],
    doc="Square root.",
    domain="x >= 0",
    box=((0.5, 2.0),),
    kinks=(((0.0,), (np.inf,)),),
    spell="np+torch+jnp+math.sqrt",
)
sqrt.analytic = True

sign: Elementwise = Elementwise(
    "sign",
    np.sign,
    [None],
    doc="-1, 0 or 1; its derivative is 0.",
    domain=ALL,
    box=(ANY,),
    kinks=(((0.0,), (0.0,)),),
    kind="promote",
    spell="np+torch+jnp.sign torch.sgn",
)

absolute: Elementwise = Elementwise(
    "abs",
    np.abs,
    [lambda g, y, x: g * sign(x)],
    doc="The number without its sign.",
    domain=ALL,
    box=(ANY,),
    kinks=(((0.0,), (0.0,)),),
    kind="join",
    spell="np+torch+jnp.abs np+torch+jnp.absolute np+jnp+math.fabs",
)


def _larger(g: Node, y: Node, a: Node, b: Node) -> Node:
    # Asked this way round, a NaN operand stops nothing.
    tie = equal(a, b)
    if leaves_out(tie):
        return where(greater(a, b), g, 0.0)
    return where(less(a, b), 0.0, where(tie, g * 0.5, g))


maximum: Elementwise = Elementwise(
    "maximum",
    np.maximum,
    [_larger, lambda g, y, a, b: _larger(g, y, b, a)],
    doc="The larger of two numbers; a tie shares the derivative evenly.",
    domain=ALL,
    box=(ANY, ANY),
    kinks=(((1.0, 1.0), (0.5, 0.5)),),
    kind="join",
    selects=(lambda a, b: logical_not(less(a, b)), lambda a, b: logical_not(less(b, a))),
)

minimum: Elementwise = Elementwise(
    "minimum",
    np.minimum,
    [lambda g, y, a, b: _larger(g, y, b, a), _larger],
    doc="The smaller of two numbers; a tie shares the derivative evenly.",
    domain=ALL,
    box=(ANY, ANY),
    kinks=(((1.0, 1.0), (0.5, 0.5)),),
    kind="join",
    selects=(lambda a, b: logical_not(less(b, a)), lambda a, b: logical_not(less(a, b))),
)


@into
def _clip(x: Array, low: Array, high: Array, out: Array) -> None:
    np.minimum(np.maximum(x, low, out=out), high, out=out)


@into
def _relu(x: Array, out: Array) -> None:
    np.maximum(x, 0, out=out)


def _between(x: Node, low: Node, high: Node) -> Node:
    return logical_and(greater_equal(x, low), less_equal(x, high))


clip: Elementwise = Elementwise(
    "clip",
    _clip,
    [
        lambda g, y, x, low, high: where(_between(x, low, high), g, 0.0),
        lambda g, y, x, low, high: where(logical_and(less(x, low), less_equal(low, high)), g, 0.0),
        lambda g, y, x, low, high: where(greater(maximum(x, low), high), g, 0.0),
    ],
    doc="The number, kept between two bounds; the derivative passes at the bounds themselves.",
    domain="low <= high",
    box=(ANY, ANY, ANY),
    kinks=(((0.0, 0.0, 1.0), (1.0, 0.0, 0.0)), ((1.0, 0.0, 1.0), (1.0, 0.0, 0.0))),
    kind="promote",
    selects=(
        _between,
        lambda x, low, high: logical_and(less(x, low), less_equal(low, high)),
        lambda x, low, high: greater(maximum(x, low), high),
    ),
    spell="",
)

relu: Elementwise = Elementwise(
    "relu",
    _relu,
    [lambda g, y, x: where(less_equal(x, 0.0), 0.0, g)],
    doc="The number where it is positive, 0 elsewhere.",
    domain=ALL,
    box=(ANY,),
    kinks=(((0.0,), (0.0,)),),
    kind="promote",
    selects=(lambda x: logical_not(less_equal(x, 0.0)),),
    spell="torch.relu F.relu jax.nn.relu",
)

detach: Elementwise = Elementwise(
    "detach",
    lambda x: x,
    [None],
    doc="The same value, cut out of differentiation: it counts as a constant.",
    domain=ALL,
    box=(ANY,),
    kinks=(),
    kind="join",
    spell="torch.detach jax.lax.stop_gradient stop_gradient",
)
# In PyTorch it shares its operand's memory.
detach.view = True
detach.cuts = True
