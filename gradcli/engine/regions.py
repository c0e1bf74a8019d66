"""Regions: elementwise steps of one shape that run tile by tile, spread over threads.

A tile's values stay in cache between one step and the next: ufuncs write into a few buffers that
are used again as soon as nothing reads them. What is needed elsewhere is written to an array, where
possible that of an operand that dies here. Reductions run on each tile, and their results are
combined in the tiles' order.
"""

from __future__ import annotations

import math
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.engine.pool import POOL
from gradcli.engine.tiles import Tiling
from gradcli.ops.leaves import storage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gradcli.engine.plan import Plan
    from gradcli.engine.threads import Crew
    from gradcli.graph import Node, Shape

    Array = np.ndarray[Any, Any]

WORTH_THREADS = 1 << 21
"""Instructions, about, from which a region is spread over threads: handing over has its price."""

CACHE = 1 << 21
"""Bytes that the buffers of a tile aim to stay under."""

LEAST_TILE = 1 << 12
"""Elements that a tile has at least: below, calls would cost more than they compute."""


def reduces_in_tiles(node: Node, shape: Shape, tile: int) -> bool:
    """Whether a node reduces an operand of that shape, and tile by tile at no great cost.

    What tiles leave is held until they are combined: so either each of them must reduce well, or
    none is combined with another.
    """
    if node.op.reduces is None:
        return False
    axes = frozenset([axis % len(shape) for axis in node.params[0]])
    tiling = Tiling(shape, [], [axes], tile)
    (reduced,) = tiling.reduced
    inside = [tiling.rows, *tiling.extents[tiling.split + 1 :]]
    taken = math.prod([n for axis, n in enumerate(inside, tiling.split) if axis in reduced])
    return not tiling.combined(0) or taken >= 16


def writer(call: Callable[..., Any]) -> Callable[..., Any] | None:
    """What writes a result to `out`, of a function of elements; None where it makes an array."""
    return call if isinstance(call, np.ufunc) else getattr(call, "into", None)


