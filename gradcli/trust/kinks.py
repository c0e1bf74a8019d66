"""Kinks that a gradient passes through: the one-sided slopes, and what is used by convention."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.doctor.bends import bends
from gradcli.doctor.births import Births
from gradcli.engine import Unsure
from gradcli.errors import GradcliError
from gradcli.graph import Node, ancestors
from gradcli.ops.conventions import EDGES
from gradcli.ops.leaves import input_
from gradcli.trust.forward import Forward
from gradcli.trust.numeric import KINK, slopes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.ops.family import Op
    from gradcli.run import Run

    Array = np.ndarray[Any, Any]

CONVENTIONS = Path(__file__).parents[1] / "ops" / "conventions.json"
SMALL = 64
"""Elements of an operand up to which an op that mixes them is looked at, element by element."""

STEP = 2.0**-20
APART = 1e-4
MOST = 20
MOST_NOTES = 3
NOTED_NODES, NOTED_SIZE = 100, 10_000
"""Runs up to these have notes on kinks; `doctor` tells them of any."""


class Kink:
    """A kink on the way of a gradient.

    text, at: the part of the program, and where it stands. operand: what varies, with its value at
    `index`. left, right: one-sided derivatives (of sum(cotangent*result) where elements mix), and
    used: the one that is used. peers: by library what it gives, where that was recorded.
    """

    def __init__(
        self, text: str, at: str, operand: str, index: tuple[int, ...], value: float,
        slopes: tuple[float, float, float], peers: dict[str, str], example: str,
    ) -> None:  # fmt: skip
        self.text = text
        self.at = at
        self.operand = operand
        self.index = index
        self.value = value
        self.left, self.right, self.used = slopes
        self.peers = peers
        self.example = example

    def note(self, others: int = 0) -> str:
        """The kink in a sentence; others: how many elements beside it lie at one."""
        where = f" at [{','.join(map(str, self.index))}]" if self.index else ""
        where += f" (and at {others} more)" if others else ""
        peers = [f"{library} has {value}" for library, value in self.peers.items()]
        compared = f"; {', '.join(peers)}" if peers else ""
        return (
            f"`{self.text}`{self.at} has a kink where `{self.operand}` is {self.value:.6g}{where}: "
            f"slope {self.left:.6g} from the left, {self.right:.6g} from the right, and "
            f"{self.used:.6g} is used{compared}{self.example}"
        )

    def described(self) -> dict[str, Any]:
        """What JSON has of it."""
        return {
            "text": self.text, "operand": self.operand, "index": list(self.index),
            "value": self.value, "left": self.left, "right": self.right, "used": self.used,
            **({"peers": self.peers} if self.peers else {}),
            **({"peers_at": self.example.removeprefix(" for ")} if self.example else {}),
        }  # fmt: skip


def kinks_of(births: Births) -> list[Kink]:
    """The kinks of a recorded run that its gradient really passes through."""
    found: list[Kink] = []
    recording = births.recording
    for node in recording.nodes:
        cotangent = recording.cotangent(node)
        if cotangent is None or not np.any(cotangent) or not node.op.differentiable:
            continue
        if len(node.types) > 1 or not _may_bend(node.op):
            continue
        for place, operand in enumerate(node.inputs):
            if len(found) >= MOST:
                return found
            if operand.kind == "real" and recording.cotangent(operand) is not None:
                found += _kinks(births, node, place, np.asarray(cotangent, np.float64))
    return found


def _may_bend(op: Op) -> bool:
    return bends(op) or not (op.reach == "aligned" or op.analytic)


def kink_notes(run: Run, seed: Any, wrt: Sequence[str] | str | None) -> list[str]:
    """Notes on the kinks that a small run passes through."""
    order = ancestors(run.outputs)
    if len(order) > NOTED_NODES or sum(node.size for node in order) > NOTED_SIZE:
        return []
    try:
        found = kinks_of(Births(run.recorded(seed, wrt)))
    except (GradcliError, Unsure):
        return []
    return told(found)[:MOST_NOTES]


def told(kinks: Sequence[Kink]) -> list[str]:
    """A sentence for each part of a program with kinks."""
    groups: dict[tuple[str, str, str], list[Kink]] = {}
    for kink in kinks:
        groups.setdefault((kink.text, kink.at, kink.operand), []).append(kink)
    return [several[0].note(len(several) - 1) for several in groups.values()]


def _kinks(births: Births, node: Node, place: int, cotangent: Array) -> list[Kink]:
    values = births.values
    leaves = [
        Node(input_, (), (one.shape, "operand", one.kind), ((one.shape, one.kind),))
        for one in node.inputs
    ]
    held = {
        leaf.serial: np.asarray(values[one.serial], None if one.kind != "real" else np.float64)
        for leaf, one in zip(leaves, node.inputs, strict=True)
    }
    alone = Node(node.op, tuple(leaves), node.params, node.types)
    forward = Forward([alone], held, leaves[place])
    x = held[leaves[place].serial]
    if node.op.reach == "aligned":
        left, right = _both_sides(forward, x, STEP)
        nearer = _both_sides(forward, x, STEP / 16)
        # The gap of a smooth function shrinks with the steps.
        smooth = np.abs(nearer[0] - nearer[1]) < np.abs(left - right) / 2
        left, right = np.where(smooth, 0, left), np.where(smooth, 0, right)
    elif x.size <= SMALL:
        numeric = slopes(forward, np.arange(x.size), cotangent)
        bent = (numeric.kinds() == KINK)[0]
        left = np.where(bent, numeric.left[0], 0).reshape(x.shape)
        right = np.where(bent, numeric.right[0], 0).reshape(x.shape)
    else:
        return []
    with np.errstate(all="ignore"):
        size = np.maximum(np.abs(left), np.abs(right))
        there = (np.abs(left - right) > APART * size) & (size > 1e-9) & np.isfinite(left + right)
    if node.op.reach == "aligned":
        there &= np.broadcast_to(cotangent, there.shape) != 0
    used = _used(node, place, held, leaves, cotangent)
    kinks = []
    for row in np.argwhere(there)[:3]:
        index = tuple(map(int, row))
        inside = tuple(
            0 if extent == 1 else k
            for k, extent in zip(index[len(index) - x.ndim :], x.shape, strict=True)
        )
        point = tuple(
            float(np.broadcast_to(held[leaf.serial], there.shape)[index])
            if node.op.reach == "aligned"
            else 0.0
            for leaf in leaves
        )
        sides = (float(left[index]), float(right[index]), float(used[index]))
        kinks.append(
            Kink(
                births.text(node), births.at(node), births.text(node.inputs[place]), inside,
                float(x[inside]), sides, *_peers(node, point, place),
            )
        )  # fmt: skip
    return kinks


def _both_sides(forward: Forward, x: Array, relative: float) -> tuple[Array, Array]:
    """Slopes of all elements on both sides, at steps that leave out the point itself."""
    step = relative * np.where(x == 0, 1.0, np.abs(x))
    points = np.stack([x + k * step for k in (1, 2, -1, -2)])
    (values,) = forward.at(points)
    with np.errstate(all="ignore"):
        steps = np.stack([points[1] - points[0], points[2] - points[3]])
        right = (values[1] - values[0]) / steps[0]
        left = (values[2] - values[3]) / steps[1]
    return left, right


def _used(
    node: Node, place: int, held: dict[int, Array], leaves: list[Node], cotangent: Array
) -> Array:
    """The derivative that the op's rule gives at its operands."""
    from gradcli.autodiff import vjp
    from gradcli.engine import Plan
    from gradcli.graph import Arena, building
    from gradcli.ops.cotangent import Cotangent
    from gradcli.ops.leaves import array_constant, constant
    from gradcli.passages import factor_of
    from gradcli.simplify import rewrite

    alone = Node(node.op, tuple(leaves), node.params, node.types)
    with building(Arena(rewrite)), np.errstate(all="ignore"):
        part = factor_of(alone, place)
        if part is None:
            seed = array_constant(cotangent) if cotangent.ndim else constant(float(cotangent))
            (part,) = vjp([alone], [Cotangent(seed)], [leaves[place]])
    if part is None:
        return np.zeros(leaves[place].shape)
    (array,) = Plan([part], leaves).run(held)
    if node.op.reach == "aligned":
        array = np.broadcast_to(array, node.shape)
    return np.asarray(array, np.float64)


