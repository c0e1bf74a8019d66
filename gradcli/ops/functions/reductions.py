"""Reductions, and what runs along an axis: sum, mean, var, norm, softmax, ..."""

from __future__ import annotations

from typing import Any

from gradcli.errors import ArgumentError
from gradcli.graph import Node, size_of
from gradcli.ops import rows
from gradcli.ops.binding import function
from gradcli.ops.functions.layout import take_along
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


def _count(x: Node, axes: Axes) -> int:
    return size_of(tuple([x.shape[axis] for axis in axes]))


@function("np+jnp.sum")
def sum(x: Any, axis: Any = None, keepdims: Any = False) -> Node:
    x = tensor(x)
    return sum_(x, axes_of(axis, x.ndim), flag(keepdims, "keepdims"))


@function("np+jnp.mean")
def mean(x: Any, axis: Any = None, keepdims: Any = False) -> Node:
    x = tensor(x)
    axes = axes_of(axis, x.ndim)
    return sum_(x, axes, flag(keepdims, "keepdims")) / constant(_count(x, axes))


@function("np+torch+jnp.prod")
def prod(x: Any, axis: Any = None, keepdims: Any = False) -> Node:
    x = tensor(x)
    return red.prod(x, axes_of(axis, x.ndim), flag(keepdims, "keepdims"))


def _degrees(x: Node, axes: Axes, ddof: Any) -> Node:
    correction = static_number(ddof, "ddof")
    count = _count(x, axes)
    if correction == int(correction):
        return constant(count - int(correction))
    return constant(float(count) - correction)


def _var(x: Any, axis: Any, ddof: Any, keepdims: Any) -> Node:
    x = tensor(x)
    axes = axes_of(axis, x.ndim)
    centred = x - sum_(x, axes, True) / constant(_count(x, axes))
    total = sum_(arithmetic.square(centred), axes, flag(keepdims, "keepdims"))
    return total / _degrees(x, axes, ddof)


def _std(x: Any, axis: Any, ddof: Any, keepdims: Any) -> Node:
    x = tensor(x)
    correction = static_number(ddof, "ddof")
    return red.std(x, axes_of(axis, x.ndim), flag(keepdims, "keepdims"), correction)


@function("np+jnp.var")
def var(x: Any, axis: Any = None, ddof: Any = 0, keepdims: Any = False) -> Node:
    return _var(x, axis, ddof, keepdims)


@function("np+jnp.std")
def std(x: Any, axis: Any = None, ddof: Any = 0, keepdims: Any = False) -> Node:
    return _std(x, axis, ddof, keepdims)


def _torch_dims(dim: Any) -> Any:
    """In PyTorch no dimensions named are all of them; in NumPy they are none."""
    return None if isinstance(dim, (tuple, list)) and not dim else dim


@function("torch.sum")
def torch_sum(input: Any, dim: Any = None, keepdim: Any = False) -> Node:
    return sum(input, _torch_dims(dim), keepdim)


@function("torch.mean")
def torch_mean(input: Any, dim: Any = None, keepdim: Any = False) -> Node:
    return mean(input, _torch_dims(dim), keepdim)


@function("torch.amax")
def torch_amax(input: Any, dim: Any = None, keepdim: Any = False) -> Node:
    return max(input, _torch_dims(dim), keepdim)


@function("torch.amin")
def torch_amin(input: Any, dim: Any = None, keepdim: Any = False) -> Node:
    return min(input, _torch_dims(dim), keepdim)


def _torch_correction(correction: Any, unbiased: Any) -> Any:
    return correction if unbiased is None else int(flag(unbiased, "unbiased"))


@function("torch.var")
def torch_var(
    input: Any, dim: Any = None, correction: Any = 1, keepdim: Any = False, unbiased: Any = None
) -> Node:
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    return _var(input, _torch_dims(dim), _torch_correction(correction, unbiased), keepdim)


@function("torch.std")
def torch_std(
    input: Any, dim: Any = None, correction: Any = 1, keepdim: Any = False, unbiased: Any = None
) -> Node:
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    return _std(input, _torch_dims(dim), _torch_correction(correction, unbiased), keepdim)


