"""Jacobians: unit seeds, all as one batch, through a derivative graph that is built once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from gradcli.autodiff import jvp, vjp
from gradcli.engine import memory_error
from gradcli.graph import OPS, Arena, Node, building
from gradcli.ops.cotangent import Cotangent
from gradcli.ops.leaves import input_
from gradcli.results import JacobianOutput
from gradcli.simplify import rewrite

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gradcli.engine import Plan
    from gradcli.run import Run
    from gradcli.wrt import Wrt

    Array = np.ndarray[Any, Any]
    Fixed = Sequence[tuple[Node, Array]]

Mode = Literal["auto", "forward", "reverse"]
MODES: tuple[Mode, ...] = ("auto", "forward", "reverse")
WORKING_SET = 128 << 20
"""Bytes that a chunk of batched seeds aims to stay under, so that it runs near the caches."""


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
        return leaf, parts, _batch_plan(run, leaf, parts, fixed)

    key = ("rows", output.serial, tuple([node.serial for node in nodes]), strict)
    leaf, parts, plan = run.traced.kept(key, make)
    targets = [
        (block, one)
        for block, one, part in zip(blocks, wanted, parts, strict=True)
        if part is not None
    ]
    for start, taken, arrays in _batches(run, leaf, plan, places, fixed):
        rows = into[start : start + len(taken)]
        for (block, one), array in zip(targets, arrays, strict=True):
            found = array.reshape(len(taken), -1)
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
        return leaf, present, _batch_plan(run, leaf, parts, fixed)

    key = ("columns", tuple([output.serial for output in outputs]), one.node.serial)
    leaf, present, plan = run.traced.kept(key, make)
    targets = [
        pair for pair, there in zip(zip(blocks, places, strict=True), present, strict=True) if there
    ]
    for start, taken, arrays in _batches(run, leaf, plan, one.columns(), fixed):
        for (block, rows), array in zip(targets, arrays, strict=True):
            found = array.reshape(len(taken), -1)
            block[:, start : start + len(taken)] = found[:, rows].T


def _batch_plan(run: Run, leaf: Node, parts: list[Node | None], fixed: Fixed) -> Plan | None:
    present = [part for part in parts if part is not None]
    bound = [leaf, *[other for other, _ in fixed]]
    return run.traced.checked_plan(present, bound, [leaf]) if present else None


def _batches(
    run: Run, leaf: Node, plan: Plan | None, places: Array, fixed: Fixed
) -> Iterator[tuple[int, Array, list[Array]]]:
    """Run unit seeds at `places` of the leaf, a chunk of them at a time, with its start."""
    if plan is None or not len(places):
        return
    dtype, limit = run.settings.dtype, run.settings.max_memory
    values = {**run.values, **{other.serial: array for other, array in fixed}}
    base = plan.peak(1)[0]
    each = max(1, plan.peak(2)[0] - base) + leaf.size * dtype.itemsize
    chunk = int(max(1, min(len(places), WORKING_SET // each, (limit - base) // each)))
    for start in range(0, len(places), chunk):
        taken = places[start : start + chunk]
        count = len(taken)
        seeds = np.zeros((count, leaf.size), dtype)
        seeds[np.arange(count), taken] = 1
        arrays = plan.run({**values, leaf.serial: seeds.reshape(count, *leaf.shape)})
        yield (
            start,
            taken,
            [
                array if batched else np.broadcast_to(array, (count, *array.shape))
                for array, batched in zip(arrays, plan.output_batched, strict=True)
            ],
        )


def seed_leaf(like: Node) -> Node:
    """A leaf of a node's shape, to be bound to seeds or tangents when the plan is run."""
    return Node(input_, (), (like.shape, "seed", "real"), ((like.shape, "real"),))
