"""Elements moved, turned and repeated: roll, flips, rot90, tile, repeat, Tensor.expand's kin."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.errors import ArgumentError, LimitError, ShapeError
from gradcli.graph import Node, Shape
from gradcli.ops import linear
from gradcli.ops.binding import function
from gradcli.ops.elementwise import shape_text
from gradcli.ops.functions.layout import broadcast_to
from gradcli.ops.linear import Positions, index
from gradcli.ops.values import axis_of, broadcast, concrete, shape_of, tensor, whole

# --- moved -------------------------------------------------------------------------------------


MAX_POSITIONS = 1 << 27


def require_few(count: int) -> None:
    """Raise LimitError for more positions than are written out."""
    if count > MAX_POSITIONS:
        raise LimitError(f"an axis of {int(count):,} selected elements would be too long")


def along(x: Node, axis: int, item: Any) -> Node:
    """The elements that an index item selects along a negative axis."""
    items: list[Any] = [(0, extent, 1) for extent in x.shape]
    items[axis] = item
    return index(x, tuple(items))


def _numbers(value: Any, what: str) -> list[int]:
    if isinstance(value, Node) and value.ndim:
        value = [float(item) for item in concrete(value, what, static=True).reshape(-1)]
    items = value if isinstance(value, (tuple, list)) else [value]
    return [int(whole(item, what)) for item in items]


def _rolled(x: Node, shift: int, axis: int) -> Node:
    extent = int(x.shape[axis])
    steps = shift % extent if extent else 0
    if not steps:
        return x
    cut = extent - steps
    parts = [along(x, axis, (cut, extent, 1)), along(x, axis, (0, cut, 1))]
    return linear.concatenate(parts, axis)


@function("np+jnp.roll", example="roll([1., 2., 3.], 1)")
def roll(x: Any, shift: Any, axis: Any = None) -> Node:
    """Elements moved along axes; those that leave at one end come back at the other.

    Without an axis they move through all elements in row-major order.
    """
    node = tensor(x)
    shifts = _numbers(shift, "shift")
    if axis is None:
        flat = linear.reshape(node, (node.size,))
        return linear.reshape(_rolled(flat, sum(shifts), -1), node.shape)
    axes = _numbers(axis, "axis")
    if len(shifts) != len(axes) and 1 not in (len(shifts), len(axes)):
        raise ArgumentError(f"`roll` has {len(shifts)} shifts for {len(axes)} axes")
    if not shifts or not axes:
        return node
    count = max(len(shifts), len(axes))
    shifts, axes = shifts * (count // len(shifts)), axes * (count // len(axes))
    for one, place in zip(shifts, axes, strict=True):
        node = _rolled(node, one, axis_of(place, node.ndim))
    return node


@function("torch.roll", example="torch.roll([1., 2., 3.], 1)")
def torch_roll(input: Any, shifts: Any, dims: Any = None) -> Node:
    """Elements moved along dims, a shift for each; through all of them where none is named."""
    over = 1 if dims is None else len(_numbers(dims, "dims"))
    moved = len(_numbers(shifts, "shifts"))
    if moved != over:
        raise ArgumentError(
            f"`torch.roll` has {moved} shifts for {over} dimensions",
            hint="name a dimension for each shift",
        )
    return roll(input, shifts, dims)


def _with_axes(what: str, m: Any, rank: int) -> Node:
    x = tensor(m)
    if x.ndim < rank:
        needed = "an axis" if rank == 1 else f"{rank} axes"
        raise ShapeError(f"`{what}` needs {needed}, not shape {shape_text(x.shape)}")
    return x


@function("np+torch+jnp.fliplr", example="fliplr([[1., 2.], [3., 4.]])")
def fliplr(m: Any) -> Node:
    """The second axis in the opposite order."""
    x = _with_axes("fliplr", m, 2)
    return linear.flip(x, (1 - x.ndim,))


@function("np+torch+jnp.flipud", example="flipud([[1., 2.], [3., 4.]])")
def flipud(m: Any) -> Node:
    """The first axis in the opposite order."""
    x = _with_axes("flipud", m, 1)
    return linear.flip(x, (-x.ndim,))


@function("np+torch+jnp.rot90", example="rot90([[1., 2.], [3., 4.]])")
def rot90(m: Any, k: Any = 1, axes: Any = (0, 1)) -> Node:
    """Turned by k right angles, from the first of two axes towards the second."""
    x, turns = _with_axes("rot90", m, 2), whole(k, "k") % 4
    if not isinstance(axes, (tuple, list)) or len(axes) != 2:
        raise ArgumentError("`rot90` turns in the plane of two axes")
    first, second = [axis_of(axis, x.ndim, "axes") for axis in axes]
    if first == second:
        raise ArgumentError("`rot90` needs two different axes")
    if turns == 2:
        return linear.flip(x, tuple(sorted((first, second))))
    perm = list(range(-x.ndim, 0))
    perm[first], perm[second] = second, first
    if turns == 1:
        return linear.transpose(linear.flip(x, (second,)), tuple(perm))
    return linear.flip(linear.transpose(x, tuple(perm)), (second,)) if turns else x


# --- repeated ----------------------------------------------------------------------------------


def _tiled(x: Node, counts: Shape) -> Node:
    """The whole of x so many times along each axis."""
    rank = max(x.ndim, len(counts))
    shape = (*[1] * (rank - x.ndim), *x.shape)
    times = (*[1] * (rank - len(counts)), *counts)
    if any(count < 0 for count in times):
        raise ArgumentError(f"a tensor cannot be repeated {min(times)} times")
    apart = linear.reshape(x, tuple([n for extent in shape for n in (1, extent)]))
    pairs = list(zip(times, shape, strict=True))
    spread = broadcast(apart, shape_of([n for pair in pairs for n in pair]))
    return linear.reshape(spread, tuple([count * extent for count, extent in pairs]))


@function("np+jnp.tile", example="tile([1., 2.], 3)")
def tile(A: Any, reps: Any) -> Node:
    """The whole tensor repeated along each axis."""
    return _tiled(tensor(A), tuple(_numbers(reps, "reps")))


@function("torch.tile", example="torch.tile([1., 2.], (2, 2))")
def torch_tile(input: Any, *dims: Any) -> Node:
    """The whole tensor repeated along each axis."""
    counts = dims[0] if len(dims) == 1 else dims
    return _tiled(tensor(input), tuple(_numbers(counts, "dims")))


@function("Tensor.repeat", example="import torch; torch.tensor([1., 2.]).repeat(2)")
def repeat_method(self: Any, *repeats: Any) -> Node:
    """The whole tensor repeated along each axis, as torch.tile (in NumPy: elements repeated)."""
    x = tensor(self)
    counts = _numbers(repeats[0] if len(repeats) == 1 else repeats, "repeats")
    if len(counts) < x.ndim:
        raise ShapeError(
            f"`repeat` has {len(counts)} counts for shape {shape_text(x.shape)}",
            hint="`Tensor.repeat` wants one for each axis",
        )
    return _tiled(x, tuple(counts))


def _repeated(x: Node, counts: list[int], axis: int) -> Node:
    """Each element so many times along a negative axis."""
    extent = int(x.shape[axis])
    if any(count < 0 for count in counts):
        raise ArgumentError(f"an element cannot be repeated {min(counts)} times")
    if len(counts) not in (1, extent):
        raise ShapeError(
            f"`repeat` has {len(counts)} counts for the {extent} elements along axis "
            f"{axis + x.ndim} of shape {shape_text(x.shape)}",
            hint="one count for all, or one for each",
        )
    if len(counts) == 1:
        shape_of((*x.shape, counts[0]))
        place = axis + x.ndim
        apart = linear.reshape(x, (*x.shape[: place + 1], 1, *x.shape[place + 1 :]))
        spread = broadcast(apart, (*x.shape[: place + 1], counts[0], *x.shape[place + 1 :]))
        total = x.shape[place] * counts[0]
        return linear.reshape(spread, (*x.shape[:place], total, *x.shape[place + 1 :]))
    require_few(sum(counts))
    places = np.repeat(np.arange(extent), counts)
    return along(x, axis, Positions(places))


def _repeat(x: Any, repeats: Any, axis: Any) -> Node:
    x = tensor(x)
    counts = _numbers(repeats, "repeats")
    if axis is None:
        x, axis = linear.reshape(x, (x.size,)), 0
    if not x.ndim:
        raise ShapeError("a scalar has no axis to repeat along")
    return _repeated(x, counts, axis_of(axis, x.ndim))


@function("np+jnp.repeat", example="repeat([1., 2.], 3)")
def repeat(x: Any, repeats: Any, axis: Any = None) -> Node:
    """Each element repeated, along an axis or of all as a vector; one count, or one for each."""
    return _repeat(x, repeats, axis)


@function("torch.repeat_interleave", example="repeat_interleave([1., 2.], 3)")
def repeat_interleave(input: Any, repeats: Any, dim: Any = None, output_size: Any = None) -> Node:
    """Each element repeated, along a dimension or of all as a vector."""
    return _repeat(input, repeats, dim)


@function("Tensor.expand_as", example="array([1., 2.]).expand_as([[0., 0.], [0., 0.]])")
def expand_as(self: Any, other: Any) -> Node:
    """Repeated to the shape of another tensor."""
    return broadcast_to(self, tensor(other).shape)