@function("np+jnp.max np+jnp.amax")
def max(x: Any, axis: Any = None, keepdims: Any = False) -> Node:
    x = tensor(x)
    return red.amax(x, axes_of(axis, x.ndim), flag(keepdims, "keepdims"))


@function("np+jnp.min np+jnp.amin")
def min(x: Any, axis: Any = None, keepdims: Any = False) -> Node:
    x = tensor(x)
    return red.amin(x, axes_of(axis, x.ndim), flag(keepdims, "keepdims"))


@function("np+torch+jnp.argmax")
def argmax(x: Any, axis: Any = None, keepdims: Any = False) -> Node:
    return _position(red.argmax, x, axis, keepdims)


@function("np+torch+jnp.argmin")
def argmin(x: Any, axis: Any = None, keepdims: Any = False) -> Node:
    return _position(red.argmin, x, axis, keepdims)


def _position(row: Any, x: Any, axis: Any, keepdims: Any) -> Node:
    x = tensor(x)
    if axis is None:
        found: Node = row(reshape(x, (size_of(x.shape),)), -1, False)
        return reshape(found, (1,) * x.ndim) if flag(keepdims, "keepdims") else found
    position: Node = row(x, axis_of(axis, x.ndim), flag(keepdims, "keepdims"))
    return position


def _torch_extreme(extreme: Any, position: Any, pairwise: Any, args: Any) -> Any:
    x, dim, keepdim, other = args
    if other is not None or isinstance(dim, (Node, list)):
        return pairwise(tensor(x), tensor(dim if other is None else other))
    if dim is None:
        return extreme(x, None, False)
    # Along a dimension PyTorch takes the first position, whose element gets the whole derivative.
    x = tensor(x)
    axis = axis_of(dim, x.ndim, "dim")
    place = position(x, axis, True)
    values = take_along(x, place, axis)
    if not flag(keepdim, "keepdim"):
        kept = tuple([n for k, n in enumerate(x.shape) if k - x.ndim != axis])
        values, place = reshape(values, kept), reshape(place, kept)
    return values, place


@function("torch.max")
def torch_max(input: Any, dim: Any = None, keepdim: Any = False, other: Any = None) -> Any:
    return _torch_extreme(max, red.argmax, arithmetic.maximum, (input, dim, keepdim, other))


@function("torch.min")
def torch_min(input: Any, dim: Any = None, keepdim: Any = False, other: Any = None) -> Any:
    return _torch_extreme(min, red.argmin, arithmetic.minimum, (input, dim, keepdim, other))


@function("np+torch+jnp.all")
def all(x: Any, axis: Any = None, keepdims: Any = False) -> Node:
    missed = sum(logic.logical_not(tensor(x)), axis, keepdims)
    return logic.equal(missed, 0)


@function("np+torch+jnp.any")
def any(x: Any, axis: Any = None, keepdims: Any = False) -> Node:
    return logic.not_equal(sum(logic.not_equal(tensor(x), 0), axis, keepdims), 0)


@function("np+torch+jnp.cumsum")
def cumsum(x: Any, axis: Any = None) -> Node:
    x = tensor(x)
    if axis is None:
        x, axis = reshape(x, (size_of(x.shape),)), 0
    return cumsum_row(x, axis_of(axis, x.ndim))


def _vector_norm(x: Node, ord: Any, axes: Axes, keep: bool) -> Node:
    order = static_number(ord, "ord")
    if order == 2:
        return red.norm2(x, axes, keep)
    size = arithmetic.absolute(x)
    if order == float("inf"):
        return red.amax(size, axes, keep)
    if order == -float("inf"):
        return red.amin(size, axes, keep)
    if order == 1:
        return sum_(size, axes, keep)
    zero = logic.equal(x, 0)
    if order == 0:
        return sum_(logic.where(zero, 0.0, 1.0), axes, keep)
    # At a zero, and where all are, powers have infinite slopes; by convention the norm's is 0.
    terms = logic.where(zero, 0.0 if order > 0 else float("inf"), exponential.power(size, order))
    total = sum_(terms, axes, keep)
    none = logic.equal(total, 0.0)
    return logic.where(none, 0.0, exponential.power(logic.where(none, 1.0, total), 1.0 / order))


