"""Special functions that take a static order or a count: polygamma, Bessel functions, ..."""

from __future__ import annotations

import math
from typing import Any

from gradcli.errors import ArgumentError
from gradcli.graph import Node
from gradcli.ops.binding import function
from gradcli.ops.leaves import constant
from gradcli.ops.rows import bessel, gamma
from gradcli.ops.rows.exponential import log
from gradcli.ops.rows.logic import equal, greater, greater_equal, logical_and, where
from gradcli.ops.values import static_number, tensor, whole


@function(
    "torch.polygamma torch.special.polygamma scipy.special.polygamma "
    "jax.scipy.special.polygamma special.polygamma",
    example="polygamma(1, [0.7, 2.5])",
)
def polygamma(n: Any, x: Any) -> Node:
    order = whole(n, "n")
    if order < 0:
        raise ArgumentError(f"the order of `polygamma` must not be negative, as {order} is")
    return gamma.polygamma(constant(order), tensor(x))


@function(
    "torch.mvlgamma torch.special.multigammaln scipy.special.multigammaln "
    "jax.scipy.special.multigammaln special.multigammaln multigammaln",
    example="multigammaln([2.5, 4.0], 3)",
)
def multigammaln(a: Any, d: Any) -> Node:
    """The logarithm of the multivariate gamma function of dimension d."""
    count = whole(d, "d")
    if count < 1:
        raise ArgumentError(f"the dimension of `multigammaln` must be at least 1, not {count}")
    a = tensor(a)
    total = constant(0.25 * count * (count - 1) * math.log(math.pi))
    for k in range(count):
        total = total + gamma.lgamma(a - 0.5 * k)
    return total


def _order(v: Any) -> Node:
    return constant(float(static_number(v, "the order v")))


@function("scipy.special.jv scipy.special.jn special.jv", example="jv(2, [0.7, 2.5])")
def jv(v: Any, x: Any) -> Node:
    return bessel.jv(_order(v), tensor(x))


@function("scipy.special.yv scipy.special.yn special.yv", example="yv(2, [0.7, 2.5])")
def yv(v: Any, x: Any) -> Node:
    return bessel.yv(_order(v), tensor(x))


@function("scipy.special.iv special.iv", example="iv(2, [0.7, 2.5])")
def iv(v: Any, x: Any) -> Node:
    return bessel.iv(_order(v), tensor(x))


@function("scipy.special.kv scipy.special.kn special.kv", example="kv(2, [0.7, 2.5])")
def kv(v: Any, x: Any) -> Node:
    return bessel.kv(_order(v), tensor(x))


def _relative_entropy(x: Node, y: Node) -> Node:
    """x*log(x/y): 0 where x is 0, infinite where either is negative."""
    both = logical_and(greater(x, 0.0), greater(y, 0.0))
    nothing = logical_and(equal(x, 0.0), greater_equal(y, 0.0))
    return where(both, x * log(x / y), where(nothing, 0.0, float("inf")))


@function(
    "scipy.special.rel_entr jax.scipy.special.rel_entr special.rel_entr",
    example="rel_entr([0.4, 0.6], [0.3, 0.9])",
)
def rel_entr(x: Any, y: Any) -> Node:
    return _relative_entropy(tensor(x), tensor(y))


@function(
    "scipy.special.kl_div jax.scipy.special.kl_div special.kl_div",
    example="special.kl_div([0.4, 0.6], [0.3, 0.9])",
)
def elementwise_kl_div(x: Any, y: Any) -> Node:
    """x*log(x/y) - x + y."""
    a, b = tensor(x), tensor(y)
    return _relative_entropy(a, b) - a + b
