"""A plan: the steps that compute some nodes, each value once, each array freed after its last use.

Values are numbered over everything that is to be computed, program and derivatives together, so
that nothing is computed twice. What the run will hold is estimated from shapes before anything is
allocated.
"""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import GradcliError, LimitError
from gradcli.graph import Node, ancestors
from gradcli.ops.elementwise import shape_text
from gradcli.ops.leaves import storage

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    Array = np.ndarray[Any, Any]


def default_memory_limit() -> int:
    """Bytes a run may hold: three quarters of this machine's memory (8 GiB where unknown)."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * 3 // 4
    except (ValueError, OSError, AttributeError):
        return 8 << 30


class Unsure(Exception):
    """A watched node is NaN: what was computed may be wrong, and is to be computed strictly."""


class Plan:
    """Computes `outputs` from values of `bound` nodes.

    batched: the bound nodes whose arrays have a leading batch axis; every output that depends on
    one of them has it too (`output_batched`). watched: serials of nodes at whose NaN a run ends
    with Unsure.
    """

    def __init__(
        self,
        outputs: Sequence[Node],
        bound: Iterable[Node] = (),
        batched: Iterable[Node] = (),
        dtype: Any = np.float64,
        watched: Container[int] = (),
    ) -> None:
        self.dtype = np.dtype(dtype)
        bound_serials = {node.serial for node in bound}
        batched_serials = {node.serial for node in batched}
        order = ancestors(outputs, stop=bound_serials)
        number: dict[Any, int] = {}
        slot_of: dict[int, int] = {}
        self.steps: list[Node] = []
        self.operands: list[list[int]] = []
        self.flags: list[bool] = []
        for node in order:
            if node.serial in bound_serials:
                key: Any = node.serial
                operands: list[int] = []
            else:
                operands = [slot_of[operand.serial] for operand in node.inputs]
                key = (node.op.name, tuple(operands), node.op.key(node.params))
            slot = number.setdefault(key, len(self.steps))
            slot_of[node.serial] = slot
            if slot == len(self.steps):
                self.steps.append(node)
                self.operands.append(operands)
                self.flags.append(
                    node.serial in batched_serials or any(self.flags[place] for place in operands)
                )
        self.bound = {
            slot_of[node.serial]: node.serial for node in order if node.serial in bound_serials
        }
        self.watched = {slot_of[node.serial] for node in order if node.serial in watched}
        self.output_slots = [slot_of[node.serial] for node in outputs]
        self.output_batched = [self.flags[slot] for slot in self.output_slots]
        self.dying = self._last_uses()

    def _last_uses(self) -> list[list[int]]:
        last = list(range(len(self.steps)))
        for place, operands in enumerate(self.operands):
            for operand in operands:
                last[operand] = place
        for slot in self.output_slots:
            last[slot] = -1
        dying: list[list[int]] = [[] for _ in self.steps]
        for slot, place in enumerate(last):
            if place >= 0:
                dying[place].append(slot)
        return dying

    def _bytes(self, slot: int, batch: int) -> int:
        total = node_bytes(self.steps[slot], self.dtype)
        return total * batch if self.flags[slot] else total

    def peak(self, batch: int = 1) -> tuple[int, Node | None]:
        """Estimated bytes at the fullest moment, and the node that takes most of all."""
        live = peak = most = 0
        largest = None
        for slot, node in enumerate(self.steps):
            if slot not in self.bound:
                size = self._bytes(slot, batch)
                live += size
                if size > most:
                    most, largest = size, node
            peak = max(peak, live)
            for dead in self.dying[slot]:
                if dead not in self.bound:
                    live -= self._bytes(dead, batch)
        return peak, largest

    def require(self, limit: int, batch: int = 1) -> None:
        """Raise LimitError if the run would hold more than `limit` bytes."""
        peak, node = self.peak(batch)
        if peak > limit:
            where = f", most of it for shape {shape_text(node.shape)}" if node is not None else ""
            error = memory_error(peak, limit, where)
            error.node = None if node is None else node.serial
            raise error

    def run(self, values: Mapping[int, Array]) -> list[Array]:
        """Arrays of the outputs; `values` holds those of the bound nodes by serial."""
        held: list[Any] = [None] * len(self.steps)
        dtype = self.dtype
        with np.errstate(all="ignore"):
            for slot, node in enumerate(self.steps):
                serial = self.bound.get(slot)
                if serial is not None:
                    held[slot] = values[serial]
                else:
                    operands = self.operands[slot]
                    lead = (
                        tuple([self.flags[place] for place in operands])
                        if self.flags[slot]
                        else None
                    )
                    try:
                        held[slot] = node.op.run(
                            node, [held[place] for place in operands], lead, dtype
                        )
                    except GradcliError as error:
                        error.node = node.serial
                        raise
                    if slot in self.watched and np.isnan(held[slot]).any():
                        raise Unsure
                for dead in self.dying[slot]:
                    held[dead] = None
        return [held[slot] for slot in self.output_slots]


def node_bytes(node: Node, dtype: Any) -> int:
    """Bytes that a node's outputs take."""
    total = 0
    for shape, kind in node.types:
        total += math.prod(shape) * np.dtype(storage(kind, dtype)).itemsize
    return total


def memory_error(need: int, limit: int, where: str = "") -> LimitError:
    """The error for a run, or a result, that would not fit."""
    gib = 1 << max(need >> 30, 1).bit_length()
    return LimitError(
        f"this would need {bytes_text(need)} of memory{where}; the limit is {bytes_text(limit)}",
        hint=f"raise the limit with --max-memory {gib}G, if this machine has as much"
        if gib <= 4096
        else "no common machine has as much: are the sizes right?",
    )


class Concrete:
    """Values of nodes while a program is traced; each is computed once and kept.

    So many requests over a growing graph stay linear. What is kept counts against the limit.
    """

    def __init__(
        self, values: Mapping[int, Array], dtype: Any, limit: int, watched: Container[int] = ()
    ) -> None:
        self._held: dict[int, Any] = dict(values)
        self._dtype = dtype
        self._limit = limit
        self._watched = watched
        self._bytes = 0

    def value(self, node: Node) -> Array:
        """The value of a node.

        Raises LimitError where memory would not do, Unsure where a watched node is NaN.
        """
        held = self._held
        stack = [node]
        with np.errstate(all="ignore"):
            while stack:
                top = stack[-1]
                missing = [operand for operand in top.inputs if operand.serial not in held]
                if missing and top.serial not in held:
                    stack.extend(missing)
                    continue
                stack.pop()
                if top.serial in held:
                    continue
                self._bytes += node_bytes(top, self._dtype)
                try:
                    if self._bytes > self._limit:
                        raise memory_error(self._bytes, self._limit)
                    operands = [held[operand.serial] for operand in top.inputs]
                    held[top.serial] = top.op.run(top, operands, None, self._dtype)
                except GradcliError as error:
                    error.node = top.serial
                    raise
                if top.serial in self._watched and np.isnan(held[top.serial]).any():
                    raise Unsure
        array: Array = held[node.serial]
        return array


def bytes_text(count: int) -> str:
    """A number of bytes as people write it: 1.5 GiB."""
    if count >= 1 << 60:
        return "more than 1,000,000 TiB"
    size = float(count)
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB"):
        if size < 1024 or unit == "TiB":
            return f"{size:,.0f} {unit}" if unit == "bytes" else f"{size:,.1f} {unit}"
        size /= 1024
    raise AssertionError("unreachable")
