"""Patterns: which of some sources each element of a tensor may depend on.

A row for each element, in row-major order, a column for each source. Rows with few entries are kept
as an array, padded; others in compressed rows by SciPy, which is imported for those alone; and a
pattern with too many entries to be of use is full.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    Array = np.ndarray[Any, Any]
    Matrix = Any
    """A SciPy array in compressed rows, of booleans, without duplicates."""

NONE = -1
NARROW = 16
"""Entries of a row up to which a pattern is an array."""
SMALL = 1 << 16
"""Cells of an array up to which it may be wider."""
EXACT = 1 << 17
"""Cells of a pattern up to which it is never taken for full."""
MOST = 1 << 26
"""Entries that a pattern has at most."""


class Pattern:
    """A superset of the dependences between `rows` elements and `columns` sources.

    One of `table` (rows, width), whose rows hold sources in ascending order behind NONE, and
    `matrix`; with neither it is full: everything may depend on everything.
    """

    __slots__ = ("_pairs", "columns", "matrix", "rows", "table")

    def __init__(
        self, rows: int, columns: int, table: Array | None = None, matrix: Matrix = None
    ) -> None:
        self.rows = rows
        self.columns = columns
        self.table = table
        self.matrix = matrix
        self._pairs: tuple[Array, Array] | None = None

    @property
    def full(self) -> bool:
        return self.table is None and self.matrix is None

    @property
    def entries(self) -> int:
        """How many pairs there are."""
        if self.table is not None:
            if self._pairs is not None:
                return len(self._pairs[0])
            return int((self.table != NONE).sum())
        return self.rows * self.columns if self.matrix is None else int(self.matrix.nnz)

    def counts(self) -> Array:
        """How many sources each row has."""
        if self.table is not None:
            found: Array = (self.table != NONE).sum(axis=1)
            return found
        if self.matrix is None:
            return np.full(self.rows, self.columns)
        return np.diff(self.matrix.indptr)

    def pairs(self) -> tuple[Array, Array]:
        """Rows and columns of all entries, row by row, columns ascending; not of a full one."""
        if self._pairs is None:
            if self.table is not None:
                there = self.table != NONE
                rows = np.repeat(np.arange(self.rows), self.table.shape[1])
                self._pairs = rows[there.ravel()], self.table[there]
            else:
                counts = np.diff(self.matrix.indptr)
                self._pairs = np.repeat(np.arange(self.rows), counts), self.matrix.indices
        return self._pairs

    def csr(self) -> Matrix:
        """The pattern as a SciPy array of booleans in compressed rows; not of a full one."""
        if self.matrix is None:
            self.matrix = _matrix(*self.pairs(), self.rows, self.columns, True)
        return self.matrix

    def take(self, places: Array) -> Pattern:
        """The rows at `places`, one after another; an empty row at NONE."""
        rows = len(places)
        if self.full:
            return Pattern(rows, self.columns)
        absent = places < 0
        some = bool(absent.any())
        kept = np.where(absent, 0, places) if some else places
        if some and not self.rows:
            return Pattern(rows, self.columns, np.full((rows, 0), NONE))
        if self.table is not None:
            width = self.table.shape[1]
            if width <= 1 or width <= NARROW or rows * width <= SMALL:
                table = self.table[kept]
                if some:
                    table[absent] = NONE
                return Pattern(rows, self.columns, table)
        counts = self.counts()[kept]
        if some:
            counts = np.where(absent, 0, counts)
        if _too_many(int(counts.sum()), rows, self.columns):
            return Pattern(rows, self.columns)
        matrix = self.csr()[places[~absent]] if some else self.csr()[kept]
        if some:
            from scipy.sparse import csr_array

            starts = np.zeros(rows + 1, matrix.indptr.dtype)
            np.cumsum(counts, out=starts[1:])
            parts = (matrix.data, matrix.indices, starts)
            matrix = csr_array(parts, shape=(rows, self.columns))
        return _smallest(matrix)

    def collect(self, keys: Array, count: int) -> Pattern:
        """The union of the rows of each key from 0 to count - 1; rows at NONE are left out."""
        if self.full:
            return Pattern(count, self.columns)
        rows, columns = self.pairs()
        keys = keys[rows]
        if (keys < 0).any():
            columns, keys = columns[keys >= 0], keys[keys >= 0]
        return _from_pairs(keys, columns, count, self.columns)

    def through(self, matrix: Matrix) -> Pattern:
        """The union, for each row of a matrix of booleans, of the rows that it has entries for."""
        rows: int = matrix.shape[0]
        if self.full:
            return Pattern(rows, self.columns)
        if _too_many(int((matrix @ self.counts()).sum()), rows, self.columns, EXACT):
            return Pattern(rows, self.columns)
        found = (matrix @ self.csr()).tocsr()
        found.sort_indices()
        return _smallest(found)

    def select(self, columns: Array, count: int) -> Pattern:
        """The same with other columns: `columns` holds the new one of each, or NONE."""
        if self.full:
            return Pattern(self.rows, count)
        rows, old = self.pairs()
        new = columns[old]
        return _from_pairs(rows[new >= 0], new[new >= 0], self.rows, count)


def single(sources: Array, columns: int) -> Pattern:
    """The pattern of elements with one source each, or NONE."""
    return Pattern(len(sources), columns, sources.reshape(-1, 1))


def union(parts: Sequence[Pattern]) -> Pattern:
    """What depends on anything in one of several patterns of one shape."""
    distinct = list({id(part): part for part in parts}.values())
    first = distinct[0]
    if len(distinct) == 1:
        return first
    if any(part.full for part in distinct):
        return Pattern(first.rows, first.columns)
    tables = [part.table for part in distinct if part.table is not None]
    width = sum(table.shape[1] for table in tables)
    if len(tables) == len(distinct) and (width <= NARROW or first.rows * width <= SMALL):
        return Pattern(first.rows, first.columns, _compact(np.concatenate(tables, axis=1)))
    if _too_many(sum(part.entries for part in distinct), first.rows, first.columns, EXACT):
        return Pattern(first.rows, first.columns)
    matrix = distinct[0].csr()
    for part in distinct[1:]:
        matrix = matrix + part.csr()
    return _smallest(matrix)


def _too_many(entries: int, rows: int, columns: int, spare: int = 0) -> bool:
    """Whether a pattern of so many entries is of no use."""
    cells = rows * columns
    enough = max(EXACT, 8 * (rows + columns), min(cells // 4, MOST))
    return entries > enough + spare and cells > EXACT


def _compact(table: Array) -> Array:
    """Rows in ascending order behind NONE, without duplicates, no wider than they must be."""
    table = np.sort(table, axis=1)
    twice = (table[:, 1:] == table[:, :-1]) & (table[:, 1:] != NONE)
    if twice.any():
        table[:, 1:][twice] = NONE
        table.sort(axis=1)
    width = table.shape[1]
    while width and not (table[:, table.shape[1] - width] != NONE).any():
        width -= 1
    return table[:, table.shape[1] - width :]


def _from_pairs(rows: Array, columns: Array, count: int, width: int) -> Pattern:
    """The pattern of some pairs, in any order, any of them several times."""
    if len(rows) > SMALL:
        matrix = _matrix(rows, columns, count, width, False)
        if _too_many(matrix.nnz, count, width):
            return Pattern(count, width)
        return _smallest(matrix)
    if not len(rows):
        return Pattern(count, width, np.full((count, 0), NONE))
    keys = np.unique(rows.astype(np.int64) * width + columns)
    rows, columns = np.divmod(keys, width)
    counts = np.bincount(rows, minlength=count)
    most = int(counts.max())
    if most > NARROW and count * most > SMALL:
        return Pattern(count, width, None, _matrix(rows, columns, count, width, True))
    return Pattern(count, width, _padded(rows, columns, counts, most))


def _padded(rows: Array, columns: Array, counts: Array, most: int) -> Array:
    """A table of sorted pairs."""
    table = np.full((len(counts), most), NONE)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    table[rows, most - counts[rows] + within] = columns
    return table


def _smallest(matrix: Matrix) -> Pattern:
    """A pattern from its matrix: as a table where that is no larger."""
    rows, columns = matrix.shape
    counts = np.diff(matrix.indptr)
    most = int(counts.max()) if rows else 0
    if most <= NARROW and rows * most <= 2 * matrix.nnz:
        places = np.repeat(np.arange(rows), counts)
        indices = matrix.indices.astype(np.intp, copy=False)
        if not matrix.has_sorted_indices:
            matrix.sort_indices()
            indices = matrix.indices.astype(np.intp, copy=False)
        return Pattern(rows, columns, _padded(places, indices, counts, most))
    return Pattern(rows, columns, None, matrix)


def _matrix(rows: Array, columns: Array, count: int, width: int, clean: bool) -> Matrix:
    """A SciPy array of pairs; `clean` says that they are sorted and without duplicates."""
    from scipy.sparse import coo_array, csr_array

    ones = np.ones(len(rows), np.bool_)
    if not clean:
        matrix = coo_array((ones, (rows, columns)), shape=(count, width)).tocsr()
        matrix.sum_duplicates()
        return matrix
    starts = np.zeros(count + 1, np.intp)
    np.cumsum(np.bincount(rows, minlength=count), out=starts[1:])
    return csr_array((ones, columns, starts), shape=(count, width))
