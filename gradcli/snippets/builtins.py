"""Python's own functions, which in a script are not NumPy's: `sum`, `max`, `abs`, `float`, ..."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from gradcli.errors import ArgumentError, LimitError
from gradcli.language.static import MAX_BITS
from gradcli.language.tensors import Tensor
from gradcli.ops.values import describe

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradcli.snippets.script import Script


def _one(name: str, args: list[Any]) -> Any:
    if len(args) != 1:
        raise ArgumentError(f"`{name}` takes one argument, not {len(args)}")
    return args[0]


def _number(script: Script, value: Any) -> Any:
    return script.plain_number(value) if isinstance(value, Tensor) else value


def _sum(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Any:
    start = kwargs.pop("start", args[1] if len(args) == 2 else 0)
    total = start
    for item in script.iterate(_one("sum", args[:1])):
        total = script.binary(ast.Add, total, item)
    return total


def _extreme(name: str, op: type[ast.cmpop]) -> Callable[..., Any]:
    def choose(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Any:
        key, default = kwargs.pop("key", None), kwargs.pop("default", None)
        items = script.elements(args[0]) if len(args) == 1 else args
        if not items:
            if default is not None:
                return default
            raise ArgumentError(f"`{name}` of nothing")
        best, rank = None, None
        for item in items:
            value = item if key is None else script.call_value(key, [item], {})
            if rank is None or script.truth(script.compared(op, value, rank)):
                best, rank = item, value
        return best

    return choose


def _abs(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Any:
    value = _one("abs", args)
    if isinstance(value, Tensor):
        return script.call_value(script.member(value, "abs"), [], {})
    if not isinstance(value, (int, float)):
        raise ArgumentError(f"`abs` cannot take {describe(value)}")
    return abs(value)


def _round(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Any:
    digits = kwargs.pop("ndigits", args[1] if len(args) == 2 else None)
    value = _number(script, _one("round", args[:1]))
    if not isinstance(value, (int, float)) or not isinstance(digits, (int, type(None))):
        raise ArgumentError("`round` takes a number, and digits")
    try:
        return round(value, None if digits is None else max(min(digits, 400), -400))
    except (ValueError, OverflowError):
        raise ArgumentError(f"{value} cannot be rounded to a whole number") from None


def _float(script: Script, args: list[Any], kwargs: dict[str, Any]) -> float:
    value = _number(script, args[0]) if args else 0.0
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise ArgumentError(f"`float` takes a number or its text, not {describe(value)}") from None


def _int(script: Script, args: list[Any], kwargs: dict[str, Any]) -> int:
    value = _number(script, args[0]) if args else 0
    try:
        if isinstance(value, str) and len(value) > MAX_BITS // 4:
            raise LimitError("a number of so many digits is not read")
        return int(value)
    except (TypeError, ValueError, OverflowError):
        raise ArgumentError(f"`int` takes a number or its text, not {describe(value)}") from None


def _pow(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if len(args) != 2:
        raise ArgumentError("`pow` takes two arguments")
    return script.binary(ast.Pow, args[0], args[1])


def _divmod(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if len(args) != 2:
        raise ArgumentError("`divmod` takes two arguments")
    return script.binary(ast.FloorDiv, *args), script.binary(ast.Mod, *args)


def _any(script: Script, args: list[Any], kwargs: dict[str, Any]) -> bool:
    return any(script.truth(item) for item in script.iterate(_one("any", args)))


def _all(script: Script, args: list[Any], kwargs: dict[str, Any]) -> bool:
    return all(script.truth(item) for item in script.iterate(_one("all", args)))


def _repr(script: Script, args: list[Any], kwargs: dict[str, Any]) -> str:
    from gradcli.language.text import text_of

    return text_of(script, _one("repr", args), True)


BUILTINS: dict[str, Callable[..., Any]] = {
    "sum": _sum,
    "max": _extreme("max", ast.Gt),
    "min": _extreme("min", ast.Lt),
    "abs": _abs,
    "round": _round,
    "float": _float,
    "int": _int,
    "pow": _pow,
    "divmod": _divmod,
    "any": _any,
    "all": _all,
    "repr": _repr,
}
"""By name; a script imports NumPy's or PyTorch's under another."""
