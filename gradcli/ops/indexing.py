"""NumPy's indexing, lowered to the index row and changes of layout.

The row takes positions, slices, and integer arrays on adjacent axes; None, `...`, boolean masks and
separated arrays (whose result axes NumPy puts first) are dealt with here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.errors import ArgumentError, ShapeError, StaticValueError
from gradcli.graph import Node
from gradcli.ops.elementwise import shape_text
from gradcli.ops.linear import Positions, index, reshape, transpose
from gradcli.ops.values import concrete, describe, tensor, whole

WHOLE = (None, None, None)
GAP = "..."
"""Stands for an Ellipsis of no axes: to NumPy it still separates the arrays beside it."""


def index_value(x: Node, key: Any) -> Node:
    """`x[key]` for a key of the language: items, or a tuple of them.

    Raises ArgumentError for items that are no index, ShapeError where there are too many or a
    position is out of range.
    """
    items = normalised(x, list(key) if isinstance(key, tuple) else [key])
    arrays = [item for item in items if isinstance(item, np.ndarray)]
    # Positions beside arrays are arrays too, for NumPy's rule of where the result axes go.
    advanced = [
        place
        for place, item in enumerate(items)
        if isinstance(item, np.ndarray) or (arrays and isinstance(item, int))
    ]
    basic: list[Any] = []
    later: list[Any] = []
    for item in items:
        if item is None or item is GAP:
            continue
        if isinstance(item, np.ndarray):
            basic.append(WHOLE)
            later.append(item)
        else:
            basic.append(item)
            if isinstance(item, tuple):
                later.append(WHOLE)
    for axis, item in enumerate(basic):
        if isinstance(item, tuple):
            basic[axis] = resolved(item, x.shape[axis])
    if any(item != (0, extent, 1) for item, extent in zip(basic, x.shape, strict=True)):
        x = index(x, tuple(basic))
    separated = bool(arrays) and advanced != list(range(advanced[0], advanced[-1] + 1))
    result = _gathered(x, later, separated) if arrays else x
    return _with_new_axes(result, items, arrays, separated)


def normalised(x: Node, items: list[Any]) -> list[Any]:
    """Items as int, (start, stop, step), None or an integer array; `...` written out."""
    flat = [_item(item) for item in items]
    used = sum(
        item.ndim if isinstance(item, np.ndarray) and item.dtype == np.bool_ else 1
        for item in flat
        if item is not None and item is not Ellipsis
    )
    if used > x.ndim:
        axes = "one axis" if x.ndim == 1 else f"{x.ndim} axes" if x.ndim else "no axes"
        raise ShapeError(
            f"{used} indices are too many for a tensor of shape {shape_text(x.shape)}",
            hint=f"it has {axes}",
        )
    dots = [place for place, item in enumerate(flat) if item is Ellipsis]
    if len(dots) > 1:
        raise ArgumentError(
            "an index may contain `...` once", hint="it stands for all axes that are not named"
        )
    place = dots[0] if dots else len(flat)
    missing: list[Any] = [WHOLE] * (x.ndim - used)
    flat[place : place + len(dots)] = missing or [GAP] * len(dots)
    result: list[Any] = []
    axis = 0
    for item in flat:
        if item is None or item is GAP:
            result.append(item)
            continue
        if isinstance(item, np.ndarray) and item.dtype == np.bool_:
            expected = x.shape[axis : axis + item.ndim]
            if item.shape != expected:
                raise ShapeError(
                    f"a mask of shape {shape_text(item.shape)} does not fit axes of shape "
                    f"{shape_text(expected)}",
                    hint="a mask has the shape of what it selects from, as `x > 0` has that of x",
                )
            result.extend(np.nonzero(item))
            axis += item.ndim
            continue
        extent = x.shape[axis]
        if isinstance(item, np.ndarray):
            wrong = item[(item < -extent) | (item >= extent)]
            if wrong.size:
                raise _out_of_range(int(wrong.flat[0]), extent, axis)
            item = np.where(item < 0, item + extent, item)
        elif isinstance(item, int):
            if not -extent <= item < extent:
                raise _out_of_range(item, extent, axis)
            item %= extent
        result.append(item)
        axis += 1
    return result


def _out_of_range(position: int, extent: int, axis: int) -> ShapeError:
    return ShapeError(
        f"index {position} is out of range for axis {axis} of size {int(extent)}",
        hint=range_hint(extent),
        culprit=position,
    )


def range_hint(extent: int) -> str:
    """Which positions there are."""
    if not extent:
        return "it is empty"
    if extent == 1:
        return "its only position is 0, or -1"
    return f"positions count from 0 to {int(extent) - 1}, or back from -1 to {-int(extent)}"


def _item(item: Any) -> Any:
    if item is None or item is Ellipsis:
        return item
    if isinstance(item, slice):
        bounds = (item.start, item.stop, item.step)
        parts = [None if part is None else whole(part, "a slice bound") for part in bounds]
        if parts[2] == 0:
            raise ArgumentError("the step of a slice must not be 0", culprit=item.step)
        return tuple(parts)
    if isinstance(item, bool):
        raise ArgumentError(
            "True and False are no positions",
            hint="masks are tensors: `x[x > 0]`",
            culprit=item,
        )
    if isinstance(item, Node) and (item.ndim or item.kind == "bool"):
        array = concrete(item, "an index", static=item.kind != "bool")
        if item.kind == "bool":
            if not array.ndim:
                raise ArgumentError(
                    "a single True or False is no position",
                    hint="`x if c else y` or `where` chooses; masks are tensors: `x[x > 0]`",
                    culprit=item,
                )
            return array.astype(np.bool_)
        if not np.all(np.abs(array) < 2**53) or np.any(array != np.floor(array)):
            raise StaticValueError(
                "an index must hold whole numbers known before the program runs", culprit=item
            )
        return array.astype(np.intp)
    if isinstance(item, (list, tuple, range)):
        if not item:
            return np.zeros(0, np.intp)
        return _item(tensor(item))
    if isinstance(item, (int, float, Node)):
        return int(whole(item, "an index"))
    raise ArgumentError(
        f"{describe(item)} is no index",
        hint="an index is a whole number, a slice, None, `...`, a mask or a list of positions",
        culprit=item,
    )


def resolved(item: Any, extent: int) -> tuple[Any, ...]:
    """A slice with its bounds worked out; a reversed one may stop at None."""
    start, stop, step = slice(*item).indices(int(extent))
    if step < 0:
        if start < 0:  # before the axis begins: nothing, where -1 would be its last element
            return (0, 0, 1)
        return (start, None if stop < 0 else stop, step)
    if (start, step) == (0, 1) and stop == extent:
        return (0, extent, 1)
    return (start, max(start, stop), step)


def _gathered(x: Node, items: list[Any], separated: bool) -> Node:
    """Apply the integer arrays; their result axes go where NumPy puts them."""
    places = [place for place, item in enumerate(items) if isinstance(item, np.ndarray)]
    try:
        together = np.broadcast_arrays(*[items[place] for place in places])
    except ValueError:
        shapes = " and ".join(shape_text(items[place].shape) for place in places)
        raise ShapeError(f"index arrays of shapes {shapes} do not broadcast") from None
    first = 0 if separated else places[0]
    rest = [place for place in range(len(items)) if place not in places]
    order = [place for place in rest if place < first] + places
    order += [place for place in rest if place >= first]
    if order != list(range(len(items))):
        x = transpose(x, tuple([place - len(items) for place in order]))
    keys = iter([Positions(np.ascontiguousarray(array)) for array in together])
    full = [
        next(keys) if place in places else (0, x.shape[axis], 1) for axis, place in enumerate(order)
    ]
    return index(x, tuple(full))


def _with_new_axes(x: Node, items: list[Any], arrays: list[Any], separated: bool) -> Node:
    """Put the axes of size 1 where None stood."""
    if None not in [item for item in items if not isinstance(item, np.ndarray)]:
        return x
    rank = max((array.ndim for array in arrays), default=0)
    extents = iter(x.shape)
    shape: list[int] = []
    placed = not arrays
    if separated:
        shape += [next(extents) for _ in range(rank)]
        placed = True
    for item in items:
        if item is None:
            shape.append(1)
        elif isinstance(item, tuple):
            shape.append(next(extents))
        elif not placed and item is not GAP:
            shape += [next(extents) for _ in range(rank)]
            placed = True
    return reshape(x, tuple(shape))
