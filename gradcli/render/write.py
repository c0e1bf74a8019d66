"""Results as bytes: JSON, CSV and NumPy's formats, to standard output or to whole files."""

from __future__ import annotations

import errno
import io
import os
import stat
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import ComputationError, LimitError, UsageError
from gradcli.render.data import coo_text, is_sparse, json_text, single_array
from gradcli.results import labels
from gradcli.seeds import progress

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import IO

    Array = np.ndarray[Any, Any]
    Writer = Callable[[IO[bytes]], Any]

FORMATS = ("json", "csv", "npy", "npz", "coo", "mtx")


def check_printable(count: int, limit: int) -> None:
    """Raise LimitError where printing so many numbers would take more memory than the limit.

    A printed number takes some hundred bytes on its way from an array to text.
    """
    if count * 100 > limit:
        raise LimitError(
            f"printing {count:,} numbers would take more memory than the limit",
            hint="write them to a file: -o FILE.npz",
        )


def format_of(
    path: str, style: str, pictures: Sequence[str] = (), kinds: Sequence[str] | None = None
) -> str:
    """The format of an output file: by its ending, or as --format says; `pictures` are some too.

    kinds: of files that there are, where not those of any result.

    Raises UsageError, before anything is computed, for a kind of file that is not written.
    """
    ending = os.path.splitext(path)[1].lower().removeprefix(".")
    kinds = FORMATS if kinds is None else kinds
    if ending in kinds or ending in pictures:
        return ending
    if style in kinds:
        return style
    known = ", ".join(f".{name}" for name in (*kinds, *pictures))
    raise UsageError(f"{path} is not a kind of file that is written", hint=f"it writes {known}")


def writer(
    style: str, arrays: dict[str, Array], whole: Any, columns: list[str] | None = None
) -> tuple[Writer, str]:
    """What writes arrays in a format, and a word on what that is.

    whole: the JSON value of the result. columns: their names, where a table has its own. Raises
    UsageError where the format cannot hold it.
    """
    if style == "json":
        content = json_text(whole).encode() + b"\n"
        return lambda file: file.write(content), "the result"
    if style in ("coo", "mtx") or (style == "npz" and any(map(is_sparse, arrays.values()))):
        return _entries_writer(style, arrays)
    if style == "npz":
        return lambda file: np.savez(file, **arrays), ", ".join(arrays)  # type: ignore[arg-type]
    name, array = single_array(arrays, f"a .{style} file")
    described = f"{name}, shape {array.shape}"
    if style == "npy":
        if is_sparse(array):
            return lambda file: save_filled(file, array), described
        return lambda file: np.save(file, array, allow_pickle=False), described
    if is_sparse(array):
        raise UsageError(
            f"a table has a cell for every zero, and {name} has {array.size:,} entries alone",
            hint="write .npz, .mtx or .coo",
        )
    content = csv_bytes(name, array, columns)
    return lambda file: file.write(content), described


def _entries_writer(style: str, arrays: dict[str, Any]) -> tuple[Writer, str]:
    """What writes one matrix by its entries."""
    name, matrix = single_array(arrays, "a file of entries")
    if not is_sparse(matrix):
        if matrix.ndim != 2:
            raise UsageError(
                f"entries are those of a matrix, and {name} has {matrix.ndim} axes",
                hint="`gradcli jacobian` and `gradcli hessian` write .coo and .mtx",
            )
        from scipy.sparse import csr_array

        matrix = csr_array(matrix)
    described = f"{name}, shape {matrix.shape}, {matrix.size:,} entries"
    if style == "coo":
        content = coo_text(matrix).encode()
        return lambda file: file.write(content), described

    def write(file: IO[bytes]) -> None:
        if style == "npz":
            from scipy.sparse import save_npz

            save_npz(file, matrix)
        else:
            from scipy.io import mmwrite

            mmwrite(file, matrix, symmetry="general", precision=17)

    return write, described


ROWS_AT_ONCE = 1 << 24
"""Bytes of a dense matrix that are filled in at a time."""


