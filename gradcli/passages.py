"""A run with every step of its derivative: what arrives at each node, and what goes where.

The way back is that of a gradient, watched as it is built: each contribution to each operand is a
node, and so is each local derivative, so that one plan computes them all. Nothing is differentiated
by other rules than those of the ops.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.arrays import exact, owned
from gradcli.autodiff import jvp, vjp
from gradcli.autodiff.forward import push
from gradcli.derivatives import start_of
from gradcli.engine import Plan
from gradcli.graph import Arena, Node, ancestors, building, dependents, size_of
from gradcli.ops.cotangent import Cotangent, repeated_axes
from gradcli.ops.leaves import ones_like
from gradcli.recording import Recording
from gradcli.seeds import seed_leaf
from gradcli.simplify import rewrite

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gradcli.autodiff.reverse import Passed
    from gradcli.derivatives import Direction
    from gradcli.ops.cotangent import Bundle
    from gradcli.run import Run
    from gradcli.wrt import Wrt

    Array = np.ndarray[Any, Any]

SMALL = 400
"""Entries up to which a local Jacobian is computed."""


class Sent:
    """What one step has to do with one of its operands.

    place: of the operand. value: what goes to it (backward), or what its tangent adds (forward);
    None for outputs that it does not reach. output: of the operand's outputs, the one that value
    belongs to, where it has several. mask: elements that the step selects. product: the value
    before the sum over `axes`. factor: the local derivative, element by element, where there is
    one. jacobians: else of each output, computed where they are small.
    """

    def __init__(self, place: int, value: tuple[Node | None, ...]) -> None:
        self.place = place
        self.value = value
        self.output: int | None = None
        self.mask: Node | None = None
        self.product: Node | None = None
        self.axes: tuple[int, ...] = ()
        self.factor: Node | None = None
        self.jacobians: list[Array | None] | None = None

    def nodes(self) -> Iterator[Node | None]:
        """All that is to be computed."""
        yield from (*self.value, self.mask, self.product, self.factor)


class Stage:
    """One step. arrived: cotangent (forward: tangent) for each output of the node, with masks.

    parts: contributions to the cotangent, each with the node that it comes from, None for the seed.
    """

    def __init__(self, node: Node, arrived: list[tuple[Node, Node | None] | None]) -> None:
        self.node = node
        self.arrived = arrived
        self.parts: list[tuple[Node | None, Node]] = []
        self.sent: list[Sent] = []


class Way:
    """The way from one output back to what was differentiated by, or along to it.

    seed: the cotangent that it starts with, None where there is no way. reached: cotangents of
    inputs (by serial). active: serials of the nodes that a derivative passes. parts: contributions
    to the inputs, as in a stage.
    """

    def __init__(self, output: Node) -> None:
        self.output = output
        self.seed: Node | None = None
        self.stages: list[Stage] = []
        self.reached: dict[int, Node] = {}
        self.parts: dict[int, list[tuple[Node | None, Node]]] = {}

    def nodes(self) -> Iterator[Node | None]:
        """All that is to be computed."""
        yield self.seed
        yield from self.reached.values()
        for parts in self.parts.values():
            yield from [value for _, value in parts]
        for stage in self.stages:
            for pair in stage.arrived:
                yield from pair or ()
            yield from [value for _, value in stage.parts]
            for sent in stage.sent:
                yield from sent.nodes()


class Passages(Recording):
    """A recording of the forward pass, with a way for each output.

    wanted: what was differentiated by. active: serials of what depends on it, as a derivative sees
    it; touched: as a value does. single: serials of computed nodes with one output.
    tangents: in forward mode, the direction by input serial.
    """

    def __init__(self, run: Run, wanted: Sequence[Wrt], sources: Sequence[Node]) -> None:
        super().__init__(run, ancestors(run.outputs), None)
        self.wanted = list(wanted)
        self.ways: list[Way] = []
        self.active = dependents(self.nodes, sources)
        self.touched = {node.serial for node in sources}
        for node in self.nodes:
            if any(operand.serial in self.touched for operand in node.inputs):
                self.touched.add(node.serial)
        self.single: set[int] = set()
        self.tangents: dict[int, Array] = {}

    def compute(self, run: Run, bound: Sequence[tuple[Node, Array]]) -> None:
        """Run one plan for all nodes of the program and of the ways."""
        every = {node.serial: node for node in self.nodes}
        for way in self.ways:
            every |= {node.serial: node for node in way.nodes() if node is not None}
        nodes = list(every.values())
        plan = run.traced.checked_plan(nodes, [leaf for leaf, _ in bound])
        given = {leaf.serial: array for leaf, array in bound}
        for node, array in zip(nodes, plan.run({**run.values, **given}), strict=True):
            several = isinstance(array, tuple)
            self.values[node.serial] = array if several else exact(array, node)
            if not several:
                self.single.add(node.serial)

    def gradient(self, way: Way, one: Wrt) -> Array:
        """The gradient, or the part of one that was asked for."""
        node = way.reached.get(one.node.serial)
        if node is None:
            return np.zeros(one.shape, self.traced.settings.dtype)
        return owned(one.part(self.values[node.serial]))


# --- backward ------------------------------------------------------------------------------------


def passages_back(run: Run, seeds: list[Any], wanted: Sequence[Wrt]) -> Passages:
    """The way back from each output, as its gradient takes it.

    Raises LimitError where all that does not fit into memory.
    """
    found = _back(run, seeds, wanted, False)
    gradients = [found.values[node.serial] for way in found.ways for node in way.reached.values()]
    if any(np.isnan(gradient).any() for gradient in gradients):
        found = _back(run, seeds, wanted, True)
    found.warnings = run.warnings(wanted)
    return found


def _back(run: Run, seeds: list[Any], wanted: Sequence[Wrt], strict: bool) -> Passages:
    sources = [one.node for one in wanted]
    found = Passages(run, wanted, sources)
    bound: list[tuple[Node, Array]] = []
    with building(Arena(rewrite, run.settings.max_nodes)), np.errstate(all="ignore"):
        for output, seed in zip(run.outputs, seeds, strict=True):
            way = Way(output)
            found.ways.append(way)
            if not sources:
                continue
            leaves, start = start_of(output, seed, strict)
            bound += [(leaf, seed) for leaf in leaves]
            way.seed = start.value
            trail: list[Passed] = []
            parts = vjp([output], [start], sources, strict=strict, trail=trail)
            way.reached = {
                node.serial: part
                for node, part in zip(sources, parts, strict=True)
                if part is not None
            }
            _follow(way, trail, start)
    found.compute(run, bound)
    for way in found.ways:
        for stage in way.stages:
            _jacobians(found, stage)
    return found


def _follow(way: Way, trail: list[Passed], start: Cotangent) -> None:
    """Stages of a way from what was noted along it."""
    arriving: dict[int, list[tuple[Node | None, Node]]] = {}
    if start.value is not None:
        arriving[way.output.serial] = [(None, start.value)]
    for passed in trail:
        node = passed.node
        pairs = [None if c is None else c.settle() for c in passed.arrived.copy().outputs()]
        parts = arriving.pop(node.serial, [])
        if not node.inputs:
            way.parts[node.serial] = parts
            continue
        stage = Stage(node, pairs)
        stage.parts = parts
        way.stages.append(stage)
        arrived = [None if pair is None else Cotangent(*pair) for pair in pairs]
        wanted = [part is not None for part in passed.sent]
        spread = node.op.spread(node, arrived, wanted) if passed.sent else []
        for place, part in enumerate(passed.sent):
            if part is None:
                continue
            sent = _sent(node, place, part)
            stage.sent.append(sent)
            whole = spread[place]
            operand = node.inputs[place]
            if whole is not None and operand.shape != node.shape:
                sent.product = whole.value
                sent.axes = repeated_axes(operand.shape, node.shape)
            sent.factor = factor_of(node, place)
            if sent.value[0] is not None and sent.output is None:
                arriving.setdefault(operand.serial, []).append((node, sent.value[0]))


def _sent(node: Node, place: int, part: Cotangent | Bundle) -> Sent:
    """A contribution by itself, before it is added to others."""
    outputs = part.copy().outputs()
    output = next((k for k, one in enumerate(outputs) if one is not None), 0)
    held = outputs[output]
    assert held is not None
    value, mask = held.settle()
    sent = Sent(place, (value,))
    sent.mask = mask
    sent.output = output if len(node.inputs[place].types) > 1 else None
    return sent


def factor_of(node: Node, place: int) -> Node | None:
    """The local derivative by one operand, of the node's shape, where elements do not mix."""
    if node.op.reach != "aligned" or node.op.pushed_by_vjps or len(node.types) > 1:
        return None
    tangents: list[Node | None] = [None] * len(node.inputs)
    tangents[place] = ones_like(node.inputs[place])
    return node.op.jvp(node, tangents)


