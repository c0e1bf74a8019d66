"""Convolution and correlation, of vectors as NumPy has them and of channels as PyTorch does."""

from __future__ import annotations

from typing import Any

from gradcli.errors import ArgumentError, ShapeError
from gradcli.graph import Node, Shape
from gradcli.ops import linear
from gradcli.ops.binding import function
from gradcli.ops.contraction import contract
from gradcli.ops.elementwise import shape_text
from gradcli.ops.functions.arranging import along
from gradcli.ops.functions.padding import with_constant
from gradcli.ops.rows.windows import overlap, window_counts, windows
from gradcli.ops.values import axis_of, describe, shown, tensor, whole

Sizes = tuple[int, ...]

# --- parameters of windows ---------------------------------------------------------------------


def sizes_of(value: Any, rank: int, what: str, least: int = 1) -> Sizes:
    """A whole number for each of `rank` axes, from one for all or a list."""
    items = value if isinstance(value, (tuple, list)) else [value] * rank
    items = list(items) * rank if len(items) == 1 else items
    if len(items) != rank:
        raise ArgumentError(f"`{what}` is one number, or {rank} of them, not {describe(value)}")
    numbers = tuple([int(whole(item, what)) for item in items])
    if min(numbers) < least:
        raise ArgumentError(f"`{what}` must be at least {least}, not {min(numbers)}")
    return numbers


def moved_windows(what: str, x: Node, sizes: Sizes, steps: Sizes, dilations: Sizes) -> Node:
    """Windows over the last axes; raises ShapeError where not a single one fits."""
    counts = window_counts(x.shape[-len(sizes) :], sizes, steps, dilations)
    if min(counts) < 1:
        raise ShapeError(
            f"`{what}`: a window of {shape_text(sizes)} does not fit into "
            f"{shape_text(x.shape[-len(sizes) :])}",
            hint="the sizes are those after padding; dilation spreads the window",
        )
    return windows(x, sizes, steps, dilations)


def zero_padded(x: Node, before: Sizes, after: Sizes) -> Node:
    """The last axes with so many zeros before and after."""
    rank = len(before)
    for place in range(rank):
        x = with_constant(x, place - rank, before[place], after[place], (0.0, 0.0))
    return x


# --- channels ----------------------------------------------------------------------------------


def with_batch(what: str, x: Node, rank: int) -> tuple[Node, bool]:
    """The input with a batch axis, and whether it was added."""
    if x.ndim == rank + 2:
        return x, False
    if x.ndim != rank + 1:
        raise ShapeError(
            f"`{what}` takes (batch, channels, {'sizes' if rank > 1 else 'size'}) or the same "
            f"without the batch, {rank + 2} or {rank + 1} axes, not shape {shape_text(x.shape)}"
        )
    return linear.reshape(x, (1, *x.shape)), True


def _without_batch(x: Node, added: bool) -> Node:
    return linear.reshape(x, x.shape[1:]) if added else x


