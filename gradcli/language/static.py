"""Values known while the program is read: Python's arithmetic on numbers, within bounds."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any

from gradcli.errors import ArgumentError, LimitError
from gradcli.graph import Dim, Node
from gradcli.ops.indexing import index_value
from gradcli.ops.values import MAX_ITEMS, count_items, describe, static_number, tensor, whole

if TYPE_CHECKING:
    from collections.abc import Callable

COMPARATORS = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
ARITHMETIC = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
}
MAX_BITS = 1024


class Builtin:
    """A function on static values: `len`, `range`, `int`, `float`."""

    __slots__ = ("call", "name")

    def __init__(self, name: str, call: Callable[..., Any]) -> None:
        self.name = name
        self.call = call

    def __call__(self, args: list[Any], kwargs: dict[str, Any]) -> Any:
        if kwargs:
            raise ArgumentError(f"`{self.name}` takes no arguments by name")
        try:
            return self.call(*args)
        except (TypeError, ValueError, OverflowError):
            given = ", ".join(describe(arg) for arg in args) or "nothing"
            raise ArgumentError(f"`{self.name}` cannot take {given}") from None


def _length(value: Any) -> int:
    if isinstance(value, Node):
        if not value.ndim:
            raise ArgumentError("a scalar has no length")
        return value.shape[0]
    if isinstance(value, (list, tuple, str, range, dict)):
        return len(value)
    raise ArgumentError(f"{describe(value)} has no length")


def _range(*bounds: Any) -> range:
    numbers = [int(whole(bound, "a bound of range")) for bound in bounds]
    if not 1 <= len(numbers) <= 3 or numbers[2:] == [0]:
        raise ArgumentError("`range` takes one to three whole numbers, the step not 0")
    return range(*numbers)


def _float(value: Any) -> float:
    if isinstance(value, str):
        return float(value)
    return float(static_number(value, "the argument of float", static=False))


BUILTINS: dict[str, Builtin] = {
    "len": Builtin("len", _length),
    "range": Builtin("range", _range),
    "int": Builtin("int", lambda x: int(static_number(x, "the argument of int"))),
    "float": Builtin("float", _float),
}


def static_item(value: Any, key: Any) -> Any:
    """An element or a slice of a tuple, list, range or string."""
    if isinstance(key, slice):
        bounds = (key.start, key.stop, key.step)
        parts = [None if part is None else whole(part, "a slice bound") for part in bounds]
        if parts[2] == 0:
            raise ArgumentError("the step of a slice must not be 0")
        return value[slice(*parts)]
    if isinstance(key, (tuple, list)) or (isinstance(key, Node) and key.ndim):
        return index_value(tensor(value), key)
    place = whole(key, "an index")
    try:
        return value[place]
    except IndexError:
        length = len(value)
        raise ArgumentError(f"index {place} is out of range for {length} elements") from None


def static_contains(item: Any, within: Any) -> bool:
    """Whether `item in within`, for tuples, lists, ranges, dicts and strings."""
    if not isinstance(within, (tuple, list, range, str, dict)) or isinstance(item, Node):
        raise ArgumentError("`in` looks into tuples, lists, ranges, dicts and strings")
    if isinstance(within, dict):
        return isinstance(item, (str, int, float)) and item in within
    if _holds_tensors(item) or _holds_tensors(within):
        raise ArgumentError("`in` compares numbers, not tensors")
    if isinstance(within, range):
        # Python itself would walk through it for what is not an int.
        return isinstance(item, (int, float)) and item == item // 1 and int(item) in within
    try:
        return item in within
    except TypeError:
        what = f"{describe(item)} cannot be in {describe(within)}"
        raise ArgumentError(what) from None


def _holds_tensors(value: Any) -> bool:
    """Whether a tensor is anywhere in a container, which must not be too large to look through."""
    if not isinstance(value, (tuple, list, dict)):
        return False
    count_items(value)
    stack = [value]
    while stack:
        items = stack.pop()
        for item in items.values() if isinstance(items, dict) else items:
            if isinstance(item, Node):
                return True
            if isinstance(item, (tuple, list, dict)):
                stack.append(item)
    return False


def static_compare(symbol: str, left: Any, right: Any) -> bool:
    """Python's comparison of values known now."""
    for side in (left, right):
        if _holds_tensors(side):
            raise ArgumentError(f"`{symbol}` compares numbers, not lists of tensors")
    try:
        return bool(COMPARATORS[symbol](left, right))
    except TypeError:
        raise ArgumentError(
            f"`{symbol}` cannot compare {describe(left)} with {describe(right)}"
        ) from None


def bounded(length: int, make: Callable[[], Any]) -> Any:
    """A tuple or string of that length, if it is no longer than a literal may be."""
    if length > MAX_ITEMS:
        raise LimitError(f"a tuple or string would have more than {MAX_ITEMS:,} elements")
    return make()


def static_binary(symbol: str, left: Any, right: Any) -> Any:
    """Python's arithmetic on numbers known now, within bounds."""
    if symbol == "@":
        raise ArgumentError("`@` multiplies matrices", hint="`*` multiplies numbers")
    whole_numbers = isinstance(left, int) and isinstance(right, int)
    if symbol == "**" and whole_numbers and left.bit_length() * abs(right) > MAX_BITS:
        return _float_power(left, right)
    try:
        value = ARITHMETIC[symbol](left, right)
    except ZeroDivisionError:
        raise ArgumentError("division by zero") from None
    except OverflowError:
        return _float_power(left, right)
    if isinstance(value, complex):
        raise ArgumentError(
            f"({left})**{right} is not a real number", hint="complex numbers are not supported"
        )
    if isinstance(value, int) and not isinstance(value, Dim) and value.bit_length() > MAX_BITS:
        # Beyond the largest double, as the same numbers are as tensors.
        return float("inf") if value > 0 else -float("inf")
    return value


def _float_power(left: float, right: float) -> float:
    try:
        return float(math.pow(left, right))
    except OverflowError:
        negative = left < 0 and float(right).is_integer() and right % 2 == 1
        return -float("inf") if negative else float("inf")
