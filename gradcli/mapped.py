"""A program at many points: its inputs row by row, each to the bit what it is alone.

Rows on one path through the program's conditions run together; where values decide, the rows of
each other path follow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.arrays import as_array
from gradcli.engine import Plan, Unsure, memory_error
from gradcli.engine.plan import SMALL, TILE
from gradcli.engine.threads import cores
from gradcli.errors import (
    ArgumentError,
    GradcliError,
    InputError,
    MissingInput,
    NameProblem,
    SeedError,
)
from gradcli.graph import Node, ancestors
from gradcli.ops.elementwise import shape_text
from gradcli.ops.leaves import storage
from gradcli.ops.rowwise import rowwise
from gradcli.results import Evaluation, Output
from gradcli.run import Run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gradcli.graph import Shape
    from gradcli.session import Program
    from gradcli.wrt import Wrt

    Array = np.ndarray[Any, Any]

BLOCK = 16 << 20
"""Bytes of results that are held at a time while rows are streamed."""

MOST_PATHS = 64
"""Paths through the program that are remembered from one part of the rows to the next."""


class Mapper:
    """Evaluates a program at rows of some of its inputs; the others are the same for all.

    over: the inputs that have rows. wrt: what to differentiate by, by default those. seed, grad: as
    for `Run.evaluate`, the same for all rows.
    """

    def __init__(
        self,
        program: Program,
        inputs: Mapping[str, Any],
        over: Sequence[str],
        *,
        seed: Any = None,
        wrt: Sequence[str] | None = None,
        grad: bool = True,
    ) -> None:
        self.program = program
        self.settings = program.settings
        self.over = list(dict.fromkeys(over))
        program.check_names([*inputs, *self.over])
        self.still = {
            name: as_array(name, value, self.settings)
            for name, value in inputs.items()
            if name not in self.over
        }
        self.seed, self.grad = seed, grad
        self._wrt = None if wrt is None else list(wrt)
        self.warnings: list[str] = []
        self.notes: list[str] = []
        self._paths: list[_Path] = []
        self._shapes: list[Shape] = []

    def rows(self, given: Mapping[str, Any], first: int = 0) -> list[Output]:
        """The outputs at some rows, each with a leading axis for them.

        given: for each name of `over` an array whose leading axis counts rows. first: the number of
        the first of them, for messages. Raises InputError where their lengths differ, and the error
        of the first row that has one, with its number.
        """
        arrays = {name: as_array(name, value, self.settings) for name, value in given.items()}
        count = same_length(arrays, first)
        found: dict[tuple[int, str], Array] = {}
        todo = np.arange(count)
        for path in self._paths:
            if len(todo):
                todo = path.follow(arrays, todo, found, first)
        while len(todo):
            path = self._new_path(arrays, int(todo[0]), first)
            self._paths = [path, *self._paths][:MOST_PATHS]
            todo = path.follow(arrays, todo, found, first, certain=True)
        if not self._shapes:
            return []
        outputs = []
        for place in range(len(self._shapes)):
            grads = {name: part for (at, name), part in found.items() if at == place and name}
            outputs.append(Output(found[place, ""], grads if self.grad else None))
        return outputs

    def blocks(self, given: Mapping[str, Any], first: int = 0) -> Iterator[list[Output]]:
        """The same in blocks of rows whose results take no more than some memory."""
        count = same_length({name: np.asarray(value) for name, value in given.items()}, first)
        start = 0
        while start < count:
            stop = min(count, start + self.block)
            part = {name: value[start:stop] for name, value in given.items()}
            yield self.rows(part, first + start)
            start = stop

    @property
    def block(self) -> int:
        """Rows whose results take some BLOCK bytes; few before that is known."""
        if not self._paths:
            return 1
        path = self._paths[0]
        each = sum(output.size for output in path.run.outputs)
        each *= 1 + sum(one.size for one in path.wanted)
        return max(1, BLOCK // max(1, each * self.settings.dtype.itemsize))

    def _new_path(self, arrays: dict[str, Array], row: int, first: int) -> _Path:
        try:
            path = _Path(self, self.program.trace(self.at(arrays, row)))
        except (MissingInput, SeedError):
            raise
        except GradcliError as error:
            raise in_row(error, first + row) from None
        shapes = [output.shape for output in path.run.outputs]
        if self._shapes and shapes != self._shapes:
            texts = [", ".join(map(shape_text, one)) for one in (shapes, self._shapes)]
            raise ArgumentError(
                f"in row {first + row}, the output has shape {texts[0]}; before, it had {texts[1]}",
                hint="every row has an output of the same shape",
            )
        said = path.run.warnings(path.wanted)
        if not self._shapes:
            self._shapes, self.warnings = shapes, said
            self.notes = list(path.run.traced.notes)
        # What holds on some paths alone would mislead.
        self.warnings = [text for text in self.warnings if text in said]
        return path

    def at(self, arrays: Mapping[str, Array], row: int) -> dict[str, Array]:
        """All inputs at one row."""
        return {**self.still, **{name: np.asarray(a[row]) for name, a in arrays.items()}}

    def names(self, run: Run) -> list[str]:
        """What the rows are differentiated by."""
        if not self.grad:
            return ["none"]
        if self._wrt is not None:
            return self._wrt
        static = run.traced.static
        nodes = run.traced.inputs
        names = [n for n in self.over if nodes[n].kind == "real" and n not in static]
        return names or ["none"]


class _Path:
    """One way through a program, and the rows that take it."""

    def __init__(self, mapper: Mapper, run: Run) -> None:
        self.mapper = mapper
        self.run = run
        self.wanted = run.wanted(mapper.names(run)) if mapper.grad else []
        self.seeds = run.seeds(mapper.seed, bool(self.wanted))
        self.moving = [run.traced.inputs[name] for name in mapper.over]
        guards = run.traced.guards
        nodes, self.seen = [node for node, _ in guards], [seen for _, seen in guards]
        self.guards = _Rows(self, nodes, {}) if nodes else None
        self.plain = self._gradients(False)
        self._strict: tuple[_Rows, list[list[bool]]] | None = None

    def _gradients(self, strict: bool) -> tuple[_Rows, list[list[bool]]]:
        if not self.wanted:
            return _Rows(self, list(self.run.outputs), {}), [[] for _ in self.run.outputs]
        given = tuple([not isinstance(seed, str) for seed in self.seeds])
        nodes, leaves, present = self.run.gradient_nodes(self.wanted, given, strict)
        bound = {
            leaf.serial: (leaf, seed)
            for leaf, seed in zip(leaves, self.seeds, strict=True)
            if leaf is not None
        }
        return _Rows(self, nodes, bound), present

    def nothing(self, one: Wrt) -> Array:
        """The derivative by what the output is not connected to."""
        return np.zeros(one.shape, self.run.settings.dtype)

    def follow(
        self,
        arrays: dict[str, Array],
        todo: Array,
        found: dict[tuple[int, str], Array],
        first: int,
        certain: bool = False,
    ) -> Array:
        """Compute the rows of `todo` that take this path into `found`; the others are given back.

        certain: that the first of them does is known.
        """
        same = self._agreeing(arrays, todo)
        same[0] |= certain
        rows = todo[same]
        if len(rows):
            self._compute(arrays, rows, found, first)
        return todo[~same]

    def _agreeing(self, arrays: dict[str, Array], rows: Array) -> Array:
        same = np.ones(len(rows), np.bool_)
        if self.guards is None:
            return same
        parts = self.guards.run(arrays, rows)
        if parts is None:
            for place, row in enumerate(rows):
                traced = self.run.traced
                same[place] = traced.holds(traced.values(self.mapper.at(arrays, row)))
            return same
        for seen, now in zip(self.seen, parts, strict=True):
            flat = now.reshape(len(rows), -1)
            equal = (flat == seen.ravel()) | ((flat != flat) & (seen != seen).ravel())
            same &= equal.all(axis=1)
        return same

    def _compute(
        self, arrays: dict[str, Array], rows: Array, found: dict[tuple[int, str], Array], first: int
    ) -> None:
        count = len(next(iter(arrays.values())))
        unsure = self._store(self.plain, arrays, rows, found, count, first)
        if len(unsure):
            # As one evaluation does: a zero may have met an infinite local derivative.
            if self._strict is None:
                self._strict = self._gradients(True)
            self._store(self._strict, arrays, unsure, found, count, first)

    def _store(
        self,
        way: tuple[_Rows, list[list[bool]]],
        arrays: dict[str, Array],
        rows: Array,
        found: dict[tuple[int, str], Array],
        count: int,
        first: int,
    ) -> Array:
        """Compute rows and put them where they belong; those whose derivatives have NaN."""
        runner, present = way
        parts = runner.run(arrays, rows)
        if parts is None:
            for row in rows:
                self._alone(arrays, int(row), found, count, first)
            return rows[:0]
        unsure = np.zeros(len(rows), np.bool_)
        results = iter(parts)
        for place, there in enumerate(present):
            self._put(found, (place, ""), rows, next(results), count)
            for one, real in zip(self.wanted, there, strict=True):
                if not real:
                    self._put(found, (place, one.label), rows, self.nothing(one), count)
                    continue
                part = next(results)
                unsure |= np.isnan(part).reshape(len(rows), -1).any(axis=1)
                if one.positions is not None:
                    part = part.reshape(len(rows), -1)[:, one.positions]
                self._put(found, (place, one.label), rows, part, count)
        return rows[unsure]

    def _put(
        self,
        found: dict[tuple[int, str], Array],
        name: tuple[int, str],
        rows: Array,
        part: Array,
        count: int,
    ) -> None:
        if name not in found:
            settings = self.run.settings
            shape = self.run.outputs[name[0]].shape
            if name[1]:
                (shape,) = [one.shape for one in self.wanted if one.label == name[1]]
            need = count * int(np.prod(shape, dtype=np.int64)) * part.dtype.itemsize
            if need > settings.max_memory:
                raise memory_error(need, settings.max_memory, f", for {count:,} rows together")
            found[name] = np.zeros((count, *map(int, shape)), part.dtype)
        found[name][rows] = part

    def _alone(
        self,
        arrays: dict[str, Array],
        row: int,
        found: dict[tuple[int, str], Array],
        count: int,
        first: int,
    ) -> None:
        """One row by itself: the first that has an error names its number."""
        traced = self.run.traced
        run = Run(traced, traced.values(self.mapper.at(arrays, row)))
        try:
            result = run.evaluate(self.mapper.seed, self.mapper.names(run), self.mapper.grad)
        except GradcliError as error:
            raise in_row(error, first + row) from None
        for place, output in enumerate(result.outputs):
            held = np.asarray(output.value, storage(run.outputs[place].kind, run.settings.dtype))
            self._put(found, (place, ""), np.array([row]), held, count)
            for label, part in (output.grad or {}).items():
                self._put(found, (place, label), np.array([row]), part, count)


class _Rows:
    """Nodes at many rows: a plan with a batch axis, so small that it runs as that of a row does."""

    def __init__(
        self, path: _Path, nodes: list[Node], bound: dict[int, tuple[Node, Array]]
    ) -> None:
        self.path = path
        run = path.run
        settings = run.settings
        leaves = [*run.traced.inputs.values(), *[leaf for leaf, _ in bound.values()]]
        found, known = rowwise(nodes, path.moving)
        watched = {
            known[serial].serial if serial in known else serial for serial in run.traced.watched
        }
        self.plan = Plan(found, leaves, path.moving, settings.dtype, watched)
        self.plan.require(settings.max_memory)
        seeds = {serial: array for serial, (_, array) in bound.items()}
        still = {n.serial: run.values[n.serial] for n in run.traced.inputs.values()}
        self.values = {**still, **seeds}
        moving = {node.serial for node in path.moving}
        sizes = [
            sum(int(np.prod(shape, dtype=np.int64)) for shape, _ in node.types)
            for node in ancestors(nodes, stop={leaf.serial for leaf in leaves} - moving)
        ]
        most, total = max(sizes, default=1), sum(sizes)
        wide = settings.dtype.itemsize
        self.chunk = min(TILE // max(most, 1), SMALL // max(total * wide, 1))

    def run(self, arrays: dict[str, Array], rows: Array) -> list[Array] | None:
        """The nodes' arrays at some rows; None where a row must be looked at alone."""
        if self.chunk < 2:
            return None
        whole = len(rows) and rows[-1] - rows[0] == len(rows) - 1
        starts = list(range(0, len(rows), self.chunk))

        def part(start: int) -> list[Array]:
            stop = min(start + self.chunk, len(rows))
            taken: Any = rows[start:stop]
            if whole:
                taken = slice(int(rows[start]), int(rows[start]) + stop - start)
            values = dict(self.values)
            for name, node in zip(self.path.mapper.over, self.path.moving, strict=True):
                values[node.serial] = np.ascontiguousarray(arrays[name][taken])
            return [
                array if batched else np.broadcast_to(array, (stop - start, *array.shape))
                for array, batched in zip(
                    self.plan.run(values), self.plan.output_batched, strict=True
                )
            ]

        try:
            parts = [part(starts[0])]
            if len(starts) > 1:
                parts += _shared(part, starts[1:])
        except (GradcliError, Unsure):
            return None
        return [np.concatenate(pieces) for pieces in zip(*parts, strict=True)]


