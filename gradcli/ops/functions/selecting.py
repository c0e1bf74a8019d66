"""Elements selected by positions and masks: take, gather, index_select, masked_select, ...

Positions are made concrete: they are whole numbers that no derivative sees.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.errors import ArgumentError, ShapeError
from gradcli.graph import Node
from gradcli.ops import linear
from gradcli.ops.binding import function
from gradcli.ops.elementwise import broadcast_shape, shape_text
from gradcli.ops.functions.arranging import along
from gradcli.ops.functions.layout import parts_of
from gradcli.ops.indexing import index_value
from gradcli.ops.linear import Positions, index
from gradcli.ops.rows.logic import not_equal, where
from gradcli.ops.values import axis_of, broadcast, concrete, shown, tensor, whole

Array = np.ndarray[Any, Any]


def whole_numbers(value: Any, what: str) -> Array:
    """An array of whole numbers known now; raises ArgumentError for any others."""
    node = tensor(value)
    held = np.asarray(concrete(node, what, static=True))
    if held.dtype == np.bool_:
        raise ArgumentError(f"{what} must be whole numbers, not booleans")
    if not np.all(np.abs(held) < 2**53) or np.any(held != np.floor(held)):
        raise ArgumentError(f"{what} must be whole numbers")
    return held.astype(np.intp)


def positions(
    value: Any, extent: int, what: str, negative: bool = False, mode: str = "raise"
) -> Array:
    """Positions among `extent` elements; raises ShapeError for one that is out of range.

    negative: whether they may be counted from the end. mode: "wrap" and "clip" bring them back.
    """
    held = whole_numbers(value, "positions")
    extent = int(extent)
    if mode == "wrap" and extent:
        return held % extent
    if mode == "clip" and extent:
        return np.clip(held, 0, extent - 1)
    wrong = held[(held < (-extent if negative else 0)) | (held >= extent)]
    if wrong.size:
        hint = "" if negative or wrong.flat[0] >= extent else "PyTorch counts from the beginning"
        raise ShapeError(
            f"`{what}`: position {int(wrong.flat[0])} is out of range for {extent} elements",
            hint=hint,
        )
    return np.where(held < 0, held + extent, held)


# --- along an axis -----------------------------------------------------------------------------


def _take(x: Node, held: Array, axis: int) -> Node:
    return along(x, axis, Positions(np.ascontiguousarray(held)) if held.ndim else int(held))


@function("np.take", example="take([1., 2., 3.], [2, 0])")
def take(a: Any, indices: Any, axis: Any = None, mode: Any = "raise") -> Node:
    """Elements at positions along an axis, or among all of them.

    mode: what a position out of range means: "raise" an error, "wrap" around, or "clip".
    """
    if mode not in ("raise", "wrap", "clip"):
        raise ArgumentError(f"the modes of `take` are raise, wrap and clip, not {shown(mode)}")
    x = tensor(a)
    if axis is None:
        x, axis = linear.reshape(x, (x.size,)), 0
    place = axis_of(axis, x.ndim)
    return _take(x, positions(indices, x.shape[place], "take", True, mode), place)


@function("jnp.take", example="jnp.take([1., 2., 3.], [2, 0])")
def jax_take(a: Any, indices: Any, axis: Any = None, mode: Any = None) -> Node:
    """As NumPy's; by default a position out of range is an error (in JAX it gives NaN)."""
    chosen = "raise" if mode in (None, "fill") else mode
    return take(a, indices, axis, chosen)


@function("torch.take", example="torch.take([[1., 2.], [3., 4.]], [3, 0])")
def torch_take(input: Any, index: Any) -> Node:
    """Elements at positions among all of them."""
    return take(input, index)


def take_at(what: str, x: Node, places: Array, axis: int) -> Node:
    """Elements at positions along a negative axis, other axes broadcast together."""
    if places.ndim != x.ndim:
        raise ShapeError(
            f"`{what}` needs positions with as many axes as shape {shape_text(x.shape)}, not shape "
            f"{shape_text(places.shape)}"
        )
    lanes = [1 if k - x.ndim == axis else n for k, n in enumerate(x.shape)]
    ours = [1 if k - x.ndim == axis else n for k, n in enumerate(places.shape)]
    shape = list(broadcast_shape([tuple(lanes), tuple(ours)], what))
    wide = list(shape)
    wide[axis], shape[axis] = x.shape[axis], places.shape[axis]
    return _at(broadcast(x, tuple(wide)), np.broadcast_to(places, shape), axis)


def _at(x: Node, places: Array, axis: int) -> Node:
    """Element [i, .., places[i, .., k], ..] of x at [i, .., k, ..]; x may be larger elsewhere."""
    return index(x, lanes_of(places, axis))


def lanes_of(places: Array, axis: int) -> tuple[Positions, ...]:
    """The index items of positions along a negative axis: each lane has its own."""
    grid: list[Any] = list(np.ogrid[tuple([slice(extent) for extent in places.shape])])
    grid[axis] = places
    return tuple([Positions(np.ascontiguousarray(part)) for part in np.broadcast_arrays(*grid)])


@function(
    "np+jnp.take_along_axis",
    example="take_along_axis([[1., 2.], [3., 4.]], [[1], [0]], 1)",
)
def take_along_axis(arr: Any, indices: Any, axis: Any = -1) -> Node:
    """Elements at positions along an axis, a set of positions for each lane."""
    x, places = tensor(arr), tensor(indices)
    if axis is None:
        x, axis = linear.reshape(x, (x.size,)), 0
        places = linear.reshape(places, (places.size,))
    place = axis_of(axis, x.ndim)
    held = positions(places, x.shape[place], "take_along_axis", True)
    return take_at("take_along_axis", x, held, place)


