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
from gradcli.ops.cotangent import Cotangent
from gradcli.ops.leaves import input_, ones_like
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
    if not node.op.kinks or operand.kind != "real" or len(node.types) > 1:
        return []
    # By itself, its operands as leaves: their neighbours are no values of the program.
    leaves = [one if one.op.family == "leaf" and one.op is not input_ else _leaf(one)
              for one in node.inputs]  # fmt: skip
    aligned = sent.factor is not None
    slopes = _slopes(Node(node.op, tuple(leaves), node.params, node.types), sent.place, aligned)
    if slopes is None:
        return []
    plan = Plan([slopes], leaves, (), passages.traced.settings.dtype)
    values = {
        leaf.serial: passages.values[one.serial]
        for leaf, one in zip(leaves, node.inputs, strict=True)
    }
    moved = leaves[sent.place]
    held: Any = values[moved.serial]

    def slope(array: Array) -> Array:
        found = plan.run({**values, moved.serial: array})[0]
        return np.broadcast_to(found, node.shape if aligned else operand.shape)

    lower, upper = (_beside if aligned else _apart)(held)
    below, used, above = slope(lower), slope(held), slope(upper)
    found: dict[tuple[str, str, str], Kink] = {}
    jumps = _jumps(below, used, above)
    for row in np.argwhere(jumps & mask if aligned and mask is not None else jumps)[:LOOKED_AT]:
        place = tuple([int(axis) for axis in row])
        sides = (float(below[place]), float(used[place]), float(above[place]))
        key = (repr(sides[0]), repr(sides[1]), repr(sides[2]))
        if key not in found:
            found[key] = Kink(names.id(operand), [], *sides, rule_of(*sides))
        if len(found[key].places) < MOST:
            found[key].places.append(place)
    return list(found.values())


def _slopes(node: Node, place: int, aligned: bool) -> Node | None:
    """The local derivative; where elements mix, that of the sum of the outputs."""
    with building(Arena(rewrite)), np.errstate(all="ignore"):
        if aligned:
            return factor_of(node, place)
        wanted = [k == place for k in range(len(node.inputs))]
        part = node.op.vjp(node, [Cotangent(ones_like(node))], wanted, False)[place]
        return part.settle()[0] if isinstance(part, Cotangent) else None


def _beside(held: Array) -> tuple[Array, Array]:
    """The nearest numbers below and above."""
    return np.nextafter(held, -np.inf), np.nextafter(held, np.inf)


def _apart(held: Array) -> tuple[Array, Array]:
    """Near by to both sides, in a direction in which no two elements move alike."""
    count = np.arange(held.size).reshape(held.shape)
    step = np.where(held == 0, _next_to_nothing(held), 8 * np.spacing(np.abs(held)))
    direction = np.where(count % 2, -1, 1) * (1 + count % 13) * step
    return held - direction, held + direction


def _next_to_nothing(array: Array) -> float:
    """A number near 0 in the precision of an array, whose square is a number still."""
    tiny = float(np.finfo(array.dtype).tiny)
    return math.exp(math.log(tiny) / 3)


def _leaf(like: Node) -> Node:
    return Node(input_, (), (like.shape, "operand", like.kind), ((like.shape, like.kind),))


def _jumps(below: Array, used: Array, above: Array) -> Any:
    """Where the three slopes are not those of one smooth piece."""
    with np.errstate(all="ignore"):
        size = np.maximum(np.maximum(np.abs(below), np.abs(used)), np.abs(above))
        far = (np.abs(below - used) > JUMP * size) | (np.abs(above - used) > JUMP * size)
        # Next to 0 the slopes of a smooth function are as small as the smallest numbers.
        jump = far & (size > 1e6 * _next_to_nothing(used))
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
