"""Arrays from files and standard input: NumPy's formats, tables, JSON.

Nothing is ever unpickled, and nothing is read beyond a limit of bytes, whatever a file's name or
header promises. Errors name the file, and in tables the line and the column.
"""

from __future__ import annotations

import io
import os
import re
import sys
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from gradcli.engine import bytes_text
from gradcli.errors import InputError, LimitError, did_you_mean
from gradcli.ops.values import NONFINITE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import IO

    Array = np.ndarray[Any, Any]

T = TypeVar("T")
_REFERENCE = re.compile(
    r"(?P<path>.+?(?P<ending>\.[A-Za-z0-9]+))(?::(?P<part>[^/\\]*))?", re.DOTALL
)
STDIN = "standard input"


def read_file(reference: str, limit: int) -> Array:
    """The array in `PATH`, `PATH:PART`, or `-` (standard input, its format told by its content).

    Raises InputError, and LimitError for more than `limit` bytes.
    """
    if reference == "-" or reference.startswith("-:"):
        return _read_stdin(reference[2:] or None, limit)
    found = _REFERENCE.fullmatch(reference)
    reader = READERS.get(found["ending"].lower()) if found else None
    if found is None or reader is None:
        known = ", ".join(f"`{ending}`" for ending in READERS)
        raise InputError(
            f"`{reference}` is not a kind of file known here", hint=f"it reads {known}"
        )
    path = found["path"]
    return opened(path, lambda: reader(path, found["part"], limit))


def read_many(path: str, limit: int) -> dict[str, Array]:
    """Every array of a `.npz` file or a JSON object, by name; raises as `read_file` does."""
    if path.lower().endswith(".npz"):
        return opened(path, lambda: _load_npz(path, None, limit))
    if not path.lower().endswith(".json"):
        raise InputError(f"`{path}` does not hold named inputs", hint="it reads `.npz` and `.json`")
    value = opened(path, lambda: _load_json(path, _content(path, limit)))
    if not isinstance(value, dict):
        raise InputError(f"{path} is not a JSON object of names and values")
    return {name: json_array(f"{path}, `{name}`", item) for name, item in value.items()}


