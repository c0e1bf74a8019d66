"""A run with all that happens in it: the value of every node, and what flows back to it.

A derivative is a graph again: it is built as for a gradient, but by every node on the way, so that
each cotangent is a node too; then one plan computes them all.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.arrays import exact
from gradcli.autodiff import vjp
from gradcli.derivatives import start_of
from gradcli.graph import Arena, Node, ancestors, building, dependents
from gradcli.simplify import rewrite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.autodiff.reverse import Passed
    from gradcli.run import Run
    from gradcli.traced import Traced
    from gradcli.wrt import Wrt

    Array = np.ndarray[Any, Any]


class Backward:
    """The way back, as a graph.

    cotangents: for each node that the derivative passes (by serial) the node of its cotangent.
    gradients: the same for what was differentiated by. nodes: what computes the gradients and is
    no node of the program. origin: the node of the program whose rule made one of those; the seed
    has none.
    """

    def __init__(
        self,
        forward: list[Node],
        cotangents: dict[int, Node],
        wanted: Sequence[Node],
        trail: list[Passed],
    ) -> None:
        self.cotangents = cotangents
        found = [(node.serial, cotangents.get(node.serial)) for node in wanted]
        self.gradients = {serial: node for serial, node in found if node is not None}
        known = {node.serial for node in forward}
        every = ancestors(self.gradients.values(), stop=known)
        self.nodes = [node for node in every if node.serial not in known]
        marks = [passed.mark for passed in trail]
        self.origin: dict[int, Node] = {}
        for node in self.nodes:
            place = bisect_left(marks, node.serial)
            if place:
                self.origin[node.serial] = trail[place - 1].node


class Recording:
    """Every node of a run with its numbers.

    nodes: those of the program that its outputs are computed from, operands first. values: arrays
    by serial, tuples of them for nodes with several outputs; of the nodes of `backward` too, which
    is None where no derivative was asked for.
    """

    def __init__(self, run: Run, nodes: list[Node], backward: Backward | None) -> None:
        self.traced: Traced = run.traced
        self.outputs = run.outputs
        self.nodes = nodes
        self.backward = backward
        self.values: dict[int, Any] = {}
        self.warnings = list(run.extra)
        self.notes = list(run.traced.notes)
        self.control_flow: list[dict[str, Any]] = []

    def cotangent(self, node: Node) -> Array | None:
        """The derivative of the result with respect to a node; None where none flows there."""
        found = None if self.backward is None else self.backward.cotangents.get(node.serial)
        return None if found is None else self.values[found.serial]


def record(run: Run, seeds: list[Any] | None, wanted: Sequence[Wrt]) -> Recording:
    """Run with everything kept; with seeds, back again, by what is wanted.

    The cotangents are those of sum(seed*output) over all outputs. Raises LimitError where so much
    does not fit into memory.
    """
    nodes = ancestors(run.outputs)
    if seeds is None or not wanted:
        recording = Recording(run, nodes, None)
        _compute(run, recording, [], [])
        return recording
    recording = _back(run, nodes, seeds, wanted, False)
    backward = recording.backward
    assert backward is not None
    if any(np.isnan(recording.values[node.serial]).any() for node in backward.gradients.values()):
        recording = _back(run, nodes, seeds, wanted, True)
    recording.warnings = run.warnings(wanted)
    return recording


def _back(
    run: Run, nodes: list[Node], seeds: list[Any], wanted: Sequence[Wrt], strict: bool
) -> Recording:
    sources = [one.node for one in wanted]
    active = dependents(nodes, sources)
    by = [node for node in nodes if node.serial in active and len(node.types) == 1]
    trail: list[Passed] = []
    leaves: list[Node] = []
    found: list[Node | None] = []
    with building(Arena(rewrite, run.settings.max_nodes)), np.errstate(all="ignore"):
        starts = []
        for output, seed in zip(run.outputs, seeds, strict=True):
            bound, start = start_of(output, seed, strict)
            leaves += bound
            starts.append(start)
        if by:
            found = vjp(run.outputs, starts, by, strict=strict, trail=trail)
    cotangents = {
        node.serial: part for node, part in zip(by, found, strict=True) if part is not None
    }
    backward = Backward(nodes, cotangents, sources, trail)
    recording = Recording(run, nodes, backward)
    given = [seed for seed in seeds if not isinstance(seed, str)]
    _compute(run, recording, leaves, given)
    return recording


def _compute(run: Run, recording: Recording, leaves: list[Node], seeds: list[Array]) -> None:
    """Run one plan for the values of all nodes."""
    every = {node.serial: node for node in recording.nodes}
    if recording.backward is not None:
        for node in [*recording.backward.nodes, *recording.backward.cotangents.values()]:
            every[node.serial] = node
    nodes = list(every.values())
    plan = run.traced.checked_plan(nodes, leaves)
    bound = {leaf.serial: seed for leaf, seed in zip(leaves, seeds, strict=True)}
    arrays = plan.run({**run.values, **bound})
    for node, array in zip(nodes, arrays, strict=True):
        several = isinstance(array, tuple)
        recording.values[node.serial] = array if several else exact(array, node)
