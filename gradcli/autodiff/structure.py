"""What of one node an element of another depends on, as far as the graph alone tells.

Followed from node to node by what their families know (`Op.reach`). A pattern is conservative: it
may name more dependence than there is, never less. Kept for each element is the one element that it
depends on, or that there are several; that decides which Jacobians have at most one entry in a row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.graph import Node, ancestors, dependents

if TYPE_CHECKING:
    Array = np.ndarray[Any, Any]

NONE, SEVERAL = -1, -2
EXACT = 2.0**53


def sources(y: Node, x: Node) -> Array:
    """For each element of y the position of the element of x, in row-major order, it depends on.

    NONE where it depends on none, SEVERAL where it may depend on more than one.
    """
    order = ancestors([y], since=x.serial)
    active = dependents(order, [x])
    if y.serial not in active:
        return np.full(y.shape, NONE)
    if x.size == 1:
        return np.zeros(y.shape, np.intp)
    uses: dict[int, int] = {y.serial: 1}
    for node in order:
        for operand in node.inputs:
            uses[operand.serial] = uses.get(operand.serial, 0) + 1
    known: dict[int, Array] = {x.serial: np.arange(x.size).reshape(x.shape)}
    for node in order:
        if node.serial in active and node is not x:
            given = [known.get(operand.serial) for operand in node.inputs]
            known[node.serial] = _RULES[node.op.reach](node, given)
        for operand in node.inputs:
            uses[operand.serial] -= 1
            if not uses[operand.serial]:
                known.pop(operand.serial, None)
    return known[y.serial]


def own_positions(y: Node, x: Node) -> Array:
    """The positions in x that the elements of y correspond to; a scalar x corresponds to all."""
    if not x.shape:
        return np.zeros(y.shape, np.intp)
    return np.arange(x.size).reshape(x.shape)


def is_diagonal(found: Array, own: Array) -> bool:
    """Whether no element depends on another than its own."""
    return bool(np.all((found == own) | (found == NONE)))


def _aligned(node: Node, given: list[Array | None]) -> Array:
    """Corresponding elements, of the operands that carry a derivative."""
    rules = node.op.rules  # type: ignore[attr-defined]
    present = [one for one, rule in zip(given, rules, strict=True) if one is not None and rule]
    if not present:
        return np.broadcast_to(np.intp(NONE), node.shape)
    if all(one is present[0] for one in present) and present[0].shape == node.shape:
        return present[0]
    return _merged([np.broadcast_to(one, node.shape) for one in present])


def _summed(node: Node, given: list[Array | None]) -> Array:
    """Sums with coefficients of one sign: run on counts, positions and their squares.

    The terms of a sum are one position exactly where their squares add up to the square of their
    mean times their count.
    """
    found = []
    for place, one in enumerate(given):
        if one is None:
            continue
        position = np.where(one == NONE, 0.0, one + 1.0)
        several = (one == SEVERAL).astype(float)
        count, total, squares, unsure = [
            _linear_run(node, place, terms)
            for terms in ((one != NONE).astype(float), position, position * position, several)
        ]
        with np.errstate(all="ignore"):
            mean = np.rint(total / count)
        single = (count * mean == total) & (total * mean == squares) & (squares < EXACT)
        result = np.where(single & (unsure == 0), mean - 1, SEVERAL)
        found.append(np.where(count == 0, NONE, result).astype(np.intp))
    return _merged(found)


def _linear_run(node: Node, place: int, terms: Array) -> Array:
    """The node with `terms` for one operand; the others are zeros where they add to it, else ones.

    That of a bilinear node they are ones.
    """
    arrays = []
    for other, operand in enumerate(node.inputs):
        held = np.bool_ if operand.kind == "bool" else np.float64
        filler = 0 if node.op.family == "linear" else 1
        arrays.append(terms if other == place else np.full(operand.shape, filler, held))
    result: Array = node.op.run(node, arrays, None, np.float64)
    return result


def _dense(node: Node, given: list[Array | None]) -> Array:
    """Everything on everything: one position only where there is no other."""
    places = {int(p) for one in given if one is not None for p in np.unique(one)} - {NONE}
    only = next(iter(places), NONE) if len(places) < 2 else SEVERAL
    # Outputs of one node have shapes of their own, and one dependence.
    return np.broadcast_to(np.intp(only), node.shape if len(node.types) == 1 else ())


def _merged(parts: list[Array]) -> Array:
    """What elements depend on that depend on each of several."""
    result = parts[0]
    for part in parts[1:]:
        same = (result == part) | (part == NONE)
        result = np.where(same, result, np.where(result == NONE, part, SEVERAL))
    return result


_RULES = {"aligned": _aligned, "summed": _summed, "dense": _dense}
