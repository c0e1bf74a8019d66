"""Where the derivative of a step is a convention: the slopes on both sides, and the one used.

Only rows that have kinks are looked at, at their operands' own values and the nearest doubles to
both sides.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.engine import Plan
from gradcli.explanation.steps import Kink
from gradcli.graph import Arena, Node, building
from gradcli.ops.leaves import input_
from gradcli.passages import factor_of
from gradcli.simplify import rewrite

if TYPE_CHECKING:
    from gradcli.explanation.names import Names
    from gradcli.passages import Passages, Sent

    Array = np.ndarray[Any, Any]

JUMP = 1e-6
"""How far slopes differ, relative to the greater, that are not those of one smooth piece."""

LOOKED_AT = 1000
"""Elements at kinks that are grouped by what happens there."""

MOST = 12
"""Elements at kinks that are told one by one."""


def kinks_of(
    passages: Passages, node: Node, sent: Sent, names: Names, mask: Array | None = None
) -> list[Kink]:
    """The kinks that an operand's elements lie at, grouped by what happens there.

    mask: the elements of the node that count.
    """
    operand = node.inputs[sent.place]
    if not node.op.kinks or sent.factor is None or operand.kind != "real":
        return []
    # By itself, its operands as leaves: their neighbours are no values of the program.
    leaves = [one if one.op.family == "leaf" and one.op is not input_ else _leaf(one)
              for one in node.inputs]  # fmt: skip
    with building(Arena(rewrite)), np.errstate(all="ignore"):
        factor = factor_of(Node(node.op, tuple(leaves), node.params, node.types), sent.place)
    if factor is None:
        return []
    plan = Plan([factor], leaves, (), passages.traced.settings.dtype)
    values = {
        leaf.serial: passages.values[one.serial]
        for leaf, one in zip(leaves, node.inputs, strict=True)
    }
    moved = leaves[sent.place]
    held: Any = values[moved.serial]

    def slope(array: Array) -> Array:
        found = plan.run({**values, moved.serial: array})[0]
        return np.broadcast_to(found, node.shape)

    below = slope(np.nextafter(held, -np.inf))
    used = slope(held)
    above = slope(np.nextafter(held, np.inf))
    found: dict[tuple[str, str, str], Kink] = {}
    jumps = _jumps(below, used, above)
    for row in np.argwhere(jumps if mask is None else jumps & mask)[:LOOKED_AT]:
        place = tuple([int(axis) for axis in row])
        sides = (float(below[place]), float(used[place]), float(above[place]))
        key = (repr(sides[0]), repr(sides[1]), repr(sides[2]))
        if key not in found:
            found[key] = Kink(names.id(operand), [], *sides, rule_of(*sides))
        if len(found[key].places) < MOST:
            found[key].places.append(place)
    return list(found.values())


def _leaf(like: Node) -> Node:
    return Node(input_, (), (like.shape, "operand", like.kind), ((like.shape, like.kind),))


def _jumps(below: Array, used: Array, above: Array) -> Any:
    """Where the three slopes are not those of one smooth piece."""
    with np.errstate(all="ignore"):
        size = np.maximum(np.maximum(np.abs(below), np.abs(used)), np.abs(above))
        far = (np.abs(below - used) > JUMP * size) | (np.abs(above - used) > JUMP * size)
        # Next to 0 the slopes of a smooth function are as small as the smallest numbers.
        jump = far & (size > 1e-100)
    return (jump | np.isinf(used)) & ~np.isnan(used)


def rule_of(below: float, used: float, above: float) -> str:
    """Why that slope, in words; PyTorch's documented order of choice decides."""
    if math.isinf(used):
        return "the slope grows without bound"
    if math.isnan(below) or math.isnan(above):
        return "the slope on the side that has values"
    low, high = min(below, above), max(below, above)
    if used == min(max(0.0, low), high):
        return "of the slopes between the two sides the one nearest 0 is used (least norm)"
    if math.isclose(used, (low + high) / 2):
        return "a tie is shared evenly"
    if used in (below, above):
        return "the slope of that side is used"
    return "the value by convention"
