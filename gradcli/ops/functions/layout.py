"""Shapes and layout: reshape, transpose, concatenate, stack, diag, ..."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradcli.errors import ArgumentError, ShapeError
from gradcli.graph import Node, Shape, size_of
from gradcli.ops import linear
from gradcli.ops.binding import function
from gradcli.ops.elementwise import broadcast_shape, shape_text
from gradcli.ops.linear import Positions, index
from gradcli.ops.rows.logic import where
from gradcli.ops.values import (
    axes_of,
    axis_of,
    broadcast,
    concrete,
    shape_of,
    static_number,
    tensor,
    whole,
)


def reshaped(x: Node, shape: Shape) -> Node:
    """X in a shape that may contain one -1; raises ShapeError with both shapes."""
    unknown = [place for place, extent in enumerate(shape) if extent == -1]
    total = math.prod(int(extent) for extent in x.shape)
    known = math.prod([int(extent) for extent in shape if extent != -1])
    fits = total == known if not unknown else known and total % known == 0
    if len(unknown) > 1 or any(extent < -1 for extent in shape) or not fits:
        raise ShapeError(
            f"{total} elements of shape {shape_text(x.shape)} do not fit into shape "
            f"{shape_text(shape)}",
            hint="the product of the sizes must be the same; one size may be -1",
        )
    if unknown:
        shape = (*shape[: unknown[0]], total // known, *shape[unknown[0] + 1 :])
    return linear.reshape(x, shape)


def _new_shape(shape: Any) -> Shape:
    if len(shape) == 1 and isinstance(shape[0], (tuple, list)):
        shape = tuple(shape[0])
    return tuple([whole(extent, "a size") for extent in shape])


@function("np+torch+jnp.reshape torch.view")
def reshape(x: Any, *shape: Any) -> Node:
    if not shape:
        raise ArgumentError("`reshape` needs a shape", hint="as in `reshape(x, (2, 3))`")
    return reshaped(tensor(x), _new_shape(shape))


@function("np+torch+jnp.ravel torch.flatten")
def ravel(x: Any) -> Node:
    x = tensor(x)
    return linear.reshape(x, (size_of(x.shape),))


@function("np+jnp.squeeze")
def squeeze(x: Any, axis: Any = None) -> Node:
    x = tensor(x)
    if axis is None:
        gone = tuple([k - x.ndim for k, extent in enumerate(x.shape) if extent == 1])
    else:
        gone = axes_of(axis, x.ndim)
        if any(x.shape[k] != 1 for k in gone):
            raise ShapeError(
                f"`squeeze` removes axes of size 1, and shape {shape_text(x.shape)} has another "
                f"size on axis {gone[0]}"
            )
    kept = tuple([extent for k, extent in enumerate(x.shape) if k - x.ndim not in gone])
    return linear.reshape(x, kept)


@function("torch.squeeze")
def torch_squeeze(input: Any, dim: Any = None) -> Node:
    """PyTorch leaves axes of another size alone."""
    x = tensor(input)
    if dim is None:
        return squeeze(x)
    return squeeze(x, tuple([axis for axis in axes_of(dim, x.ndim) if x.shape[axis] == 1]))


@function("np+jnp.expand_dims torch.unsqueeze")
def expand_dims(x: Any, axis: Any) -> Node:
    x = tensor(x)
    items = axis if isinstance(axis, (tuple, list)) else [axis]
    rank = x.ndim + len(items)
    places = axes_of(axis, rank)
    extents = iter(x.shape)
    shape = tuple([1 if k - rank in places else next(extents) for k in range(rank)])
    return linear.reshape(x, shape)


def permuted(x: Node, perm: tuple[int, ...]) -> Node:
    """X with its axes in the order of the negative axes `perm`."""
    return linear.transpose(x, perm)


def _permutation(x: Node, axes: Any) -> tuple[int, ...]:
    if len(axes) == 1 and isinstance(axes[0], (tuple, list)):
        axes = axes[0]
    perm = tuple([axis_of(axis, x.ndim, "axes") for axis in axes])
    if sorted(perm) != list(range(-x.ndim, 0)):
        raise ArgumentError(f"axes must name each axis of shape {shape_text(x.shape)} once")
    return perm


@function("np+jnp.transpose np+torch+jnp.permute_dims torch.permute")
def transpose(x: Any, *axes: Any) -> Node:
    x = tensor(x)
    if not axes or axes == (None,):
        return permuted(x, tuple(range(-1, -x.ndim - 1, -1)))
    return permuted(x, _permutation(x, axes))


@function("torch.transpose torch.swapdims")
def torch_transpose(input: Any, dim0: Any, dim1: Any) -> Node:
    return swapaxes(input, dim0, dim1)


@function("np+torch+jnp.swapaxes")
def swapaxes(x: Any, axis1: Any, axis2: Any) -> Node:
    x = tensor(x)
    first, second = axis_of(axis1, x.ndim), axis_of(axis2, x.ndim)
    perm = list(range(-x.ndim, 0))
    perm[first], perm[second] = second, first
    return permuted(x, tuple(perm))


@function("torch.t")
def t(x: Any) -> Node:
    x = tensor(x)
    if x.ndim > 2:
        raise ShapeError(f"`t` takes at most 2 axes, not shape {shape_text(x.shape)}")
    return transpose(x)


@function("np+jnp.matrix_transpose np.linalg.matrix_transpose torch.adjoint")
def matrix_transpose(x: Any) -> Node:
    """The last two axes exchanged (`.mT`)."""
    x = tensor(x)
    if x.ndim < 2:
        raise ShapeError(f"`mT` needs at least 2 axes, not shape {shape_text(x.shape)}")
    return permuted(x, (*range(-x.ndim, -2), -1, -2))


@function("np+torch+jnp.broadcast_to")
def broadcast_to(x: Any, *shape: Any) -> Node:
    x, target = tensor(x), shape_of(shape)
    if broadcast_shape([x.shape, target], "broadcast_to") != target:
        raise ShapeError(f"shape {shape_text(x.shape)} does not broadcast to {shape_text(target)}")
    return broadcast(x, target)


def _parts(items: Any, what: str) -> list[Node]:
    if isinstance(items, Node):
        if not items.ndim:
            raise ArgumentError(f"`{what}` takes a list of tensors")
        if not items.shape[0]:
            raise ArgumentError(f"`{what}` of no tensors at all")
        whole_rows = [(None, None, None)] * (items.ndim - 1)
        return [index(items, (row, *whole_rows)) for row in range(items.shape[0])]
    if not isinstance(items, (list, tuple)) or not items:
        raise ArgumentError(f"`{what}` takes a list of tensors", hint=f"as in `{what}([x, y])`")
    return [tensor(item) for item in items]


@function("np+torch+jnp.concatenate np+torch+jnp.concat torch.cat")
def concatenate(arrays: Any, axis: Any = 0) -> Node:
    parts = _parts(arrays, "concatenate")
    if axis is None:
        parts, axis = [ravel(part) for part in parts], 0
    if not parts[0].ndim:
        raise ShapeError("scalars cannot be concatenated", hint="`stack` makes a vector of them")
    place = axis_of(axis, parts[0].ndim)
    first = parts[0].shape
    for part in parts[1:]:
        same = part.ndim == len(first) and all(
            k - part.ndim == place or part.shape[k] == first[k] for k in range(part.ndim)
        )
        if not same:
            raise ShapeError(
                f"`concatenate` cannot join shapes {shape_text(first)} and "
                f"{shape_text(part.shape)} along axis {whole(axis, 'axis')}"
            )
    return linear.concatenate(parts, place)


@function("np+torch+jnp.stack")
def stack(arrays: Any, axis: Any = 0) -> Node:
    parts = _parts(arrays, "stack")
    first = parts[0].shape
    for part in parts[1:]:
        if part.shape != first:
            raise ShapeError(
                f"`stack` cannot join shapes {shape_text(first)} and {shape_text(part.shape)}"
            )
    place = axis_of(axis, len(first) + 1)
    return linear.concatenate([expand_dims(part, place) for part in parts], place)


@function("np+jnp.flip")
def flip(x: Any, axis: Any = None) -> Node:
    x = tensor(x)
    return linear.flip(x, axes_of(axis, x.ndim))


@function("torch.flip")
def torch_flip(input: Any, *dims: Any) -> Node:
    if not dims:
        raise ArgumentError("`torch.flip` needs dims", hint="as in `torch.flip(x, (0,))`")
    return flip(input, dims[0] if len(dims) == 1 else dims)


@function("np+torch+jnp.diagonal np+jnp.linalg.diagonal")
def diagonal(x: Any, offset: Any = 0, axis1: Any = 0, axis2: Any = 1) -> Node:
    x = tensor(x)
    if x.ndim < 2:
        raise ShapeError(f"`diagonal` needs a matrix, not shape {shape_text(x.shape)}")
    first, second = axis_of(axis1, x.ndim), axis_of(axis2, x.ndim)
    if first == second:
        raise ArgumentError("`diagonal` needs two different axes")
    rest = [axis for axis in range(-x.ndim, 0) if axis not in (first, second)]
    return linear.diagonal(permuted(x, (*rest, first, second)), whole(offset, "offset"))


@function("np+torch+jnp.diag")
def diag(x: Any, k: Any = 0) -> Node:
    x = tensor(x)
    offset = whole(k, "k")
    if x.ndim == 1:
        side = x.shape[0] + abs(offset)
        return linear.diag_embed(x, offset, side, side)
    if x.ndim != 2:
        raise ShapeError(f"`diag` takes a vector or a matrix, not shape {shape_text(x.shape)}")
    return linear.diagonal(x, offset)


@function("np+torch+jnp.trace np+jnp.linalg.trace")
def trace(x: Any, offset: Any = 0, axis1: Any = 0, axis2: Any = 1) -> Node:
    return linear.sum_(diagonal(x, offset, axis1, axis2), (-1,), False)


@function("Tensor.where")
def where_method(self: Any, condition: Any, other: Any) -> Node:
    return where(tensor(condition), tensor(self), tensor(other))


@function("Tensor.item np.item")
def item(self: Any) -> float:
    return static_number(self, "the tensor of item()", static=False)


@function("Tensor.clone np.copy torch.clone")
def copy(x: Any) -> Node:
    return tensor(x)


@function("Tensor.contiguous")
def contiguous(self: Any) -> Node:
    return tensor(self)


@function("Tensor.numel torch.numel")
def numel(input: Any) -> int:
    return tensor(input).size


@function("Tensor.dim")
def dim(self: Any) -> int:
    return tensor(self).ndim


@function("Tensor.size")
def size(self: Any, dim: Any = None) -> Any:
    shape = tensor(self).shape
    return tuple(shape) if dim is None else shape[axis_of(dim, len(shape), "dim")]


@function("Tensor.expand")
def expand(self: Any, *size: Any) -> Node:
    """PyTorch's broadcast_to: -1 keeps an axis."""
    x, target = tensor(self), _new_shape(size)
    extra = len(target) - x.ndim
    kept = [
        x.shape[k - extra] if extent == -1 and k >= extra else extent
        for k, extent in enumerate(target)
    ]
    return broadcast_to(x, tuple(kept))


def take_along(x: Node, places: Node, axis: int) -> Node:
    """Elements of x at `places` along a negative axis; both have one rank."""
    held = np.asarray(concrete(places, "positions")).astype(np.intp)
    grid = list(np.ix_(*[np.arange(extent) for extent in held.shape]))
    grid[axis + x.ndim] = held
    full = np.broadcast_arrays(*grid)
    return index(x, tuple([Positions(np.ascontiguousarray(part)) for part in full]))
