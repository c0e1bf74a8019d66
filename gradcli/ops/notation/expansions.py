"""Rows by other rows: what code for a library says that has no function for them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from gradcli.graph import OPS
from gradcli.ops.contraction import contract
from gradcli.ops.cotangent import masked
from gradcli.ops.family import build
from gradcli.ops.linear import (
    diagonal,
    inverse_permutation,
    reduced_shape,
    reshape,
    sum_,
    transpose,
)
from gradcli.ops.rows.arithmetic import absolute, maximum, minimum, sign, sqrt
from gradcli.ops.rows.exponential import cosh, exp, expm1, log, log1p, tanh
from gradcli.ops.rows.linalg import adjugate as adjugate_row
from gradcli.ops.rows.linalg import det, identity, inv, matrix_product, per_matrix
from gradcli.ops.rows.logic import equal, greater, where
from gradcli.ops.rows.reductions import amax
from gradcli.ops.rows.trigonometric import cos, sin

if TYPE_CHECKING:
    from gradcli.graph import Node

    Axes = tuple[int, ...]


def clip(x: Node, low: Node, high: Node) -> Node:
    return minimum(maximum(x, low), high)


def relu(x: Node) -> Node:
    return maximum(x, 0.0)


def detach(x: Node) -> Node:
    return x


def sigmoid(x: Node) -> Node:
    return 1.0 / (1.0 + exp(-x))


def softplus(x: Node) -> Node:
    return log1p(exp(-absolute(x))) + maximum(x, 0.0)


def sech(x: Node) -> Node:
    return 1.0 / cosh(x)


def norm2(x: Node, axes: Axes, keepdims: bool) -> Node:
    return sqrt(sum_(x * x, axes, keepdims))


def logsumexp(x: Node, axes: Axes, keepdims: bool) -> Node:
    top = amax(x, axes, True)
    total = log(sum_(exp(x - top), axes, True)) + top
    return total if keepdims else reshape(total, reduced_shape(x.shape, axes, False))


def softmax(x: Node, axes: Axes) -> Node:
    raised = exp(x - amax(x, axes, True))
    return raised / sum_(raised, axes, True)


def log_softmax(x: Node, axes: Axes) -> Node:
    shifted = x - amax(x, axes, True)
    return shifted - log(sum_(exp(shifted), axes, True))


def masked_contract(g: Node, mask: Node, b: Node, lg: Any, lb: Any, lo: Any) -> Node:
    return contract(masked(g, mask), b, lg, lb, lo)


def adjugate(a: Node) -> Node:
    return per_matrix(det(a)) * inv(a)


def adjugate_tangent(a: Node, e: Node) -> Node:
    """`(tr(adj e) I - adj e) inv(a)`, for an invertible a."""
    product = matrix_product(adjugate_row(a), e)
    trace = per_matrix(sum_(diagonal(product, 0), (-1,), False))
    return matrix_product(identity(a.shape) * trace - product, inv(a))


# --- the second tier ---------------------------------------------------------------------------


def gaussian(x: Node) -> Node:
    return exp(-(x * x))


def norm_pdf(x: Node) -> Node:
    return exp(x * x * -0.5) * (1 / math.sqrt(2 * math.pi))


def inverse_mills(x: Node) -> Node:
    """By logarithms, whose difference does not underflow."""
    log_density = x * x * -0.5 - 0.5 * math.log(2 * math.pi)
    return exp(log_density - OPS["log_ndtr"](x))


def polygamma_difference(n: Node, a: Node, b: Node) -> Node:
    return OPS["polygamma"](n, a + b) - OPS["polygamma"](n, a)


def betaln(a: Node, b: Node) -> Node:
    lgamma = OPS["lgamma"]
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def beta(a: Node, b: Node) -> Node:
    return exp(betaln(a, b))


def sinpi(x: Node) -> Node:
    return sin(x * math.pi)


def cospi(x: Node) -> Node:
    return cos(x * math.pi)


def rsqrt(x: Node) -> Node:
    return 1.0 / sqrt(x)


def cbrt(x: Node) -> Node:
    return sign(x) * absolute(x) ** (1 / 3)


def lerp(start: Node, end: Node, weight: Node) -> Node:
    return start + weight * (end - start)


def softsign(x: Node) -> Node:
    return x / (1.0 + absolute(x))


def tanhshrink(x: Node) -> Node:
    return x - tanh(x)


def leaky_relu(x: Node, slope: Node) -> Node:
    return where(greater(x, 0.0), x, slope * x)


def elu(x: Node, alpha: Node) -> Node:
    return where(greater(x, 0.0), x, alpha * expm1(minimum(x, 0.0)))


def celu(x: Node, alpha: Node) -> Node:
    return where(greater(x, 0.0), x, alpha * expm1(minimum(x, 0.0) / alpha))


def put_along(x: Node, positions: Node, axis: int, extent: int) -> Node:
    """Added up where positions are those of an axis of the result."""
    order = (*[k for k in range(-x.ndim, 0) if k != axis], axis)
    lanes, places = transpose(x, order), transpose(positions, order)
    steps = build(OPS["arange"], (), ((extent,), 0, 1, "int"))
    hit = equal(reshape(places, (*places.shape, 1)), steps)
    total = sum_(where(hit, reshape(lanes, (*lanes.shape, 1)), 0.0), (-2,), False)
    return transpose(total, inverse_permutation(order))


def order_statistic(x: Node, rank: Node, skip_nan: bool) -> Node:
    """Of the sorted elements the one whose place is the rank; where there are no NaN."""
    several = build(OPS["sort"], (x,), (-1, False))
    ordered = OPS["project"](several, 0)
    steps = build(OPS["arange"], (), ((x.shape[-1],), 0, 1, "int"))
    hit = equal(steps, reshape(rank, (*rank.shape, 1)))
    return sum_(where(hit, ordered, 0.0), (-1,), False)
