"""Jacobians: unit seeds, all as one batch, through a derivative graph that is built once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from gradcli.autodiff import jvp, vjp
from gradcli.engine import memory_error
from gradcli.graph import OPS, Arena, Node, building
from gradcli.ops.cotangent import Cotangent
from gradcli.results import JacobianOutput
from gradcli.seeds import batch_plan, batches, seed_leaf, unit_seeds
from gradcli.simplify import rewrite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.engine import Plan
    from gradcli.run import Run
    from gradcli.wrt import Wrt

    Array = np.ndarray[Any, Any]
    Fixed = Sequence[tuple[Node, Array]]

Mode = Literal["auto", "forward", "reverse"]
MODES: tuple[Mode, ...] = ("auto", "forward", "reverse")

def require_memory(run: Run, wanted: list[Wrt]) -> None:
    """Raise LimitError where the blocks of all outputs together do not fit into memory."""
    settings = run.settings
    columns = sum(one.size for one in wanted)
    need = sum(output.size for output in run.outputs) * columns * settings.dtype.itemsize
    if need > settings.max_memory:
        raise memory_error(need, settings.max_memory, ", for the Jacobian alone")


def jacobian_of(
    run: Run, output: Node, value: Array, wanted: list[Wrt], mode: Mode
) -> JacobianOutput:
    """The blocks of one output, each of shape `output.shape + part.shape`."""
    size = sum(one.size for one in wanted)
    if mode == "auto":
        mode = "reverse" if output.size <= size else "forward"
    blocks = [np.zeros((output.size, one.size), run.settings.dtype) for one in wanted]
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
    shaped = {}
    for one, block in zip(wanted, blocks, strict=True):
        block += 0.0  # products with a seed's zeros leave -0.0 behind
        shaped[one.label] = block.reshape(output.shape + one.shape)
    return JacobianOutput(value, shaped, mode, passes)


def rows_with_nan(blocks: list[Array]) -> Array:
    """Rows of some blocks side by side in which there is a NaN."""
    unsure = [np.isnan(block).any(axis=1) for block in blocks]
    return np.flatnonzero(np.logical_or.reduce(unsure)) if unsure else np.arange(0)


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
            block[rows] = found if one.positions is None else found[:, one.columns()]


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
            block[:, start:stop] = found[:, rows].T
