"""Values as `print` and f-strings show them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gradcli.errors import ArgumentError, LimitError
from gradcli.language.dtypes import DType
from gradcli.language.functions import Closure
from gradcli.language.iterators import VIEWS
from gradcli.language.natives import Native
from gradcli.language.tensors import Tensor
from gradcli.ops.values import count_items

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gradcli.language.runtime import Runtime

SPEC = re.compile(r"(?:.?[<>=^])?[-+ ]?#?0?(\d{0,6})[,_]?(?:\.(\d{1,6}))?[bcdeEfFgGnosxX%]?")
WIDEST = 1000
LONGEST = 20_000_000
"""Characters of one text: what is printed of a list of a million numbers fits."""


def text_of(interpreter: Runtime, value: Any, quoted: bool = False) -> str:
    """What `print` shows of a value; `quoted` as it stands inside a list."""
    if isinstance(value, Tensor):
        return interpreter.tensor_text(value, quoted)
    if isinstance(value, str):
        return repr(value) if quoted else value
    if not quoted and isinstance(value, (list, tuple, dict)):
        count_items(value)
    if isinstance(value, dict):
        pairs = (
            f"{text_of(interpreter, key, True)}: {text_of(interpreter, item, True)}"
            for key, item in value.items()
        )
        return "{" + joined(pairs, ", ") + "}"
    if isinstance(value, VIEWS):
        return f"{type(value).__name__}({text_of(interpreter, list(value), True)})"
    if type(value) is list or type(value) is tuple:
        inside = joined((text_of(interpreter, item, True) for item in value), ", ")
        if type(value) is list:
            return f"[{inside}]"
        return f"({inside}{',' if len(value) == 1 else ''})"
    if hasattr(value, "text_with"):
        return str(value.text_with(lambda part: text_of(interpreter, part, True)))
    if isinstance(value, DType):
        return value.spelling
    if isinstance(value, (Closure, Native)) or callable(value):
        return f"<function {getattr(value, 'name', '')}>"
    if isinstance(value, int) and not isinstance(value, bool):
        return str(int(value))
    return str(value)


def joined(pieces: Iterable[str], between: str = "") -> str:
    """Pieces of text as one. Raises LimitError where it would be too long."""
    kept: list[str] = []
    length = 0
    for piece in pieces:
        kept.append(piece)
        length += len(piece) + len(between)
        if length > LONGEST:
            raise LimitError(
                f"a string would have more than {LONGEST:,} characters", hint="print parts of it"
            )
    return between.join(kept)


def array_text(array: Any) -> str:
    """An array as NumPy prints it."""
    return str(array if array.ndim else array[()])


def formatted(interpreter: Runtime, value: Any, conversion: int, spec: str) -> str:
    """One field of an f-string. Raises ArgumentError where the format does not fit the value."""
    if conversion != -1:
        value = text_of(interpreter, value, chr(conversion) in "ra")
    if not spec:
        return interpreter.format_text(value)
    found = SPEC.fullmatch(spec)
    if found is None:
        raise ArgumentError(f"`{spec}` is not a format", hint="as in `{x:.4f}`, `{x:8.3e}`")
    if any(int(size or 0) > WIDEST for size in found.groups()):
        raise LimitError(
            f"a field of an f-string is at most {WIDEST} characters wide",
            hint="as in `{x:8.3f}`, which is 8 wide",
        )
    if isinstance(value, Tensor):
        value = interpreter.plain_number(value)
    if not isinstance(value, (int, float, str)):
        value = text_of(interpreter, value)
    try:
        return format(value, spec)
    except (ValueError, TypeError, OverflowError):
        hint = "as in `{x:.4f}` for numbers, `{s:>8}` for strings"
        raise ArgumentError(f"the format `{spec}` does not fit {value!r}", hint=hint) from None
