"""Pooling: the mean or the largest element of windows."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gradcli.errors import ArgumentError, ShapeError
from gradcli.graph import Node
from gradcli.ops import linear
from gradcli.ops.binding import function
from gradcli.ops.elementwise import shape_text
from gradcli.ops.functions.convolution import Sizes, moved_windows, sizes_of, zero_padded
from gradcli.ops.functions.padding import with_constant
from gradcli.ops.leaves import array_constant
from gradcli.ops.rows.ordering import take_along
from gradcli.ops.rows.reductions import argmax
from gradcli.ops.values import broadcast, flag, static_number, tensor

Array = np.ndarray[Any, Any]


class Windows(NamedTuple):
    """Where the windows of a pooling lie, by axis."""

    sizes: Sizes
    steps: Sizes
    margins: Sizes
    dilations: Sizes
    counts: Sizes
    beyond: Sizes
    """Places after the last margin that the last window reaches into, with ceil_mode."""


def _windows(
    what: str,
    x: Node,
    rank: int,
    options: tuple[Any, Any, Any, Any, Any],
) -> Windows:
    kernel_size, stride, padding, dilation, ceil_mode = options
    if x.ndim not in (rank + 1, rank + 2):
        raise ShapeError(
            f"`{what}` takes ([batch,] channels, {'sizes' if rank > 1 else 'size'}), {rank + 2} or "
            f"{rank + 1} axes, not shape {shape_text(x.shape)}"
        )
    sizes = sizes_of(kernel_size, rank, "kernel_size")
    given = stride is not None and not (isinstance(stride, (tuple, list)) and not stride)
    steps = sizes_of(stride, rank, "stride") if given else sizes
    margins = sizes_of(padding, rank, "padding", 0)
    dilations = sizes_of(dilation, rank, "dilation")
    if any(2 * margin > size for margin, size in zip(margins, sizes, strict=True)):
        raise ArgumentError(f"the padding of `{what}` is at most half of its window")
    counts, beyond = [], []
    for axis in range(rank):
        extent, reach = int(x.shape[axis - rank]), dilations[axis] * (sizes[axis] - 1) + 1
        free = extent + 2 * margins[axis] - reach
        step = steps[axis]
        count = (-(-free // step) if flag(ceil_mode, "ceil_mode") else free // step) + 1
        if (count - 1) * step >= extent + margins[axis]:
            count -= 1  # A window must begin inside the input or the margin before it.
        counts.append(count)
        beyond.append(max(0, (count - 1) * step + reach - extent - 2 * margins[axis]))
    return Windows(sizes, steps, margins, dilations, tuple(counts), tuple(beyond))


def _after(found: Windows) -> Sizes:
    return tuple([m + b for m, b in zip(found.margins, found.beyond, strict=True)])


def _divisors(x: Node, found: Windows, count_include_pad: bool) -> Array:
    """How many elements each window's mean is of."""
    result = np.ones((1,) * len(found.sizes))
    for axis, (size, step, margin, count) in enumerate(
        zip(found.sizes, found.steps, found.margins, found.counts, strict=True)
    ):
        extent = int(x.shape[axis - len(found.sizes)])
        start = np.arange(count) * step - margin
        stop = np.minimum(start + size, extent + margin)
        if not count_include_pad:
            start, stop = np.maximum(start, 0), np.minimum(stop, extent)
        shape = [1] * len(found.sizes)
        shape[axis] = count
        result = result * (stop - start).reshape(shape)
    return result


def _averaged(rank: int, input: Any, options: tuple[Any, ...], include: Any, override: Any) -> Node:
    what = f"avg_pool{rank}d"
    x = tensor(input)
    found = _windows(what, x, rank, (*options[:3], 1, options[3]))
    padded = zero_padded(x, found.margins, _after(found))
    seen = moved_windows(what, padded, found.sizes, found.steps, found.dilations)
    total = linear.sum_(seen, tuple(range(-rank, 0)), False)
    if override is not None:
        divisor = static_number(override, "divisor_override")
        if divisor == 0:
            raise ArgumentError("`divisor_override` must not be 0")
        return total / float(divisor)
    divisors = _divisors(x, found, flag(include, "count_include_pad"))
    if np.all(divisors == divisors.flat[:1]) and divisors.size:
        return total / float(divisors.flat[0])
    return total / array_constant(divisors)


