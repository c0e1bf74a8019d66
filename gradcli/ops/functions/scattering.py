"""Elements put at positions: scatter, index_add and their kin, one_hot and embedding."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.errors import ArgumentError, ShapeError
from gradcli.graph import OPS, Node
from gradcli.ops import linear
from gradcli.ops.binding import function
from gradcli.ops.elementwise import shape_text
from gradcli.ops.family import build
from gradcli.ops.functions.arranging import along
from gradcli.ops.functions.selecting import fitting, lanes_of, positions, whole_numbers
from gradcli.ops.leaves import array_constant
from gradcli.ops.linear import Positions, index
from gradcli.ops.rows.arithmetic import detach
from gradcli.ops.rows.logic import equal, where
from gradcli.ops.values import axis_of, flag, shape_of, shown, tensor, whole

Array = np.ndarray[Any, Any]


def _lanes(what: str, input: Any, dim: Any, index: Any) -> tuple[Node, tuple[Positions, ...]]:
    """The tensor written to, and the index items of the positions along a dimension."""
    x = tensor(input)
    axis = axis_of(dim, x.ndim, "dim")
    held = positions(index, x.shape[axis], what)
    fitting(what, x, held, axis)
    return x, lanes_of(held, axis)


def _source(what: str, src: Any, shape: tuple[int, ...]) -> Node:
    """What is written: the part of src that has positions, or one number everywhere."""
    node = tensor(src)
    if not node.ndim:
        return linear.broadcast_to(node, shape)
    if node.ndim != len(shape) or any(n < k for n, k in zip(node.shape, shape, strict=True)):
        raise ShapeError(
            f"`{what}` has positions of shape {shape_text(shape)} for a source of shape "
            f"{shape_text(node.shape)}",
            hint="the source has the positions' shape, or is larger",
        )
    return index(node, tuple([(0, extent, 1) for extent in shape]))


def _written(x: Node, places: tuple[Positions, ...], source: Node) -> Node:
    """X with the source at its places; of several for one place the last stays."""
    flat = np.ravel_multi_index(tuple([part.array for part in places]), x.shape).reshape(-1)
    last = {int(place): k for k, place in enumerate(flat)}
    target, chosen = np.array(list(last), np.intp), np.array(list(last.values()), np.intp)
    values = index(linear.reshape(source, (source.size,)), (Positions(chosen),))
    spread = linear.scatter([values], (x.size,), ((Positions(target),),))
    hit = np.zeros(x.size, np.bool_)
    hit[target] = True
    return where(array_constant(hit.reshape(x.shape)), linear.reshape(spread, x.shape), x)


@function("torch.scatter", example="torch.scatter([1., 2., 3.], 0, [2, 0], [5., 7.])")
def scatter(
    input: Any, dim: Any, index: Any, src: Any = None, value: Any = None, reduce: Any = None
) -> Node:
    """A tensor with elements of src (or one value) written at positions along a dimension.

    Of several that meet at one place the last stays. reduce: "add" adds instead.
    """
    given = value if src is None else src
    if given is None:
        raise ArgumentError("`scatter` needs `src` or `value`")
    if reduce == "add":
        return scatter_add(input, dim, index, given)
    if reduce is not None:
        raise ArgumentError(f"`reduce` of `scatter` is 'add' or None, not {shown(reduce)}")
    x, places = _lanes("scatter", input, dim, index)
    return _written(x, places, _source("scatter", given, places[0].array.shape))


@function("torch.scatter_add", example="scatter_add([1., 2., 3.], 0, [2, 2], [5., 7.])")
def scatter_add(input: Any, dim: Any, index: Any, src: Any) -> Node:
    """A tensor with elements of src added at positions along a dimension."""
    x, places = _lanes("scatter_add", input, dim, index)
    source = _source("scatter_add", src, places[0].array.shape)
    return x + linear.scatter([source], x.shape, (places,))


# --- slices at positions -----------------------------------------------------------------------


def _slices(
    what: str, input: Any, dim: Any, index: Any, source: Any
) -> tuple[Node, tuple[Any, ...], Node, Array]:
    """The tensor, the index items of slices, the source in their shape, and the positions."""
    x, node = tensor(input), tensor(source)
    axis = axis_of(dim, x.ndim, "dim")
    held = positions(index, x.shape[axis], what, what == "index_fill").reshape(-1)
    shape = list(x.shape)
    shape[axis] = len(held)
    if not node.ndim and (x.ndim == 1 or what == "index_fill"):
        node = linear.broadcast_to(node, tuple(shape))
    if node.shape != tuple(shape):
        raise ShapeError(
            f"`{what}` needs a source of shape {shape_text(tuple(shape))}, not "
            f"{shape_text(node.shape)}"
        )
    items: list[Any] = [(0, extent, 1) for extent in x.shape]
    items[axis] = Positions(held)
    return x, tuple(items), node, held


def _replaced(x: Node, items: tuple[Any, ...], source: Node, dim: Any, held: Array) -> Node:
    """Slices written over; of several for one place the last stays."""
    axis = axis_of(dim, x.ndim, "dim")
    last = {int(place): k for k, place in enumerate(held)}
    target, chosen = np.array(list(last), np.intp), np.array(list(last.values()), np.intp)
    values = along(source, axis, Positions(chosen))
    places = list(items)
    places[axis] = Positions(target)
    spread = linear.scatter([values], x.shape, (tuple(places),))
    hit = np.zeros(x.shape[axis], np.bool_)
    hit[target] = True
    mask = hit.reshape(-1, *[1] * (-1 - axis))
    return where(array_constant(mask), spread, x)


@function("torch.index_add", example="index_add([1., 2., 3.], 0, [2, 2], [5., 7.])")
def index_add(input: Any, dim: Any, index: Any, source: Any, alpha: Any = 1) -> Node:
    """A tensor with alpha times the slices of the source added at positions along a dimension."""
    x, items, node, _ = _slices("index_add", input, dim, index, source)
    if not (isinstance(alpha, (int, float)) and alpha == 1):
        node = node * tensor(alpha)
    return x + linear.scatter([node], x.shape, (items,))


@function("torch.index_copy", example="index_copy([1., 2., 3.], 0, [2, 0], [5., 7.])")
def index_copy(input: Any, dim: Any, index: Any, source: Any) -> Node:
    """A tensor with the slices of the source written at positions along a dimension."""
    x, items, node, held = _slices("index_copy", input, dim, index, source)
    return _replaced(x, items, node, dim, held)


@function("torch.index_fill", example="index_fill([1., 2., 3.], 0, [2, 0], 5.)")
def index_fill(input: Any, dim: Any, index: Any, value: Any) -> Node:
    """A tensor with one value written at positions along a dimension."""
    x, items, node, held = _slices("index_fill", input, dim, index, value)
    return _replaced(x, items, node, dim, held)


# --- one-hot and embedding ---------------------------------------------------------------------


@function("F.one_hot", example="one_hot([2, 0], 3)")
def one_hot(tensor: Any, num_classes: Any = -1) -> Node:
    """For each whole number a row of zeros with a 1 at its place."""
    held = whole_numbers(tensor, "classes")
    count = whole(num_classes, "num_classes")
    if count == -1:
        count = int(held.max(initial=-1)) + 1
    if held.min(initial=0) < 0 or held.max(initial=-1) >= count:
        raise ArgumentError(f"classes must be from 0 to {int(count) - 1}")
    shape_of((*held.shape, count))
    classes = build(OPS["arange"], (), ((count,), 0.0, 1.0, "int"))
    return where(equal(array_constant(held[..., None]), classes), 1, 0)


@function("jax.nn.one_hot", example="jax.nn.one_hot([2, 0], 3)")
def jax_one_hot(x: Any, num_classes: Any, axis: Any = -1) -> Node:
    """For each number a row of zeros with a 1 at its place; of zeros alone where it has none."""
    node, count = tensor(x), whole(num_classes, "num_classes")
    place = axis_of(axis, node.ndim + 1) + node.ndim + 1
    shape = [*node.shape[:place], 1, *node.shape[place:]]
    shape_of((*node.shape, count))
    classes = build(OPS["arange"], (), ((count,), 0.0, 1.0, "int"))
    column = linear.reshape(classes, (count, *[1] * (node.ndim - place)))
    hit = equal(linear.reshape(node, tuple(shape)), column)
    return where(hit, 1.0, 0.0)


@function("F.embedding", example="embedding([2, 0], [[1., 2.], [3., 4.], [5., 6.]])")
def embedding(
    input: Any,
    weight: Any,
    padding_idx: Any = None,
    max_norm: Any = None,
    norm_type: Any = 2.0,
    scale_grad_by_freq: Any = False,
    sparse: Any = False,
) -> Node:
    """Rows of a table by their numbers; the row `padding_idx` takes no derivative."""
    table = tensor(weight)
    if table.ndim != 2:
        raise ShapeError(f"`embedding` takes a matrix of rows, not shape {shape_text(table.shape)}")
    if max_norm is not None or flag(scale_grad_by_freq, "scale_grad_by_freq"):
        raise ArgumentError(
            "`embedding` is a selection of rows here: max_norm changes its table in place, and "
            "scale_grad_by_freq what a gradient is",
            hint="scale the table, or the gradient, in the program",
        )
    held = positions(input, table.shape[0], "embedding")
    if padding_idx is not None:
        row = int(positions(whole(padding_idx, "padding_idx"), table.shape[0], "embedding", True))
        fixed = (np.arange(table.shape[0]) == row)[:, None]
        table = where(array_constant(fixed), detach(table), table)
    return along(table, -2, Positions(np.ascontiguousarray(held)))
