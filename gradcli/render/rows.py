"""Rows of results as they are found: CSV, JSON lines and NumPy's formats, none of them in memory.

What writes takes blocks of outputs, each with a leading axis for rows, and gives back how many rows
there were.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
import tempfile
import zipfile
from contextlib import ExitStack
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import InputError, UsageError, did_you_mean
from gradcli.render.data import flattened, json_parts
from gradcli.results import labels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO

    from gradcli.results import Output

    Array = np.ndarray[Any, Any]
    Blocks = Iterator[list[Output]]

FORMATS = ("json", "jsonl", "csv", "npy", "npz")


def named(outputs: list[Output], get: str | None = None) -> dict[str, Array]:
    """The arrays of a block by name: `value`, `grad.x`, `1.value`; or the one that `get` names."""
    arrays: dict[str, Array] = {}
    for place, output in enumerate(outputs):
        prefix = (str(place),) if len(outputs) > 1 else ()
        for path, array in flattened({"value": output.value, **output.named()}):
            arrays[".".join(prefix + path)] = array
    if get is None:
        return arrays
    if get not in arrays:
        hint = did_you_mean(get, list(arrays)) or f"there are {', '.join(arrays)}"
        raise UsageError(f"the rows have no `{get}`", hint=hint)
    return {get: arrays[get]}


def begun(blocks: Blocks) -> tuple[list[Output], Blocks]:
    """The first block, and all of them. Raises InputError where there is no row."""
    first = next(blocks, None)
    if first is None:
        raise InputError("the inputs have no rows")
    return first, chain([first], blocks)


def columns(arrays: dict[str, Array]) -> list[str]:
    """A name for each number of a row."""
    return [label for name, array in arrays.items() for label in labels(name, array.shape[1:])]


def table(arrays: dict[str, Array]) -> Array:
    """All numbers of each row side by side."""
    parts = [array.reshape(len(array), -1) for array in arrays.values()]
    return np.concatenate(parts, axis=1)


def writer(style: str, get: str | None) -> Callable[[IO[bytes], Blocks], int]:
    """What writes blocks in a format."""
    return {"csv": _csv, "jsonl": _json_lines, "npy": _npy, "npz": _npz}[style](get)


def _csv(get: str | None) -> Callable[[IO[bytes], Blocks], int]:
    def write(file: IO[bytes], blocks: Blocks) -> int:
        first, blocks = begun(blocks)
        count = 0
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(columns(named(first, get)))
        for block in blocks:
            numbers = table(named(block, get))
            whole = numbers.dtype == np.float32
            rows.writerows(numbers.astype(str).tolist() if whole else numbers.tolist())
            file.write(text.getvalue().encode())
            text.seek(0)
            text.truncate()
            count += len(numbers)
        return count

    return write


def _json_lines(get: str | None) -> Callable[[IO[bytes], Blocks], int]:
    def write(file: IO[bytes], blocks: Blocks) -> int:
        count = 0
        _, blocks = begun(blocks)
        for block in blocks:
            if get is None:
                parts = [{"value": one.value, **one.named()} for one in block]
                rows = [_rows_of(json_parts(part)) for part in parts]
                lines = [
                    one[0] if len(one) == 1 else {"outputs": list(one)}
                    for one in zip(*rows, strict=True)
                ]
            else:
                lines = json_parts(named(block, get)[get])
            text = [json.dumps(line, allow_nan=False) + "\n" for line in lines]
            file.write("".join(text).encode())
            count += len(lines)
        return count

    return write


def _rows_of(part: Any) -> list[Any]:
    """From lists by name to one dict of names for each row."""
    if not isinstance(part, dict):
        return list(part)
    inner = {name: _rows_of(one) for name, one in part.items()}
    count = len(next(iter(inner.values()), []))
    return [{name: rows[row] for name, rows in inner.items()} for row in range(count)]


def _npy(get: str | None) -> Callable[[IO[bytes], Blocks], int]:
    def write(file: IO[bytes], blocks: Blocks) -> int:
        _, blocks = begun(blocks)
        if not file.seekable():
            with tempfile.TemporaryFile() as whole:
                count = write(whole, blocks)
                whole.seek(0)
                shutil.copyfileobj(whole, file)
            return count
        array = Growing(file)
        for block in blocks:
            arrays = named(block, get)
            array.append(table(arrays) if get is None else arrays[get])
        return array.finished()

    return write


def _npz(get: str | None) -> Callable[[IO[bytes], Blocks], int]:
    def write(file: IO[bytes], blocks: Blocks) -> int:
        first, blocks = begun(blocks)
        with ExitStack() as stack:
            names = list(named(first, get))
            files = {name: stack.enter_context(tempfile.TemporaryFile()) for name in names}
            grown = {name: Growing(one) for name, one in files.items()}
            for block in blocks:
                for name, part in named(block, get).items():
                    grown[name].append(part)
            counts = [one.finished() for one in grown.values()]
            with zipfile.ZipFile(file, "w") as archive:
                for name, one in files.items():
                    one.seek(0)
                    with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                        shutil.copyfileobj(one, member)
        return counts[0]

    return write


class Growing:
    """A `.npy` file whose first axis is known at the end; NumPy's header leaves room for it."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.count = 0
        self._start = file.tell()
        self._head: dict[str, Any] = {}

    def append(self, part: Array) -> None:
        """Write some rows."""
        if not self._head:
            self._head = {"descr": part.dtype.str, "fortran_order": False, "shape": part.shape[1:]}
            self._header(0)
        self.file.write(np.ascontiguousarray(part).data)
        self.count += len(part)

    def finished(self) -> int:
        """Write how many rows there are, and give that back."""
        self.file.seek(self._start)
        self._header(self.count)
        self.file.seek(0, io.SEEK_END)
        return self.count

    def _header(self, count: int) -> None:
        head = {**self._head, "shape": (count, *self._head["shape"])}
        np.lib.format.write_array_header_1_0(self.file, head)