def _shared(part: Any, starts: list[int]) -> list[list[Array]]:
    """Parts by as many threads as there are processors; NumPy lets go of the interpreter's lock."""
    if cores() == 1 or len(starts) < 2:
        return [part(start) for start in starts]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(cores()) as pool:
        return list(pool.map(part, starts))


def same_length(arrays: Mapping[str, Array], first: int = 0) -> int:
    """The number of rows that arrays have. Raises InputError where they differ, or have none."""
    lengths = {}
    for name, array in arrays.items():
        if not array.ndim:
            raise InputError(f"`{name}` is a single number: it has no rows to go over")
        lengths[name] = len(array)
    if len(set(lengths.values())) > 1:
        texts = [f"`{name}` has {first + length:,}" for name, length in lengths.items()]
        raise InputError(f"inputs differ in their rows: {', '.join(texts)}")
    return next(iter(lengths.values()))


def in_row(error: GradcliError, row: int) -> GradcliError:
    """The same error with the number of the row, from 0, that it is about."""
    error.message = f"in row {row}: {error.message}"
    return error


def mapped(
    program: Program,
    inputs: Mapping[str, Any],
    over: Sequence[str],
    *,
    seed: Any = None,
    wrt: Sequence[str] | None = None,
    grad: bool = True,
) -> Evaluation:
    """Values and gradients at all rows, each with a leading axis for them."""
    for name in over:
        if name not in inputs:
            raise NameProblem(f"`{name}` has no rows", hint="it is to be among the inputs")
    if not over:
        raise ArgumentError("`over` names the inputs that have rows: at least one")
    mapper = Mapper(program, inputs, over, seed=seed, wrt=wrt, grad=grad)
    outputs = mapper.rows({name: inputs[name] for name in mapper.over})
    return Evaluation(outputs, mapper.warnings, mapper.notes)
