"""Tensors put together and taken apart along axes."""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import Any

from gradcli.errors import ArgumentError, LimitError, ShapeError
from gradcli.graph import Node
from gradcli.ops import linear
from gradcli.ops.binding import function
from gradcli.ops.elementwise import broadcast_shape, shape_text
from gradcli.ops.functions.layout import concatenate, parts_of
from gradcli.ops.linear import index
from gradcli.ops.values import MAX_ITEMS, axis_of, broadcast, concrete, shown, tensor, whole

# --- together ----------------------------------------------------------------------------------


def _at_least(x: Node, rank: int) -> Node:
    """NumPy's atleast_nd: a vector becomes a row, and a matrix the front of a stack."""
    if x.ndim >= rank:
        return x
    if rank == 3 and x.ndim == 2:
        return linear.reshape(x, (*x.shape, 1))
    if rank == 3 and x.ndim == 1:
        return linear.reshape(x, (1, *x.shape, 1))
    return linear.reshape(x, (*[1] * (rank - x.ndim), *x.shape))


def _each_at_least(arys: tuple[Any, ...], rank: int) -> Any:
    results = tuple([_at_least(tensor(item), rank) for item in arys])
    return results[0] if len(results) == 1 else results


@function("np+torch+jnp.atleast_1d", example="atleast_1d([1., 2.])")
def atleast_1d(*arys: Any) -> Any:
    """With at least one axis; several tensors give a tuple."""
    return _each_at_least(arys, 1)


@function("np+torch+jnp.atleast_2d", example="atleast_2d([1., 2.])")
def atleast_2d(*arys: Any) -> Any:
    """With at least two axes; several tensors give a tuple."""
    return _each_at_least(arys, 2)


@function("np+torch+jnp.atleast_3d", example="atleast_3d([1., 2.])")
def atleast_3d(*arys: Any) -> Any:
    """With at least three axes; several tensors give a tuple."""
    return _each_at_least(arys, 3)


@function("np+torch+jnp.hstack", example="hstack([[1., 2.], [3.]])")
def hstack(tup: Any) -> Node:
    """Side by side: along the second axis, or the only one of vectors."""
    parts = [_at_least(part, 1) for part in parts_of(tup, "hstack")]
    return concatenate(parts, 0 if parts[0].ndim == 1 else 1)


@function("np+torch+jnp.vstack torch.row_stack", example="vstack([[1., 2.], [3., 4.]])")
def vstack(tup: Any) -> Node:
    """On top of one another: along the first axis; vectors are rows."""
    return concatenate([_at_least(part, 2) for part in parts_of(tup, "vstack")], 0)


@function("np+torch+jnp.dstack", example="dstack([[1., 2.], [3., 4.]])")
def dstack(tup: Any) -> Node:
    """Behind one another: along the third axis."""
    return concatenate([_at_least(part, 3) for part in parts_of(tup, "dstack")], 2)


@function("np+torch+jnp.column_stack", example="column_stack([[1., 2.], [3., 4.]])")
def column_stack(tup: Any) -> Node:
    """Vectors and matrices as columns of one matrix."""
    parts = []
    for part in parts_of(tup, "column_stack"):
        flat = part if part.ndim else linear.reshape(part, (1,))
        parts.append(linear.reshape(flat, (*flat.shape, 1)) if flat.ndim == 1 else flat)
    return concatenate(parts, 1)


@function("np+jnp.block", example="block([[1., 2.], [3., 4.]])")
def block(arrays: Any) -> Node:
    """A tensor from nested lists of blocks: the innermost lists join along the last axis."""
    depth = 0
    inner = arrays
    while isinstance(inner, (list, tuple)) and inner:
        inner, depth = inner[0], depth + 1
    if not depth:
        return tensor(arrays)
    return _blocks(arrays, depth, 0)


def _blocks(items: Any, depth: int, level: int) -> Node:
    if level == depth:
        return _at_least(tensor(items), 1)
    if not isinstance(items, (list, tuple)) or not items:
        raise ArgumentError("the lists of `block` must be nested equally deep, and not empty")
    parts = [_blocks(item, depth, level + 1) for item in items]
    rank = max(depth, *[part.ndim for part in parts])
    parts = [linear.reshape(part, (*[1] * (rank - part.ndim), *part.shape)) for part in parts]
    return concatenate(parts, level - depth)