@function("torch.avg_pool1d F.avg_pool1d", example="avg_pool1d([[1., 2., 3., 4.]], 2)")
def avg_pool1d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: Any = False,
    count_include_pad: Any = True,
) -> Node:
    """Means of windows along the last axis; the stride is the window's size by default."""
    return _averaged(1, input, (kernel_size, stride, padding, ceil_mode), count_include_pad, None)


@function("F.avg_pool2d", example="avg_pool2d([[[1., 2., 3.], [4., 5., 7.]]], 2)")
def avg_pool2d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: Any = False,
    count_include_pad: Any = True,
    divisor_override: Any = None,
) -> Node:
    """Means of windows over the last two axes; the stride is the window's size by default."""
    options = (kernel_size, stride, padding, ceil_mode)
    return _averaged(2, input, options, count_include_pad, divisor_override)


@function("F.avg_pool3d", example="avg_pool3d([[[[1., 2.], [3., 4.]]]], (1, 2, 2))")
def avg_pool3d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: Any = False,
    count_include_pad: Any = True,
    divisor_override: Any = None,
) -> Node:
    """Means of windows over the last three axes; the stride is the window's size by default."""
    options = (kernel_size, stride, padding, ceil_mode)
    return _averaged(3, input, options, count_include_pad, divisor_override)


def _sources(x: Node, found: Windows) -> Array:
    """For each element of each window, its place among the flattened last axes of the input."""
    rank = len(found.sizes)
    result = np.zeros((1,) * (2 * rank), np.intp)
    for axis in range(rank):
        start = np.arange(found.counts[axis]) * found.steps[axis] - found.margins[axis]
        inside = np.arange(found.sizes[axis]) * found.dilations[axis]
        shape = [1] * (2 * rank)
        shape[axis], shape[rank + axis] = found.counts[axis], found.sizes[axis]
        extent = int(x.shape[axis - rank])
        result = result * extent + np.clip(start[:, None] + inside, 0, extent - 1).reshape(shape)
    return result.reshape(*found.counts, -1)


def _largest(rank: int, input: Any, options: tuple[Any, ...], return_indices: Any) -> Any:
    """The largest elements of windows; with return_indices also their places in the flattened axes.

    In ties PyTorch takes the first element, which gets the whole derivative.
    """
    what = f"max_pool{rank}d"
    x = tensor(input)
    found = _windows(what, x, rank, (*options,))
    padded, after = x, _after(found)
    for axis in range(rank):
        lowest = (-float("inf"), -float("inf"))
        padded = with_constant(padded, axis - rank, found.margins[axis], after[axis], lowest)
    seen = moved_windows(what, padded, found.sizes, found.steps, found.dilations)
    outer = seen.shape[:-rank]
    flat = linear.reshape(seen, (*outer, int(np.prod(found.sizes))))
    place = argmax(flat, -1, True)
    values = linear.reshape(take_along(flat, place, -1), outer)
    if not flag(return_indices, "return_indices"):
        return values
    sources = broadcast(array_constant(_sources(x, found)), flat.shape)
    return values, linear.reshape(take_along(sources, place, -1), outer)


@function("torch.max_pool1d F.max_pool1d", example="max_pool1d([[1., 3., 2., 4.]], 2)")
def max_pool1d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: Any = False,
    return_indices: Any = False,
) -> Any:
    """Largest elements of windows along the last axis; with return_indices also where they are."""
    options = (kernel_size, stride, padding, dilation, ceil_mode)
    return _largest(1, input, options, return_indices)


@function("torch.max_pool2d F.max_pool2d", example="max_pool2d([[[1., 3., 2.], [4., 7., 5.]]], 2)")
def max_pool2d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: Any = False,
    return_indices: Any = False,
) -> Any:
    """Largest elements of windows over the last two axes; also where, with return_indices."""
    options = (kernel_size, stride, padding, dilation, ceil_mode)
    return _largest(2, input, options, return_indices)


@function(
    "torch.max_pool3d F.max_pool3d", example="max_pool3d([[[[1., 3.], [4., 2.]]]], (1, 2, 2))"
)
def max_pool3d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: Any = False,
    return_indices: Any = False,
) -> Any:
    """Largest elements of windows over the last three axes; also where, with return_indices."""
    options = (kernel_size, stride, padding, dilation, ceil_mode)
    return _largest(3, input, options, return_indices)
