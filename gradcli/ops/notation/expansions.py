"""Rows by other rows: what code for a library says that has no function for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.ops.contraction import contract
from gradcli.ops.cotangent import masked
from gradcli.ops.linear import diagonal, reduced_shape, reshape, sum_
from gradcli.ops.rows.arithmetic import absolute, maximum, minimum, sqrt
from gradcli.ops.rows.exponential import cosh, exp, log, log1p
from gradcli.ops.rows.linalg import adjugate as adjugate_row
from gradcli.ops.rows.linalg import det, identity, inv, matrix_product, per_matrix
from gradcli.ops.rows.reductions import amax

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
