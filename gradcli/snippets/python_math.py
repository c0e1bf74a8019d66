"""Python's `math`, on numbers and on tensors of one element, which give numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from gradcli.errors import ArgumentError, LimitError
from gradcli.language.places import Nowhere
from gradcli.language.tensors import Tensor, bare
from gradcli.ops.values import describe

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradcli.snippets.script import Script

OF_NUMBERS = (
    "sqrt cbrt exp exp2 expm1 log log1p log2 log10 pow sin cos tan asin acos atan atan2 sinh cosh "
    "tanh asinh acosh atanh floor ceil trunc fabs hypot degrees radians isclose isnan isinf "
    "isfinite copysign fmod erf erfc gamma lgamma gcd lcm factorial comb perm isqrt"
)
OF_LISTS = "fsum prod dist"
LARGEST = 1000
"""Whole numbers that `factorial` and its like take."""


def _number(script: Script, value: Any, name: str) -> Any:
    if isinstance(value, Tensor):
        value = script.plain_number(value)
    if not isinstance(value, (int, float)):
        raise ArgumentError(f"`math.{name}` takes numbers, not {describe(bare(value))}")
    if name in ("factorial", "comb", "perm") and abs(value) > LARGEST:
        raise LimitError(f"`math.{name}` takes numbers up to {LARGEST}")
    return value


def _called(name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
    try:
        return getattr(math, name)(*args, **kwargs)
    except (ValueError, OverflowError, TypeError) as error:
        raise ArgumentError(f"`math.{name}`: {error}") from None


def _of_numbers(name: str) -> Callable[..., Any]:
    def call(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Any:
        named = {key: _number(script, value, name) for key, value in kwargs.items()}
        return _called(name, [_number(script, arg, name) for arg in args], named)

    return call


def _of_lists(name: str) -> Callable[..., Any]:
    def call(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Any:
        lists = [
            [_number(script, item, name) for item in script.elements(arg, Nowhere)] for arg in args
        ]
        return _called(name, lists, {})

    return call


FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{f"math.{name}": _of_numbers(name) for name in OF_NUMBERS.split() if hasattr(math, name)},
    **{f"math.{name}": _of_lists(name) for name in OF_LISTS.split()},
}
