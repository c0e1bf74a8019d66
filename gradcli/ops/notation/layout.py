"""How formulas write layout: `x[:, None]`, `x.T`, `diag(x)`, `[a, b]`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.graph import Dim
from gradcli.ops.notation.formula import (
    Attribute,
    Call,
    Infix,
    Item,
    Number,
    Placed,
    Several,
    Stacked,
    dropped,
    extent,
    inserted,
    transposed,
)
from gradcli.ops.notation.placed import ONES, OUTER, UNIT

if TYPE_CHECKING:
    from gradcli.graph import Node, Shape
    from gradcli.ops.notation.formula import Formula

DIAG = r"\operatorname{diag}\left(#1\right)"


def broadcast_form(node: Node, x: Formula) -> Formula:
    """`s*ones(n)`, `outer(x, ones(n))`, else `broadcast_to(x, shape)`."""
    if x.ndim == 0:
        ones = _ones(node.shape)
        if isinstance(x, Infix) and x.symbol == "/" and _is_number(x.left, 1):
            return Infix("/", ones, x.right, node.ndim)
        return Infix("*", x, ones, node.ndim)
    if x.ndim == 1 and node.ndim == 2:
        return Call("outer", _ones(node.shape[:1]), x, ndim=2, latex=OUTER)
    if isinstance(x, Item) and x.items == ((None, None, None), None) and node.ndim == 2:
        return Call("outer", x.base, _ones(node.shape[1:]), ndim=2, latex=OUTER)
    return Call("broadcast_to", x, node.shape, ndim=node.ndim)


def _ones(shape: Shape) -> Formula:
    return Call("ones", extent(shape), ndim=len(shape), latex=ONES)


def _is_number(formula: Formula, value: float) -> bool:
    return isinstance(formula, Number) and formula.value == value


def index_form(node: Node, x: Formula) -> Formula:
    """`x[1:, 0]`, its bounds left out where they are those of the axis."""
    shape = node.inputs[0].shape
    items = [_short(item, size) for item, size in zip(node.params[0], shape, strict=True)]
    return Item(x, tuple(items), node.ndim)


def scatter_form(node: Node, *xs: Formula) -> Formula:
    """Zeros of the shape, with operands added at positions."""
    shape, places = node.params
    parts = []
    for x, items, value in zip(xs, places, node.inputs, strict=True):
        short = [_short(item, size) for item, size in zip(items, shape, strict=True)]
        parts.append((x, tuple(short), value.shape))
    return Placed(shape, tuple(parts))


def _short(item: Any, size: int) -> Any:
    """An index item without the bounds of its axis; far ones are counted from a named end."""
    named = isinstance(size, Dim)
    if isinstance(item, int):
        return item - int(size) if named and 2 * item > size else item
    if not isinstance(item, tuple):
        return item
    start, stop, step = item
    if step is not None and step < 0:
        return (None if start == size - 1 else start, stop, step)
    if start == 0:
        start = None
    elif named and start is not None and 2 * start > size:
        start -= int(size)
    if stop == size:
        stop = None
    elif named and stop is not None and 2 * stop > size:
        stop -= int(size)
    return (start, stop, None if step == 1 else step)


def reshape_form(node: Node, x: Formula) -> Formula:
    """`x[:, None]`, `x[:, 0]`, `ravel(x)`, else `reshape(x, shape)`."""
    old, new = node.inputs[0].shape, node.shape
    items = inserted(x, old, new) or dropped(old, new)
    if items is not None:
        return Item(x, items, node.ndim)
    if len(new) == 1:
        return Call("ravel", x, ndim=1)
    return Call("reshape", x, new, ndim=node.ndim)


def transpose_form(node: Node, x: Formula) -> Formula:
    (perm,) = node.params
    rank = len(perm)
    if rank == 2 and perm == (-1, -2):
        return transposed(x)
    if perm == (*range(-rank, -2), -1, -2):
        return Attribute(x, "mT")
    return Call("transpose", x, tuple([axis + rank for axis in perm]), ndim=rank)


def diagonal_form(node: Node, x: Formula) -> Formula:
    (offset,) = node.params
    named = {"k": offset} if offset else {}
    if x.ndim == 2:
        return Call("diag", x, ndim=1, named=named, latex="" if named else DIAG)
    return Call("diagonal", x, offset, x.ndim - 2, x.ndim - 1, ndim=node.ndim)


def _is_row(x: Item) -> bool:
    """Whether an axis of size 1 was put in front, and nothing else done."""
    return x.items[:1] == (None,) and all(item == (None, None, None) for item in x.items[1:])


def diag_embed_form(node: Node, x: Formula) -> Formula:
    """`diag(x)`; for stacks, and where the matrix is not square, ones picked by a product."""
    offset, rows, columns = node.params
    named = {"k": offset} if offset else {}
    extent = node.inputs[0].shape[-1]
    if x.ndim == 1 and rows == columns == extent + abs(offset):
        return Call("diag", x, ndim=2, named=named, latex="" if named else DIAG)
    if not offset and rows == columns == extent:
        column = Item(x, (*[(None, None, None)] * x.ndim, None), x.ndim + 1)
        return Infix("*", column, Call("eye", rows, ndim=2, latex=UNIT), node.ndim)
    shifted = Call("eye", rows, columns, ndim=2, named=named)
    # The diagonal begins at row max(0, -offset), column max(0, offset).
    start = max(0, offset)
    wide = Item(Call("eye", columns, ndim=2), ((start, start + extent, 1), (None, None, None)), 2)
    return Infix("*", Item(Infix("@", x, wide, x.ndim), _before_last(x.ndim), x.ndim + 1), shifted,
                 node.ndim)  # fmt: skip


def _before_last(rank: int) -> tuple[Any, ...]:
    """Index items that put an axis of size 1 before the last."""
    return (*[(None, None, None)] * (rank - 1), None, (None, None, None))


def concatenate_form(node: Node, *xs: Formula) -> Formula:
    """`[a, b]` for a vector of scalars or a matrix of rows, else `concatenate([x, y], axis)`."""
    axis = node.params[0] + node.ndim
    rows = [x.base for x in xs if isinstance(x, Item) and _is_row(x)]
    if axis == 0 and len(rows) == len(xs):
        return Stacked(tuple(rows))
    named = {"axis": axis} if axis else {}
    return Call("concatenate", list(xs), ndim=node.ndim, named=named)


def project_form(node: Node, x: Formula) -> Formula:
    """The output by its position, where it is not written by itself."""
    (place,) = node.params
    return x.items[place] if isinstance(x, Several) else Item(x, (place,), node.ndim)


def sort_form(node: Node, x: Formula) -> Formula:
    """`sort(x)` and `argsort(x)`; upwards alone, which is what all libraries do alike."""
    axis, descending = node.params
    named = {} if axis == -1 else {"axis": axis + node.ndim}
    if descending:
        both = Call("ops.sort", x, axis, descending, ndim=node.ndim)
        return Several((Item(both, (0,), node.ndim), Item(both, (1,), node.ndim)))
    calls = [Call(name, x, ndim=node.ndim, named=named) for name in ("sort", "argsort")]
    return Several(tuple(calls))


def take_along_form(node: Node, x: Formula, positions: Formula) -> Formula:
    (axis,) = node.params
    named = {"axis": axis + node.ndim}
    return Call("take_along_axis", x, positions, ndim=node.ndim, named=named)
