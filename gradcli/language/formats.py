"""Strings filled in: `"{:.3f}".format(x)` and `"%.3f" % x`. f-strings are in `text.py`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gradcli.errors import ArgumentError, LimitError
from gradcli.language.tensors import Tensor
from gradcli.language.text import WIDEST, formatted, text_of

if TYPE_CHECKING:
    from gradcli.language.runtime import Runtime

FIELD = re.compile(r"\{\{|\}\}|\{([^{}!:]*)(?:!([rsa]))?(?::((?:[^{}]|\{[^{}]*\})*))?\}|[{}]")
PERCENT = re.compile(r"%(?:\((\w+)\))?([-+ #0]*)(\*|\d*)(?:\.(\*|\d*))?[hlL]?(.?)", re.DOTALL)
WHOLE, REAL, TEXT = "diuxXo", "eEfFgG", "sra"


def format_string(
    interpreter: Runtime, template: str, args: list[Any], kwargs: dict[str, Any]
) -> str:
    """`template.format(*args, **kwargs)`, for fields that name arguments and no parts of them.

    Raises ArgumentError for other fields, and where an argument is missing.
    """
    numbered = 0

    def value_of(name: str) -> Any:
        nonlocal numbered
        if not name:
            name, numbered = str(numbered), numbered + 1
        if name.isdigit() and int(name) < len(args):
            return args[int(name)]
        if name in kwargs:
            return kwargs[name]
        if name.isdigit() or name.isidentifier():
            raise ArgumentError(f"`format` gets no value for `{{{name}}}`")
        raise ArgumentError(
            f"a field `{{{name}}}` names no argument",
            hint="work it out before: `value = a.b`, then `{}` or an f-string",
        )

    def fill(found: re.Match[str]) -> str:
        text = found.group()
        if text in ("{{", "}}"):
            return text[0]
        if text in ("{", "}"):
            raise ArgumentError(f"a `{text}` in a format stands alone", hint=f"`{text * 2}` is one")
        name, conversion, spec = found.groups()
        value = value_of(name)
        spec = FIELD.sub(fill, spec or "")
        return formatted(interpreter, value, ord(conversion) if conversion else -1, spec)

    return FIELD.sub(fill, template)


def percent(interpreter: Runtime, template: str, values: Any) -> str:
    """`template % values`. Raises ArgumentError where they do not fit one another."""
    given = list(values) if type(values) is tuple else [values]
    used = 0

    def following() -> Any:
        nonlocal used
        used += 1
        if used > len(given):
            raise ArgumentError(f"the format wants more than {len(given)} values")
        return given[used - 1]

    def fill(found: re.Match[str]) -> str:
        name, flags, width, precision, letter = found.groups()
        if letter == "%":
            return "%"
        if letter not in WHOLE + REAL + TEXT + "c" or not letter:
            raise ArgumentError(f"`{found.group()}` is no format", hint="as in `%.4f`, `%d`, `%s`")
        width = str(following()) if width == "*" else width
        precision = str(following()) if precision == "*" else precision
        if any(int(size or 0) > WIDEST for size in (width, precision) if (size or "0").isdigit()):
            raise LimitError(f"a field of a format is at most {WIDEST} characters wide")
        if name is None:
            value = following()
        elif isinstance(values, dict) and name in values:
            value = values[name]
        else:
            raise ArgumentError(f"the format gets no value for `%({name})`")
        spec = f"%{flags}{width}{'' if precision is None else '.' + precision}{letter}"
        try:
            return str(spec % _fitting(interpreter, value, letter))
        except (TypeError, ValueError, OverflowError):
            raise ArgumentError(f"the format `{found.group()}` does not fit this value") from None

    filled = PERCENT.sub(fill, template)
    if used < len(given) and not isinstance(values, dict):
        raise ArgumentError(f"the format uses {used} of {len(given)} values")
    return filled


def _fitting(interpreter: Runtime, value: Any, letter: str) -> Any:
    if letter in TEXT:
        return text_of(interpreter, value, letter in "ra")
    if isinstance(value, Tensor):
        value = interpreter.plain_number(value)
    if not isinstance(value, (int, float)) and letter != "c":
        raise TypeError
    return value
