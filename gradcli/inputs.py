"""Values from the command line: numbers, vectors, matrices, constant expressions and files."""

from __future__ import annotations

import re
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.arrays import as_array
from gradcli.errors import GradcliError, InputError
from gradcli.session import Program
from gradcli.settings import Settings

if TYPE_CHECKING:
    Array = np.ndarray[Any, Any]

_COMPLEX = re.compile(r"[-+0-9.eE()]*\d\.?[ij]\)?", re.IGNORECASE)


def read_value(name: str, text: str, settings: Settings) -> Array:
    """The array that `--NAME TEXT` stands for, in the run's precision.

    `0.5`, `3,4,10` (a vector; `3,` is one of size 1), `1,2;3,4` (a matrix), any constant expression
    of the language, or `@` and a file. Raises InputError, naming the input.
    """
    try:
        if text.startswith("@"):
            from gradcli.files import read_file

            return as_array(name, read_file(text[1:], settings.max_memory), settings)
        if not text.strip():
            raise InputError("the value is empty")
        numbers = plain_numbers(text)
        if numbers is None:
            return constant_value(text, settings, zlib.crc32(name.encode()))
        return as_array(name, numbers, settings)
    except GradcliError as error:
        if error.filename is None or error.source == text:
            error.message = f"in the value of `{name}`: {error.message}"
        raise


def read_inputs(path: str, settings: Settings) -> dict[str, Array]:
    """Every array of a `.npz` or JSON file, by name, in the run's precision."""
    from gradcli.files import read_many

    found = read_many(path, settings.max_memory)
    return {name: as_array(name, value, settings) for name, value in found.items()}


def plain_numbers(text: str) -> Array | None:
    """`3`, `3,4` or `1,2;3,4` as an array; None where it is anything else than numbers.

    Raises InputError for rows of different lengths.
    """
    try:
        rows = [[float(cell) for cell in row.split(",")] for row in _rows(text)]
    except ValueError:
        return None
    if ";" not in text:
        return np.array(rows[0] if "," in text else rows[0][0])
    return np.array(_regular(rows))


def _rows(text: str) -> list[str]:
    """Rows between semicolons, each without a trailing comma."""
    rows = text.split(";")
    if len(rows) > 1 and not rows[-1].strip():
        rows.pop()
    return [row.strip().removesuffix(",") for row in rows]


def _regular(rows: list[Any]) -> list[Any]:
    for place, row in enumerate(rows):
        if np.shape(row) != np.shape(rows[0]):
            raise InputError(
                f"row 0 has {np.size(rows[0])} numbers, row {place} has {np.size(row)}",
                hint="every row of a matrix has the same length",
            )
    return rows


def constant_value(text: str, settings: Settings, stream: int = 0) -> Array:
    """The value of a constant expression; `;` between rows makes a matrix.

    `stream` sets random draws for one input apart from those for another.
    """
    if _COMPLEX.fullmatch(text.replace(" ", "")):
        raise InputError("it is complex", hint="gradcli computes with real numbers")
    parts = [part for part in _split_rows(text) if part.strip()]
    if not parts:
        raise InputError("the value is empty")
    rows = [_expression_value(part, settings, stream + place) for place, part in enumerate(parts)]
    if len(parts) == 1 and ";" not in text:
        return rows[0]
    return np.stack(_regular([np.atleast_1d(row) for row in rows]))


def _split_rows(text: str) -> list[str]:
    """Split at semicolons outside brackets."""
    parts, depth, start = [], 0, 0
    for place, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if character == ";" and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    return [*parts, text[start:]]


def _expression_value(text: str, settings: Settings, stream: int) -> Array:
    program = Program(text, settings=settings, stream=stream)
    if len(program.tree.body) != 1:
        raise InputError("it is more than one expression", hint="rows are separated by `;`")
    missing = program.missing([])
    if missing:
        hint = f"`{missing[0]}` means nothing in a constant expression"
        if Path(text).suffix[1:].isalpha():
            hint = f"a file is written `@{text}`"
        raise InputError(f"`{text}` is not a value", hint=hint)
    traced = program.trace({})
    values = [output.value for output in traced.evaluate(grad=False).outputs]
    value = np.stack(_regular(values)) if len(values) > 1 else values[0]
    return value if value.dtype == np.bool_ else value.astype(settings.dtype)
