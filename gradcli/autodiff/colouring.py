"""Few passes for a sparse matrix: columns, or rows, that share no entry are seeded together.

The colouring is Curtis, Powell and Reid's (1974), first come first served, by SciPy; those of bands
are counted off. Rows that are much longer than the others are found apart, by a pass of the other
mode each (and so are columns), so that a few of them cost no more than their number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gradcli.autodiff.patterns import NONE, Pattern

if TYPE_CHECKING:
    Array = np.ndarray[Any, Any]

LEAST = 1024
"""Elements of a Jacobian from which its structure is looked for: others are one small batch."""

WORTH = 2
"""How many times fewer passes there must be for it to be worth while."""


class Compression(NamedTuple):
    """Which passes find the entries of a pattern.

    columns: the forward pass that each column is seeded in, NONE for none; rows: the reverse pass
    of each row. An entry is read from the reverse pass of its row where `by_row` says so, else from
    the forward pass of its column; `by_row` is in the order of the pattern's pairs.
    """

    columns: Array
    forward: int
    rows: Array
    reverse: int
    by_row: Array

    @property
    def passes(self) -> int:
        return self.forward + self.reverse

    @property
    def mode(self) -> str:
        if self.forward and self.reverse:
            return "mixed"
        return "reverse" if self.reverse else "forward"


def compress(pattern: Pattern, mode: str = "auto") -> Compression | None:
    """The fewest passes that colouring finds; None where they are not worth while.

    `mode` may ask for forward or reverse passes alone.
    """
    if pattern.full:
        return None
    count, width = pattern.rows, pattern.columns
    rows, columns = pattern.pairs()
    by_row = np.bincount(rows, minlength=count)
    by_column = np.bincount(columns, minlength=width)
    plans = []
    if mode != "reverse":
        plans.append((*_set_apart(by_row, mode), False))
    if mode != "forward":
        plans.append((*_set_apart(by_column, mode), True))
    best: Compression | None = None
    most = {"auto": min(count, width), "forward": width, "reverse": count}[mode]
    for bound, apart, turned in sorted(plans, key=lambda plan: plan[0]):
        if best is not None and best.passes <= bound:
            break
        if bound * WORTH > most and most > 1:
            break
        found = _coloured(rows, columns, count, width, apart, bound - len(apart), turned)
        if best is None or found.passes < best.passes:
            best = found
    if best is not None and best.passes * WORTH > most > 1:
        return None
    return best


def _set_apart(lengths: Array, mode: str) -> tuple[int, Array]:
    """The fewest passes that lengths of rows allow, and the long rows to be set apart for that."""
    if not lengths.size:
        return 0, np.arange(0)
    longest = int(lengths.max())
    order = np.argsort(-lengths, kind="stable")[: longest + 1]
    rest = np.append(lengths[order], 0)[: len(order) + 1]
    if len(order) < len(lengths):
        rest = rest[:-1]
    costs = np.arange(len(rest)) + rest
    least = int(np.argmin(costs))
    if mode != "auto" or costs[least] * WORTH > longest:
        return longest, np.arange(0)
    return int(costs[least]), order[:least]


def _coloured(
    rows: Array, columns: Array, count: int, width: int, apart: Array, bound: int, turned: bool
) -> Compression:
    """Columns coloured, and the rows `apart` in a pass each; the other way round if `turned`."""
    if turned:
        rows, columns, count, width = columns, rows, width, count
    own = np.full(count, NONE)
    own[apart] = np.arange(len(apart))
    long = own[rows] != NONE if len(apart) else np.zeros(len(rows), np.bool_)
    short = ~long
    colours = _colours(rows[short], columns[short], count, width, bound)
    passes = int(colours.max(initial=NONE)) + 1
    if turned:
        return Compression(own, len(apart), colours, passes, short)
    return Compression(colours, passes, own, len(apart), long)


def _colours(rows: Array, columns: Array, count: int, width: int, bound: int) -> Array:
    """Colours of columns, such that no row has two entries of one colour; NONE for empty ones.

    bound: the entries of the longest row.
    """
    used = np.zeros(width, np.bool_)
    used[columns] = True
    if not len(columns):
        return np.full(width, NONE)
    counted = np.arange(width) % bound
    if np.bincount(rows * bound + counted[columns], minlength=1).max() <= 1:
        return np.where(used, counted, NONE)
    from scipy.optimize._numdiff import group_columns
    from scipy.sparse import coo_array

    ones = np.ones(len(rows), np.int8)
    matrix = coo_array((ones, (rows, columns)), shape=(count, width)).tocsc()
    found = np.asarray(group_columns(matrix, np.arange(width)), np.intp)
    return _renumbered(np.where(used, found, NONE))


def _renumbered(colours: Array) -> Array:
    """The same colours without gaps between their numbers."""
    present = np.unique(colours[colours != NONE])
    return np.where(colours == NONE, NONE, np.searchsorted(present, colours))
