"""Values from the command line: numbers, vectors, matrices, constant expressions and files."""

from __future__ import annotations

import re
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import GradcliError, InputError, did_you_mean
from gradcli.session import Program, as_array
from gradcli.settings import Settings

if TYPE_CHECKING:
    Array = np.ndarray[Any, Any]

READERS = (".npy", ".csv")
_COMPLEX = re.compile(r"[-+0-9.eE()]*\d\.?[ij]\)?", re.IGNORECASE)
_FILE = re.compile(r"(?P<path>.+?(?P<ending>\.[A-Za-z0-9]+))(?::(?P<part>[^/\\]*))?", re.DOTALL)


def read_value(name: str, text: str, settings: Settings) -> Array:
    """The array that `--NAME TEXT` stands for, in the run's precision.

    `0.5`, `3,4,10` (a vector; `3,` is one of size 1), `1,2;3,4` (a matrix), any constant expression
    of the language, or `@` and a file. Raises InputError, naming the input.
    """
    try:
        if text.startswith("@"):
            return as_array(name, read_file(text[1:]), settings)
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
        if Path(text).suffix in READERS or Path(text).exists():
            hint = f"a file is written `@{text}`"
        raise InputError(f"`{text}` is not a value", hint=hint)
    traced = program.trace({})
    values = [output.value for output in traced.evaluate(grad=False).outputs]
    value = np.stack(_regular(values)) if len(values) > 1 else values[0]
    return value if value.dtype == np.bool_ else value.astype(settings.dtype)


def read_file(reference: str) -> Array:
    """The array in `PATH` or `PATH:PART`. Raises InputError naming file, row and column."""
    found = _FILE.fullmatch(reference)
    ending = found["ending"].lower() if found else ""
    if found is None or ending not in READERS:
        known = ", ".join(f"`{reader}`" for reader in READERS)
        raise InputError(
            f"`{reference}` is not a kind of file known here", hint=f"it reads {known}"
        )
    path, part = found["path"], found["part"]
    try:
        if ending == ".npy":
            if part:
                raise InputError(f"{path} holds one array: it has no part `{part}`")
            return _read_npy(path)
        return _read_table(path, part)
    except FileNotFoundError:
        raise InputError(f"there is no file {path}") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from None


def _read_npy(path: str) -> Array:
    try:
        array: Array = np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError:
        raise
    except Exception as error:  # a hostile header fails in many ways
        if "Object arrays" in str(error) or "Python objects" in str(error):
            raise InputError(f"{path} holds Python objects, not numbers") from None
        raise InputError(f"{path} is not a NumPy array file, or not a whole one") from None
    if not isinstance(array, np.ndarray):
        raise InputError(f"{path} is not a .npy file")
    if array.dtype.kind not in "fiub":
        what = "complex numbers" if array.dtype.kind == "c" else f"values of type {array.dtype}"
        raise InputError(f"{path} holds {what}", hint="gradcli computes with real numbers")
    return array


def _read_table(path: str, columns: str | None) -> Array:
    """A comma-separated table: all columns, or those named; one column is a vector."""
    import csv

    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            rows = [(reader.line_num, row) for row in reader if row]
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text") from None
    except csv.Error as error:
        raise InputError(f"{path} is not a table: {error}") from None
    if not rows:
        raise InputError(f"{path} is empty")
    first = [cell.strip() for cell in rows[0][1]]
    numeric = [cell for cell in first if _is_number(cell)]
    header = first if not numeric else None
    if numeric and len(numeric) < len(first):
        odd = next(cell for cell in first if cell not in numeric)
        raise InputError(
            f"{path}, line {rows[0][0]}: `{numeric[0]}` is a number, and `{odd[:40]}` is not",
            hint="a header has no numbers in it, and a row nothing else",
        )
    body = rows if header is None else rows[1:]
    if not body:
        raise InputError(f"{path} has a header and no rows")
    names = header or [str(place) for place in range(len(first))]
    chosen = list(range(len(names)))
    if columns:
        chosen = [_column(path, name.strip(), names) for name in columns.split(",")]
    for line, row in body:
        if len(row) != len(names):
            cells = "1 cell" if len(row) == 1 else f"{len(row)} cells"
            raise InputError(f"{path}, line {line}: {cells}, where {len(names)} are due")
    try:
        table = np.array([[row[place] for place in chosen] for _, row in body], dtype=np.float64)
    except ValueError:
        raise _bad_cell(path, body, chosen, names) from None
    return table[:, 0] if len(chosen) == 1 else table


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _column(path: str, name: str, names: list[str]) -> int:
    if name in names:
        return names.index(name)
    known = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    hint = did_you_mean(name, names) or f"it has {known}"
    raise InputError(f"{path} has no column `{name}`", hint=hint)


def _bad_cell(path: str, body: Any, chosen: list[int], names: list[str]) -> InputError:
    for line, row in body:
        for place in chosen:
            cell = row[place]
            if not _is_number(cell):
                what = "is empty" if not cell.strip() else f"holds `{cell.strip()[:40]}`, no number"
                return InputError(f"{path}, line {line}, column {names[place]}: the cell {what}")
    return InputError(f"{path} holds something that is no number")