@function(
    "torch.take_along_dim", example="torch.take_along_dim([[1., 2.], [3., 4.]], [[1], [0]], 1)"
)
def take_along_dim(input: Any, indices: Any, dim: Any = None) -> Node:
    """Elements at positions along a dimension, or among all of them."""
    return take_along_axis(input, indices, dim)


def fitting(what: str, x: Node, held: Array, axis: int) -> None:
    """Raise ShapeError where positions have other axes than x, or more lanes."""
    larger = [
        k for k, n in enumerate(held.shape[: x.ndim]) if n > x.shape[k] and k - x.ndim != axis
    ]
    if held.ndim != x.ndim or larger:
        raise ShapeError(
            f"`{what}` cannot use positions of shape {shape_text(held.shape)} for shape "
            f"{shape_text(x.shape)}",
            hint="they have the same number of axes, and sizes no larger off the axis named",
        )


@function("torch.gather", example="gather([[1., 2.], [3., 4.]], 1, [[0, 0], [1, 0]])")
def gather(input: Any, dim: Any, index: Any) -> Node:
    """Elements at positions along a dimension, a set of positions for each lane."""
    x = tensor(input)
    if not x.ndim:
        return x
    axis = axis_of(dim, x.ndim, "dim")
    held = positions(index, x.shape[axis], "gather")
    fitting("gather", x, held, axis)
    return _at(x, held, axis)


@function("torch.index_select", example="index_select([[1., 2.], [3., 4.]], 1, [1, 1, 0])")
def index_select(input: Any, dim: Any, index: Any) -> Node:
    """Slices at positions along a dimension."""
    x = tensor(input)
    axis = axis_of(dim, x.ndim, "dim")
    held = positions(index, x.shape[axis], "index_select")
    if held.ndim > 1:
        raise ShapeError(f"`index_select` takes a vector, not shape {shape_text(held.shape)}")
    return _take(x, held.reshape(-1), axis)


@function("torch.narrow", example="narrow([1., 2., 3.], 0, 1, 2)")
def narrow(input: Any, dim: Any, start: Any, length: Any) -> Node:
    """The slices from `start` on, so many of them."""
    x = tensor(input)
    axis = axis_of(dim, x.ndim, "dim")
    first, count, extent = whole(start, "start"), whole(length, "length"), int(x.shape[axis])
    first = first + extent if first < 0 else first
    if not 0 <= first <= extent or not 0 <= count <= extent - first:
        raise ShapeError(
            f"`narrow` cannot take {count} slices from {first} of axis {axis + x.ndim} of shape "
            f"{shape_text(x.shape)}"
        )
    return along(x, axis, (int(first), int(first + count), 1))


# --- by masks ----------------------------------------------------------------------------------


def _mask(value: Any, what: str) -> Node:
    mask = tensor(value)
    if mask.kind != "bool":
        raise ArgumentError(
            f"`{what}` needs a mask of booleans, not numbers", hint="as in `x > 0`, or `m != 0`"
        )
    return mask


@function("torch.masked_select", example="masked_select([1., 2., 3.], [True, False, True])")
def masked_select(input: Any, mask: Any) -> Node:
    """The elements that a mask selects, as a vector."""
    x, chosen = tensor(input), _mask(mask, "masked_select")
    shape = broadcast_shape([x.shape, chosen.shape], "masked_select")
    x, chosen = broadcast(x, shape), broadcast(chosen, shape)
    if not shape:
        x, chosen = linear.reshape(x, (1,)), linear.reshape(chosen, (1,))
    return index_value(x, chosen)


@function("torch.masked_fill", example="masked_fill([1., 2., 3.], [True, False, True], 0.)")
def masked_fill(input: Any, mask: Any, value: Any) -> Node:
    """A value where the mask selects, the tensor elsewhere."""
    filling = tensor(value)
    if filling.ndim:
        raise ShapeError(
            f"`masked_fill` takes one value, not shape {shape_text(filling.shape)}",
            hint="`where(mask, a, b)` chooses between tensors",
        )
    return where(_mask(mask, "masked_fill"), filling, tensor(input))


@function(
    "np+jnp.select", example="select([[True, False], [True, True]], [[1., 2.], [3., 4.]], 0.)"
)
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Node:
    """For each element the first choice whose condition holds, or the default."""
    conditions, choices = parts_of(condlist, "select"), parts_of(choicelist, "select")
    if len(conditions) != len(choices):
        raise ArgumentError(f"`select` has {len(conditions)} conditions for {len(choices)} choices")
    result = tensor(default)
    for condition, choice in zip(reversed(conditions), reversed(choices), strict=True):
        result = where(_mask(condition, "select"), choice, result)
    return result


@function("torch.select", example="torch.select([[1., 2.], [3., 4.]], 0, 1)")
def torch_select(input: Any, dim: Any, index: Any) -> Node:
    """The slice at one position of a dimension, without it."""
    x = tensor(input)
    axis = axis_of(dim, x.ndim, "dim")
    return along(x, axis, int(positions(whole(index, "index"), x.shape[axis], "select", True)))


def _chosen(condition: Any, extent: int) -> Positions:
    """Where a vector of conditions holds, among the first `extent` places."""
    flags = np.asarray(concrete(not_equal(tensor(condition), 0), "a condition")).reshape(-1)
    places = np.flatnonzero(flags)
    if places.size and places[-1] >= extent:
        raise ShapeError(f"a condition of {flags.size} elements selects beyond the {int(extent)}")
    return Positions(places)


@function("np+jnp.extract", example="extract([True, False, True], [1., 2., 3.])")
def extract(condition: Any, arr: Any) -> Node:
    """The elements for which a condition holds, as a vector."""
    x = tensor(arr)
    return along(linear.reshape(x, (x.size,)), -1, _chosen(condition, x.size))