@function(
    "np+jnp.broadcast_arrays torch.broadcast_tensors", example="broadcast_arrays([1., 2.], 3.)"
)
def broadcast_arrays(*args: Any) -> tuple[Node, ...]:
    """Tensors repeated to the shape that they have in common."""
    nodes = [tensor(arg) for arg in args]
    if not nodes:
        return ()
    shape = broadcast_shape([node.shape for node in nodes], "broadcast_arrays")
    return tuple([broadcast(node, shape) for node in nodes])


@function("np.meshgrid jnp.meshgrid", example="meshgrid([1., 2.], [3., 4., 5.])")
def meshgrid(*xi: Any, copy: Any = True, sparse: Any = False, indexing: Any = "xy") -> Any:
    """Coordinates of a grid, one tensor for each vector; in 'xy' the first two are exchanged."""
    if indexing not in ("xy", "ij"):
        raise ArgumentError(f"`indexing` is 'xy' or 'ij', not {shown(indexing)}")
    nodes = [tensor(item) for item in xi]
    if any(node.ndim > 1 for node in nodes):
        raise ShapeError("`meshgrid` takes vectors")
    order = list(range(len(nodes)))
    if indexing == "xy" and len(nodes) > 1:
        order[:2] = [1, 0]
    shape = [0] * len(nodes)
    grids = []
    for node, place in zip(nodes, order, strict=True):
        ones = [1] * len(nodes)
        ones[place] = shape[place] = node.size
        grids.append(linear.reshape(node, tuple(ones)))
    if sparse:
        return tuple(grids)
    return tuple([broadcast(grid, tuple(shape)) for grid in grids])


@function("torch.meshgrid", example="torch.meshgrid([1., 2.], [3., 4., 5.])")
def torch_meshgrid(*tensors: Any, indexing: Any = "ij") -> Any:
    """Coordinates of a grid, one tensor for each vector."""
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        nested = any(isinstance(item, (Node, list, tuple)) for item in tensors[0])
        tensors = tuple(tensors[0]) if nested else tensors
    return meshgrid(*tensors, indexing=indexing or "ij")


# --- apart -------------------------------------------------------------------------------------


def _cut(x: Node, places: list[int], axis: int) -> tuple[Node, ...]:
    """The parts between places along a negative axis."""
    extent = int(x.shape[axis])
    bounds = [0, *[min(max(p + extent if p < 0 else p, 0), extent) for p in places], extent]
    parts = []
    for start, stop in pairwise(bounds):
        items: list[Any] = [(0, n, 1) for n in x.shape]
        items[axis] = (start, max(start, stop), 1)
        parts.append(index(x, tuple(items)))
    return tuple(parts)


def _integers(items: Any, what: str) -> list[int]:
    if isinstance(items, Node):
        items = [float(item) for item in concrete(items, what, static=True).reshape(-1)]
    return [int(whole(item, what)) for item in items]


def _many(items: Any) -> bool:
    return isinstance(items, (list, tuple)) or (isinstance(items, Node) and items.ndim > 0)


def _sections(extent: int, count: int) -> list[int]:
    """Where to cut so that the parts differ by at most one, the longer ones first."""
    if count < 1:
        raise ArgumentError(f"a tensor has no {count} parts")
    if count > MAX_ITEMS:
        raise LimitError(f"a tensor is cut into at most {MAX_ITEMS:,} parts, not {int(count):,}")
    size, longer = divmod(extent, int(count))
    return [k * size + min(k, longer) for k in range(1, count)]


def _split(what: str, ary: Any, sections: Any, axis: Any, equal: bool) -> tuple[Node, ...]:
    x = tensor(ary)
    place = axis_of(axis, x.ndim)
    if _many(sections):
        return _cut(x, _integers(sections, "a place to cut at"), place)
    count, extent = whole(sections, "sections"), int(x.shape[place])
    if equal and (count < 1 or extent % count):
        raise ShapeError(
            f"`{what}` cannot cut shape {shape_text(x.shape)} into {count} equal parts along axis "
            f"{place + x.ndim}",
            hint="`array_split` allows unequal parts, and a list says where to cut",
        )
    return _cut(x, _sections(extent, count), place)


