"""Where a number that is not finite was born, forward or backward, in words."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.autodiff import vjp
from gradcli.doctor.cures import cures_there, patterns_at
from gradcli.doctor.finite import finite
from gradcli.errors import shortened
from gradcli.graph import Arena, ancestors, building
from gradcli.ops.cotangent import Cotangent
from gradcli.ops.leaves import constant, input_, known_number
from gradcli.recording import Backward, Recording, record
from gradcli.simplify import rewrite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.autodiff.reverse import Passed
    from gradcli.graph import Node
    from gradcli.run import Run
    from gradcli.traced import Traced
    from gradcli.wrt import Wrt

    Array = np.ndarray[Any, Any]

MOST = 3
"""Births that are told; more come of one cause as a rule."""

LONGEST = 60
LEVELS = 6
"""How far above a birth the pattern that it belongs to may end."""


def diagnosed(run: Run, values: bool) -> list[str]:
    """Sentences on where what is not finite was born; `values`: the values of the outputs are.

    Raises GradcliError or Unsure where it cannot be recorded.
    """
    wanted = run.wanted(None)
    recording = record(run, ["ones"] * len(run.outputs) if wanted else None, wanted)
    births = Births(recording)
    told = births.told([node for node in run.outputs if not births.finite(node)], "the value")
    if values and recording.backward is not None:
        ends = [*recording.backward.gradients.values()]
        told += births.told([end for end in ends if not births.finite(end)], "the gradient")
        if not told:
            births = Births(_twice(run, wanted))
            backward = births.recording.backward
            ends = [] if backward is None else [*backward.gradients.values()]
            ends = [end for end in ends if not births.finite(end)]
            told = births.told(ends, "the second derivative")
    return list(dict.fromkeys(told))[:MOST]


def _twice(run: Run, wanted: Sequence[Wrt]) -> Recording:
    """The run with its gradient, and the gradient of that; each in reverse mode."""
    nodes = [one.node for one in wanted]
    written = ancestors(run.outputs)
    trails: tuple[list[Passed], list[Passed]] = ([], [])
    with building(Arena(rewrite, run.settings.max_nodes)), np.errstate(all="ignore"):
        firsts = vjp(run.outputs, _ones(run.outputs), nodes, trail=trails[0])
        present = [part for part in firsts if part is not None]
        seconds = vjp(present, _ones(present), nodes, trail=trails[1])
    first = Backward(written, _by_serial(nodes, firsts), nodes, trails[0])
    second = Backward([*written, *first.nodes], _by_serial(nodes, seconds), nodes, trails[1])
    for serial, origin in second.origin.items():
        second.origin[serial] = first.origin.get(origin.serial, origin)
    second.origin.update(first.origin)
    recording = Recording(run, written, second)
    every = [*written, *first.nodes, *second.nodes]
    arrays = run.traced.checked_plan(every).run(run.values)
    recording.values = {node.serial: a for node, a in zip(every, arrays, strict=True)}
    return recording


def _ones(nodes: Sequence[Node]) -> list[Cotangent]:
    return [Cotangent(constant(1.0, node.shape)) for node in nodes]


def _by_serial(nodes: Sequence[Node], parts: Sequence[Node | None]) -> dict[int, Node]:
    pairs = zip(nodes, parts, strict=True)
    return {node.serial: part for node, part in pairs if part is not None}


class Births:
    """The nodes of a recorded run at which numbers stopped being finite."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.traced: Traced = recording.traced
        self.values = recording.values
        self.written = {node.serial for node in recording.nodes}
        self._finite: dict[int, bool] = {}

    def finite(self, node: Node) -> bool:
        """Whether a node's value is finite; what was not recorded counts as finite."""
        found = self._finite.get(node.serial)
        if found is None:
            value = self.values.get(node.serial)
            parts = value if isinstance(value, tuple) else (value,)
            found = all(part is None or finite(part) for part in parts)
            self._finite[node.serial] = found
        return found

    def of(self, ends: Sequence[Node]) -> list[tuple[Node, tuple[int, ...] | None]]:
        """Where what is not finite in `ends` was born, and at which element.

        Elements are followed through ops that work element by element; beyond others, all that is
        not finite in an operand counts.
        """
        followed: dict[int, Any] = {end.serial: self.wrong(end) for end in ends}
        births: list[tuple[Node, tuple[int, ...] | None]] = []
        for node in reversed(ancestors(ends)):
            wrong = followed.get(node.serial)
            if wrong is None or not np.any(wrong):
                continue
            aligned = node.op.reach == "aligned" and len(node.types) == 1
            own = np.array(wrong)
            for operand in node.inputs:
                if self.finite(operand):
                    continue
                bad = self.wrong(operand)
                if aligned:
                    own &= ~np.broadcast_to(bad, own.shape)
                    bad = bad & _shrunk(wrong, bad.shape)
                else:
                    own = np.zeros(own.shape, np.bool_)
                before = followed.get(operand.serial)
                followed[operand.serial] = bad if before is None else before | bad
            if own.any():
                births.append((node, tuple(map(int, np.argwhere(own)[0]))))
        return births[::-1]

    def wrong(self, node: Node) -> Array:
        """Which elements of a node are not finite; one for all, where it has several outputs."""
        value = self.values.get(node.serial)
        if isinstance(value, tuple) or value is None:
            return np.asarray(not self.finite(node))
        result: Array = ~np.isfinite(np.asarray(value, np.float64))
        return result

    def told(self, ends: Sequence[Node], what: str) -> list[str]:
        """Each birth in a sentence."""
        if not ends:
            return []
        kinds = {word for end in ends for word in self._kinds(self.values[end.serial])}
        is_ = f"{what} is {kinds.pop() if len(kinds) == 1 else 'not finite'}"
        return [f"{is_}: {self.birth(node, place)}" for node, place in self.of(ends)]

    def birth(self, node: Node, place: tuple[int, ...] | None) -> str:
        """Where a node that is not finite came from, and what to write instead."""
        if not node.inputs:
            if node.op is input_ and node.serial in self.written:
                name = node.params[1]
                return f"the input `{name}` holds {_number(self.values[node.serial][place])}"
            return "the program holds a constant that is not finite"
        backward = self.recording.backward
        origin = (
            node
            if node.serial in self.written or backward is None
            else (backward.origin.get(node.serial))
        )
        if origin is None:
            return "the seed is not finite"
        where = self._operand(origin, place)
        text = f"`{self.text(origin)}`{self.at(origin)}"
        if node.serial in self.written:
            told = f"born in {text}{where}"
        else:
            told = f"born on the way back through {text}{where}"
        cure = self.cure(origin)
        return f"{told}; {cure}" if cure else told

    def _kinds(self, value: Any) -> set[str]:
        """What there is in a value that is not finite: inf, -inf, nan."""
        parts = value if isinstance(value, tuple) else (value,)
        arrays = [np.asarray(part, np.float64).ravel() for part in parts]
        return {_number(number) for array in arrays for number in array[~np.isfinite(array)]}

    def _operand(self, origin: Node, place: tuple[int, ...] | None) -> str:
        """The operands' values at the element where it happened."""
        shown = []
        for operand in origin.inputs:
            value = self.values.get(operand.serial)
            if value is None or isinstance(value, tuple) or known_number(operand) is not None:
                continue
            array = np.asarray(value)
            index = ""
            if array.size == 1:
                number = array.ravel()[0]
            elif origin.op.reach == "aligned" and place is not None and array.ndim <= len(place):
                tail = place[len(place) - array.ndim :]
                pairs = zip(tail, array.shape, strict=True)
                here = tuple([0 if extent == 1 else k for k, extent in pairs])
                number = array[here]
                index = f" at [{','.join(map(str, here))}]"
            elif array.size <= 4:
                shown.append(f"`{self.text(operand)}` is {array.tolist()}")
                continue
            else:
                continue
            shown.append(f"`{self.text(operand)}` is {_number(number)}{index}")
        return f", where {' and '.join(shown)}" if shown else ""

    def text(self, node: Node) -> str:
        """The part of the program that a node stands for."""
        if node.op is input_:
            return str(node.params[1])
        site = self.traced.site(node.serial)
        return node.op.name if site is None else shortened(ast.unparse(site), LONGEST)

    def at(self, node: Node) -> str:
        """Where that part begins."""
        site: Any = self.traced.site(node.serial)
        if site is None:
            return ""
        column = f"column {site.col_offset + 1}"
        several = "\n" in self.traced.source.text
        return f" ({f'line {site.lineno}, ' if several else ''}{column})"

    def cure(self, birth: Node) -> str:
        """What to write in place of the pattern that a birth is part of."""
        for node in self.above(birth):
            for found in patterns_at(node):
                if birth.serial not in found.inside:
                    continue
                arrays = {name: self.values[one.serial] for name, one in found.operands.items()}
                if cures_there(found, arrays):
                    names = {name: self.text(one) for name, one in found.operands.items()}
                    old = self.text(found.root)
                    return f"`{found.text(names)}` in place of `{old}` is finite there"
        return ""

    def above(self, node: Node) -> list[Node]:
        """A node and those that use it, some levels up; the outermost first."""
        level, found = {node.serial}, [node]
        for user in self.recording.nodes:
            if user.serial > node.serial and len(found) < 50:
                if any(operand.serial in level for operand in user.inputs):
                    level.add(user.serial)
                    found.append(user)
        return found[::-1]


def _shrunk(mask: Array, shape: tuple[int, ...]) -> Array:
    """A mask of a broadcast shape, taken together to the shape that was broadcast."""
    extra = mask.ndim - len(shape)
    mask = np.asarray(mask.any(axis=tuple(range(extra))))
    repeated = [axis for axis, extent in enumerate(shape) if mask.shape[axis] != extent]
    return np.asarray(mask.any(axis=tuple(repeated), keepdims=True))


def _number(value: Any) -> str:
    return f"{float(value):.6g}"
