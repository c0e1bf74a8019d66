"""Jacobians: unit seeds, all as one batch, through a derivative graph that is built once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from gradcli.autodiff import jvp, vjp
from gradcli.engine import Plan, memory_error
from gradcli.graph import OPS, Arena, Node, building
from gradcli.ops.cotangent import Cotangent
from gradcli.ops.leaves import input_
from gradcli.results import JacobianOutput
from gradcli.simplify import rewrite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradcli.session import Traced
    from gradcli.wrt import Wrt

    Array = np.ndarray[Any, Any]

Mode = Literal["auto", "forward", "reverse"]
WORKING_SET = 128 << 20
"""Bytes that a chunk of batched seeds aims to stay under, so that it runs near the caches."""


def jacobian_of(
    traced: Traced, output: Node, value: Array, wanted: list[Wrt], mode: Mode
) -> JacobianOutput:
    """The blocks of one output, each of shape `output.shape + part.shape`.

    Raises LimitError where they do not fit into memory.
    """
    columns = sum(one.size for one in wanted)
    settings = traced.settings
    need = output.size * columns * settings.dtype.itemsize
    if need > settings.max_memory:
        raise memory_error(need, settings.max_memory, ", for the Jacobian alone")
    if mode == "auto":
        mode = "reverse" if output.size <= columns else "forward"
    blocks = [np.zeros((output.size, one.size), settings.dtype) for one in wanted]
    fill = _reverse if mode == "reverse" else _forward
    fill(traced, output, wanted, blocks, False)
    if any(np.isnan(block).any() for block in blocks):
        for block in blocks:
            block[...] = 0
        _reverse(traced, output, wanted, blocks, True)
    shaped = {}
    for one, block in zip(wanted, blocks, strict=True):
        block += 0.0  # products with a seed's zeros leave -0.0 behind
        shaped[one.label] = block.reshape(output.shape + one.shape)
    return JacobianOutput(value, shaped, mode, output.size if mode == "reverse" else columns)


def _reverse(
    traced: Traced, output: Node, wanted: list[Wrt], blocks: list[Array], strict: bool
) -> None:
    """Fill the blocks row by row."""
    with building(Arena(rewrite)), np.errstate(all="ignore"):
        leaf = seed_leaf(output)
        seed = Cotangent(leaf, OPS["not_equal"](leaf, 0.0) if strict else None)
        parts = vjp([output], [seed], [one.node for one in wanted], strict=strict) if wanted else []
    targets = [
        (block, one, part)
        for block, one, part in zip(blocks, wanted, parts, strict=True)
        if part is not None
    ]
    every = np.arange(leaf.size)
    for start, arrays in _batches(traced, leaf, every, [part for _, _, part in targets]):
        for (block, one, _), array in zip(targets, arrays, strict=True):
            rows = array.reshape(len(array), -1)
            if one.positions is not None:
                rows = rows[:, one.columns()]
            block[start : start + len(array)] = rows


def _forward(
    traced: Traced, output: Node, wanted: list[Wrt], blocks: list[Array], strict: bool
) -> None:
    """Fill the blocks column by column; nothing here is strict."""
    for one, block in zip(wanted, blocks, strict=True):
        with building(Arena(rewrite)), np.errstate(all="ignore"):
            leaf = seed_leaf(one.node)
            (part,) = jvp([output], [one.node], [leaf])
        if part is None:
            continue
        for start, (array,) in _batches(traced, leaf, one.columns(), [part]):
            block[:, start : start + len(array)] = array.reshape(len(array), -1).T


def _batches(
    traced: Traced, leaf: Node, places: Array, results: list[Node]
) -> Iterator[tuple[int, list[Array]]]:
    """Run unit seeds at `places` of the leaf through `results`, a chunk of them at a time."""
    if not results or not len(places):
        return
    dtype, limit = traced.settings.dtype, traced.settings.max_memory
    plan = Plan(results, [*traced.inputs.values(), leaf], [leaf], dtype)
    plan.require(limit)
    base = plan.peak(1)[0]
    each = max(1, plan.peak(2)[0] - base) + leaf.size * dtype.itemsize
    chunk = int(max(1, min(len(places), WORKING_SET // each, (limit - base) // each)))
    for start in range(0, len(places), chunk):
        taken = places[start : start + chunk]
        count = len(taken)
        seeds = np.zeros((count, leaf.size), dtype)
        seeds[np.arange(count), taken] = 1
        values = {**traced.values, leaf.serial: seeds.reshape(count, *leaf.shape)}
        arrays = plan.run(values)
        yield (
            start,
            [
                array if batched else np.broadcast_to(array, (count, *array.shape))
                for array, batched in zip(arrays, plan.output_batched, strict=True)
            ],
        )


def seed_leaf(like: Node) -> Node:
    """A leaf of a node's shape, to be bound to seeds or tangents when the plan is run."""
    return Node(input_, (), (like.shape, "seed", "real"), ((like.shape, "real"),))