def opened(path: str, read: Callable[[], T]) -> T:
    """What `read` gives, with the system's refusals as errors that name the file."""
    try:
        return read()
    except FileNotFoundError:
        raise InputError(f"there is no file {path}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from None


def _content(path: str, limit: int) -> bytes:
    with open(path, "rb") as file:
        return _all_of(file, path, limit)


def _all_of(stream: IO[bytes], path: str, limit: int) -> bytes:
    """Everything in a stream; in chunks, since a pipe may have no end."""
    content = bytearray()
    while chunk := stream.read(1 << 20):
        content += chunk
        if len(content) > limit:
            raise _too_large(path, limit)
    return bytes(content)


def _too_large(path: str, limit: int) -> LimitError:
    return LimitError(
        f"{path} holds more than the limit of memory, {bytes_text(limit)}",
        hint="--max-memory raises it",
    )


def _real_numbers(path: str, array: Any) -> Array:
    """The array, if it holds real numbers or booleans."""
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiub":
        kind = getattr(array, "dtype", None)
        what = "complex numbers" if kind is not None and kind.kind == "c" else f"values of {kind}"
        raise InputError(f"{path} holds {what}", hint="gradcli computes with real numbers")
    return array


def _load(path: str, source: Any, mapped: bool) -> Any:
    """NumPy's own loading, without pickles; large files are mapped, not read."""
    try:
        return np.load(source, mmap_mode="r" if mapped else None, allow_pickle=False)
    except OSError:
        raise
    except Exception as error:  # a hostile header fails in many ways
        if "Object arrays" in str(error) or "Python objects" in str(error):
            raise InputError(f"{path} holds Python objects, not numbers") from None
        raise InputError(f"{path} is not a NumPy array file, or not a whole one") from None


def _read_npy(path: str, part: str | None, limit: int, source: Any = None) -> Array:
    if part:
        raise InputError(f"{path} holds one array: it has no part `{part}`")
    if source is None and not os.path.isfile(path):
        # A pipe has no length that could be mapped.
        source = io.BytesIO(_content(path, limit))
    return _real_numbers(path, _load(path, source or path, source is None))


def _load_npz(path: str, part: str | None, limit: int, source: Any = None) -> dict[str, Array]:
    """The arrays of an archive; only the one that is asked for, where it is there."""
    if source is None:
        # Opened here, since NumPy leaves a file open where it is no archive.
        with open(path, "rb") as file:
            return _load_npz(path, part, limit, file)
    stored = _load(path, source, False)
    if isinstance(stored, np.ndarray):
        raise InputError(f"{path} is not a .npz file")
    arrays: dict[str, Array] = {}
    names: list[str] = [part] if part is not None and part in stored.files else stored.files
    sizes = {entry.filename: entry.file_size for entry in stored.zip.infolist()}
    if sum(sizes.get(f"{name}.npy", sizes.get(name, 0)) for name in names) > limit:
        raise _too_large(path, limit)
    for name in names:
        try:
            arrays[name] = _real_numbers(f"{path}:{name}", stored[name])
        except InputError:
            raise
        except Exception as error:  # a truncated member fails in zlib, zipfile or NumPy
            pickled = "Object arrays" in str(error)
            what = "Python objects, not numbers" if pickled else "no whole array of numbers"
            raise InputError(f"{path}:{name} holds {what}") from None
    return arrays


def _read_npz(path: str, part: str | None, limit: int, source: Any = None) -> Array:
    array: Array = _one_of(path, _load_npz(path, part, limit, source), part)
    return array


def _one_of(path: str, arrays: dict[str, Any], part: str | None) -> Any:
    """The entry named `part`; the only one where none is named."""
    if part is None and len(arrays) == 1:
        return next(iter(arrays.values()))
    names = ", ".join(f"`{name}`" for name in list(arrays)[:8])
    if part is None:
        name = next(iter(arrays), "name")
        raise InputError(
            f"{path} holds {names or 'nothing'}",
            hint=f"choose, as in `@{'-' if path == STDIN else path}:{name}`",
        )
    if part not in arrays:
        hint = did_you_mean(part, list(arrays)) or f"it has {names}"
        raise InputError(f"{path} has no `{part}`", hint=hint)
    return arrays[part]


# --- JSON ----------------------------------------------------------------------------------------


def _load_json(path: str, content: bytes) -> Any:
    import json

    try:
        return json.loads(content.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        raise InputError(f"{path}, line {error.lineno}: {error.msg}") from None
    except RecursionError:
        raise InputError(f"{path} nests too deeply") from None
    except UnicodeDecodeError:
        raise
    except ValueError as error:
        raise InputError(f"{path} cannot be read: {error}") from None


def _read_json(path: str, part: str | None, limit: int, content: bytes | None = None) -> Array:
    value = _load_json(path, _content(path, limit) if content is None else content)
    if isinstance(value, dict):
        for name in [part] if part is None or part in value else part.split("."):
            if not isinstance(value, dict):
                raise InputError(f"{path} has no `{part}`")
            value = _one_of(path, value, name)
    elif part:
        raise InputError(f"{path} is no object: it has no `{part}`")
    return json_array(path, value)


def json_array(path: str, value: Any) -> Array:
    """Nested lists of numbers, with the strings that stand for NaN and infinities."""

    def numbers(item: Any) -> Any:
        if isinstance(item, list):
            return [numbers(inner) for inner in item]
        if isinstance(item, str) and item in NONFINITE:
            return NONFINITE[item]
        if isinstance(item, (int, float)):
            return item
        what = "null" if item is None else f"`{str(item)[:40]}`"
        raise InputError(f"{path} holds {what}, no number")

    if isinstance(value, dict):
        raise InputError(f"{path} is an object, not an array")
    try:
        array = np.array(numbers(value))
    except RecursionError:
        raise InputError(f"{path} nests too deeply") from None
    except ValueError:
        raise InputError(f"{path} is ragged: its lists differ in length") from None
    try:
        return array if array.dtype.kind == "b" else array.astype(np.float64)
    except OverflowError:
        raise InputError(f"{path} holds a number beyond all doubles") from None


# --- tables --------------------------------------------------------------------------------------


def _table_reader(separators: str, plain: bool = False) -> Callable[..., Array]:
    """A reader of tables with the first of those separators that a table's first line has.

    plain: lines may be comments, and blanks separate cells where nothing else does.
    """

    def read(path: str, part: str | None, limit: int, lines: Iterable[str] | None = None) -> Array:
        if lines is not None:
            return _table(path, part, _rows(path, lines, separators, plain), limit)
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = _rows(path, _bounded(path, file, limit), separators, plain)
            return _table(path, part, rows, limit)

    return read


def _bounded(path: str, file: IO[str], limit: int) -> Iterator[str]:
    """The lines of a file; a device or a pipe may have one without an end."""
    left = limit
    while line := file.readline(left + 1):
        left -= len(line)
        if left < 0:
            raise _too_large(path, limit)
        yield line


def _rows(
    path: str, lines: Iterable[str], separators: str, plain: bool
) -> Iterator[tuple[int, list[str]]]:
    """(line number, cells) of every line that is not empty."""
    import csv
    from itertools import chain

    if plain:
        lines = (line.split("#")[0].strip() for line in lines)
    rest = iter(lines)
    begun: list[str] = []
    for line in rest:
        begun.append(line)
        if line.strip():
            break
    first = begun[-1] if begun else ""
    lines = chain(begun, rest)
    separator = next((sign for sign in separators if sign in first), None)
    if separator is None and plain:
        yield from ((number, line.split()) for number, line in enumerate(lines, 1) if line)
        return
    try:
        reader = csv.reader(lines, delimiter=separator or separators[0], strict=True)
        yield from ((reader.line_num, row) for row in reader if row)
    except csv.Error as error:
        raise InputError(f"{path} is not a table: {error}") from None


def _table(
    path: str, columns: str | None, rows: Iterator[tuple[int, list[str]]], limit: int
) -> Array:
    """All columns of a table, or those named; one column is a vector."""
    (table,) = _table_parts(path, columns, rows, limit, None)
    return table


def _table_parts(
    path: str,
    columns: str | None,
    rows: Iterator[tuple[int, list[str]]],
    limit: int,
    size: int | None,
) -> Iterator[Array]:
    """The same, so many rows at a time; all of them where no size is given."""
    from array import array
    from itertools import chain

    top = next(rows, None)
    if top is None:
        raise InputError(f"{path} is empty")
    first = [cell.strip() for cell in top[1]]
    numeric = [cell for cell in first if _is_number(cell)]
    header = first if not numeric else None
    if numeric and len(numeric) < len(first):
        odd = next(cell for cell in first if cell not in numeric)
        raise InputError(
            f"{path}, line {top[0]}: `{numeric[0]}` is a number, and `{odd[:40]}` is not",
            hint="a header has no numbers in it, and a row nothing else",
        )
    names = header or [str(place) for place in range(len(first))]
    chosen = list(range(len(names)))
    if columns:
        chosen = [_column(path, name.strip(), names) for name in columns.split(",")]
    numbers, found = array("d"), False
    for line, row in rows if header else chain([top], rows):
        if len(row) != len(names):
            cells = "1 cell" if len(row) == 1 else f"{len(row)} cells"
            raise InputError(f"{path}, line {line}: {cells}, where {len(names)} are due")
        try:
            numbers.extend([float(row[place]) for place in chosen])
        except ValueError:
            raise _bad_cell(path, line, row, chosen, names) from None
        if numbers.itemsize * len(numbers) > limit:
            raise _too_large(path, limit)
        if size is not None and len(numbers) >= size * len(chosen):
            yield _as_table(numbers, len(chosen))
            found, numbers = True, array("d")
    if not numbers and not found:
        raise InputError(f"{path} has a header and no rows")
    if numbers:
        yield _as_table(numbers, len(chosen))


def _as_table(numbers: Any, width: int) -> Array:
    table: Array = np.frombuffer(numbers).reshape(-1, width)
    return table[:, 0] if width == 1 else table


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _column(path: str, name: str, names: list[str]) -> int:
    if names.count(name) > 1:
        raise InputError(f"{path} has {names.count(name)} columns `{name}`")
    if name in names:
        return names.index(name)
    known = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    hint = did_you_mean(name, names) or f"it has {known}"
    raise InputError(f"{path} has no column `{name}`", hint=hint)


def _bad_cell(
    path: str, line: int, row: list[str], chosen: list[int], names: list[str]
) -> InputError:
    place = next(place for place in chosen if not _is_number(row[place]))
    cell = row[place].strip()
    what = f"holds `{cell[:40]}`, no number" if cell else "is empty"
    return InputError(f"{path}, line {line}, column {names[place]}: the cell {what}")


# --- standard input ------------------------------------------------------------------------------


def read_stdin_bytes(limit: int) -> bytes:
    """All of standard input; raises InputError where there is none, LimitError for too much."""
    if sys.stdin is None:
        raise InputError(f"{STDIN} is closed")
    return _all_of(sys.stdin.buffer, STDIN, limit)


def _read_stdin(part: str | None, limit: int, stream: IO[bytes] | None = None) -> Array:
    """An array from standard input, its format told by how it begins."""
    if stream is None:
        content = opened(STDIN, lambda: read_stdin_bytes(limit))
    else:
        content = _all_of(stream, STDIN, limit)
    if content.startswith(b"\x93NUMPY"):
        return _read_npy(STDIN, part, limit, io.BytesIO(content))
    if content.startswith(b"PK"):
        return _read_npz(STDIN, part, limit, io.BytesIO(content))
    text: str = opened(STDIN, lambda: content.decode("utf-8-sig"))
    alone = text.strip()
    if alone[:1] in ("[", "{", '"') or alone in ("true", "false") or _is_number(alone):
        return _read_json(STDIN, part, limit, content)
    return _table(STDIN, part, _rows(STDIN, text.splitlines(), TABLES[".txt"], True), limit)


def read_parts(reference: str, size: int, limit: int) -> Iterator[Array]:
    """What `read_file` reads, so many rows at a time; tables are read as they are wanted."""
    found = _REFERENCE.fullmatch(reference)
    ending = found["ending"].lower() if found else ""
    if reference == "-" or reference.startswith("-:"):
        yield from _stdin_parts(reference[2:] or None, size, limit)
    elif found is None or ending not in TABLES:
        yield from parts_of(reference, read_file(reference, limit), size)
    else:
        path = found["path"]
        with opened(path, lambda: open(path, newline="", encoding="utf-8-sig")) as file:
            rows = _rows(path, file, TABLES[ending], ending == ".txt")
            yield from _decoded(path, _table_parts(path, found["part"], rows, limit, size))


def _stdin_parts(part: str | None, size: int, limit: int) -> Iterator[Array]:
    if sys.stdin is None:
        raise InputError(f"{STDIN} is closed")
    stream = io.BufferedReader(sys.stdin.buffer)  # type: ignore[type-var]
    begun = stream.peek(8)[:8]
    if begun.startswith((b"\x93NUMPY", b"PK")) or begun.lstrip()[:1] in (b"[", b"{", b'"'):
        yield from parts_of(STDIN, _read_stdin(part, limit, stream), size)
        return
    lines = io.TextIOWrapper(stream, "utf-8-sig", newline="")
    rows = _rows(STDIN, lines, TABLES[".txt"], True)
    yield from _decoded(STDIN, _table_parts(STDIN, part, rows, limit, size))


def parts_of(name: str, array: Array, size: int) -> Iterator[Array]:
    """An array, so many rows at a time. Raises InputError for a single number."""
    if not array.ndim:
        raise InputError(f"{name} is a single number: it has no rows")
    return (array[start : start + size] for start in range(0, max(len(array), 1), size))


def _decoded(path: str, parts: Iterator[Array]) -> Iterator[Array]:
    try:
        yield from parts
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text") from None


TABLES = {".csv": ",;\t", ".tsv": "\t,;", ".txt": "\t;,"}
"""What separates the cells of each kind of table."""

READERS: dict[str, Callable[[str, str | None, int], Array]] = {
    ".npy": _read_npy,
    ".npz": _read_npz,
    ".csv": _table_reader(TABLES[".csv"]),
    ".tsv": _table_reader(TABLES[".tsv"]),
    ".txt": _table_reader(TABLES[".txt"], plain=True),
    ".json": _read_json,
}