class Region:
    """Elementwise steps `members` (in order) over one shape.

    stored: members whose values others read. ends: reductions of members. As a unit of a schedule
    it makes the values at `places` from those at `operands`.
    """

    def __init__(
        self, plan: Plan, shape: Shape, members: list[int], stored: list[int], ends: list[int]
    ) -> None:
        self.plan = plan
        self.shape = shape
        self.members = members
        self.stored = stored
        self.ends = ends
        self.places = [*stored, *ends]
        self.batch = shape[0] if plan.flags[members[0]] else 1
        inside = set(members)
        read = [one for place in members for one in plan.operands[place] if one not in inside]
        self.operands = tuple(dict.fromkeys(read))
        self.axes = [
            frozenset([axis % len(shape) for axis in plan.nodes[end].params[0]]) for end in ends
        ]
        self.reducers: list[Any] = [plan.nodes[end].op.reduces for end in ends]
        self.reused: dict[int, int] = {}
        work = sum([1 if plan.nodes[place].op.cheap else 10 for place in members])
        self.worth_threads = work * math.prod(shape) >= WORTH_THREADS

    # --- compilation -----------------------------------------------------------------------------

    def compile(self, dying: list[int], pooled: set[int]) -> None:
        """Assign buffers.

        dying: operands read here for the last time, whose arrays are free. pooled: values whose
        arrays go back to the pool.
        """
        plan = self.plan
        self.pooled = pooled.intersection(self.stored)
        self._cells: dict[int, int] = {}
        for place in (*self.operands, *self.members):
            self._cells[place] = len(self._cells)
        self._calls = {place: self._call(place) for place in self.members}
        last = self._last_reads()
        self.reused = self._taken_over(last, [one for one in dying if one in last])
        self.buffers: list[Any] = []
        self._buffer_of: dict[int, int] = {}
        free: dict[Any, list[int]] = {}
        dies: dict[int, list[int]] = {}
        for place, at in last.items():
            dies.setdefault(at, []).append(place)
        stored = set(self.stored)

        def release(number: int) -> None:
            for dead in dies.get(number, ()):
                buffer = self._buffer_of.get(dead)
                if buffer is not None:
                    free[self.buffers[buffer]].append(buffer)

        for number, place in enumerate(self.members):
            call = self._calls[place]
            # An operand's buffer may take the result: a ufunc may write where it reads.
            if isinstance(call, np.ufunc):
                release(number)
            if place not in stored and writer(call) is not None:
                dtype = np.dtype(storage(plan.nodes[place].kind, plan.dtype))
                kept = free.setdefault(dtype, [])
                if not kept:
                    kept.append(len(self.buffers))
                    self.buffers.append(dtype)
                self._buffer_of[place] = kept.pop()
            if not isinstance(call, np.ufunc):
                release(number)
        self._instructions = [self._instruction(place, stored) for place in self.members]
        used = len(self.buffers) + len(self.operands) + len(self.stored)
        self.tile = min(plan.tile, max(1, CACHE // (8 * used * LEAST_TILE)) * LEAST_TILE)

    def _call(self, place: int) -> Callable[..., Any]:
        node = self.plan.nodes[place]
        return node.op.elements(node, self.plan.dtype)

    def _last_reads(self) -> dict[int, int]:
        """For each place the number of the member that reads it last; its own where none does."""
        last: dict[int, int] = {}
        for number, place in enumerate(self.members):
            last[place] = number
            for operand in self.plan.operands[place]:
                last[operand] = number
        for place in reversed(self.members):
            if writer(self._calls[place]) is None:
                # What a function gives may be what it was given.
                for operand in self.plan.operands[place]:
                    last[operand] = max(last[operand], last[place])
        return last

    def _taken_over(self, last: dict[int, int], dying: list[int]) -> dict[int, int]:
        """For members to be stored, operands that die here and whose arrays may hold them."""
        plan = self.plan
        taken: dict[int, int] = {}
        kinds = {place: storage(plan.nodes[place].kind, plan.dtype) for place in dying}
        for number, place in enumerate(self.members):
            # What is handed out is to own its memory.
            if place not in self.pooled:
                continue
            held = storage(plan.nodes[place].kind, plan.dtype)
            for operand in dying:
                fits = plan.nodes[operand].shape == plan.nodes[place].shape
                alike = plan.flags[operand] == plan.flags[place] and kinds[operand] == held
                # Only a ufunc may write where it reads.
                behind = number + isinstance(self._calls[place], np.ufunc)
                if fits and alike and last[operand] < behind and operand not in taken.values():
                    taken[place] = operand
                    break
        return taken

    def _instruction(self, place: int, stored: set[int]) -> tuple[Any, ...]:
        """(function, whether it writes, operands, result, whether it is stored, reductions)."""
        cells = self._cells
        operands = [cells[operand] for operand in self.plan.operands[place]]
        ends = [
            number for number, end in enumerate(self.ends) if self.plan.operands[end][0] == place
        ]
        call = self._calls[place]
        write = writer(call)
        return write or call, write is not None, operands, cells[place], place in stored, ends

    def working_bytes(self) -> int:
        """Bytes that a run holds beside its operands and results, about."""
        tiling = Tiling(self.shape, [], self.axes, self.tile)
        buffers = sum([dtype.itemsize for dtype in self.buffers]) * tiling.elements
        left = [math.prod(tiling.partial_shape(number)) * 8 for number in range(len(self.ends))]
        return int(buffers * self.plan.threads + sum(left))

    def reused_bytes(self) -> int:
        """Bytes of the operands whose arrays hold results."""
        return sum([self.plan.place_bytes(one, self.batch) for one in self.reused.values()])

    # --- running ---------------------------------------------------------------------------------

    def run(self, held: list[Any], crew: Crew) -> None:
        """Compute the values from those that are held."""
        Pass(self, held).run(held, crew)

    def aligned(self, place: int, array: Array) -> Array:
        """An operand with as many axes as the region."""
        rank = len(self.shape)
        if array.ndim == rank or not array.ndim:
            return array
        lead = array.shape[:1] if self.plan.flags[place] else ()
        inner = array.shape[len(lead) :]
        return array.reshape((*lead, *[1] * (rank - len(lead) - len(inner)), *inner))


class Pass:
    """One run of a region over its tiles."""

    def __init__(self, region: Region, held: list[Any]) -> None:
        self.region = region
        plan, shape = region.plan, region.shape
        arrays = [region.aligned(place, held[place]) for place in region.operands]
        tiling = Tiling(shape, [one for one in arrays if one.ndim], region.axes, region.tile)
        self.tiling = tiling
        self.outputs: dict[int, Array] = {}
        for place in region.stored:
            array = held[region.reused[place]] if place in region.reused else None
            if array is None or not array.flags.c_contiguous or not array.flags.writeable:
                make = POOL.take if place in region.pooled else np.empty
                array = make(shape, storage(plan.nodes[place].kind, plan.dtype))
            self.outputs[place] = array
        self.partials = [
            np.empty(tiling.partial_shape(number), storage(plan.nodes[end].kind, plan.dtype))
            for number, end in enumerate(region.ends)
        ]
        # Cells hold what instructions read and write: some are the same for every tile.
        self.cells: list[Any] = [None] * (len(region.operands) + len(region.members))
        self.sliced: list[tuple[int, Array, list[bool]]] = []
        for cell, array in enumerate(arrays):
            if not array.ndim:
                self.cells[cell] = array
                continue
            joined = tiling.joined(array, shape)
            whole = [n == extent for n, extent in zip(joined.shape, tiling.extents, strict=True)]
            self.sliced.append((cell, joined, whole))
        for place, array in self.outputs.items():
            joined = array.reshape(tiling.extents)
            self.sliced.append((region._cells[place], joined, [True] * joined.ndim))
        self.numbers: Iterator[int] = count()
        self.failed = False

    def run(self, held: list[Any], crew: Crew) -> None:
        """Run all tiles, and leave the results where others find them."""
        crew.run(self.work, self.tiling.count if self.region.worth_threads else 1)
        region, tiling = self.region, self.tiling
        for place, array in self.outputs.items():
            held[place] = array
        for number, end in enumerate(region.ends):
            value = self.partials[number]
            axes = tiling.combined(number)
            if axes:
                value = region.reducers[number].reduce(value, axis=axes)
            batch = region.shape[:1] if region.plan.flags[end] else ()
            held[end] = np.asarray(value).reshape(batch + region.plan.nodes[end].shape)

    def work(self) -> None:
        """Take tiles until none is left, or one has failed."""
        try:
            self._tiles()
        except BaseException:
            self.failed = True
            raise

    def _tiles(self) -> None:
        tiling, region = self.tiling, self.region
        cells = self.cells.copy()
        buffers = [POOL.take((tiling.elements,), dtype) for dtype in region.buffers]
        places = [(region._cells[place], one) for place, one in region._buffer_of.items()]
        kept = len(tiling.extents) - tiling.split
        axes = [
            tuple([axis - tiling.split for axis in sorted(reduced) if axis >= tiling.split])
            for reduced in tiling.reduced
        ]
        held = -1
        nothing = slice(None)
        for number in self.numbers:
            if number >= tiling.count or self.failed:
                break
            outer, chunk, span = tiling.index(number)
            rows = span.stop - span.start
            if rows != held:
                held, shape = rows, tiling.shape(rows)
                size = math.prod(shape)
                views = [buffer[:size].reshape(shape) for buffer in buffers]
                for cell, one in places:
                    cells[cell] = views[one]
            for cell, array, whole in self.sliced:
                if kept == len(whole):
                    cells[cell] = array[span if whole[0] else nothing]
                else:
                    at: list[Any] = [o if w else 0 for o, w in zip(outer, whole, strict=False)]
                    at.append(span if whole[tiling.split] else nothing)
                    cells[cell] = array[tuple(at)]
            for call, direct, operands, result, stored, ends in region._instructions:
                if direct:
                    if len(operands) == 1:
                        call(cells[operands[0]], out=cells[result])
                    elif len(operands) == 2:
                        call(cells[operands[0]], cells[operands[1]], out=cells[result])
                    else:
                        call(*[cells[operand] for operand in operands], out=cells[result])
                elif stored:
                    np.copyto(cells[result], call(*[cells[operand] for operand in operands]))
                else:
                    cells[result] = call(*[cells[operand] for operand in operands])
                for end in ends:
                    self.reduce(end, cells[result], shape, axes[end], (outer, chunk, span))
        for buffer in buffers:
            POOL.give(buffer)

    def reduce(
        self, end: int, value: Array, shape: Shape, axes: tuple[int, ...], place: tuple[Any, ...]
    ) -> None:
        """Reduce a tile."""
        outer, chunk, span = place
        split = self.tiling.split
        if value.shape != shape:
            value = np.broadcast_to(value, shape)
        partial = self.partials[end]
        at = chunk if split in self.tiling.reduced[end] else span
        ufunc = self.region.reducers[end]
        partial[(*outer, at)] = ufunc.reduce(value, axis=axes, dtype=partial.dtype)
