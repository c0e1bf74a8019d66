"""A plan: what computes some nodes, each value once.

Values are numbered over everything that is to be computed, program and derivatives together, so
that nothing is computed twice. Small plans are a list of calls. For large arrays the order of the
steps, what they share and when arrays die is worked out (see schedule.py).
"""

from __future__ import annotations

import math
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.engine.concrete import Unsure, as_output
from gradcli.engine.memory import memory_error, node_bytes
from gradcli.engine.stats import asked
from gradcli.engine.threads import cores
from gradcli.errors import GradcliError
from gradcli.graph import Node, ancestors, uncollected
from gradcli.ops.elementwise import shape_text
from gradcli.ops.leaves import full_

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping, Sequence

    from gradcli.engine.schedule import Schedule

    Array = np.ndarray[Any, Any]
    Call = tuple[Callable[..., Any], int, int, tuple[int, ...] | None, int]

TILE = 1 << 15
"""Elements of a tile: a few of them fit into a second-level cache. Smaller arrays have no tiles."""

SMALL = 32 << 20
"""Bytes of all values together up to which a plan may be a list of calls."""

FREED = 1 << 18
"""Bytes of all values together from which arrays are freed on the way: new memory costs more."""


class Plan:
    """Computes `outputs` from values of `bound` nodes.

    batched: the bound nodes whose arrays have a leading batch axis; every output that depends on
    one of them has it too (`output_batched`). watched: serials of nodes at whose NaN a run ends
    with Unsure. threads: how many share a run of large arrays; by default one for each processor.

    Values have places: of the node at `nodes[place]`, from those at `operands[place]`, with a batch
    axis where `flags[place]` says so.
    """

    def __init__(
        self,
        outputs: Sequence[Node],
        bound: Iterable[Node] = (),
        batched: Iterable[Node] = (),
        dtype: Any = np.float64,
        watched: Container[int] = (),
        threads: int | None = None,
    ) -> None:
        self.dtype = np.dtype(dtype)
        self.tile = TILE
        self.threads = threads or cores()
        self.limit: float = math.inf
        self.nodes: list[Node] = []
        self.operands: list[tuple[int, ...]] = []
        self.bound: dict[int, int] = {}
        self._numbers: dict[Any, int] = {}
        place_of = self._numbered(outputs, {node.serial for node in bound})
        self.outputs = [place_of[node.serial] for node in outputs]
        self.watched = {place_of[serial] for serial in place_of if serial in watched}
        batched_serials = {node.serial for node in batched}
        self.flags = [False] * len(self.nodes)
        self._batched_input: int | None = None
        if batched_serials:
            self._flag(batched_serials)
        self.output_batched = [self.flags[place] for place in self.outputs]
        self._calls: list[Call] | None = None
        self._dying: dict[int, list[int]] = {}
        self._constants: list[tuple[int, Any]] = []
        self._given: set[int] | None = None
        self._sizes: tuple[int, int, int, int] | None = None
        self._schedules: dict[int, Schedule] = {}

    # --- numbering -------------------------------------------------------------------------------

    def _numbered(self, outputs: Sequence[Node], bound: set[int]) -> dict[int, int]:
        """The place of each node's value, by its serial; equal values have one place."""
        numbers, nodes, operands_of = self._numbers, self.nodes, self.operands
        place_of: dict[int, int] = {}
        for node in ancestors(outputs, stop=bound):
            serial = node.serial
            if serial in bound:
                self.bound[len(nodes)] = serial
                place_of[serial] = len(nodes)
                nodes.append(node)
                operands_of.append(())
                continue
            op, params = node.op, node.params
            inputs = node.inputs
            if len(inputs) == 2:
                first, second = inputs
                operands: tuple[int, ...] = (place_of[first.serial], place_of[second.serial])
            else:
                operands = tuple([place_of[operand.serial] for operand in inputs])
            if node.shape and op.fuses:
                operands = self._uniform_as_scalars(node, operands)
            key: Any = (op, operands, op.key(params)) if params else (op, operands)
            place = numbers.get(key)
            if place is None:
                place = numbers[key] = len(nodes)
                nodes.append(node)
                operands_of.append(operands)
            place_of[serial] = place
        return place_of

    def _uniform_as_scalars(self, node: Node, operands: tuple[int, ...]) -> tuple[int, ...]:
        """Operands with constants that are the same everywhere as single numbers.

        Where another operand has the full shape, they broadcast to it.
        """
        uniform = [operand.op is full_ for operand in node.inputs]
        if not any(uniform) or not any(
            operand.shape == node.shape and not same
            for operand, same in zip(node.inputs, uniform, strict=True)
        ):
            return operands
        return tuple(
            [
                self._scalar(operand) if same and operand.shape else place
                for operand, same, place in zip(node.inputs, uniform, operands, strict=True)
            ]
        )

    def _scalar(self, node: Node) -> int:
        """The place of a constant's number."""
        params = ((), *node.params[1:])
        key = (full_, (), full_.key(params))
        place = self._numbers.get(key)
        if place is None:
            place = self._numbers[key] = len(self.nodes)
            self.nodes.append(Node(full_, (), params, (((), node.kind),)))
            self.operands.append(())
        return place

    def _flag(self, batched: set[int]) -> None:
        flags = self.flags
        for place, operands in enumerate(self.operands):
            serial = self.bound.get(place)
            if serial is not None:
                flags[place] = serial in batched
                if flags[place]:
                    self._batched_input = serial
            else:
                flags[place] = any([flags[operand] for operand in operands])

    # --- memory ----------------------------------------------------------------------------------

    def place_bytes(self, place: int, batch: int) -> int:
        """Bytes of the value at a place."""
        total = node_bytes(self.nodes[place], self.dtype)
        return total * batch if self.flags[place] else total

    def _measured(self) -> tuple[int, int, int, int]:
        """Bytes of all values, and the largest size: of those without and with a batch axis."""
        if self._sizes is None:
            plain = batched = largest = largest_batched = 0
            flags = self.flags
            for place, node in enumerate(self.nodes):
                if not node.shape and not flags[place]:
                    plain += 8
                    continue
                if place in self.bound:
                    continue
                size = node_bytes(node, self.dtype)
                if flags[place]:
                    batched += size
                    largest_batched = max(largest_batched, size)
                else:
                    plain += size
                    largest = max(largest, size)
            self._sizes = plain, batched, largest, largest_batched
        return self._sizes

    def _small(self, batch: int) -> bool:
        plain, batched, largest, largest_batched = self._measured()
        total = plain + batch * batched
        return (
            max(largest, batch * largest_batched) <= self.tile * self.dtype.itemsize
            and total <= SMALL
            and total <= self.limit
        )

    def schedule(self, batch: int = 1) -> Schedule:
        """The order of the steps at some extent of the batch axis."""
        found = self._schedules.get(batch)
        if found is None:
            from gradcli.engine.schedule import Schedule

            if len(self._schedules) > 3:
                self._schedules.clear()
            found = self._schedules[batch] = Schedule(self, batch)
        return found

    def peak(self, batch: int = 1) -> tuple[int, Node | None]:
        """Estimated bytes at the fullest moment, and the node that takes most of all."""
        if self._small(batch):
            plain, batched, _, _ = self._measured()
            return plain + batch * batched, None
        return self.schedule(batch).peak()

    def require(self, limit: int, batch: int = 1) -> None:
        """Raise LimitError if the run would hold more than `limit` bytes."""
        self.limit = limit
        peak, node = self.peak(batch)
        if peak > limit:
            where = f", most of it for shape {shape_text(node.shape)}" if node is not None else ""
            error = memory_error(peak, limit, where)
            error.node = None if node is None else node.serial
            raise error

    # --- running ---------------------------------------------------------------------------------

    def run(self, values: Mapping[int, Array], *, own: bool = False) -> list[Array]:
        """Arrays of the outputs; `values` holds those of the bound nodes by serial.

        They may share memory with each other, with `values` and with constants of the program; if
        `own`, each is contiguous, writable, and nobody else's.
        """
        batch = 1 if self._batched_input is None else len(values[self._batched_input])
        stats = asked.get()
        began = 0.0 if stats is None else perf_counter()
        small = self._small(batch)
        found = self._run_small(values) if small else self.schedule(batch).run(values)
        if stats is not None:
            stats.ran(self, batch, perf_counter() - began)
        return self._own(found, values) if own else found

    def _own(self, arrays: list[Array], values: Mapping[int, Array]) -> list[Array]:
        if self._given is None:
            leaves = [node for node in self.nodes if not node.inputs]
            self._given = {id(param) for node in leaves for param in node.params}
            self._given.update([id(array) for _, array in self._constants])
        taken = {*self._given, *[id(array) for array in values.values()]}
        result = []
        for array in arrays:
            if array.base is not None or id(array) in taken or not array.flags.c_contiguous:
                array = np.array(array, order="C")
            taken.add(id(array))
            result.append(array)
        return result

    def compiled(self, place: int) -> Callable[..., Any]:
        """What computes the value at a place from those of its operands."""
        node, operands = self.nodes[place], self.operands[place]
        lead = tuple([self.flags[one] for one in operands]) if self.flags[place] else None
        return node.op.kernel(node, lead, self.dtype)

    def _compile(self) -> list[Call]:
        calls: list[Call] = []
        nodes, flags = self.nodes, self.flags
        kernels: dict[Any, Callable[..., Any]] = {}
        mixed = any([node.kind != "real" for node in nodes])
        for place, operands in enumerate(self.operands):
            if not operands:
                if place not in self.bound:
                    value = self.compiled(place)()
                    self._constants.append((place, value[()] if value.ndim == 0 else value))
                continue
            node = nodes[place]
            if node.shape or flags[place] or not node.op.fuses:
                kernel = self.compiled(place)
            else:
                # Numbers are many, and alike.
                key: Any = node.op
                if mixed:
                    key = (key, node.kind, *[nodes[operand].kind for operand in operands])
                known = kernels.get(key)
                kernel = kernels[key] = self.compiled(place) if known is None else known
            rest = None if len(operands) < 3 else operands
            second = operands[1] if len(operands) == 2 else -1
            calls.append((kernel, operands[0], second, rest, place))
        if sum(self._measured()[:2]) > FREED and any(self._measured()[2:]):
            last = {operand: call[4] for call in calls for operand in self.operands[call[4]]}
            for operand, place in last.items():
                if self.operands[operand] and operand not in self.outputs:
                    self._dying.setdefault(place, []).append(operand)
        return calls

    def _run_small(self, values: Mapping[int, Array]) -> list[Array]:
        held: list[Any] = [None] * len(self.nodes)
        place = -1
        watched = self.watched
        with np.errstate(all="ignore"):
            if self._calls is None:
                with uncollected():
                    self._calls = self._compile()
            dying = self._dying
            for place, value in self._constants:
                held[place] = value
            for place, serial in self.bound.items():
                value = values[serial]
                held[place] = value[()] if value.ndim == 0 else value
            try:
                for kernel, first, second, rest, place in self._calls:
                    if rest is not None:
                        held[place] = kernel(*[held[operand] for operand in rest])
                    elif second >= 0:
                        held[place] = kernel(held[first], held[second])
                    else:
                        held[place] = kernel(held[first])
                    if watched and place in watched and np.isnan(held[place]).any():
                        raise Unsure
                    if dying and place in dying:
                        for dead in dying[place]:
                            held[dead] = None
            except GradcliError as error:
                error.node = self.nodes[place].serial
                raise
        return [as_output(held[place]) for place in self.outputs]
