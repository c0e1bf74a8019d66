"""From values of the language to what ops take: tensors, whole numbers, axes, shapes.

A value is static (numbers, strings, None, tuples, lists) or a node. Static things that a program
computed as tensors (an axis from an input) are made concrete here.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradcli.errors import ArgumentError, LimitError, ShapeError, StaticValueError
from gradcli.graph import MAX_RANK, OPS, Dim, Node, Shape, builder
from gradcli.ops.elementwise import shape_text
from gradcli.ops.family import build
from gradcli.ops.leaves import array_constant, constant
from gradcli.ops.linear import concatenate, reshape

MAX_ITEMS = 2_000_000
NONFINITE = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": -float("inf")}


def describe(value: Any) -> str:
    """What a value is, for messages."""
    if value is None:
        return "None"
    if isinstance(value, Node):
        return f"a tensor of shape {shape_text(value.shape)}" if value.shape else "a scalar"
    names = {bool: "a boolean", int: "a whole number", float: "a number", str: "a string"}
    names |= {tuple: "a tuple", list: "a list", dict: "a dict", Dim: "a size", range: "a range"}
    names[type(...)] = "`...`"
    kind = tuple if isinstance(value, tuple) else type(value)
    return names.get(kind) or str(getattr(value, "described", "a function"))


def shown(value: Any) -> str:
    """A word or a number as it is written, all else in words, for messages."""
    plain = value is None or isinstance(value, (str, int, float))
    return repr(value)[:60] if plain else describe(value)


def tensor(value: Any) -> Node:
    """A value as a tensor; lists and tuples of numbers and tensors are stacked."""
    if isinstance(value, Node):
        return value
    if isinstance(value, (bool, int, float)):
        if type(value) is int and abs(value) > 2**53:
            return constant(as_float(value))
        return constant(value)
    if isinstance(value, (list, tuple)):
        count_items(value)
        _require_flat(value)
        return _stacked(list(value))
    if isinstance(value, range):
        params = ((len(value),), float(value.start), float(value.step), "int")
        return build(OPS["arange"], (), params)
    if isinstance(value, str) and value in NONFINITE:
        return constant(NONFINITE[value])
    name = getattr(value, "name", "")
    if value is None or isinstance(value, (str, dict)) or not name:
        hint = "a function without `return` gives None" if value is None else ""
        raise ArgumentError(
            f"a tensor is wanted here, not {describe(value)}",
            hint="`d['a']` is a value of a dict" if isinstance(value, dict) else hint,
            culprit=value,
        )
    if hasattr(value, "prefix"):
        raise ArgumentError(f"a tensor is wanted here, not the module `{name}`", culprit=value)
    raise ArgumentError(
        f"a tensor is wanted here, not the function `{name}`",
        hint=f"call it, as in `{'f' if name == 'lambda' else name}(x)`",
        culprit=value,
    )


def as_float(value: float) -> float:
    """A Python number as a double; infinite where it is larger than any."""
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else -float("inf")


def count_items(value: Any) -> int:
    """How many elements nested lists, tuples and dicts have; raises LimitError for too many."""
    total = 0
    stack = [value]
    while stack:
        items = stack.pop()
        items = items.values() if isinstance(items, dict) else items
        total += len(items)
        if total > MAX_ITEMS:
            raise LimitError(
                f"a list has more than {MAX_ITEMS:,} elements in all",
                hint="read large arrays from files",
            )
        stack.extend([item for item in items if isinstance(item, (list, tuple, dict))])
    return total


def _require_flat(value: Any) -> None:
    """Raise LimitError at once for a list that nests deeper than tensors have axes."""
    inner = value
    for _ in range(MAX_RANK + 1):
        if not isinstance(inner, (list, tuple)) or not inner:
            return
        inner = inner[0]
    raise LimitError(f"a tensor has at most {MAX_RANK} axes", culprit=value)


def _stacked(items: list[Any]) -> Node:
    numbers = _plain_numbers(items)
    if numbers is not None:
        return array_constant(numbers)
    parts = [tensor(item) for item in items]
    first = parts[0].shape
    for place, part in enumerate(parts):
        if part.shape != first:
            raise ShapeError(
                f"the list is ragged: element 0 has shape {shape_text(first)}, "
                f"element {place} has shape {shape_text(part.shape)}",
                hint="a list becomes a tensor when its elements have one shape",
                culprit=items[place],
            )
    return concatenate([reshape(part, (1, *part.shape)) for part in parts], -len(first) - 1)


def _plain_numbers(items: list[Any]) -> Any:
    """A regular nested list of numbers as an array, or None where it holds anything else."""
    if not items:
        return np.zeros(0)
    items = [NONFINITE.get(item, item) if type(item) is str else item for item in items]
    if all(type(item) in (int, float, bool, Dim) for item in items):
        kinds = {type(item) for item in items}
        if kinds == {bool}:
            return np.array(items, np.bool_)
        array = np.array([as_float(item) for item in items])
        whole = float not in kinds and all(abs(item) <= 2**53 for item in items)
        return array.astype(np.int64) if whole else array
    if all(type(item) in (list, tuple) for item in items):
        rows = [_plain_numbers(list(item)) for item in items]
        if all(row is not None and row.shape == rows[0].shape for row in rows):
            return np.stack(rows)
    return None


def static_number(value: Any, what: str, static: bool = True) -> float:
    """A number known now; a tensor of one element is made concrete.

    `static` says that it serves as a count, size, axis or position. Raises StaticValueError where
    it does and cannot, else ArgumentError.
    """
    if isinstance(value, Node) and value.size == 1:
        number: float = concrete(value, what, static=static).item()
        return number
    if isinstance(value, (bool, int, float)):
        return value
    if static:
        raise _not_static(what, "one number", describe(value), value)
    raise ArgumentError(f"{what} must be one number, not {describe(value)}", culprit=value)


def concrete(value: Node, what: str, static: bool = False) -> Any:
    """The array that a node holds in this run."""
    try:
        return builder().concretise(value, static)
    except LookupError:
        raise StaticValueError(
            f"{what} must be known before the program runs",
            hint="it may depend on shapes, not on the values of tensors",
            culprit=value,
        ) from None


def whole(value: Any, what: str) -> int:
    """A whole number known now (an axis, a size, a position)."""
    if type(value) is int or isinstance(value, Dim):
        return value
    if (isinstance(value, Node) and value.size != 1) or not isinstance(value, (Node, int, float)):
        raise _not_static(what, "a whole number", describe(value), value)
    number = static_number(value, what)
    if isinstance(value, bool) or not math.isfinite(number) or number != int(number):
        raise _not_static(what, "a whole number", repr(number), value)
    return int(number)


def _not_static(what: str, wanted: str, found: str, value: Any) -> StaticValueError:
    return StaticValueError(
        f"{what} must be {wanted} known before the program runs, not {found}", culprit=value
    )


def axis_of(value: Any, ndim: int, what: str = "axis") -> int:
    """One axis, counted from the end; raises ArgumentError where there is none such."""
    axis = whole(value, what)
    if not -ndim <= axis < ndim:
        plural = "is" if ndim == 1 else "es"
        have = f"the tensor has {ndim} ax{plural}" if ndim else "a scalar has no axes"
        hint = f"axes count from 0 to {ndim - 1}, or back from -1 to {-ndim}" if ndim > 1 else ""
        hint = "it is axis 0, or -1" if ndim == 1 else hint
        raise ShapeError(f"{what} {axis} is out of range: {have}", hint=hint, culprit=value)
    return axis - ndim if axis >= 0 else axis


def axes_of(value: Any, ndim: int, what: str = "axis") -> tuple[int, ...]:
    """Axes counted from the end, in order; None means all of them."""
    if value is None:
        return tuple(range(-ndim, 0))
    items = value if isinstance(value, (tuple, list)) else [value]
    axes = tuple([axis_of(item, ndim, what) for item in items])
    if len(set(axes)) != len(axes):
        raise ArgumentError(f"{what} names an axis twice", culprit=value)
    return tuple(sorted(axes))


def shape_of(items: Any, what: str = "shape") -> Shape:
    """A shape from `(2, 3)`, `[2, 3]`, `2`, or the varargs `2, 3`."""
    if isinstance(items, tuple) and len(items) == 1 and isinstance(items[0], (tuple, list)):
        items = items[0]
    if isinstance(items, Node) and items.ndim:
        items = [float(item) for item in concrete(items, what)]
    if not isinstance(items, (tuple, list)):
        items = (items,)
    shape = tuple([whole(item, "a size") for item in items])
    if any(extent < 0 for extent in shape):
        raise ArgumentError(
            f"{what} cannot have the negative size {min(shape)}",
            culprit=items[shape.index(min(shape))],
        )
    if math.prod([max(int(extent), 1) for extent in shape]) >= 2**60:
        raise LimitError(
            "no memory holds a tensor of that shape", hint="the product of its sizes is too large"
        )
    return shape


def truth(value: Any) -> bool:
    """Whether a value counts as true; a tensor must be a single number."""
    if isinstance(value, Node):
        array = concrete(value, "a condition")
        if array.size != 1:
            raise ArgumentError(
                f"{describe(value)} is neither true nor false",
                hint="`where(c, a, b)` chooses element by element; `all(c)` and `any(c)` make one "
                "of many",
            )
        return bool(array.item())
    return bool(value)


def flag(value: Any, what: str) -> bool:
    """True or False."""
    if isinstance(value, (bool, int)):
        return bool(value)
    raise ArgumentError(f"{what} must be True or False, not {describe(value)}", culprit=value)


def broadcast(x: Node, shape: Shape) -> Node:
    """X repeated to `shape`, or x itself."""
    return x if x.shape == shape else OPS["broadcast_to"](x, shape)