@function("np+torch+jnp.linalg.norm")
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: Any = False) -> Node:
    x = tensor(x)
    keep = flag(keepdims, "keepdims")
    axes = axes_of(axis, x.ndim)
    if ord is None or ord == "fro":
        return red.norm2(x, axes, keep)
    if len(axes) > 1:
        raise ArgumentError(
            f"the norm of a matrix takes no ord={ord!r} here: only the Frobenius norm",
            hint="axis=... gives the norms of rows or columns, `linalg.vector_norm` all elements'",
        )
    return _vector_norm(x, ord, axes, keep)


@function("np+torch+jnp.linalg.vector_norm")
def vector_norm(x: Any, ord: Any = 2, axis: Any = None, keepdims: Any = False) -> Node:
    x = tensor(x)
    return _vector_norm(x, ord, axes_of(axis, x.ndim), flag(keepdims, "keepdims"))


@function("torch.norm")
def torch_norm(input: Any, p: Any = "fro", dim: Any = None, keepdim: Any = False) -> Node:
    return vector_norm(input, 2 if p == "fro" or p is None else p, dim, keepdim)


@function(
    "scipy.special.logsumexp torch.logsumexp torch.special.logsumexp jax.nn.logsumexp "
    "jax.scipy.special.logsumexp special.logsumexp logsumexp"
)
def logsumexp(x: Any, axis: Any = None, keepdims: Any = False) -> Node:
    x = tensor(x)
    return red.logsumexp(x, axes_of(axis, x.ndim), flag(keepdims, "keepdims"))


@function("scipy.special.softmax special.softmax softmax")
def softmax(x: Any, axis: Any = None) -> Node:
    x = tensor(x)
    return red.softmax(x, axes_of(axis, x.ndim))


@function("scipy.special.log_softmax special.log_softmax log_softmax")
def log_softmax(x: Any, axis: Any = None) -> Node:
    x = tensor(x)
    return red.log_softmax(x, axes_of(axis, x.ndim))


@function("jax.nn.softmax")
def jax_softmax(x: Any, axis: Any = -1) -> Node:
    return softmax(x, axis)


@function("jax.nn.log_softmax")
def jax_log_softmax(x: Any, axis: Any = -1) -> Node:
    return log_softmax(x, axis)


def _torch_dim(x: Node, dim: Any) -> Any:
    """PyTorch's functional form without dim: 0 for ranks 0, 1 and 3, else 1."""
    return dim if dim is not None else (0 if x.ndim in (0, 1, 3) else 1)


@function("torch.softmax F.softmax torch.special.softmax")
def torch_softmax(input: Any, dim: Any = None) -> Node:
    x = tensor(input)
    return softmax(x, _torch_dim(x, dim)) if x.ndim else softmax(x)


@function("torch.log_softmax F.log_softmax torch.special.log_softmax")
def torch_log_softmax(input: Any, dim: Any = None) -> Node:
    x = tensor(input)
    return log_softmax(x, _torch_dim(x, dim)) if x.ndim else log_softmax(x)


@function("F.softplus")
def torch_softplus(input: Any, beta: Any = 1, threshold: Any = 20) -> Node:
    x, scale = tensor(input), static_number(beta, "beta")
    if scale == 0:
        raise ArgumentError("beta must not be 0")
    scaled = x * scale
    curve = exponential.softplus(scaled) / scale
    linear = logic.greater(scaled, static_number(threshold, "threshold"))
    return logic.where(linear, x, curve)


@function("np.clip jnp.clip torch.clip torch.clamp")
def clip(x: Any, low: Any = None, high: Any = None) -> Node:
    lower = constant(-float("inf")) if low is None else tensor(low)
    upper = constant(float("inf")) if high is None else tensor(high)
    x = tensor(x)
    if low is None and high is None:
        raise ArgumentError("`clip` needs a lower or an upper bound")
    return arithmetic.clip(x, lower, upper)