@function("np+jnp.split", example="split([1., 2., 3., 4.], 2)")
def split(ary: Any, indices_or_sections: Any, axis: Any = 0) -> tuple[Node, ...]:
    """Equal parts along an axis, or the parts between the places listed."""
    return _split("split", ary, indices_or_sections, axis, True)


@function("np+jnp.array_split torch.tensor_split", example="array_split([1., 2., 3.], 2)")
def array_split(ary: Any, indices_or_sections: Any, axis: Any = 0) -> tuple[Node, ...]:
    """Parts along an axis whose sizes differ by at most one, or those between places."""
    return _split("array_split", ary, indices_or_sections, axis, False)


@function("torch.split", example="torch.split([1., 2., 3., 4., 5.], 2)")
def torch_split(tensor: Any, split_size_or_sections: Any, dim: Any = 0) -> tuple[Node, ...]:
    """Parts of a size along an axis, the last may be smaller; or parts of the sizes listed."""
    return _sized(tensor, split_size_or_sections, dim)


def _sized(input: Any, sizes: Any, dim: Any) -> tuple[Node, ...]:
    x = tensor(input)
    place = axis_of(dim, x.ndim, "dim")
    extent = int(x.shape[place])
    if not _many(sizes):
        size = whole(sizes, "split_size")
        if size < 1:
            raise ArgumentError(f"`split` needs parts of at least one element, not {size}")
        return _cut(x, list(range(size, extent, size)), place)
    listed = _integers(sizes, "a size")
    if sum(listed) != extent or any(size < 0 for size in listed):
        raise ShapeError(
            f"sizes {listed} do not add up to axis {place + x.ndim} of shape {shape_text(x.shape)}"
        )
    return _cut(x, list(accumulate(listed))[:-1], place)


@function("torch.chunk", example="chunk([1., 2., 3., 4., 5.], 2)")
def chunk(input: Any, chunks: Any, dim: Any = 0) -> tuple[Node, ...]:
    """At most so many parts of one size along an axis; the last may be smaller."""
    x = tensor(input)
    count = whole(chunks, "chunks")
    if count < 1:
        raise ArgumentError(f"a tensor has no {count} parts")
    extent = int(x.shape[axis_of(dim, x.ndim, "dim")])
    return _sized(x, max(1, -(-extent // count)), dim)


@function("torch.unbind np+jnp.unstack unbind", example="unbind([[1., 2.], [3., 4.]])")
def unbind(x: Any, axis: Any = 0) -> tuple[Node, ...]:
    """The slices along an axis, without it."""
    x = tensor(x)
    place = axis_of(axis, x.ndim)
    items: list[Any] = [(0, n, 1) for n in x.shape]
    slices = []
    for row in range(int(x.shape[place])):
        items[place] = row
        slices.append(index(x, tuple(items)))
    return tuple(slices)


def _split_axis(what: str, ary: Any, sections: Any, rank: int, axis: int) -> tuple[Node, ...]:
    x = tensor(ary)
    if x.ndim < rank:
        raise ShapeError(f"`{what}` needs {rank} axes, not shape {shape_text(x.shape)}")
    return _split(what, x, sections, axis, True)


@function("np+torch+jnp.hsplit", example="hsplit([[1., 2.], [3., 4.]], 2)")
def hsplit(ary: Any, indices_or_sections: Any) -> tuple[Node, ...]:
    """Parts side by side: along the second axis, or the only one of a vector."""
    x = tensor(ary)
    return _split_axis("hsplit", x, indices_or_sections, 1, 0 if x.ndim == 1 else 1)


@function("np+torch+jnp.vsplit", example="vsplit([[1., 2.], [3., 4.]], 2)")
def vsplit(ary: Any, indices_or_sections: Any) -> tuple[Node, ...]:
    """Parts on top of one another: along the first axis."""
    return _split_axis("vsplit", ary, indices_or_sections, 2, 0)


@function("np+torch+jnp.dsplit", example="dsplit([[[1., 2.], [3., 4.]]], 2)")
def dsplit(ary: Any, indices_or_sections: Any) -> tuple[Node, ...]:
    """Parts behind one another: along the third axis."""
    return _split_axis("dsplit", ary, indices_or_sections, 3, 2)
