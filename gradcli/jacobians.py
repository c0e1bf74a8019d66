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
    from collections.abc import Iterator

    from gradcli.engine import Plan
    from gradcli.run import Run
    from gradcli.wrt import Wrt

    Array = np.ndarray[Any, Any]

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
    columns = sum(one.size for one in wanted)
    if mode == "auto":
        mode = "reverse" if output.size <= columns else "forward"
    blocks = [np.zeros((output.size, one.size), run.settings.dtype) for one in wanted]
    if mode == "reverse":
        _reverse(run, output, wanted, blocks, np.arange(output.size), False)
    else:
        _forward(run, output, wanted, blocks)
    passes = output.size if mode == "reverse" else columns
    # Rows with NaN are found again, with structural zeros kept out of the arithmetic.
    unsure = np.zeros(output.size, np.bool_)
    for block in blocks:
        unsure |= np.isnan(block).any(axis=1)
    if unsure.any() and not any(np.isnan(array).any() for array in run.values.values()):
        _reverse(run, output, wanted, blocks, np.flatnonzero(unsure), True)
        passes += int(unsure.sum())
    shaped = {}
    for one, block in zip(wanted, blocks, strict=True):
        block += 0.0  # products with a seed's zeros leave -0.0 behind
        shaped[one.label] = block.reshape(output.shape + one.shape)
    return JacobianOutput(value, shaped, mode, passes)


def _reverse(
    run: Run, output: Node, wanted: list[Wrt], blocks: list[Array], rows: Array, strict: bool
) -> None:
    """Fill the named rows of the blocks, a pass for each."""
    if not wanted:
        return
    nodes = [one.node for one in wanted]

    def make() -> tuple[Node, list[Node | None], Plan | None]:
        with building(Arena(rewrite, run.settings.max_nodes)), np.errstate(all="ignore"):
            leaf = seed_leaf(output)
            seed = Cotangent(leaf, OPS["not_equal"](leaf, 0.0) if strict else None)
            parts = vjp([output], [seed], nodes, strict=strict)
        return leaf, parts, _batch_plan(run, leaf, parts)

    key = ("rows", output.serial, tuple([node.serial for node in nodes]), strict)
    leaf, parts, plan = run.traced.kept(key, make)
    targets = [
        (block, one)
        for block, one, part in zip(blocks, wanted, parts, strict=True)
        if part is not None
    ]
    for taken, arrays in _batches(run, leaf, plan, rows):
        for (block, one), array in zip(targets, arrays, strict=True):
            found = array.reshape(len(taken), -1)
            block[taken] = found if one.positions is None else found[:, one.columns()]


def _forward(run: Run, output: Node, wanted: list[Wrt], blocks: list[Array]) -> None:
    """Fill the blocks column by column, a pass for each."""
    for one, block in zip(wanted, blocks, strict=True):

        def make(node: Node = one.node) -> tuple[Node, Plan | None]:
            with building(Arena(rewrite, run.settings.max_nodes)), np.errstate(all="ignore"):
                leaf = seed_leaf(node)
                parts = jvp([output], [node], [leaf])
            return leaf, _batch_plan(run, leaf, parts)

        key = ("columns", output.serial, one.node.serial)
        leaf, plan = run.traced.kept(key, make)
        start = 0
        for taken, (array,) in _batches(run, leaf, plan, one.columns()):
            block[:, start : start + len(taken)] = array.reshape(len(taken), -1).T
            start += len(taken)


def _batch_plan(run: Run, leaf: Node, parts: list[Node | None]) -> Plan | None:
    present = [part for part in parts if part is not None]
    return run.traced.checked_plan(present, [leaf], [leaf]) if present else None


def _batches(
    run: Run, leaf: Node, plan: Plan | None, places: Array
) -> Iterator[tuple[Array, list[Array]]]:
    """Run unit seeds at `places` of the leaf, a chunk of them at a time."""
    if plan is None or not len(places):
        return
    dtype, limit = run.settings.dtype, run.settings.max_memory
    base = plan.peak(1)[0]
    each = max(1, plan.peak(2)[0] - base) + leaf.size * dtype.itemsize
    chunk = int(max(1, min(len(places), WORKING_SET // each, (limit - base) // each)))
    for start in range(0, len(places), chunk):
        taken = places[start : start + chunk]
        count = len(taken)
        seeds = np.zeros((count, leaf.size), dtype)
        seeds[np.arange(count), taken] = 1
        arrays = plan.run({**run.values, leaf.serial: seeds.reshape(count, *leaf.shape)})
        yield (
            taken,
            [
                array if batched else np.broadcast_to(array, (count, *array.shape))
                for array, batched in zip(arrays, plan.output_batched, strict=True)
            ],
        )


def seed_leaf(like: Node) -> Node:
    """A leaf of a node's shape, to be bound to seeds or tangents when the plan is run."""
    return Node(input_, (), (like.shape, "seed", "real"), ((like.shape, "real"),))
