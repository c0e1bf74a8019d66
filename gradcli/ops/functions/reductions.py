"""Reductions, and what runs along an axis, as NumPy and JAX spell them: sum, mean, softmax, ..."""

from __future__ import annotations

from typing import Any

from gradcli.errors import ArgumentError
from gradcli.graph import Node, size_of
from gradcli.ops import rows
from gradcli.ops.binding import function
from gradcli.ops.leaves import constant
from gradcli.ops.linear import cumsum as cumsum_row
from gradcli.ops.linear import reshape, sum_
from gradcli.ops.values import axes_of, axis_of, flag, static_number, tensor

arithmetic, exponential, logic, red = (
    rows.arithmetic,
    rows.exponential,
    rows.logic,
    rows.reductions,
)

Axes = tuple[int, ...]

SAMPLE = "[[1.0, 2.5, 4.0], [0.5, -1.0, 3.0]]"
SOME = "[[True, True, False], [True, False, True]]"


def count_along(x: Node, axes: Axes) -> int:
    """How many elements a reduction over those axes takes together."""
    return size_of(tuple([x.shape[axis] for axis in axes]))


def flat(x: Node) -> Node:
    """All elements in one axis."""
    return reshape(x, (size_of(x.shape),))


def among(x: Node, where: Any, other: float) -> Node:
    """X where a mask holds (everywhere, if it is None), a constant elsewhere."""
    return x if where is None else logic.where(tensor(where), x, other)


def members(x: Node, where: Any, axes: Axes, keep: bool) -> Node:
    """How many elements take part: all of them, or those where a mask holds."""
    if where is None:
        return constant(count_along(x, axes))
    return sum_(logic.where(tensor(where), constant(1.0, x.shape), 0.0), axes, keep)


@function("np+jnp.sum", example=f"sum({SAMPLE}, axis=0)")
def sum(
    x: Any, axis: Any = None, *, keepdims: Any = False, initial: Any = None, where: Any = None
) -> Node:
    x = tensor(x)
    total = sum_(among(x, where, 0.0), axes_of(axis, x.ndim), flag(keepdims, "keepdims"))
    return total if initial is None else total + tensor(initial)


@function("np+jnp.mean", example=f"mean({SAMPLE}, axis=1, where={SOME})")
def mean(x: Any, axis: Any = None, *, keepdims: Any = False, where: Any = None) -> Node:
    x = tensor(x)
    axes, keep = axes_of(axis, x.ndim), flag(keepdims, "keepdims")
    return sum_(among(x, where, 0.0), axes, keep) / members(x, where, axes, keep)


@function("np+jnp.prod", example=f"prod({SAMPLE}, axis=0)")
def prod(
    x: Any, axis: Any = None, *, keepdims: Any = False, initial: Any = None, where: Any = None
) -> Node:
    x = tensor(x)
    total = red.prod(among(x, where, 1.0), axes_of(axis, x.ndim), flag(keepdims, "keepdims"))
    return total if initial is None else total * tensor(initial)


def deviations(x: Node, axes: Axes, where: Any = None) -> Node:
    """What elements differ from their mean by; 0 for those that do not take part."""
    centre = sum_(among(x, where, 0.0), axes, True) / members(x, where, axes, True)
    return among(x - centre, where, 0.0)


def _degrees(count: Node, ddof: Any) -> Node:
    correction = static_number(ddof, "ddof")
    # As PyTorch does, never below 0: too few elements give inf or NaN.
    return count if correction == 0 else arithmetic.maximum(count - float(correction), 0.0)


@function("np+jnp.var", example=f"var({SAMPLE}, axis=1, ddof=1)")
def var(
    x: Any, axis: Any = None, *, ddof: Any = 0, keepdims: Any = False, where: Any = None
) -> Node:
    x = tensor(x)
    axes, keep = axes_of(axis, x.ndim), flag(keepdims, "keepdims")
    total = sum_(arithmetic.square(deviations(x, axes, where)), axes, keep)
    return total / _degrees(members(x, where, axes, keep), ddof)


@function("np+jnp.std", example="std([1.0, 2.0, 4.0, 7.0])")
def std(
    x: Any, axis: Any = None, *, ddof: Any = 0, keepdims: Any = False, where: Any = None
) -> Node:
    x = tensor(x)
    axes, keep = axes_of(axis, x.ndim), flag(keepdims, "keepdims")
    if where is None:
        return red.std(x, axes, keep, static_number(ddof, "ddof"))
    length = red.norm2(deviations(x, axes, where), axes, keep)
    return length / arithmetic.sqrt(_degrees(members(x, where, axes, keep), ddof))


def _extreme(row: Any, pairwise: Any, x: Any, axis: Any, rest: tuple[Any, Any, Any]) -> Node:
    x, (keepdims, initial, where) = tensor(x), rest
    if where is not None and initial is None:
        raise ArgumentError("with `where`, `initial` says what no elements at all give")
    worst = -float("inf") if row is red.amax else float("inf")
    found: Node = row(among(x, where, worst), axes_of(axis, x.ndim), flag(keepdims, "keepdims"))
    return found if initial is None else pairwise(found, tensor(initial))