def save_filled(file: IO[bytes], matrix: Any) -> None:
    """A sparse matrix as a dense `.npy`, a few rows at a time."""
    head = {"descr": matrix.dtype.str, "fortran_order": False, "shape": matrix.shape}
    np.lib.format.write_array_header_1_0(file, head)
    step = max(1, ROWS_AT_ONCE // max(1, matrix.shape[1] * matrix.dtype.itemsize))
    for start in range(0, matrix.shape[0], step):
        progress(start, matrix.shape[0])
        file.write(np.ascontiguousarray(matrix[start : start + step].toarray()).data)
    progress(matrix.shape[0], matrix.shape[0])


def csv_bytes(name: str, array: Array, columns: list[str] | None = None) -> bytes:
    """A table with a header; a vector is one column, a number one cell.

    Raises UsageError for more than two axes.
    """
    if array.ndim > 2:
        raise UsageError(
            f"a table has two axes, and {name} has {array.ndim}",
            hint="write .npy, or flatten a Jacobian with --flat",
        )
    rows = array.reshape(-1, 1) if array.ndim < 2 else array
    stem = name.rpartition(".")[2] or name
    own = [stem] if array.ndim < 2 else labels(stem, array.shape[1:])
    header = columns if columns is not None and len(columns) == len(own) else own
    if array.dtype == np.bool_:
        rows = rows.astype(np.int64)
    text = io.StringIO()
    import csv

    table = csv.writer(text, lineterminator="\n")
    table.writerow(header)
    table.writerows(rows.tolist() if array.dtype != np.float32 else rows.astype(str).tolist())
    return text.getvalue().encode()


class Mapped:
    """A `.npy` that is computed where it lies: beside the target until it is whole.

    As a context: what was not finished leaves nothing behind.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.shape: tuple[int, ...] | None = None
        self._target = os.path.realpath(path)
        self._partial = os.path.join(os.path.dirname(self._target), f".gradcli{os.getpid()}.part")
        self._array: Array | None = None

    def __enter__(self) -> Mapped:
        return self

    def __exit__(self, *error: Any) -> None:
        self._array = None
        if os.path.exists(self._partial):
            os.unlink(self._partial)

    def allocate(self, shape: tuple[int, ...], dtype: Any) -> Array:
        """Zeros of that shape in the file. Raises ComputationError where there is no room."""
        self.shape = tuple(map(int, shape))
        head = {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": self.shape}
        size = int(np.prod(self.shape, dtype=np.int64)) * np.dtype(dtype).itemsize
        try:
            with open(self._partial, "xb") as file:
                np.lib.format.write_array_header_1_0(file, head)
                start = file.tell()
                # Room is taken now: a map that outgrows its disk would end the process.
                os.posix_fallocate(file.fileno(), 0, start + size)
        except OSError as error:
            raise unwritable(self.path, error) from None
        mapped = np.memmap(self._partial, dtype, "r+", start, self.shape)
        self._array = np.asarray(mapped)
        return self._array

    def finish(self) -> None:
        """Move the file into its place."""
        self._array = None
        try:
            if os.path.exists(self._target):
                os.chmod(self._partial, stat.S_IMODE(os.stat(self._target).st_mode))
            os.replace(self._partial, self._target)
        except OSError as error:
            raise unwritable(self.path, error) from None


def unwritable(path: str, error: OSError) -> ComputationError | UsageError:
    """The error for a file that the system would not write."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG):
        return ComputationError(f"{path} could not be written: {error.strerror}")
    return UsageError(f"{path} cannot be written: {error.strerror}")


def write_whole(path: str, write: Callable[[IO[bytes]], Any]) -> None:
    """Write beside the target, then move into place, so that no half of a file is ever seen."""
    target = os.path.realpath(path)
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            # A pipe or a device: there is nothing to replace.
            with open(path, "wb") as file:
                write(file)
            return
        partial = os.path.join(os.path.dirname(target), f".gradcli{os.getpid()}.part")
        try:
            with open(partial, "xb") as file:
                if os.path.exists(target):
                    os.chmod(partial, stat.S_IMODE(os.stat(target).st_mode))
                write(file)
            os.replace(partial, target)
        except BaseException:
            if os.path.exists(partial):
                os.unlink(partial)
            raise
    except OSError as error:
        raise unwritable(path, error) from None
