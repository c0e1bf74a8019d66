"""Shapes and layout: reshape, transpose, concatenate, stack, diag, ..."""

from __future__ import annotations

import math
from typing import Any

from gradcli.errors import ArgumentError, ShapeError
from gradcli.graph import Node, Shape, size_of
from gradcli.ops import linear
from gradcli.ops.binding import function
from gradcli.ops.elementwise import broadcast_shape, shape_text
from gradcli.ops.linear import index
from gradcli.ops.rows.logic import where
from gradcli.ops.values import (
    axes_of,
    axis_of,
    broadcast,
    shape_of,
    shown,
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


def _in_order(x: Node, order: Any) -> Node:
    """The tensor whose row-major order is x's in the order that NumPy calls C, F, A or K."""
    if order not in ("C", "F", "A", "K"):
        raise ArgumentError(f"`order` is 'C' or 'F', not {shown(order)}")
    return transpose(x) if order == "F" else x


@function("np+jnp.reshape", example="reshape([1., 2., 3., 4., 5., 6.], (2, 3))")
def reshape(x: Any, *shape: Any, order: Any = "C", copy: Any = None) -> Node:
    """The same elements in another shape, read and written in row-major order, or column-major."""
    if not shape:
        raise ArgumentError("`reshape` needs a shape", hint="as in `reshape(x, (2, 3))`")
    x, target = tensor(x), _new_shape(shape)
    if order == "F":
        return transpose(reshaped(_in_order(x, order), target[::-1]))
    return reshaped(_in_order(x, order), target)


@function("torch.reshape Tensor.view", example="torch.reshape([1., 2., 3., 4.], (2, -1))")
def torch_reshape(input: Any, *shape: Any) -> Node:
    """The same elements in another shape; one size may be -1."""
    return reshape(input, *shape)


@function(
    "Tensor.view_as Tensor.reshape_as",
    example="array([1., 2., 3., 4.]).view_as([[0., 0.], [0., 0.]])",
)
def reshape_as(self: Any, other: Any) -> Node:
    """The same elements in the shape of another tensor."""
    return reshaped(tensor(self), tensor(other).shape)


@function("np+jnp.ravel", example="ravel([[1., 2.], [3., 4.]])")
def ravel(x: Any, order: Any = "C") -> Node:
    """The elements as a vector."""
    x = _in_order(tensor(x), order)
    return linear.reshape(x, (size_of(x.shape),))


@function("torch.ravel", example="torch.ravel([[1., 2.], [3., 4.]])")
def torch_ravel(input: Any) -> Node:
    """The elements as a vector."""
    return ravel(input)


@function("torch.flatten", example="flatten([[1., 2.], [3., 4.]])")
def flatten(input: Any, start_dim: Any = 0, end_dim: Any = -1) -> Node:
    """Neighbouring axes as one."""
    if isinstance(start_dim, str):  # numpy.ndarray.flatten takes an order
        return ravel(input, start_dim)
    x = tensor(input)
    if not x.ndim:
        return linear.reshape(x, (1,))
    first = axis_of(start_dim, x.ndim, "start_dim") + x.ndim
    last = axis_of(end_dim, x.ndim, "end_dim") + x.ndim
    if first > last:
        raise ArgumentError(f"`flatten` cannot start at axis {first} and end at axis {last}")
    joined = size_of(x.shape[first : last + 1])
    return linear.reshape(x, (*x.shape[:first], joined, *x.shape[last + 1 :]))


@function("torch.unflatten", example="unflatten([1., 2., 3., 4., 5., 6.], 0, (2, -1))")
def unflatten(input: Any, dim: Any, sizes: Any) -> Node:
    """One axis as several; one size may be -1."""
    x = tensor(input)
    place = axis_of(dim, x.ndim, "dim") + x.ndim
    inner = _new_shape((sizes,))
    known = math.prod([int(extent) for extent in inner if extent != -1])
    if inner.count(-1) == 1 and known:
        inner = tuple([x.shape[place] // known if extent == -1 else extent for extent in inner])
    if math.prod([int(extent) for extent in inner]) != x.shape[place]:
        raise ShapeError(
            f"axis {place} of shape {shape_text(x.shape)} does not unfold into "
            f"{shape_text(tuple(inner))}"
        )
    return linear.reshape(x, (*x.shape[:place], *inner, *x.shape[place + 1 :]))


@function("np+jnp.squeeze", example="squeeze([[1., 2., 3.]])")
def squeeze(x: Any, axis: Any = None) -> Node:
    """Without the axes of size 1, or without those named."""
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


@function("torch.squeeze", example="torch.squeeze([[1., 2., 3.]], 0)")
def torch_squeeze(input: Any, dim: Any = None) -> Node:
    """PyTorch leaves axes of another size alone."""
    x = tensor(input)
    if dim is None:
        return squeeze(x)
    return squeeze(x, tuple([axis for axis in axes_of(dim, x.ndim) if x.shape[axis] == 1]))


@function("np+jnp.expand_dims", example="expand_dims([1., 2., 3.], 0)")
def expand_dims(x: Any, axis: Any) -> Node:
    """With new axes of size 1 at the places named."""
    x = tensor(x)
    if axis is None:
        raise ArgumentError("`expand_dims` needs an axis", hint="as in `expand_dims(x, 0)`")
    items = axis if isinstance(axis, (tuple, list)) else [axis]
    rank = x.ndim + len(items)
    places = axes_of(axis, rank)
    extents = iter(x.shape)
    shape = tuple([1 if k - rank in places else next(extents) for k in range(rank)])
    return linear.reshape(x, shape)


@function("torch.unsqueeze", example="unsqueeze([1., 2., 3.], 1)")
def unsqueeze(input: Any, dim: Any) -> Node:
    """With a new axis of size 1."""
    return expand_dims(input, whole(dim, "dim"))


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


@function("np+jnp.transpose np+jnp.permute_dims", example="transpose([[1., 2., 3.], [4., 5., 6.]])")
def transpose(x: Any, *axes: Any) -> Node:
    """Axes in the opposite order, or in the order named."""
    x = tensor(x)
    if not axes or axes == (None,):
        return permuted(x, tuple(range(-1, -x.ndim - 1, -1)))
    return permuted(x, _permutation(x, axes))


@function("torch.permute", example="permute([[1., 2., 3.], [4., 5., 6.]], (1, 0))")
def permute(input: Any, *dims: Any) -> Node:
    """Axes in the order named."""
    x = tensor(input)
    return permuted(x, _permutation(x, dims))


@function(
    "torch.transpose torch.swapaxes torch.swapdims",
    example="torch.transpose([[1., 2., 3.], [4., 5., 6.]], 0, 1)",
)
def torch_transpose(input: Any, dim0: Any, dim1: Any) -> Node:
    """Two axes exchanged."""
    return swapaxes(input, dim0, dim1)


@function("np+jnp.swapaxes", example="swapaxes([[1., 2., 3.], [4., 5., 6.]], 0, 1)")
def swapaxes(x: Any, axis1: Any, axis2: Any) -> Node:
    """Two axes exchanged."""
    x = tensor(x)
    first, second = axis_of(axis1, x.ndim), axis_of(axis2, x.ndim)
    perm = list(range(-x.ndim, 0))
    perm[first], perm[second] = second, first
    return permuted(x, tuple(perm))


@function(
    "np+jnp.moveaxis torch.movedim torch.moveaxis movedim",
    example="moveaxis([[[1., 2.]], [[3., 4.]]], 0, -1)",
)
def moveaxis(x: Any, source: Any, destination: Any) -> Node:
    """Axes moved to other places; the others keep their order."""
    x = tensor(x)
    from_, to = [
        [axis_of(item, x.ndim) for item in (items if isinstance(items, (tuple, list)) else [items])]
        for items in (source, destination)
    ]
    if len(from_) != len(to) or len({*from_}) != len(from_) or len({*to}) != len(to):
        raise ArgumentError("`moveaxis` needs as many places as axes, each named once")
    order = [axis for axis in range(-x.ndim, 0) if axis not in from_]
    for place, axis in sorted(zip(to, from_, strict=True)):
        order.insert(place + x.ndim, axis)
    return permuted(x, tuple(order))


@function("torch.t", example="t([[1., 2., 3.], [4., 5., 6.]])")
def t(x: Any) -> Node:
    """A matrix transposed; a vector as it is."""
    x = tensor(x)
    if x.ndim > 2:
        raise ShapeError(f"`t` takes at most 2 axes, not shape {shape_text(x.shape)}")
    return transpose(x)


@function(
    "np+jnp.matrix_transpose np+jnp.linalg.matrix_transpose torch.adjoint",
    example="matrix_transpose([[1., 2., 3.], [4., 5., 6.]])",
)
def matrix_transpose(x: Any) -> Node:
    """The last two axes exchanged (`.mT`)."""
    x = tensor(x)
    if x.ndim < 2:
        raise ShapeError(f"`mT` needs at least 2 axes, not shape {shape_text(x.shape)}")
    return permuted(x, (*range(-x.ndim, -2), -1, -2))


@function("np+torch+jnp.broadcast_to", example="broadcast_to([1., 2., 3.], (2, 3))")
def broadcast_to(x: Any, *shape: Any) -> Node:
    """Repeated along new axes and axes of size 1, up to a shape."""
    x, target = tensor(x), shape_of(shape)
    if broadcast_shape([x.shape, target], "broadcast_to") != target:
        raise ShapeError(f"shape {shape_text(x.shape)} does not broadcast to {shape_text(target)}")
    return broadcast(x, target)


def parts_of(items: Any, what: str) -> list[Node]:
    """The tensors of a list, or the rows of a tensor; raises ArgumentError for anything else."""
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


@function(
    "np+torch+jnp.concatenate np+torch+jnp.concat torch.cat",
    example="concatenate([[1., 2.], [3., 4., 5.]])",
)
def concatenate(arrays: Any, axis: Any = 0) -> Node:
    """Tensors one after another along an axis."""
    parts = parts_of(arrays, "concatenate")
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


@function("np+torch+jnp.stack", example="stack([[1., 2.], [3., 4.]], axis=1)")
def stack(arrays: Any, axis: Any = 0) -> Node:
    """Tensors of one shape along a new axis."""
    parts = parts_of(arrays, "stack")
    first = parts[0].shape
    for part in parts[1:]:
        if part.shape != first:
            raise ShapeError(
                f"`stack` cannot join shapes {shape_text(first)} and {shape_text(part.shape)}"
            )
    place = axis_of(axis, len(first) + 1)
    return linear.concatenate([expand_dims(part, place) for part in parts], place)


@function("np+jnp.flip", example="flip([1., 2., 3.])")
def flip(x: Any, axis: Any = None) -> Node:
    """Elements in the opposite order along axes, all of them by default."""
    x = tensor(x)
    return linear.flip(x, axes_of(axis, x.ndim))


@function("torch.flip", example="torch.flip([1., 2., 3.], (0,))")
def torch_flip(input: Any, *dims: Any) -> Node:
    """Elements in the opposite order along the axes named."""
    if not dims:
        raise ArgumentError("`torch.flip` needs dims", hint="as in `torch.flip(x, (0,))`")
    return flip(input, dims[0] if len(dims) == 1 else dims)


@function("Tensor.where", example="array([1., -2.]).where([True, False], 0.)")
def where_method(self: Any, condition: Any, other: Any) -> Node:
    """The tensor where a condition holds, another elsewhere."""
    return where(tensor(condition), tensor(self), tensor(other))


@function("Tensor.item", example="array([1., 2.])[1].item()")
def item(self: Any) -> float:
    """The number that a tensor of one element holds."""
    return static_number(self, "the tensor of item()", static=False)


@function("Tensor.clone np.copy torch.clone", example="np.copy([1., 2.])")
def copy(x: Any) -> Node:
    """The same values, as a tensor of their own."""
    return tensor(x)


@function("Tensor.contiguous", example="array([1., 2.]).contiguous()")
def contiguous(self: Any) -> Node:
    """The same values: every tensor here is one piece of memory, or as good as one."""
    return tensor(self)


@function("torch.numel Tensor.numel", example="numel([1., 2., 3.])")
def numel(input: Any) -> int:
    """How many elements a tensor has."""
    return tensor(input).size


@function("Tensor.dim", example="array([1., 2.]).dim()")
def dim(self: Any) -> int:
    """How many axes a tensor has."""
    return tensor(self).ndim


@function("Tensor.size", example="import torch; torch.tensor([[1., 2.]]).size(1)")
def size(self: Any, dim: Any = None) -> Any:
    """The shape of a tensor, or its size along one dim."""
    shape = tensor(self).shape
    return tuple(shape) if dim is None else shape[axis_of(dim, len(shape), "dim")]


@function("Tensor.expand", example="array([[1.], [2.]]).expand(-1, 3)")
def expand(self: Any, *size: Any) -> Node:
    """PyTorch's broadcast_to: -1 keeps an axis."""
    x, target = tensor(self), _new_shape(size)
    extra = len(target) - x.ndim
    kept = [
        x.shape[k - extra] if extent == -1 and k >= extra else extent
        for k, extent in enumerate(target)
    ]
    return broadcast_to(x, tuple(kept))