@cache
def _recorded() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(CONVENTIONS.read_text(encoding="utf-8"))["derivatives"]
    return found


def _peers(node: Node, point: tuple[float, ...], place: int) -> tuple[dict[str, str], str]:
    """What PyTorch and JAX have there, or at a point that is like it; and that point, in words."""
    op = node.op
    tied = len(set(point)) == 1
    for kink, _ in op.kinks:
        if op.reach == "aligned" and (kink == point or (tied and len(set(kink)) == 1)):
            answers = _recorded().get(f"{op.name}{kink}", {})
            found = {
                name: _written(parts[place])
                for name, parts in answers.items()
                if isinstance(parts, list) and place < len(parts)
            }
            return found, ""
    edge = _edge(op)
    if edge is None:
        return {}, ""
    answers = _recorded().get(edge, {})
    shown = {name: parts for name, parts in answers.items() if isinstance(parts, list)}
    return {name: _written(parts[0]) for name, parts in shown.items()}, f" for {edge}"


def _written(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    return f"{float(value):.6g}"


@cache
def _edge(op: Op) -> str | None:
    """The recorded example of an edge of a function, where that is the op alone."""
    from gradcli.session import Program

    for edge in EDGES:
        run = Program(edge.call).trace({"x": np.array(edge.x, np.float64)})
        names = [node.op for node in ancestors(run.outputs) if node.inputs]
        if names == [op]:
            return f"{edge.call} at {edge.x}"
    return None