def _margins(padding: Any, sizes: Sizes, steps: Sizes, dilations: Sizes) -> tuple[Sizes, Sizes]:
    if padding == "valid":
        padding = 0
    if padding == "same":
        if set(steps) != {1}:
            raise ArgumentError('padding="same" goes with a stride of 1')
        total = [dilation * (size - 1) for size, dilation in zip(sizes, dilations, strict=True)]
        before = tuple([count // 2 for count in total])
        return before, tuple([n - b for n, b in zip(total, before, strict=True)])
    if isinstance(padding, str):
        raise ArgumentError(f"`padding` is a number, 'valid' or 'same', not {shown(padding)}")
    both = sizes_of(padding, len(sizes), "padding", 0)
    return both, both


def _check_weight(what: str, x: Node, weight: Node, rank: int, groups: int) -> None:
    if weight.ndim != rank + 2:
        raise ShapeError(
            f"the weight of `{what}` has {rank + 2} axes (out channels, in channels/groups, "
            f"window), not shape {shape_text(weight.shape)}"
        )
    if x.shape[1] != weight.shape[1] * groups or weight.shape[0] % groups:
        raise ShapeError(
            f"`{what}` cannot combine {int(x.shape[1])} channels of shape {shape_text(x.shape)} "
            f"with a weight of shape {shape_text(weight.shape)} in {groups} groups",
            hint="the weight's second size times groups is the number of channels, and groups "
            "divides its first size",
        )


def _biased(what: str, result: Node, bias: Any, rank: int) -> Node:
    if bias is None:
        return result
    node = tensor(bias)
    if node.shape != result.shape[1:2]:
        raise ShapeError(
            f"the bias of `{what}` has a number for each of {int(result.shape[1])} channels, not "
            f"shape {shape_text(node.shape)}"
        )
    return result + linear.reshape(node, (*node.shape, *[1] * rank))


def _convolved(rank: int, args: tuple[Any, ...]) -> Node:
    """Cross-correlation over the last `rank` axes, which is what PyTorch calls convolution."""
    what = f"conv{rank}d"
    input, weight, bias, stride, padding, dilation, groups = args
    x, added = with_batch(what, tensor(input), rank)
    kernel, parts = tensor(weight), int(whole(groups, "groups"))
    if parts < 1:
        raise ArgumentError(f"`groups` must be at least 1, not {parts}")
    _check_weight(what, x, kernel, rank, parts)
    steps = sizes_of(stride, rank, "stride")
    dilations = sizes_of(dilation, rank, "dilation")
    sizes = tuple([int(n) for n in kernel.shape[2:]])
    x = zero_padded(x, *_margins(padding, sizes, steps, dilations))
    seen = moved_windows(what, x, sizes, steps, dilations)
    batch, channels = x.shape[:2]
    split = linear.reshape(seen, (batch, parts, channels // parts, *seen.shape[2:]))
    out = kernel.shape[0] // parts
    kernel = linear.reshape(kernel, (parts, out, *kernel.shape[1:]))
    # Labels: 0 batch, 1 group, 2 channel in, 3 channel out, then places, then what is in a window.
    places, inside = tuple(range(4, 4 + rank)), tuple(range(4 + rank, 4 + 2 * rank))
    result = contract(
        split, kernel, (0, 1, 2, *places, *inside), (1, 3, 2, *inside), (0, 1, 3, *places)
    )
    joined = linear.reshape(result, (batch, parts * out, *result.shape[3:]))
    return _without_batch(_biased(what, joined, bias, rank), added)


@function(
    "torch.conv1d F.conv1d", example="conv1d([[1., 2., 3., 4.]], [[[1., -1.]]], [0.5], stride=2)"
)
def conv1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: Any = 1,
) -> Node:
    """Windows over the last axis times the weights, summed over channels.

    input: ([batch,] channels, size); weight: (out, channels/groups, window).
    """
    return _convolved(1, (input, weight, bias, stride, padding, dilation, groups))


@function(
    "torch.conv2d F.conv2d",
    example="conv2d([[[1., 2., 3.], [4., 5., 6.]]], [[[[1., -1.], [0.5, 2.]]]], padding=1)",
)
def conv2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: Any = 1,
) -> Node:
    """Windows over the last two axes times the weights, summed over channels.

    input: ([batch,] channels, rows, columns); weight: (out, channels/groups, window).
    """
    return _convolved(2, (input, weight, bias, stride, padding, dilation, groups))


@function("torch.conv3d F.conv3d", example="conv3d([[[[1., 2., 3.]]]], [[[[[1., -1.]]]]])")
def conv3d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: Any = 1,
) -> Node:
    """Windows over the last three axes times the weights, summed over channels."""
    return _convolved(3, (input, weight, bias, stride, padding, dilation, groups))


# --- vectors -----------------------------------------------------------------------------------


def _vectors(what: str, a: Any, v: Any) -> tuple[Node, Node]:
    x, y = [linear.reshape(n, (1,)) if not n.ndim else n for n in (tensor(a), tensor(v))]
    if x.ndim != 1 or y.ndim != 1 or not x.size or not y.size:
        raise ShapeError(
            f"`{what}` takes two vectors, not shapes {shape_text(x.shape)} and "
            f"{shape_text(y.shape)}"
        )
    return x, y


def _slid(x: Node, y: Node, mode: Any, what: str) -> Node:
    """Products of y with the windows of the longer x, beyond whose ends there are zeros."""
    count = int(y.shape[0])
    margins = {"full": (count - 1, count - 1), "valid": (0, 0)}
    margins["same"] = (count // 2, count - count // 2 - 1)
    if not isinstance(mode, str) or mode not in margins:
        raise ArgumentError(f"the modes of `{what}` are full, same and valid, not {shown(mode)}")
    before, after = margins[mode]
    seen = windows(zero_padded(x, (before,), (after,)), (count,), (1,), (1,))
    return contract(seen, y, (0, 1), (1,), (0,))


@function("np+jnp.convolve", example="convolve([1., 2., 3.], [0., 1., 0.5])")
def convolve(a: Any, v: Any, mode: Any = "full") -> Node:
    """Convolution of two vectors: c[n] = sum(a[k]*v[n-k]); mode full, same or valid."""
    x, y = _vectors("convolve", a, v)
    if x.shape[0] < y.shape[0]:
        x, y = y, x
    return _slid(x, linear.flip(y, (-1,)), mode, "convolve")


@function("np+jnp.correlate", example="correlate([1., 2., 3.], [0., 1., 0.5], 'full')")
def correlate(a: Any, v: Any, mode: Any = "valid") -> Node:
    """Correlation of two vectors: c[n] = sum(a[n+k]*v[k]); mode valid, same or full."""
    x, y = _vectors("correlate", a, v)
    if x.shape[0] < y.shape[0]:
        return linear.flip(_slid(y, x, mode, "correlate"), (-1,))
    return _slid(x, y, mode, "correlate")


# --- windows by themselves ---------------------------------------------------------------------


@function("Tensor.unfold", example="array([1., 2., 3., 4.]).unfold(0, 2, 1)")
def unfold_method(self: Any, dimension: Any, size: Any, step: Any) -> Node:
    """Windows along a dimension, as a new last axis."""
    x = tensor(self)
    axis = axis_of(dimension, x.ndim, "dimension")
    order = [k for k in range(-x.ndim, 0) if k != axis]
    moved = linear.transpose(x, (*order, axis))
    sizes, steps = sizes_of(size, 1, "size", 0), sizes_of(step, 1, "step")
    seen = moved_windows("unfold", moved, sizes, steps, (1,))
    back = list(range(-seen.ndim, -2))
    back.insert(axis + x.ndim, -2)
    return linear.transpose(seen, (*back, -1))


@function(
    "np.lib.stride_tricks.sliding_window_view",
    example="sliding_window_view([1., 2., 3., 4.], 2)",
)
def sliding_window_view(x: Any, window_shape: Any, axis: Any = None) -> Node:
    """All windows over axes, as new last axes."""
    node = tensor(x)
    axes = list(range(node.ndim)) if axis is None else axis
    items = axes if isinstance(axes, (tuple, list)) else [axes]
    places = [axis_of(one, node.ndim) for one in items]
    sizes = sizes_of(window_shape, len(places), "window_shape") if places else ()
    for place, size in zip(places, sizes, strict=True):
        done = node.ndim - tensor(x).ndim
        node = unfold_method(node, place - done, size, 1)
    return node


def _patches(what: str, options: tuple[Any, ...]) -> tuple[Sizes, Sizes, Sizes, Sizes]:
    kernel_size, dilation, padding, stride = options
    return (
        sizes_of(kernel_size, 2, "kernel_size"),
        sizes_of(dilation, 2, "dilation"),
        sizes_of(padding, 2, "padding", 0),
        sizes_of(stride, 2, "stride"),
    )


@function("F.unfold", example="unfold([[[1., 2., 3.], [4., 5., 6.]]], 2)")
def unfold(
    input: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Node:
    """The windows of an image as columns: ([batch,] channels*window, places)."""
    sizes, dilations, margins, steps = _patches("unfold", (kernel_size, dilation, padding, stride))
    x, added = with_batch("unfold", tensor(input), 2)
    seen = moved_windows("unfold", zero_padded(x, margins, margins), sizes, steps, dilations)
    batch, channels, *places = seen.shape[:4]
    columns = linear.transpose(seen, (-6, -5, -2, -1, -4, -3))
    shape = (batch, channels * sizes[0] * sizes[1], places[0] * places[1])
    return _without_batch(linear.reshape(columns, shape), added)


@function("F.fold", example="fold([[1., 2.], [3., 4.], [5., 6.], [7., 8.]], (2, 3), 2)")
def fold(
    input: Any,
    output_size: Any,
    kernel_size: Any,
    dilation: Any = 1,
    padding: Any = 0,
    stride: Any = 1,
) -> Node:
    """Columns added up where their windows lie in an image: what `unfold` takes apart."""
    sizes, dilations, margins, steps = _patches("fold", (kernel_size, dilation, padding, stride))
    inner = sizes_of(output_size, 2, "output_size")
    x, added = with_batch("fold", tensor(input), 1)
    extents = tuple([n + 2 * margin for n, margin in zip(inner, margins, strict=True)])
    counts = window_counts(extents, sizes, steps, dilations)
    batch, rows, places = x.shape
    if rows % (sizes[0] * sizes[1]) or places != counts[0] * counts[1]:
        raise ShapeError(
            f"`fold` cannot put {int(places)} columns of {int(rows)} into {shape_text(inner)}: "
            f"windows of {shape_text(sizes)} have {counts[0] * counts[1]} places there"
        )
    shape: Shape = (batch, rows // (sizes[0] * sizes[1]), *sizes, *counts)
    seen = linear.transpose(linear.reshape(x, shape), (-6, -5, -2, -1, -4, -3))
    whole_image = overlap(seen, extents, sizes, steps, dilations)
    for axis, margin, extent in zip((-2, -1), margins, inner, strict=True):
        whole_image = along(whole_image, axis, (margin, margin + extent, 1))
    return _without_batch(whole_image, added)
