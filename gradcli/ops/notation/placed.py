"""Zeros with values at positions, in the functions that there are: lists, padding, unit vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.graph import Dim
from gradcli.ops.notation.formula import Call, Formula, Infix, Item, Number, Stacked, extent

if TYPE_CHECKING:
    from gradcli.ops.notation.formula import Placed

SHORT = 8
"""The longest vector whose elements a formula lists."""

OUTER = r"@1 {@2}^{\top}"
UNIT = "I_{#1}"
ONES = r"\mathbf{1}_{#1}"
ZEROS = r"\mathbf{0}_{#1}"
WHOLE = (None, None, None)


def plain(formula: Placed, nested: bool) -> Formula:
    """`[0, x, 0]` for a short vector, `x*eye(n)[1]` and its like for others.

    nested: the formula stands inside another, where one value is not worth a list.
    """
    if not nested or len(formula.parts) > 1:
        listed = _listed(formula)
        if listed is not None:
            return listed
    total: Formula | None = None
    for value, items, shape in formula.parts:
        part = one_hot(value, items, shape, formula.shape)
        total = part if total is None else Infix("+", total, part, formula.ndim)
    assert total is not None
    return total


def _listed(formula: Placed) -> Stacked | None:
    """A short vector whose values stand at single positions."""
    (length,) = formula.shape if formula.ndim == 1 else (0,)
    single = all(isinstance(items[0], int) for _, items, _ in formula.parts)
    if len(formula.parts) == 1 and _is_one(formula.parts[0][0]):
        return None  # a unit vector
    if not single or isinstance(length, Dim) or not 0 < length <= SHORT:
        return None
    cells: list[Formula] = [Number(0)] * int(length)
    for value, (place,), _ in formula.parts:
        empty = isinstance(cells[place], Number)
        cells[place] = value if empty else Infix("+", cells[place], value, 0)
    return Stacked(tuple(cells))


def _is_one(formula: Formula) -> bool:
    return isinstance(formula, Number) and formula.value == 1


def one_hot(
    value: Formula, items: tuple[Any, ...], shape: tuple[int, ...], whole: tuple[int, ...]
) -> Formula:
    """A value at positions of zeros, by unit vectors: `v*eye(n)[2]`, `outer(eye(n)[0], v)`, ...

    A slice of one axis is padded with zeros. The general form is an einsum with the rows of unit
    matrices that the index selects.
    """
    rank = len(whole)
    if all(item == WHOLE for item in items):
        return value
    padded = _padded(value, items, whole)
    if padded is not None:
        return padded
    units = [
        None if item == WHOLE else _unit(size, item)
        for item, size in zip(items, whole, strict=True)
    ]
    for unit, item in zip(units, items, strict=True):
        if unit is not None and isinstance(item, int):
            unit.ndim = 1
    if rank == 1:
        (unit,) = units
        assert unit is not None
        if unit.ndim == 1:
            return unit if _is_one(value) else Infix("*", value, unit, 1)
        if len(shape) == 1:
            return Infix("@", value, unit, 1)
    if rank == 2 and len(shape) == 1 and value.ndim == 1:
        first, second = units
        if first is None and second is not None and second.ndim == 1:
            return Call("outer", value, second, ndim=2, latex=r"@1 {@2}^{\top}")
        if second is None and first is not None and first.ndim == 1:
            return Call("outer", first, value, ndim=2, latex=r"@1 {@2}^{\top}")
    letters = iter("ijklmnopqrstuvwxyzabcdefgh")
    out = [next(letters) for _ in whole]
    term: list[str] = []
    operands: list[Formula] = []
    subscripts: list[str] = []
    shared = ""
    for letter, item, unit in zip(out, items, units, strict=True):
        if unit is None:
            term.append(letter)
        elif isinstance(item, int):
            operands.append(unit)
            subscripts.append(letter)
        elif isinstance(item, tuple):
            own = next(letters)
            term.append(own)
            operands.append(unit)
            subscripts.append(own + letter)
        else:
            if not shared:
                shared = "".join([next(letters) for _ in np.shape(item.array)])
                term.append(shared)
            unit.ndim = len(shared) + 1
            operands.append(unit)
            subscripts.append(shared + letter)
    left = ",".join(["".join(term), *subscripts])
    return Call("einsum", f"{left}->{''.join(out)}", value, *operands, ndim=rank)


def _unit(size: int, item: Any) -> Item:
    """Rows of the unit matrix."""
    latex = f"e_{{{item}}}" if isinstance(item, int) else ""
    return Item(Call("eye", size, ndim=2, latex=UNIT), (item,), 2, latex)


def _padded(value: Formula, items: tuple[Any, ...], whole: tuple[int, ...]) -> Formula | None:
    """A value with zeros before and behind it, where one axis is sliced without steps."""
    cut = [axis for axis, item in enumerate(items) if item != WHOLE]
    if len(cut) != 1 or not isinstance(items[cut[0]], tuple):
        return None
    (axis,) = cut
    (start, stop, step), size = items[axis], whole[axis]
    if step is not None:
        return None
    before = 0 if start is None else size + start if start < 0 else start
    behind = 0 if stop is None else -stop if stop < 0 else size - stop
    parts = [value]
    for count, place in ((before, 0), (behind, 2)):
        if count:
            shape = (*whole[:axis], count, *whole[axis + 1 :])
            parts.insert(place, Call("zeros", extent(shape), ndim=len(whole), latex=ZEROS))
    named = {"axis": axis} if axis else {}
    return Call("concatenate", parts, ndim=len(whole), named=named)
