"""Scans along an axis (products, running extremes, recurrences), and order statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import ShapeError
from gradcli.graph import Node, Shape
from gradcli.ops.cotangent import Cotangent, nonzero, real
from gradcli.ops.custom import Custom
from gradcli.ops.leaves import constant
from gradcli.ops.linear import broadcast_to, concatenate, flip, index, reshape, sum_
from gradcli.ops.rows.arithmetic import ALL, ANY
from gradcli.ops.rows.exponential import sigmoid
from gradcli.ops.rows.logic import equal, logical_and, logical_or, not_equal, where

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradcli.ops.family import Types

Array = np.ndarray[Any, Any]

ALONG = ((((5,),), (-1,)), (((3, 4),), (-2,)))


def _same_shape(x: Node, *rest: Any) -> Types:
    return ((x.shape, "real"),)


def _axis_lane(node: Node, mask: Node, place: int) -> Node:
    """A lane counts where any of its elements does."""
    hit = nonzero(sum_(real(mask), (node.params[0],), True))
    return broadcast_to(hit, mask.shape)


def _shifted(x: Node, axis: int, first: float) -> Node:
    """What stands before each element along an axis; before the first, a constant."""
    items: list[Any] = [(0, extent, 1) for extent in x.shape]
    items[axis] = (0, max(int(x.shape[axis]) - 1, 0), 1)
    kept = index(x, tuple(items))
    shape: list[int] = list(x.shape)
    shape[axis] = int(x.shape[axis]) - kept.shape[axis]
    return concatenate([constant(first, tuple(shape)), kept], axis)


# --- recurrences -------------------------------------------------------------------------------


def _recurrence(a: Array, b: Array, axis: int) -> Array:
    """By doubling: after k rounds each element is its own recurrence over 2**k steps.

    Step by step where products of factors overflow, which those of terms need not.
    """
    terms, factors = np.moveaxis(b, axis, -1), np.moveaxis(a, axis, -1)
    total, factor = terms.copy(), factors.copy()
    extent, step = total.shape[-1], 1
    while step < extent:
        total[..., step:] += factor[..., step:] * total[..., :-step]
        factor[..., step:] *= factor[..., :-step]
        step *= 2
    if not np.isfinite(total).all():
        total = terms.copy()
        for place in range(1, extent):
            total[..., place] += factors[..., place] * total[..., place - 1]
    return np.moveaxis(total, -1, axis)


def _reversed(a: Node, b: Node, axis: int) -> Node:
    """y[j] = a[j+1]*y[j+1] + b[j], from the end."""
    backward = _shifted(flip(a, (axis,)), axis, 0.0)
    return flip(recurrence(backward, flip(b, (axis,)), axis), (axis,))


def _recurrence_types(a: Node, b: Node, axis: int) -> Types:
    if a.shape != b.shape:
        raise ShapeError("`recurrence` takes factors and terms of one shape")
    return ((b.shape, "real"),)


def _recurrence_vjp(node: Node, g: Node) -> list[Node]:
    (a, _), (axis,) = node.inputs, node.params
    back = _reversed(a, g, axis)
    return [back * _shifted(node, axis, 0.0), back]


recurrence: Custom = Custom(
    "recurrence",
    _recurrence,
    _recurrence_types,
    _recurrence_vjp,
    doc="y[j] = a[j]*y[j-1] + b[j] along an axis, from y = 0.",
    domain=ALL,
    box=(ANY, ANY),
    kinks=(),
    samples=((((5,), (5,)), (-1,)), (((3, 4), (3, 4)), (-2,))),
    lane=_axis_lane,
)


def _cumprod_vjp(node: Node, g: Node) -> list[Node]:
    """What stands before an element, times a recurrence over what follows: no division."""
    (x,), (axis,) = node.inputs, node.params
    return [_shifted(node, axis, 1.0) * _reversed(x, g, axis)]


cumprod: Custom = Custom(
    "cumprod",
    lambda x, axis: np.cumprod(x, axis=axis),
    _same_shape,
    _cumprod_vjp,
    doc="Running product along an axis; its derivative is exact where elements are 0.",
    domain=ALL,
    box=(ANY,),
    kinks=(),
    samples=ALONG,
    lane=_axis_lane,
)


def _logcumsumexp_vjp(node: Node, g: Node) -> list[Node]:
    """With y before x: x has the share sigmoid(x - y), what came before the rest."""
    (x,), (axis,) = node.inputs, node.params
    before = _shifted(node, axis, -np.inf)
    nothing = equal(x, -np.inf)
    share = where(nothing, 0.0, sigmoid(x - before))
    rest = where(nothing, 1.0, sigmoid(before - x))
    return [share * _reversed(rest, g, axis)]


logcumsumexp: Custom = Custom(
    "logcumsumexp",
    lambda x, axis: np.logaddexp.accumulate(x, axis=axis),
    _same_shape,
    _logcumsumexp_vjp,
    doc="Logarithm of the running sum of exp(x) along an axis, without overflow.",
    domain=ALL,
    box=(ANY,),
    kinks=(),
    samples=ALONG,
    lane=_axis_lane,
)


def _running(accumulate: Callable[..., Array]) -> Callable[..., Array]:
    """Where the extreme so far stands: the last of equal ones, and the last NaN."""

    def positions(x: Array, axis: int) -> Array:
        extreme = accumulate(x, axis=axis)
        shape = [1] * x.ndim
        shape[axis] = x.shape[axis]
        place = np.arange(x.shape[axis], dtype=np.float64).reshape(shape)
        here = np.where((x == extreme) | np.isnan(x), place, 0)
        return np.maximum.accumulate(here, axis=axis)

    return positions


def _running_row(name: str, accumulate: Callable[..., Array], word: str) -> Custom:
    return Custom(
        name,
        _running(accumulate),
        lambda x, axis: ((x.shape, "int"),),
        None,
        doc=f"Position of the {word} element so far along an axis, the last of equal ones.",
        domain=ALL,
        box=(ANY,),
        kinks=(),
        samples=ALONG,
    )


argcummax = _running_row("argcummax", np.maximum.accumulate, "largest")
argcummin = _running_row("argcummin", np.minimum.accumulate, "smallest")

# --- order statistics --------------------------------------------------------------------------


def _order_statistic(x: Array, rank: Array, skip_nan: bool) -> Array:
    ordered = np.sort(x, axis=-1)
    place = np.clip(np.nan_to_num(rank), 0, max(x.shape[-1] - 1, 0)).astype(np.intp)
    found = np.take_along_axis(ordered, place[..., None], -1)[..., 0]
    unknown = np.isnan(rank) if skip_nan else np.isnan(rank) | np.isnan(ordered[..., -1])
    return np.where(unknown, np.nan, found)


def _order_types(x: Node, rank: Node, skip_nan: bool) -> Types:
    if not x.ndim or not x.shape[-1]:
        raise ShapeError("an order statistic of no elements does not exist")
    if rank.shape != x.shape[:-1]:
        raise ShapeError("an order statistic takes one rank for each lane")
    return ((x.shape[:-1], "real"),)


def _order_vjp(node: Node, g: Node) -> list[Cotangent | None]:
    """Elements equal to the one found share evenly, as those of `amax` do."""
    x, _ = node.inputs
    lane = reshape(node, (*node.shape, 1))
    both_nan = logical_and(not_equal(x, x), not_equal(lane, lane))
    hit = logical_or(equal(x, lane), both_nan)
    share = reshape(g, (*g.shape, 1)) / sum_(real(hit), (-1,), True)
    return [Cotangent(where(hit, share, 0.0), hit), None]


def _order_lane(node: Node, mask: Node, place: int) -> Node:
    if place:
        return mask
    shape: Shape = node.inputs[0].shape
    return broadcast_to(reshape(mask, (*mask.shape, 1)), shape)


order_statistic: Custom = Custom(
    "order_statistic",
    _order_statistic,
    _order_types,
    _order_vjp,
    doc="The element of a rank (from 0) along the last axis; NaN, unless skipped, wins.",
    domain=ALL,
    box=(ANY, "order"),
    kinks=(),
    samples=((((5,), ()), (False,)), (((2, 4), (2,)), (True,))),
    lane=_order_lane,
)