def _jacobians(found: Passages, stage: Stage) -> None:
    """Small local Jacobians of a stage whose elements mix: unit seeds as a batch."""
    node = stage.node
    mixing = [sent for sent in stage.sent if sent.factor is None and sent.output is None]
    shapes = [shape for shape, _ in node.types]
    if not mixing:
        return
    largest = max(node.inputs[sent.place].size for sent in mixing)
    if sum(size_of(shape) for shape in shapes) * largest > SMALL:
        return
    wanted = [any(sent.place == k for sent in mixing) for k in range(len(node.inputs))]
    for output, pair in enumerate(stage.arrived):
        if pair is None:
            continue
        with building(Arena(rewrite)), np.errstate(all="ignore"):
            leaf = seed_leaf(pair[0])
            cotangents: list[Cotangent | None] = [None] * len(shapes)
            cotangents[output] = Cotangent(leaf)
            parts = node.op.vjp(node, cotangents, wanted, False)
            settled = [part.settle()[0] if isinstance(part, Cotangent) else None for part in parts]
        chosen = [(sent, part) for sent in mixing if (part := settled[sent.place]) is not None]
        if not chosen:
            continue
        rows = [part for _, part in chosen]
        known = found.single
        bound = [one for one in ancestors(rows, stop=known) if one.serial in known]
        dtype = found.traced.settings.dtype
        plan = Plan(rows, [*bound, leaf], [leaf], dtype)
        count = leaf.size
        unit = np.eye(count, dtype=dtype).reshape(count, *leaf.shape)
        values = {one.serial: found.values[one.serial] for one in bound}
        arrays = plan.run({**values, leaf.serial: unit})
        for (sent, part), array, batched in zip(chosen, arrays, plan.output_batched, strict=True):
            full = array if batched else np.broadcast_to(array, (count, *array.shape))
            sent.jacobians = sent.jacobians or [None] * len(shapes)
            sent.jacobians[output] = full.reshape(leaf.shape + part.shape) + 0.0