@function("np+jnp.max np+jnp.amax", example=f"max({SAMPLE}, axis=1)")
def max(
    x: Any, axis: Any = None, *, keepdims: Any = False, initial: Any = None, where: Any = None
) -> Node:
    return _extreme(red.amax, arithmetic.maximum, x, axis, (keepdims, initial, where))


@function("np+jnp.min np+jnp.amin", example=f"min({SAMPLE}, axis=1)")
def min(
    x: Any, axis: Any = None, *, keepdims: Any = False, initial: Any = None, where: Any = None
) -> Node:
    return _extreme(red.amin, arithmetic.minimum, x, axis, (keepdims, initial, where))


@function("np+jnp.argmax", example=f"argmax({SAMPLE}, axis=1)")
def argmax(x: Any, axis: Any = None, *, keepdims: Any = False) -> Node:
    return position(red.argmax, x, axis, keepdims)


@function("np+jnp.argmin", example=f"argmin({SAMPLE}, axis=1)")
def argmin(x: Any, axis: Any = None, *, keepdims: Any = False) -> Node:
    return position(red.argmin, x, axis, keepdims)


def position(row: Any, x: Any, axis: Any, keepdims: Any) -> Node:
    """Where along an axis, or among all elements, the row finds its element."""
    x = tensor(x)
    if axis is None:
        found: Node = row(flat(x), -1, False)
        return reshape(found, (1,) * x.ndim) if flag(keepdims, "keepdims") else found
    place: Node = row(x, axis_of(axis, x.ndim), flag(keepdims, "keepdims"))
    return place


@function("np+jnp.all", example=f"all({SAMPLE}, axis=0)")
def all(x: Any, axis: Any = None, *, keepdims: Any = False, where: Any = None) -> Node:
    missed = logic.equal(tensor(x), 0)
    return logic.equal(sum(missed, axis, keepdims=keepdims, where=where), 0)


@function("np+jnp.any", example=f"any({SAMPLE}, axis=0)")
def any(x: Any, axis: Any = None, *, keepdims: Any = False, where: Any = None) -> Node:
    hit = logic.not_equal(tensor(x), 0)
    return logic.not_equal(sum(hit, axis, keepdims=keepdims, where=where), 0)


@function("np+jnp.cumsum", example=f"cumsum({SAMPLE}, axis=1)")
def cumsum(x: Any, axis: Any = None) -> Node:
    x = tensor(x)
    return cumsum_row(flat(x), -1) if axis is None else cumsum_row(x, axis_of(axis, x.ndim))


@function(
    "scipy.special.logsumexp jax.nn.logsumexp jax.scipy.special.logsumexp",
    example=f"logsumexp({SAMPLE}, axis=1, b=[[0.5], [2.0]])",
)
def logsumexp(
    x: Any, axis: Any = None, b: Any = None, keepdims: Any = False, return_sign: Any = False
) -> Any:
    """log(sum(b*exp(x))); with `return_sign` the logarithm of its size, and its sign."""
    x = tensor(x)
    axes, keep = axes_of(axis, x.ndim), flag(keepdims, "keepdims")
    if b is None and not return_sign:
        return red.logsumexp(x, axes, keep)
    factor = constant(1.0) if b is None else tensor(b)
    x = logic.where(logic.equal(factor, 0), -float("inf"), x)
    top = arithmetic.detach(red.amax(x, axes, True))
    top = logic.where(logic.less(arithmetic.absolute(top), float("inf")), top, 0.0)
    total = sum_(factor * exponential.exp(x - top), axes, True)
    size = arithmetic.absolute(total) if return_sign else total
    found = exponential.log(size) + top
    if not keep:
        found, total = sum_(found, axes, False), sum_(total, axes, False)
    return (found, arithmetic.sign(total)) if return_sign else found


@function("scipy.special.softmax jax.scipy.special.softmax", example=f"softmax({SAMPLE}, axis=1)")
def softmax(x: Any, axis: Any = None) -> Node:
    x = tensor(x)
    return red.softmax(x, axes_of(axis, x.ndim))


@function(
    "scipy.special.log_softmax jax.scipy.special.log_softmax",
    example=f"log_softmax({SAMPLE}, axis=1)",
)
def log_softmax(x: Any, axis: Any = None) -> Node:
    x = tensor(x)
    return red.log_softmax(x, axes_of(axis, x.ndim))


@function("jax.nn.softmax", example=f"jax.nn.softmax({SAMPLE}, where={SOME})")
def jax_softmax(x: Any, axis: Any = -1, where: Any = None) -> Node:
    return softmax(among(tensor(x), where, -float("inf")), axis)


@function("jax.nn.log_softmax", example=f"jax.nn.log_softmax({SAMPLE})")
def jax_log_softmax(x: Any, axis: Any = -1, where: Any = None) -> Node:
    return log_softmax(among(tensor(x), where, -float("inf")), axis)


@function("np+jnp.clip", example="clip([-2.0, 0.5, 3.0], 0, 1)")
def clip(x: Any, low: Any = None, high: Any = None) -> Node:
    """Kept between two bounds; where they cross, the upper one holds."""
    x = tensor(x)
    lower = constant(-float("inf")) if low is None else tensor(low)
    upper = constant(float("inf")) if high is None else tensor(high)
    return arithmetic.clip(x, lower, upper)
