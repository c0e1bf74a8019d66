"""Powers, exponentials, logarithms and the smooth functions made of them, in their stable forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.ops.elementwise import Elementwise
from gradcli.ops.forward import into
from gradcli.ops.leaves import known_number
from gradcli.ops.rows.arithmetic import ALL, ANY
from gradcli.ops.rows.logic import equal, greater_equal, guarded, logical_and

if TYPE_CHECKING:
    from gradcli.graph import Node

Array = np.ndarray[Any, Any]


@into
def _sigmoid(x: Array, out: Array) -> None:
    # exp of a negative number only, so that neither tail overflows.
    tail = _tail(x, out)
    below = 1 + tail
    np.copyto(out, 1, where=x >= 0)
    np.divide(out, below, out=out)


@into
def _sech(x: Array, out: Array) -> None:
    tail = _tail(x, out)
    below = np.asarray(tail * tail)
    np.add(below, 1, out=below)
    np.multiply(tail, 2, out=out)
    np.divide(out, below, out=out)


def _tail(x: Array, out: Array) -> Array:
    """exp(-|x|)."""
    np.copysign(x, -1.0, out=out)
    return np.exp(out, out=out)


@into
def _power(base: Array, exponent: Array, out: Array) -> None:
    # A square is exact to half a unit in the last place as a product, and far cheaper than pow.
    if exponent.ndim == 0 and exponent == 2:
        np.square(base, out=out)
    else:
        np.power(base, exponent, out=out)


@into
def _softplus(x: Array, out: Array) -> None:
    np.logaddexp(x, x.dtype.type(0), out=out)


def _power_base(g: Node, y: Node, x: Node, p: Node) -> Node | None:
    exponent = known_number(p)
    if exponent is None:
        return g * guarded(equal(p, 0.0), 0.0, p * x ** (p - 1.0))
    if exponent == 0:
        return None
    return g * (exponent * x ** (exponent - 1))


power: Elementwise = Elementwise(
    "power",
    _power,
    [
        _power_base,
        lambda g, y, x, p: (
            g * guarded(logical_and(equal(x, 0.0), greater_equal(p, 0.0)), 0.0, y * log(x))
        ),
    ],
    doc="x to the power y.",
    domain="x > 0, or x of any sign with whole y (y >= 0 at x = 0)",
    box=((0.5, 2.0), ANY),
    kinks=(((0.0, 2.0), (0.0, 0.0)), ((0.0, 0.0), (0.0, 0.0))),
    symbol="**",
    spell="np+jnp.power np+torch+jnp+math.pow np+torch+jnp.float_power",
)
power.analytic = True

exp: Elementwise = Elementwise(
    "exp",
    np.exp,
    [lambda g, y, x: g * y],
    doc="e to the power x.",
    domain=ALL,
    box=(ANY,),
    kinks=(),
    spell="np+torch+jnp+math.exp",
)

log: Elementwise = Elementwise(
    "log",
    np.log,
    [lambda g, y, x: g / x],
    doc="Natural logarithm.",
    domain="x > 0",
    box=((0.5, 2.0),),
    kinks=(((0.0,), (np.inf,)),),
    spell="np+torch+jnp+math.log",
)
log.analytic = True

log1p: Elementwise = Elementwise(
    "log1p",
    np.log1p,
    [lambda g, y, x: g / (1.0 + x)],
    doc="log(1 + x), exact for small x.",
    domain="x > -1",
    box=((-0.5, 2.0),),
    kinks=(((-1.0,), (np.inf,)),),
    spell="np+torch+jnp+math.log1p torch.special.log1p scipy.special.log1p",
)

expm1: Elementwise = Elementwise(
    "expm1",
    np.expm1,
    [lambda g, y, x: g * exp(x)],
    doc="exp(x) - 1, exact for small x.",
    domain=ALL,
    box=(ANY,),
    kinks=(),
    spell="np+torch+jnp+math.expm1 torch.special.expm1 scipy.special.expm1",
)

sigmoid: Elementwise = Elementwise(
    "sigmoid",
    _sigmoid,
    [lambda g, y, x: g * (y * sigmoid(-x))],
    doc="The logistic function 1/(1 + exp(-x)).",
    domain=ALL,
    box=(ANY,),
    kinks=(),
    spell="torch.sigmoid F.sigmoid torch.special.expit scipy.special.expit "
    "jax.scipy.special.expit special.expit expit jax.nn.sigmoid",
)

softplus: Elementwise = Elementwise(
    "softplus",
    _softplus,
    [lambda g, y, x: g * sigmoid(x)],
    doc="log(1 + exp(x)), without overflow.",
    domain=ALL,
    box=(ANY,),
    kinks=(),
    spell="softplus jax.nn.softplus scipy.special.softplus",
)

sinh: Elementwise = Elementwise(
    "sinh",
    np.sinh,
    [lambda g, y, x: g * cosh(x)],
    doc="Hyperbolic sine.",
    domain=ALL,
    box=(ANY,),
    kinks=(),
    spell="np+torch+jnp+math.sinh",
)

cosh: Elementwise = Elementwise(
    "cosh",
    np.cosh,
    [lambda g, y, x: g * sinh(x)],
    doc="Hyperbolic cosine.",
    domain=ALL,
    box=(ANY,),
    kinks=(),
    spell="np+torch+jnp+math.cosh",
)

tanh: Elementwise = Elementwise(
    "tanh",
    np.tanh,
    # Not 1 - y**2: that has no digits left where tanh is near 1.
    [lambda g, y, x: g * sech(x) ** 2.0],
    doc="Hyperbolic tangent.",
    domain=ALL,
    box=(ANY,),
    kinks=(),
    spell="np+torch+jnp+math.tanh F.tanh jax.nn.tanh",
)

sech: Elementwise = Elementwise(
    "sech",
    _sech,
    [lambda g, y, x: -(g * (y * tanh(x)))],
    doc="Hyperbolic secant 1/cosh(x), without overflow.",
    domain=ALL,
    box=(ANY,),
    kinks=(),
    spell="sech",
)