# --- forward -------------------------------------------------------------------------------------


def passages_forward(run: Run, direction: Direction, wanted: Sequence[Wrt]) -> Passages:
    """The way along to all outputs, as the product of the Jacobian with a direction takes it."""
    found = Passages(run, wanted, direction.nodes)
    leaves = [seed_leaf(node) for node in direction.nodes]
    with building(Arena(rewrite, run.settings.max_nodes)), np.errstate(all="ignore"):
        for output in run.outputs:
            way = Way(output)
            found.ways.append(way)
            trail: list[tuple[Node, Any]] = []
            (part,) = jvp([output], direction.nodes, leaves, trail=trail)
            way.seed = part
            known: dict[int, Any] = {
                node.serial: leaf for node, leaf in zip(direction.nodes, leaves, strict=True)
            }
            for node, tangent in trail:
                whole = tangent if isinstance(tangent, tuple) else (tangent,)
                stage = Stage(node, [None if one is None else (one, None) for one in whole])
                way.stages.append(stage)
                stage.sent = list(_pushed(node, known))
                known[node.serial] = tangent
    found.compute(run, list(zip(leaves, direction.arrays, strict=True)))
    found.tangents = {
        node.serial: array for node, array in zip(direction.nodes, direction.arrays, strict=True)
    }
    for way in found.ways:
        for stage in way.stages:
            _jacobians(found, stage)
    found.warnings = run.warnings(wanted)
    return found


def _pushed(node: Node, known: dict[int, Any]) -> Iterator[Sent]:
    """What the tangent of each operand adds to that of the node."""
    for place, operand in enumerate(node.inputs):
        if operand.serial not in known:
            continue
        tangents: list[Any] = [None] * len(node.inputs)
        tangents[place] = known[operand.serial]
        part = push(node, tangents)
        if part is not None:
            sent = Sent(place, part if isinstance(part, tuple) else (part,))
            sent.factor = factor_of(node, place)
            if operand.shape != node.shape and sent.factor is not None:
                sent.axes = repeated_axes(operand.shape, node.shape)
            yield sent
