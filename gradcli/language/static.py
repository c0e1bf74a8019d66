"""Values known while the program is read: Python's arithmetic on numbers, within bounds."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any

from gradcli.errors import ArgumentError, DomainProblem, Keyword, LimitError
from gradcli.graph import Dim, Node
from gradcli.language.signatures import Signature
from gradcli.ops.indexing import index_value, range_hint
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

    __slots__ = ("call", "name", "signature")

    def __init__(self, signature: str, call: Callable[..., Any]) -> None:
        self.signature = Signature(signature)
        self.name = self.signature.name
        self.call = call

    def __call__(self, args: list[Any], kwargs: dict[str, Any]) -> Any:
        if kwargs:
            raise ArgumentError(
                f"`{self.name}` takes no arguments by name",
                hint=f"its signature is `{self.signature.text}`",
                culprit=Keyword(next(iter(kwargs))),
            )
        values = self.signature.bind(args, kwargs)
        try:
            return self.call(*values.values())
        except (ValueError, OverflowError):
            given = ", ".join([repr(arg) for arg in args])
            raise ArgumentError(f"`{self.name}` cannot take {given}", culprit=args[0]) from None


def _length(value: Any) -> int:
    if isinstance(value, Node):
        if value.ndim:
            return value.shape[0]
    elif isinstance(value, (list, tuple, str, range, dict)):
        return len(value)
    raise ArgumentError(f"{describe(value)} has no length", culprit=value)


def _range(*bounds: Any) -> range:
    numbers = [int(whole(bound, "a bound of range")) for bound in bounds]
    if numbers[2:] == [0]:
        raise ArgumentError("the step of a range must not be 0", culprit=bounds[2])
    return range(*numbers)


def _float(value: Any) -> float:
    if isinstance(value, str):
        return float(value)
    return float(static_number(value, "the argument of float", static=False))


BUILTINS: dict[str, Builtin] = {
    "len": Builtin("len(x)", _length),
    "range": Builtin("range(start, stop=None, step=1)", _range),
    "int": Builtin("int(x)", lambda x: int(static_number(x, "the argument of int"))),
    "float": Builtin("float(x)", _float),
}


def static_item(value: Any, key: Any) -> Any:
    """An element or a slice of a tuple, list, range or string."""
    if isinstance(key, slice):
        bounds = (key.start, key.stop, key.step)
        parts = [None if part is None else whole(part, "a slice bound") for part in bounds]
        if parts[2] == 0:
            raise ArgumentError("the step of a slice must not be 0", culprit=key.step)
        return value[slice(*parts)]
    if isinstance(key, (tuple, list)) or (isinstance(key, Node) and key.ndim):
        return index_value(tensor(value), key)
    place = whole(key, "an index")
    try:
        return value[place]
    except IndexError:
        raise out_of_range(place, len(value)) from None


def out_of_range(place: int, length: int) -> ArgumentError:
    """The error for a position that a list, tuple or string does not have."""
    return ArgumentError(
        f"index {place} is out of range for {length} element{'s' * (length != 1)}",
        hint=range_hint(length),
        culprit=place,
    )


def static_contains(item: Any, within: Any) -> bool:
    """Whether `item in within`, for tuples, lists, ranges, dicts and strings."""
    if not isinstance(within, (tuple, list, range, str, dict)):
        raise ArgumentError(
            f"`in` cannot look into {describe(within)}",
            hint="`any(x == 3)` asks whether a tensor has such an element"
            if isinstance(within, Node)
            else "it looks into tuples, lists, ranges, dicts and strings",
        )
    if isinstance(within, dict):
        return isinstance(item, (str, int, float)) and item in within
    if isinstance(item, Node) or _holds_tensors(item) or _holds_tensors(within):
        hint = "`any(x == 3)` asks whether a tensor has such an element"
        raise ArgumentError("`in` compares numbers and strings, not tensors", hint=hint)
    if isinstance(within, range):
        # Python itself would walk through it for what is not an int.
        return isinstance(item, (int, float)) and item == item // 1 and int(item) in within
    try:
        return item in within
    except TypeError:
        raise ArgumentError(f"{describe(item)} cannot be in {describe(within)}") from None


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
            raise ArgumentError(
                f"`{symbol}` compares numbers, not lists of tensors",
                hint="`stack` makes one tensor of them",
            )
    try:
        return bool(COMPARATORS[symbol](left, right))
    except TypeError:
        raise ArgumentError(
            f"`{symbol}` cannot compare {describe(left)} with {describe(right)}"
        ) from None


def bounded(length: int, make: Callable[[], Any]) -> Any:
    """A tuple or string of that length, if it is no longer than a literal may be."""
    if length > MAX_ITEMS:
        raise LimitError(
            f"a tuple, list or string would have more than {MAX_ITEMS:,} elements",
            hint="a tensor may have more: `zeros`, `arange`, `concatenate`",
        )
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
        raise DomainProblem("division by zero", culprit=right) from None
    except OverflowError:
        return _float_power(left, right)
    if isinstance(value, complex):
        hint = "gradcli computes with real numbers"
        if abs(right - 1 / 3) < 1e-15:
            hint = "`sign(x)*abs(x)**(1/3)` is the real cube root"
        raise DomainProblem(f"({left})**{right} is not a real number", hint=hint, culprit=left)
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
