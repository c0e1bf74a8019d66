"""A program along one or two of its numbers: values and derivatives at many points at once.

All points on one path through the program's conditions run as one batch; where values decide, the
points of each other path follow. A point that has no value is a gap, not an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.arrays import as_array
from gradcli.autodiff.operators import pushed
from gradcli.engine import Plan, Unsure
from gradcli.errors import ArgumentError, ClaimError, ComputationError, DomainProblem, GradcliError
from gradcli.graph import Arena, Node, building
from gradcli.ops.elementwise import shape_text
from gradcli.ops.leaves import array_constant, input_
from gradcli.results import labels
from gradcli.run import Run
from gradcli.seeds import WORKING_SET
from gradcli.simplify import rewrite
from gradcli.wrt import Wrt, resolve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gradcli.graph import Shape
    from gradcli.session import Program

    Array = np.ndarray[Any, Any]

GAPS = (ComputationError, DomainProblem, ClaimError)
"""What leaves a gap at a point where it is raised."""

MOST_PATHS = 16
"""Paths through the program that are remembered while it is sampled."""

MOST_CURVES = 8
"""Elements that the outputs may have in all: more curves are not told apart."""


class Sampler:
    """Samples a program at points.

    inputs: values for all its inputs. moving: one or two single numbers among them, by their names
    or as parts such as `x[1]`. order: with one of them, derivatives up to this one are taken; with
    two, the first derivatives by both. Raises NameProblem for what is no input, ArgumentError for
    what is no single number.

    After `at`: shapes of the outputs and labels of their elements; gaps, the last points without a
    value by the messages of their errors; notes of the program; traces, how many were made.
    """

    def __init__(
        self, program: Program, inputs: Mapping[str, Any], moving: Sequence[str], order: int = 1
    ) -> None:
        self.program = program
        self.settings = program.settings
        self.moving = list(moving)
        self.order = order
        given = [name for name in program.reads if name in inputs]
        self.inputs = {name: as_array(name, inputs[name], self.settings) for name in given}
        self.labels: list[str] = []
        self.shapes: list[Shape] = []
        self.gaps: dict[str, list[tuple[GradcliError, Array]]] = {}
        self.notes: list[str] = []
        self.traces = 0
        self._runs: list[Run] = []
        self._places = [self._place(one) for one in resolve(self.moving, self._leaves(), ())]

    @property
    def quantities(self) -> int:
        """How many numbers are found for each element: the value and its derivatives."""
        return 1 + (self.order if len(self.moving) == 1 else len(self.moving))

    def at(self, points: Array) -> Array:
        """What is found at points of shape (n, moving): an array (quantities, n, elements).

        NaN where there is no value. Raises the first error where each of the first points that are
        asked for ends in one.
        """
        known = bool(self.labels)
        self.gaps = {}
        parts: list[tuple[Array, Array]] = []
        todo = np.arange(len(points))

        def along(run: Run, first: bool) -> Array:
            same = self._same_path(run, points[todo], first)
            if same.any():
                parts.append((todo[same], self._together(run, points[todo[same]])))
            return todo[~same]

        for run in self._runs:
            if len(todo):
                todo = along(run, False)
        while len(todo):
            try:
                run = self.program.trace(self._moved(points[todo[:1]], True))
            except GAPS as error:
                self._gap(error, points[todo[0]])
                todo = todo[1:]
                continue
            self._require_few(run)
            self.traces += 1
            self._runs = [run, *self._runs][:MOST_PATHS]
            todo = along(run, True)
        failed = [error for places in self.gaps.values() for error, _ in places]
        if not known and len(failed) == len(points):
            raise failed[0]
        found = np.full((self.quantities, len(points), len(self.labels)), np.nan)
        for places, part in parts:
            found[:, places] = part
        # Rules may have values where the function itself has none: log(x) and 1/x below zero.
        found[1:, np.isnan(found[0])] = np.nan
        return found

    def _gap(self, error: GradcliError, point: Array) -> None:
        self.gaps.setdefault(error.message, []).append((error, point))

    # --- inputs ----------------------------------------------------------------------------------

    def _leaves(self) -> dict[str, Node]:
        return {
            name: Node(input_, (), (array.shape, name, "real"), ((array.shape, "real"),))
            for name, array in self.inputs.items()
        }

    @staticmethod
    def _place(one: Wrt) -> tuple[str, int]:
        """The input that a moving number is in, and its position there."""
        if one.size != 1:
            raise ArgumentError(
                f"`{one.label}` has shape {shape_text(one.shape)}: a range is for a single number",
                hint=f"as in `{one.label}[0]`",
            )
        return one.node.params[1], int(one.columns()[0])

    def _moved(self, points: Array, single: bool = False) -> dict[str, Array]:
        """The inputs at points; those that move have a leading axis, unless it is a single one."""
        moved = dict(self.inputs)
        for (name, position), column in zip(self._places, points.T, strict=True):
            array = moved[name]
            if array is self.inputs[name]:
                array = np.repeat(array[None], len(points), 0)
            flat = array.reshape(len(points), -1)
            flat[:, position] = column
            moved[name] = flat.reshape(array.shape)
        if single:
            moved |= {name: moved[name][0] for name, _ in self._places if moved[name].ndim}
        return moved

    def _batched(self, run: Run) -> list[Node]:
        """The nodes of the inputs that move."""
        return [run.traced.inputs[name] for name in dict.fromkeys([n for n, _ in self._places])]

    # --- one path through the program ------------------------------------------------------------

    def _require_few(self, run: Run) -> None:
        """Raise ArgumentError for more curves than can be told apart, or others than before."""
        several = len(run.outputs) > 1
        count = sum(output.size for output in run.outputs)
        if count > MOST_CURVES:
            raise ArgumentError(
                f"the output has {count:,} numbers: at most {MOST_CURVES} curves can be told apart",
                hint="draw a single number, such as a sum or one element",
            )
        found = [
            label
            for place, output in enumerate(run.outputs)
            for label in labels(f"f{place}" if several else "f", output.shape)
        ]
        if self.labels and found != self.labels:
            raise ArgumentError("the output changes its shape along the range")
        self.labels = found
        self.shapes = [output.shape for output in run.outputs]
        self.notes = self.notes or list(run.traced.notes)

    def _same_path(self, run: Run, points: Array, first: bool) -> Array:
        """Which points take the path that a run took; first: that the first did is known."""
        values = run.traced.values(self._moved(points))
        try:
            same = run.traced.agreeing(values, self._batched(run), len(points))
        except (GradcliError, Unsure):
            same = np.zeros(len(points), np.bool_)
        same[0] |= first
        return same

    def _together(self, run: Run, points: Array) -> Array:
        """What is found at points of one path, by one plan."""
        plan = self._plan(run, False)
        each = max(1, plan.peak(2)[0] - plan.peak(1)[0])
        chunk = max(1, min(len(points), WORKING_SET // each))
        starts = range(0, len(points), chunk)
        parts = [self._chunk(run, plan, points[start : start + chunk]) for start in starts]
        found = np.concatenate(parts, axis=1)
        unsure = np.flatnonzero(np.isnan(found[1:]).any(axis=(0, 2)) & ~np.isnan(found[0]).any(1))
        if len(unsure):
            # A zero may have met an infinite derivative: again, with structural zeros apart.
            found[:, unsure] = self._chunk(run, self._plan(run, True), points[unsure])
        return found

    def _plan(self, run: Run, strict: bool) -> Plan:
        def make() -> Plan:
            nodes: list[Node] = []
            wanted = run.wanted(self.moving) if self.quantities > 1 else []
            with building(Arena(rewrite, self.settings.max_nodes, strict=strict)):
                for output in run.outputs:
                    nodes.append(output)
                    if len(wanted) > 1:
                        nodes += [_along(output, one) for one in wanted]
                        continue
                    for _ in range(self.order):
                        nodes.append(_along(nodes[-1], wanted[0]))
            return run.traced.checked_plan(nodes, (), self._batched(run))

        plan: Plan = run.traced.kept(("sample", tuple(self.moving), self.order, strict), make)
        return plan

    def _chunk(self, run: Run, plan: Plan, points: Array) -> Array:
        """Run a plan at points; where that fails, at each half, down to the points at fault."""
        count = len(points)
        try:
            arrays = plan.run(run.traced.values(self._moved(points)))
        except (*GAPS, Unsure) as error:
            if count > 1:
                halves = (points[: count // 2], points[count // 2 :])
                return np.concatenate([self._chunk(run, plan, half) for half in halves], axis=1)
            if isinstance(error, Unsure):
                # A derivative in the program itself has to be found strictly.
                alone = self.program.trace(self._moved(points, True))
                strict = Run(*alone.traced.stricter(alone.values))
                return self._chunk(strict, self._plan(strict, True), points)
            self._gap(run.traced.placed(error), points[0])
            return np.full((self.quantities, 1, len(self.labels)), np.nan)
        flat = [
            array.reshape(count, -1)
            if batched
            else np.broadcast_to(array.reshape(1, -1), (count, array.size))
            for array, batched in zip(arrays, plan.output_batched, strict=True)
        ]
        step = self.quantities
        rows = [np.concatenate(flat[place::step], axis=1) for place in range(step)]
        return np.stack(rows).astype(np.float64)


def _along(y: Node, one: Wrt) -> Node:
    """The derivative of each element of y by one number."""
    unit = np.zeros(one.node.size)
    unit[one.columns()] = 1
    with np.errstate(all="ignore"):
        return pushed(y, [one.node], [array_constant(unit.reshape(one.node.shape))])
