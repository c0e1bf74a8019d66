"""Sparse Jacobians: the pattern of a run's derivative, and its entries by few coloured passes."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gradcli.autodiff import jvp, vjp
from gradcli.autodiff.colouring import Compression, compress
from gradcli.autodiff.patterns import NONE, Pattern
from gradcli.autodiff.sparsity import Known, patterns
from gradcli.graph import OPS, Arena, Node, building
from gradcli.ops.cotangent import Cotangent
from gradcli.seeds import batch_plan, batches, group_seeds, seed_leaf
from gradcli.simplify import rewrite

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradcli.engine import Plan
    from gradcli.run import Run
    from gradcli.seeds import Fixed
    from gradcli.wrt import Wrt

    Array = np.ndarray[Any, Any]

LARGE = 1 << 24
"""Elements from which a Jacobian with few entries is given as a sparse one."""

FEW = 10
"""How many times fewer the entries of those must be."""


class Columns(NamedTuple):
    """The columns of some derivatives: those elements of inputs that are asked for.

    nodes: the inputs, each once; part: for each thing asked for, its columns.
    """

    nodes: list[Node]
    chosen: Array
    parts: list[Array]

    @property
    def width(self) -> int:
        return len(self.chosen)

    @property
    def whole(self) -> bool:
        """Whether they are all elements of their inputs."""
        return self.width == sum(node.size for node in self.nodes)


def described(pattern: Pattern) -> str:
    """What a matrix with this pattern is called: diagonal, tridiagonal, banded, sparse, ..."""
    if pattern.full:
        return "dense"
    rows, columns = pattern.pairs()
    entries, cells = len(rows), pattern.rows * pattern.columns
    if not entries:
        return "zero"
    if entries == cells:
        return "dense"
    sparse = entries * 4 <= cells
    if pattern.rows == pattern.columns > 1:
        size = pattern.rows
        offsets = columns - rows
        low, high = int(offsets.min()), int(offsets.max())
        if low == high == 0:
            return "diagonal"
        if (low, high) == (-1, 1) and size > 2:
            return "tridiagonal"
        if high - low < size // 4:
            return f"banded, {max(-low, 0)} below and {max(high, 0)} above the diagonal"
        wrapped = (offsets + size // 2) % size - size // 2
        low, high = int(wrapped.min()), int(wrapped.max())
        if (low, high) == (-1, 1) and size > 4:
            return "periodic tridiagonal"
        if high - low < size // 4:
            return f"periodic banded, {max(-low, 0)} below and {max(high, 0)} above the diagonal"
        if offsets.max() <= 0:
            return "lower triangular"
        if offsets.min() >= 0:
            return "upper triangular"
    if sparse:
        return "sparse"
    return "dense with zeros"


def columns_of(wanted: Sequence[Wrt]) -> Columns:
    """The columns of what is asked for; parts of one input share those of the same elements.

    `chosen` are their positions among the elements of all nodes, in order.
    """
    nodes = list({one.node.serial: one.node for one in wanted}.values())
    starts, total = {}, 0
    for node in nodes:
        starts[node.serial] = total
        total += node.size
    if len(nodes) == len(wanted) and all(one.positions is None for one in wanted):
        every = np.arange(total)
        return Columns(nodes, every, [every[starts[w.node.serial] :][: w.size] for w in wanted])
    places = [starts[one.node.serial] + one.columns() for one in wanted]
    used = np.zeros(total, np.bool_)
    for place in places:
        used[place] = True
    number = np.cumsum(used) - 1
    return Columns(nodes, np.flatnonzero(used), [number[place] for place in places])


class Structure:
    """What is known of a derivative before it is computed.

    pattern: a row for each element of the nodes `ys`, one after another, a column for each of
    `columns`. compression: the passes that find it, None where there is nothing to gain.
    """

    def __init__(self, pattern: Pattern, compression: Compression | None) -> None:
        self.pattern = pattern
        self.compression = compression

    @cached_property
    def name(self) -> str:
        """What it is called as a whole."""
        return described(self.pattern)

    def names(self, labels: Sequence[str], columns: Columns) -> str:
        """What it is called by each of several things: diagonal by x, dense by a."""
        if len(labels) < 2 or self.pattern.full:
            return self.name
        words = []
        for label, part in zip(labels, columns.parts, strict=True):
            number = np.full(columns.width, NONE)
            number[part] = np.arange(len(part))
            words.append(f"{described(self.pattern.select(number, len(part)))} by {label}")
        return ", ".join(words)

    @property
    def entries(self) -> int:
        return self.pattern.entries

    @property
    def few(self) -> bool:
        """Whether a large dense array of it would hold hardly anything but zeros."""
        cells = self.pattern.rows * self.pattern.columns
        return cells > LARGE and self.entries * FEW <= cells


def structure_of(
    run: Run,
    ys: Sequence[Node],
    columns: Columns,
    mode: str,
    *,
    square: bool = False,
    still: bool = True,
) -> Structure:
    """The structure of the derivative of nodes; kept, where it does not depend on values.

    square: whether only those rows are wanted that are columns too, of the gradient in a Hessian.
    still: whether inputs that are not differentiated by may decide it, by zeros among them.
    """

    def find() -> tuple[Structure, bool]:
        moving = {node.serial for node in columns.nodes}
        rest = {key: value for key, value in run.values.items() if key not in moving}
        known = Known(rest if still else None)
        parts = patterns(ys, columns.nodes, known)
        pattern = parts[0] if len(parts) == 1 else _stacked(parts)
        if not columns.whole:
            number = np.full(pattern.columns, NONE)
            number[columns.chosen] = np.arange(columns.width)
            pattern = pattern.select(number, columns.width)
            if square:
                pattern = pattern.take(np.where(number == NONE, NONE, np.arange(len(number))))
        return Structure(pattern, compress(pattern, mode)), known.consulted

    names = tuple([node.serial for node in columns.nodes])
    part = b"" if columns.whole else columns.chosen.tobytes()
    key = ("structure", tuple([y.serial for y in ys]), names, part, mode, still)
    kept = run.traced.kept(key, list)
    if kept:
        structure: Structure = kept[0]
        return structure
    structure, of_values = find()
    if not of_values:
        kept.append(structure)
    return structure


def _stacked(parts: Sequence[Pattern]) -> Pattern:
    """Patterns one below the other."""
    rows = sum(part.rows for part in parts)
    width = parts[0].columns
    if any(part.full and part.rows for part in parts):
        return Pattern(rows, width)
    if all(part.table is not None for part in parts):
        most = max(part.table.shape[1] for part in parts if part.table is not None)
        table = np.full((rows, most), NONE)
        start = 0
        for part in parts:
            assert part.table is not None
            table[start : start + part.rows, most - part.table.shape[1] :] = part.table
            start += part.rows
        return Pattern(rows, width, table)
    from scipy.sparse import vstack

    return Pattern(rows, width, None, vstack([part.csr() for part in parts], format="csr"))


def entries_of(
    run: Run,
    ys: Sequence[Node],
    columns: Columns,
    structure: Structure,
    *,
    fixed: Fixed = (),
    strictly: Callable[[], tuple[Fixed, Sequence[Node]]] | None = None,
) -> tuple[Array, int]:
    """The entries of a derivative in the order of its pattern's pairs, and the passes it took.

    strictly: the nodes, and what is fixed, for rows with NaN; they are found again with structural
    zeros kept out of the arithmetic.
    """
    compression = structure.compression
    assert compression is not None
    rows, places = structure.pattern.pairs()
    data = np.zeros(len(rows), run.settings.dtype)
    if compression.forward:
        chosen = np.flatnonzero(~compression.by_row) if compression.reverse else slice(None)
        _forward(run, ys, columns, compression, (rows, places, chosen), data, fixed)
    passes = compression.passes
    if compression.reverse:
        chosen = np.flatnonzero(compression.by_row) if compression.forward else slice(None)
        pairs = (rows, places, chosen)
        _reverse(run, ys, columns, compression.rows, compression.reverse, pairs, data, fixed, False)
    unsure = np.isnan(data)
    if unsure.any() and not any(np.isnan(array).any() for array in run.values.values()):
        again, strict_ys = (fixed, ys) if strictly is None else strictly()
        passes += _again(run, strict_ys, columns, structure.pattern, rows[unsure], data, again)
    data += 0.0  # products with a seed's zeros leave -0.0 behind
    return data, passes


def _forward(
    run: Run,
    ys: Sequence[Node],
    columns: Columns,
    compression: Compression,
    pairs: tuple[Array, Array, Any],
    data: Array,
    fixed: Fixed,
) -> None:
    """Fill entries from forward passes, each along the columns of a colour."""

    def make() -> tuple[list[Node], list[bool], Plan | None]:
        with building(Arena(rewrite, run.settings.max_nodes)), np.errstate(all="ignore"):
            leaves = [seed_leaf(node) for node in columns.nodes]
            parts = jvp(ys, columns.nodes, leaves)
        present = [part is not None for part in parts]
        return leaves, present, batch_plan(run, leaves, parts, fixed)

    names = tuple([node.serial for node in columns.nodes])
    key = ("coloured columns", tuple([y.serial for y in ys]), names)
    leaves, present, plan = run.traced.kept(key, make)
    whole = np.full(sum(leaf.size for leaf in leaves), NONE)
    whole[columns.chosen] = compression.columns
    rows, places, chosen = pairs
    seeds = group_seeds(whole)
    ends = np.cumsum([0, *[y.size for y in ys]])
    mine = compression.columns[places]
    for start, stop, arrays in batches(run, leaves, plan, compression.forward, seeds, fixed):
        found = iter(arrays)
        for place, there in enumerate(present):
            if not there:
                continue
            values = next(found).reshape(stop - start, -1)
            first, last = np.searchsorted(rows, ends[place : place + 2])
            taken = slice(first, last)
            if isinstance(chosen, slice) and stop - start == compression.forward:
                data[taken] = values[mine[taken], rows[taken] - ends[place]]
                continue
            picked = np.arange(first, last) if isinstance(chosen, slice) else chosen
            picked = picked[(picked >= first) & (picked < last)]
            picked = picked[(mine[picked] >= start) & (mine[picked] < stop)]
            data[picked] = values[mine[picked] - start, rows[picked] - ends[place]]


def _reverse(
    run: Run,
    ys: Sequence[Node],
    columns: Columns,
    colours: Array,
    count: int,
    pairs: tuple[Array, Array, Any],
    data: Array,
    fixed: Fixed,
    strict: bool,
) -> None:
    """Fill entries from reverse passes, each from the rows of a colour."""

    def make() -> tuple[list[Node], list[bool], Plan | None]:
        with building(Arena(rewrite, run.settings.max_nodes)), np.errstate(all="ignore"):
            leaves = [seed_leaf(y) for y in ys]
            starts = [
                Cotangent(leaf, OPS["not_equal"](leaf, 0.0) if strict else None) for leaf in leaves
            ]
            parts = vjp(ys, starts, columns.nodes, strict=strict)
        present = [part is not None for part in parts]
        return leaves, present, batch_plan(run, leaves, parts, fixed)

    names = tuple([node.serial for node in columns.nodes])
    key = ("coloured rows", tuple([y.serial for y in ys]), names, strict)
    leaves, present, plan = run.traced.kept(key, make)
    rows, places, chosen = pairs
    seeds = group_seeds(colours)
    ends = np.cumsum([0, *[node.size for node in columns.nodes]])
    picked = np.arange(len(rows)) if isinstance(chosen, slice) else chosen
    mine, whole = colours[rows[picked]], columns.chosen[places[picked]]
    for start, stop, arrays in batches(run, leaves, plan, count, seeds, fixed):
        found = iter(arrays)
        now = (mine >= start) & (mine < stop)
        for place, there in enumerate(present):
            if not there:
                continue
            values = next(found).reshape(stop - start, -1)
            here = now & (whole >= ends[place]) & (whole < ends[place + 1])
            data[picked[here]] = values[mine[here] - start, whole[here] - ends[place]]


def _again(
    run: Run,
    ys: Sequence[Node],
    columns: Columns,
    pattern: Pattern,
    unsure: Array,
    data: Array,
    fixed: Fixed,
) -> int:
    """Find rows again by strict reverse passes, those that share no column together."""
    rows, places = pattern.pairs()
    wanted = np.zeros(pattern.rows, np.bool_)
    wanted[unsure] = True
    chosen = np.flatnonzero(wanted[rows])
    counts = np.where(wanted, pattern.counts(), 0)
    few = pattern.take(np.where(wanted, np.arange(pattern.rows), NONE))
    found = compress(few, "reverse")
    colours = np.full(pattern.rows, NONE)
    if found is None:
        reached = np.flatnonzero(counts)
        colours[reached] = np.arange(len(reached))
        count = len(reached)
    else:
        colours, count = found.rows, found.reverse
    _reverse(run, ys, columns, colours, count, (rows, places, chosen), data, fixed, True)
    return count


def matrix_of(pattern: Pattern, data: Array) -> Any:
    """The matrix with those entries as a SciPy array in compressed rows."""
    from scipy.sparse import csr_array

    rows, columns = pattern.pairs()
    starts = np.zeros(pattern.rows + 1, np.int64)
    np.cumsum(np.bincount(rows, minlength=pattern.rows), out=starts[1:])
    index = np.int32 if max(len(data), pattern.columns) < 2**31 else np.int64
    shape = (pattern.rows, pattern.columns)
    return csr_array((data, columns.astype(index), starts.astype(index)), shape=shape)


def array_of(pattern: Pattern, data: Array) -> Array:
    """The same as an array."""
    rows, columns = pattern.pairs()
    block = np.zeros((pattern.rows, pattern.columns), data.dtype)
    block[rows, columns] = data
    return block


def parted(whole: Any, parts: Sequence[Array]) -> list[Any]:
    """The blocks of a matrix, or of an array, whose columns are those of each part."""
    if len(parts) == 1 and np.array_equal(parts[0], np.arange(whole.shape[1])):
        return [whole]
    return [whole[:, part] for part in parts]
