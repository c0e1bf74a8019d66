"""Seeds: many passes through a derivative graph as one batch, in chunks that memory allows."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.graph import Node
from gradcli.ops.leaves import input_

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gradcli.engine import Plan
    from gradcli.run import Run

    Array = np.ndarray[Any, Any]
    Fixed = Sequence[tuple[Node, Array]]
    Watch = Callable[[int, int], None]

WORKING_SET = 8 << 20
"""Bytes that a chunk of batched seeds aims to stay under, so that it runs near the caches."""

_watch: ContextVar[Watch | None] = ContextVar("watch", default=None)


@contextmanager
def watching(watch: Watch | None) -> Iterator[None]:
    """Within this context, `watch(done, total)` hears of passes, or rows, as they are done."""
    token = _watch.set(watch)
    try:
        yield
    finally:
        _watch.reset(token)


def progress(done: int, total: int) -> None:
    """Tell whoever watches how much of some work is done."""
    watch = _watch.get()
    if watch is not None:
        watch(done, total)


def seed_leaf(like: Node) -> Node:
    """A leaf of a node's shape, to be bound to seeds or tangents when the plan is run."""
    return Node(input_, (), (like.shape, "seed", "real"), ((like.shape, "real"),))


def batch_plan(
    run: Run, leaves: Sequence[Node], parts: Sequence[Node | None], fixed: Fixed
) -> Plan | None:
    """A plan for those of the parts that are there, with batches for the leaves."""
    present = [part for part in parts if part is not None]
    bound = [*leaves, *[other for other, _ in fixed]]
    return run.traced.checked_plan(present, bound, leaves) if present else None


def unit_seeds(places: Array) -> Callable[[int, int, Array], None]:
    """Seeds with a single one each, at `places`, for a single leaf."""

    def fill(start: int, stop: int, seeds: Array) -> None:
        seeds[np.arange(stop - start), places[start:stop]] = 1

    return fill


def group_seeds(colours: Array) -> Callable[[int, int, Array], None]:
    """Seeds with ones wherever a colour is theirs; negative colours are in none."""

    def fill(start: int, stop: int, seeds: Array) -> None:
        places = np.flatnonzero((colours >= start) & (colours < stop))
        seeds[colours[places] - start, places] = 1

    return fill


def batches(
    run: Run,
    leaves: Sequence[Node],
    plan: Plan | None,
    count: int,
    fill: Callable[[int, int, Array], None],
    fixed: Fixed,
) -> Iterator[tuple[int, int, list[Array]]]:
    """Run `count` seeds, a chunk at a time: where it starts and stops, and the parts' arrays.

    fill(start, stop, seeds) puts ones into zeros of shape (stop - start, elements of all leaves).
    """
    if plan is None or not count:
        return
    dtype, limit = run.settings.dtype, run.settings.max_memory
    values = {**run.values, **{other.serial: array for other, array in fixed}}
    size = sum(leaf.size for leaf in leaves)
    base = plan.peak(1)[0]
    each = max(1, plan.peak(2)[0] - base) + size * dtype.itemsize
    chunk = int(max(1, min(count, WORKING_SET // each, (limit - base) // each)))
    for start in range(0, count, chunk):
        stop = min(start + chunk, count)
        progress(start, count)
        seeds = np.zeros((stop - start, size), dtype)
        fill(start, stop, seeds)
        first = 0
        for leaf in leaves:
            part = seeds[:, first : first + leaf.size]
            values[leaf.serial] = np.ascontiguousarray(part).reshape(-1, *leaf.shape)
            first += leaf.size
        arrays = plan.run(values)
        yield (
            start,
            stop,
            [
                array if batched else np.broadcast_to(array, (stop - start, *array.shape))
                for array, batched in zip(arrays, plan.output_batched, strict=True)
            ],
        )
    progress(count, count)
