"""Running products, sums and extremes along an axis."""

from __future__ import annotations

from typing import Any

from gradcli.graph import Node
from gradcli.ops.binding import function
from gradcli.ops.functions.reductions import SAMPLE, flat
from gradcli.ops.functions.torch import along
from gradcli.ops.leaves import constant
from gradcli.ops.linear import concatenate, flip
from gradcli.ops.linear import cumsum as cumsum_row
from gradcli.ops.rows import ordering, scans
from gradcli.ops.rows.logic import where
from gradcli.ops.rows.numbers import isnan
from gradcli.ops.several import Picked
from gradcli.ops.values import axis_of, flag, tensor


def _scan(row: Any, x: Any, axis: Any) -> Node:
    x = tensor(x)
    found: Node = row(flat(x), -1) if axis is None else row(x, axis_of(axis, x.ndim))
    return found


def _torch(row: Any, input: Any, dim: Any) -> Any:
    return along(lambda x, axis: row(x, axis), tensor(input), dim)


@function("np+jnp.cumprod", example=f"cumprod({SAMPLE}, axis=1)")
def cumprod(x: Any, axis: Any = None) -> Node:
    """Running product along an axis, or of all elements."""
    return _scan(scans.cumprod, x, axis)


@function("torch.cumprod", example=f"torch.cumprod({SAMPLE}, dim=1)")
def torch_cumprod(input: Any, dim: Any) -> Any:
    """Running product along a dim."""
    return _torch(scans.cumprod, input, dim)


@function("np+jnp.nancumsum", example=f"nancumsum({SAMPLE}, axis=1)")
def nancumsum(x: Any, axis: Any = None) -> Node:
    """The running sum with 0 for NaN."""
    x = tensor(x)
    return _scan(cumsum_row, where(isnan(x), 0.0, x), axis)


@function("np+jnp.nancumprod", example=f"nancumprod({SAMPLE}, axis=1)")
def nancumprod(x: Any, axis: Any = None) -> Node:
    """The running product with 1 for NaN."""
    x = tensor(x)
    return _scan(scans.cumprod, where(isnan(x), 1.0, x), axis)


def _with_first(found: Node, first: float, axis: int) -> Node:
    shape: list[int] = list(found.shape)
    shape[axis] = 1
    return concatenate([constant(first, tuple(shape)), found], axis)


def _cumulative(row: Any, x: Any, axis: Any, include_initial: Any, first: float) -> Node:
    x = tensor(x)
    place = -1 if axis is None and x.ndim < 2 else axis_of(axis, x.ndim)
    found: Node = row(flat(x) if not x.ndim else x, place)
    include = flag(include_initial, "include_initial")
    return _with_first(found, first, place) if include else found


@function("np+jnp.cumulative_sum", example=f"cumulative_sum({SAMPLE}, axis=1)")
def cumulative_sum(x: Any, *, axis: Any = None, include_initial: Any = False) -> Node:
    """Running sum along an axis, from 0 where asked."""
    return _cumulative(cumsum_row, x, axis, include_initial, 0.0)


@function(
    "np+jnp.cumulative_prod", example=f"cumulative_prod({SAMPLE}, axis=1, include_initial=True)"
)
def cumulative_prod(x: Any, *, axis: Any = None, include_initial: Any = False) -> Node:
    """Running product along an axis, from 1 where asked."""
    return _cumulative(scans.cumprod, x, axis, include_initial, 1.0)


@function("torch.logcumsumexp", example=f"logcumsumexp({SAMPLE}, dim=1)")
def logcumsumexp(input: Any, dim: Any) -> Any:
    """Logarithm of the running sum of exp(x) along a dim."""
    return _torch(scans.logcumsumexp, input, dim)


def _running(row: Any, x: Node, axis: int) -> Picked:
    place = row(x, axis)
    return Picked(ordering.take_along(x, place, axis), place)


@function("torch.cummax", example=f"cummax({SAMPLE}, dim=1)")
def cummax(input: Any, dim: Any) -> Any:
    """The largest element so far, and where it is: of equal ones the last."""
    return _torch(lambda x, axis: _running(scans.argcummax, x, axis), input, dim)


@function("torch.cummin", example=f"cummin({SAMPLE}, dim=1)")
def cummin(input: Any, dim: Any) -> Any:
    """The smallest element so far, and where it is: of equal ones the last."""
    return _torch(lambda x, axis: _running(scans.argcummin, x, axis), input, dim)


@function("argcummax", example=f"argcummax({SAMPLE}, axis=1)")
def argcummax(x: Any, axis: Any = -1) -> Node:
    """Where the largest element so far is: of equal ones the last."""
    return _scan(scans.argcummax, x, axis)


@function("argcummin", example=f"argcummin({SAMPLE}, axis=1)")
def argcummin(x: Any, axis: Any = -1) -> Node:
    """Where the smallest element so far is: of equal ones the last."""
    return _scan(scans.argcummin, x, axis)


@function("recurrence", example="recurrence([0.5, 2.0, -1.0], [1.0, 0.3, 0.7])")
def recurrence(a: Any, b: Any, axis: Any = -1) -> Node:
    """y[j] = a[j]*y[j-1] + b[j] along an axis, from y = 0."""
    factors, terms = tensor(a), tensor(b)
    return scans.recurrence(factors, terms, axis_of(axis, terms.ndim))


def _lax(row: Any, x: Any, axis: Any, reverse: Any) -> Node:
    x = tensor(x)
    place = axis_of(axis, x.ndim)
    if flag(reverse, "reverse"):
        return flip(row(flip(x, (place,)), place), (place,))
    found: Node = row(x, place)
    return found


@function("jax.lax.cumsum", example=f"jax.lax.cumsum({SAMPLE}, axis=1, reverse=True)")
def lax_cumsum(operand: Any, axis: Any = 0, reverse: Any = False) -> Node:
    """Running sum along an axis, from its end where asked."""
    return _lax(cumsum_row, operand, axis, reverse)


@function("jax.lax.cumprod", example=f"jax.lax.cumprod({SAMPLE}, axis=1)")
def lax_cumprod(operand: Any, axis: Any = 0, reverse: Any = False) -> Node:
    """Running product along an axis, from its end where asked."""
    return _lax(scans.cumprod, operand, axis, reverse)


@function("jax.lax.cumlogsumexp", example=f"jax.lax.cumlogsumexp({SAMPLE}, axis=1)")
def lax_cumlogsumexp(operand: Any, axis: Any = 0, reverse: Any = False) -> Node:
    """Logarithm of the running sum of exp(x), from the axis' end where asked."""
    return _lax(scans.logcumsumexp, operand, axis, reverse)


@function("jax.lax.cummax", example=f"jax.lax.cummax({SAMPLE}, axis=1)")
def lax_cummax(operand: Any, axis: Any = 0, reverse: Any = False) -> Node:
    """The largest element so far along an axis."""
    return _lax(lambda x, axis: _running(scans.argcummax, x, axis)[0], operand, axis, reverse)


@function("jax.lax.cummin", example=f"jax.lax.cummin({SAMPLE}, axis=1)")
def lax_cummin(operand: Any, axis: Any = 0, reverse: Any = False) -> Node:
    """The smallest element so far along an axis."""
    return _lax(lambda x, axis: _running(scans.argcummin, x, axis)[0], operand, axis, reverse)
