"""Medians, quantiles and percentiles: all of NumPy's methods, and PyTorch's lower median."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.errors import ArgumentError, ShapeError
from gradcli.graph import Node, size_of
from gradcli.ops.binding import function
from gradcli.ops.functions.layout import broadcast_to
from gradcli.ops.functions.reductions import SAMPLE, Axes
from gradcli.ops.functions.torch import along, torch_axes
from gradcli.ops.leaves import constant, known_number
from gradcli.ops.linear import concatenate, index, reduced_shape, reshape, sum_, transpose
from gradcli.ops.rows import numbers, ordering, scans
from gradcli.ops.rows.arithmetic import clip, remainder
from gradcli.ops.rows.logic import (
    equal,
    greater_equal,
    less_equal,
    logical_and,
    logical_not,
    where,
)
from gradcli.ops.several import Picked, outputs
from gradcli.ops.values import axes_of, broadcast, flag, shown, tensor

if TYPE_CHECKING:
    from collections.abc import Callable

# Where in n sorted elements the quantile q lies, as n*q + alpha + q*(1 - alpha - beta) - 1:
# R. Hyndman and Y. Fan, "Sample quantiles in statistical packages" (1996).
CONTINUOUS = {
    "interpolated_inverted_cdf": (0.0, 1.0),
    "hazen": (0.5, 0.5),
    "weibull": (0.0, 0.0),
    "linear": (1.0, 1.0),
    "median_unbiased": (1 / 3, 1 / 3),
    "normal_unbiased": (3 / 8, 3 / 8),
}
ROUNDED: dict[str, Callable[[Node], Node]] = {
    "lower": numbers.floor,
    "higher": numbers.ceil,
    "nearest": numbers.rint,
}
STEPS = ("inverted_cdf", "averaged_inverted_cdf", "closest_observation", "midpoint")
METHODS = (*CONTINUOUS, *ROUNDED, *STEPS)


class Lanes:
    """A tensor with the axes to reduce together at its end.

    count: how many elements of a lane take part, all of them or those that are no NaN.
    """

    def __init__(self, x: Node, axes: Axes, skip_nan: bool) -> None:
        rest = [axis for axis in range(-x.ndim, 0) if axis not in axes]
        lead = tuple([x.shape[axis] for axis in rest])
        extent = size_of(tuple([x.shape[axis] for axis in axes]))
        self.values = reshape(transpose(x, (*rest, *axes)), (*lead, extent))
        self.skip_nan = skip_nan
        self.kept_shape = reduced_shape(x.shape, axes, True)
        self.count = constant(extent)
        if skip_nan:
            real = where(numbers.isnan(self.values), constant(0), constant(1))
            self.count = sum_(real, (-1,), False)

    def element(self, rank: Node) -> Node:
        """The element of a rank, one for all lanes or one for each."""
        lead = self.values.shape[:-1]
        return scans.order_statistic(self.values, broadcast(rank, lead), self.skip_nan)

    def between(self, rank: Node, weight: Node) -> Node:
        """The elements of a rank and the next, mixed by a weight; the ends go on."""
        last = self.count - 1
        lower = self.element(clip(rank, 0.0, last))
        upper = self.element(clip(rank + 1.0, 0.0, last))
        step = upper - lower
        # Beside an infinite element that has no weight.
        idle = logical_and(equal(weight, 0.0), logical_not(numbers.isfinite(step)))
        return lower + where(idle, 0.0, weight * step)


def _quantile(lanes: Lanes, q: Node, method: str) -> Node:
    """One quantile of each lane; q is a scalar."""
    known = known_number(q)
    if known is not None and not 0 <= known <= 1:
        raise ArgumentError(
            f"quantiles are between 0 and 1, and percentiles 0 and 100, not {known}"
        )
    if known is None:
        inside = logical_and(greater_equal(q, 0.0), less_equal(q, 1.0))
        q = where(inside, q, float("nan"))
    n = lanes.count
    if method in CONTINUOUS:
        alpha, beta = CONTINUOUS[method]
        place = (n - 1) * q if alpha == beta == 1 else n * q + (alpha + q * (1 - alpha - beta)) - 1
        rank = numbers.floor(place)
        return lanes.between(rank, place - rank)
    if method in ROUNDED:
        return lanes.element(ROUNDED[method]((n - 1) * q))
    if method == "midpoint":
        place = (n - 1) * q
        rank = numbers.floor(place)
        return lanes.between(rank, where(equal(place, rank), 0.0, 0.5))
    place = n * q - (1.5 if method == "closest_observation" else 1.0)
    rank = numbers.floor(place)
    exact = equal(place, rank)
    if method == "averaged_inverted_cdf":
        return lanes.between(rank, where(exact, 0.5, 1.0))
    if method == "closest_observation":
        exact = logical_and(exact, equal(remainder(rank, 2.0), 1.0))
    return lanes.element(clip(where(exact, rank, rank + 1.0), 0.0, n - 1))


def _quantiles(x: Any, q: Any, axes: Axes, keep: bool, how: tuple[str, bool]) -> Node:
    """For each q a quantile over the axes, stacked in front in the shape of q."""
    x, q, (method, skip_nan) = tensor(x), tensor(q), how
    if method not in METHODS:
        raise ArgumentError(f"method is one of {', '.join(METHODS)}, not {shown(method)}")
    lanes = Lanes(x, axes, skip_nan)
    shape = lanes.kept_shape if keep else reduced_shape(x.shape, axes, False)
    if not q.ndim:
        return reshape(_quantile(lanes, q, method), shape)
    if not q.size:
        return constant(0.0, (*q.shape, *shape))
    every = reshape(q, (q.size,))
    found = [
        reshape(_quantile(lanes, index(every, (place,)), method), (1, *shape))
        for place in range(q.size)
    ]
    return reshape(concatenate(found, -len(shape) - 1), (*q.shape, *shape))


@function("np+jnp.quantile", example=f"quantile({SAMPLE}, [0.3, 0.75], axis=1)")
def quantile(
    x: Any, q: Any, axis: Any = None, *, method: Any = "linear", keepdims: Any = False
) -> Node:
    """What a share q of the elements lies below, between elements by one of 13 methods."""
    x = tensor(x)
    keep = flag(keepdims, "keepdims")
    return _quantiles(x, q, axes_of(axis, x.ndim), keep, (method, False))


@function("np+jnp.nanquantile", example=f"nanquantile({SAMPLE}, 0.3, axis=1)")
def nanquantile(
    x: Any, q: Any, axis: Any = None, *, method: Any = "linear", keepdims: Any = False
) -> Node:
    """The quantile of the elements that are no NaN."""
    x = tensor(x)
    keep = flag(keepdims, "keepdims")
    return _quantiles(x, q, axes_of(axis, x.ndim), keep, (method, True))


@function("np+jnp.percentile", example=f"percentile({SAMPLE}, 30, axis=1, method='hazen')")
def percentile(
    x: Any, q: Any, axis: Any = None, *, method: Any = "linear", keepdims: Any = False
) -> Node:
    """What q percent of the elements lie below."""
    return quantile(x, _percents(q), axis, method=method, keepdims=keepdims)


@function("np+jnp.nanpercentile", example=f"nanpercentile({SAMPLE}, 30, axis=1)")
def nanpercentile(
    x: Any, q: Any, axis: Any = None, *, method: Any = "linear", keepdims: Any = False
) -> Node:
    """What q percent of the elements that are no NaN lie below."""
    return nanquantile(x, _percents(q), axis, method=method, keepdims=keepdims)


def _percents(q: Any) -> Any:
    return q / 100 if isinstance(q, (int, float)) else tensor(q) / 100.0


def _torch_quantile(input: Any, q: Any, dim: Any, keepdim: Any, how: tuple[str, bool]) -> Node:
    x = tensor(input)
    return _quantiles(x, q, torch_axes(x, dim), flag(keepdim, "keepdim"), how)


@function("torch.quantile", example=f"torch.quantile({SAMPLE}, 0.3, dim=1)")
def torch_quantile(
    input: Any, q: Any, dim: Any = None, keepdim: Any = False, *, interpolation: Any = "linear"
) -> Node:
    """What a share q of the elements lies below."""
    return _torch_quantile(input, q, dim, keepdim, (interpolation, False))


@function("torch.nanquantile", example=f"torch.nanquantile({SAMPLE}, 0.3, dim=1)")
def torch_nanquantile(
    input: Any, q: Any, dim: Any = None, keepdim: Any = False, *, interpolation: Any = "linear"
) -> Node:
    """What a share q of the elements that are no NaN lies below."""
    return _torch_quantile(input, q, dim, keepdim, (interpolation, True))


@function("order_statistic", example=f"order_statistic({SAMPLE}, 1)")
def order_statistic(x: Any, rank: Any, skip_nan: Any = False) -> Node:
    """The element of a rank (from 0) in sorted order along the last axis."""
    values, place = tensor(x), tensor(rank)
    lead = values.shape[:-1]
    return scans.order_statistic(values, broadcast_to(place, lead), flag(skip_nan, "skip_nan"))


def _median(x: Any, axis: Any, keepdims: Any, skip_nan: bool) -> Node:
    """The mean of the two middle elements, which are one where the count is odd."""
    x = tensor(x)
    axes = axes_of(axis, x.ndim)
    lanes = Lanes(x, axes, skip_nan)
    low = numbers.floor(0.5 * (lanes.count - 1))
    high = numbers.floor(0.5 * lanes.count)
    lower, upper = lanes.element(low), lanes.element(high)
    found = where(equal(low, high), lower, 0.5 * (lower + upper))
    keep = flag(keepdims, "keepdims")
    return reshape(found, lanes.kept_shape if keep else reduced_shape(x.shape, axes, False))


@function("np+jnp.median", example=f"median({SAMPLE}, axis=0)")
def median(x: Any, axis: Any = None, *, keepdims: Any = False) -> Node:
    """The middle element in order, the mean of two where the count is even."""
    return _median(x, axis, keepdims, False)


@function("np+jnp.nanmedian", example=f"nanmedian({SAMPLE}, axis=0)")
def nanmedian(x: Any, axis: Any = None, *, keepdims: Any = False) -> Node:
    """The median of the elements that are no NaN."""
    return _median(x, axis, keepdims, True)


def _lower_median(input: Any, dim: Any, keepdim: Any, skip_nan: bool) -> Any:
    """PyTorch's: of two middle elements the lower one; along a dim, with its position."""
    x = tensor(input)
    if dim is None:
        lanes = Lanes(x, torch_axes(x, None), skip_nan)
        return lanes.element(numbers.floor(0.5 * (lanes.count - 1)))
    keep = flag(keepdim, "keepdim")

    def picked(x: Node, axis: int) -> Picked:
        if not x.shape[axis]:
            raise ShapeError("the median of no elements does not exist")
        real = sum_(where(numbers.isnan(x), constant(0), constant(1)), (axis,), True)
        rank = clip(numbers.floor(0.5 * (real - 1)), 0, real)
        if not skip_nan:
            # NaN sort to the end: the first of them stands behind all numbers.
            rank = where(equal(real, x.shape[axis]), rank, real)
        ordered, order = outputs(ordering.sort(x, axis, False))
        found = [ordering.take_along(part, rank, axis) for part in (ordered, order)]
        if not keep:
            shape = reduced_shape(x.shape, (axis,), False)
            found = [reshape(part, shape) for part in found]
        return Picked(*found)

    return along(picked, x, dim)


@function("torch.median", example=f"torch.median({SAMPLE}, dim=1)")
def torch_median(input: Any, dim: Any = None, keepdim: Any = False) -> Any:
    """The middle element in order, the lower of two; along a dim with its position."""
    return _lower_median(input, dim, keepdim, False)


@function("torch.nanmedian", example=f"torch.nanmedian({SAMPLE}, dim=1)")
def torch_nanmedian(input: Any, dim: Any = None, keepdim: Any = False) -> Any:
    """The lower median of the elements that are no NaN; along a dim with its position."""
    return _lower_median(input, dim, keepdim, True)
