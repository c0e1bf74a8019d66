"""Jacobians: unit seeds, all as one batch, through a derivative graph that is built once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from gradcli.autodiff import jvp, vjp
from gradcli.autodiff.colouring import LEAST
from gradcli.engine import memory_error
from gradcli.graph import OPS, Arena, Node, building
from gradcli.ops.cotangent import Cotangent
from gradcli.results import Facts, JacobianOutput
from gradcli.seeds import WORKING_SET, batch_plan, batches, seed_leaf, unit_seeds
from gradcli.simplify import rewrite
from gradcli.sparse import (
    array_of,
    columns_of,
    entries_of,
    matrix_of,
    parted,
    structure_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradcli.engine import Plan
    from gradcli.run import Run
    from gradcli.sparse import Structure
    from gradcli.wrt import Wrt

    Array = np.ndarray[Any, Any]
    Fixed = Sequence[tuple[Node, Array]]
    Allocate = Callable[[tuple[int, ...], Any], Array]

Mode = Literal["auto", "forward", "reverse"]
MODES: tuple[Mode, ...] = ("auto", "forward", "reverse")

ON_DISK = 64 << 20
"""Bytes from which a dense block is computed where it is to be written, if it is."""


def jacobian_of(
    run: Run,
    output: Node,
    value: Array,
    wanted: list[Wrt],
    mode: Mode,
    sparse: bool | None = False,
    held: int = 0,
    allocate: Allocate | None = None,
) -> JacobianOutput:
    """The blocks of one output, each of shape `output.shape + part.shape`.

    sparse: blocks are SciPy arrays in compressed rows, with a row for each element of the output
    and a column for each of the part; None leaves them so where dense ones would be large and hold
    hardly anything but zeros. held: numbers in memory beside them. allocate: gives the array of a
    large dense block, by its shape, where it is not to lie in memory. Raises LimitError where they
    do not fit.
    """
    columns = columns_of(wanted)
    structure = None
    if sparse or output.size * columns.width > LEAST:
        structure = structure_of(run, [output], columns, mode)
    if sparse is None:
        sparse = structure is not None and structure.few
    cells = output.size * sum(one.size for one in wanted)
    coloured = structure is not None and structure.compression is not None
    if sparse or coloured or len(wanted) != 1 or cells * run.settings.dtype.itemsize < ON_DISK:
        allocate = None
    if allocate is None:
        require_memory(run, cells, "Jacobian", structure, sparse, held)
    data = None
    if structure is None or structure.compression is None:
        blocks, mode, passes = _dense(run, output, wanted, mode, allocate)
        if sparse and (structure is None or structure.pattern.full):
            blocks = [compressed(block) for block in blocks]
        elif sparse and structure is not None:
            rows, places = structure.pattern.pairs()
            whole = np.zeros((output.size, columns.width), run.settings.dtype)
            for block, part in zip(blocks, columns.parts, strict=True):
                whole[:, part] = block
            blocks = parted(matrix_of(structure.pattern, whole[rows, places]), columns.parts)
        used: str = mode
    else:
        data, passes = entries_of(run, [output], columns, structure)
        whole = matrix_of(structure.pattern, data) if sparse else array_of(structure.pattern, data)
        blocks = parted(whole, columns.parts)
        used = structure.compression.mode
    shaped = {
        one.label: block if sparse else block.reshape(output.shape + one.shape)
        for one, block in zip(wanted, blocks, strict=True)
    }
    facts = facts_of(structure, output.size, columns.width, bool(sparse))
    if facts is not None and structure is not None:
        facts = facts._replace(name=structure.names(list(shaped), columns), values=data)
    return JacobianOutput(value, shaped, used, passes, facts)


def facts_of(structure: Structure | None, rows: int, columns: int, sparse: bool) -> Facts | None:
    """What to say of a structure that saved passes, or is asked for."""
    if structure is None or structure.entries == rows * columns:
        return None
    if structure.compression is None and not sparse:
        return None
    return Facts(structure.name, structure.entries, min(rows, columns))


def require_memory(
    run: Run,
    cells: int,
    what: str,
    structure: Structure | None,
    sparse: bool | None,
    held: int = 0,
) -> None:
    """Raise LimitError where so many numbers, or the entries that are kept, do not fit."""
    settings = run.settings
    compressed = structure is not None and structure.compression is not None
    if sparse and structure is not None and compressed:
        cells = 3 * structure.entries
    need = (cells + held) * settings.dtype.itemsize
    if need > settings.max_memory:
        error = memory_error(need, settings.max_memory, f", for the {what} alone")
        if structure is not None and compressed and not sparse:
            error.hint = (
                f"it is {structure.name}, with {structure.entries:,} entries: ask for a sparse one "
                "(--sparse, or sparse=True)"
            )
        elif what == "Jacobian" and not sparse:
            error.hint += "; `-o FILE.npy` computes it in the file"
        raise error


def compressed(block: Array) -> Any:
    """An array as a SciPy array in compressed rows."""
    from scipy.sparse import csr_array

    return csr_array(block)


def _dense(
    run: Run, output: Node, wanted: list[Wrt], mode: Mode, allocate: Allocate | None
) -> tuple[list[Array], Literal["forward", "reverse"], int]:
    """Blocks by unit seeds, one for each row or column; how, and the passes that it took."""
    size = sum(one.size for one in wanted)
    if mode == "auto":
        mode = "reverse" if output.size <= size else "forward"
    dtype = run.settings.dtype
    if allocate is None:
        blocks = [np.zeros((output.size, one.size), dtype) for one in wanted]
    else:
        (one,) = wanted
        blocks = [allocate(output.shape + one.shape, dtype).reshape(output.size, one.size)]
    every = np.arange(output.size)
    if mode == "reverse":
        fill_rows(run, output, wanted, blocks, every, every)
    else:
        for place, one in enumerate(wanted):
            fill_columns(run, [output], one, [blocks[place]], [every])
    passes = output.size if mode == "reverse" else size
    # Rows with NaN are found again, with structural zeros kept out of the arithmetic.
    unsure = rows_with_nan(blocks)
    if len(unsure) and not any(np.isnan(array).any() for array in run.values.values()):
        fill_rows(run, output, wanted, blocks, unsure, unsure, strict=True)
        passes += len(unsure)
    return blocks, mode, passes


def rows_with_nan(blocks: list[Array]) -> Array:
    """Rows of some blocks side by side in which there is a NaN."""
    unsure = [_with_nan(block) for block in blocks]
    return np.flatnonzero(np.logical_or.reduce(unsure)) if unsure else np.arange(0)


def _with_nan(block: Array) -> Array:
    """Which rows have a NaN, a part of them at a time: the block may be larger than memory."""
    found = np.zeros(len(block), np.bool_)
    step = max(1, WORKING_SET // max(1, block.shape[1] * block.itemsize))
    for start in range(0, len(block), step):
        found[start : start + step] = np.isnan(block[start : start + step]).any(axis=1)
    return found


def fill_rows(
    run: Run,
    output: Node,
    wanted: list[Wrt],
    blocks: list[Array],
    places: Array,
    into: Array,
    *,
    fixed: Fixed = (),
    strict: bool = False,
) -> None:
    """Fill rows `into` of the blocks with derivatives of elements `places`, a pass for each.

    fixed: leaves that the output depends on beside the inputs, and their arrays.
    """
    if not wanted:
        return
    nodes = [one.node for one in wanted]

    def make() -> tuple[Node, list[Node | None], Plan | None]:
        with building(Arena(rewrite, run.settings.max_nodes)), np.errstate(all="ignore"):
            leaf = seed_leaf(output)
            seed = Cotangent(leaf, OPS["not_equal"](leaf, 0.0) if strict else None)
            parts = vjp([output], [seed], nodes, strict=strict)
        return leaf, parts, batch_plan(run, [leaf], parts, fixed)

    key = ("rows", output.serial, tuple([node.serial for node in nodes]), strict)
    leaf, parts, plan = run.traced.kept(key, make)
    targets = [
        (block, one)
        for block, one, part in zip(blocks, wanted, parts, strict=True)
        if part is not None
    ]
    seeds = unit_seeds(places)
    for start, stop, arrays in batches(run, [leaf], plan, len(places), seeds, fixed):
        rows = into[start:stop]
        for (block, one), array in zip(targets, arrays, strict=True):
            found = array.reshape(stop - start, -1)
            put_plain(block, rows, found if one.positions is None else found[:, one.columns()])


def fill_columns(
    run: Run,
    outputs: list[Node],
    one: Wrt,
    blocks: list[Array],
    places: list[Array],
    *,
    fixed: Fixed = (),
) -> None:
    """Fill a block of each output, whose rows are its elements `places`, a pass for each column."""

    def make() -> tuple[Node, list[bool], Plan | None]:
        with building(Arena(rewrite, run.settings.max_nodes)), np.errstate(all="ignore"):
            leaf = seed_leaf(one.node)
            parts = jvp(outputs, [one.node], [leaf])
        present = [part is not None for part in parts]
        return leaf, present, batch_plan(run, [leaf], parts, fixed)

    key = ("columns", tuple([output.serial for output in outputs]), one.node.serial)
    leaf, present, plan = run.traced.kept(key, make)
    targets = [
        pair for pair, there in zip(zip(blocks, places, strict=True), present, strict=True) if there
    ]
    seeds = unit_seeds(one.columns())
    for start, stop, arrays in batches(run, [leaf], plan, one.size, seeds, fixed):
        for (block, rows), array in zip(targets, arrays, strict=True):
            found = array.reshape(stop - start, -1)
            np.add(found[:, rows].T, 0.0, out=block[:, start:stop])


def put_plain(block: Array, rows: Array, found: Array) -> None:
    """Put rows into a block, without the -0.0 that products with a seed's zeros leave behind."""
    first, last = int(rows[0]), int(rows[-1])
    if last - first + 1 == len(rows) and np.all(rows[1:] > rows[:-1]):
        np.add(found, 0.0, out=block[first : last + 1])
    else:
        block[rows] = found + 0.0
