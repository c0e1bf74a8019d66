"""Reverse mode: the vector-Jacobian product of outputs with seeds, as a graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradcli.graph import Node, ancestors, dependents
from gradcli.ops.cotangent import Cotangent

if TYPE_CHECKING:
    from collections.abc import Sequence


def vjp(
    outputs: Sequence[Node],
    seeds: Sequence[Cotangent],
    wrt: Sequence[Node],
    *,
    strict: bool = False,
) -> list[Node | None]:
    """Gradient of `sum(seed * output)` with respect to each node of `wrt`, shape for shape.

    None where no path of real numbers leads there. `strict` keeps structural zeros apart from
    values (at some cost), so that a zero never meets an infinite local derivative.
    """
    order = ancestors(outputs, since=min(node.serial for node in wrt))
    active = dependents(order, wrt)
    arrived: dict[tuple[int, int], Cotangent] = {}
    for output, seed in zip(outputs, seeds, strict=True):
        if output.serial in active:
            _deliver(arrived, (output.serial, 0), seed)
    wanted_nodes = {node.serial for node in wrt}
    results: dict[int, Node] = {}
    for node in reversed(order):
        if node.serial not in active:
            continue
        cotangents = [arrived.pop((node.serial, place), None) for place in range(len(node.types))]
        if all(cotangent is None for cotangent in cotangents):
            continue
        if node.serial in wanted_nodes:
            assert cotangents[0] is not None
            results[node.serial] = cotangents[0].settle()[0]
        if not node.inputs or not node.op.differentiable:
            continue
        wanted = [operand.serial in active for operand in node.inputs]
        if not any(wanted):
            continue
        if node.op.family == "projection":
            assert cotangents[0] is not None
            _deliver(arrived, (node.inputs[0].serial, node.params[0]), cotangents[0])
            continue
        parts = node.op.vjp(node, cotangents, wanted, strict)
        for operand, want, part in zip(node.inputs, wanted, parts, strict=True):
            if want and part is not None:
                _deliver(arrived, (operand.serial, 0), part)
    return [results.get(node.serial) for node in wrt]


def _deliver(
    arrived: dict[tuple[int, int], Cotangent], place: tuple[int, int], part: Cotangent
) -> None:
    """Add a contribution to the cotangent of one output of one node."""
    present = arrived.get(place)
    if present is None:
        # A copy: the same object may be delivered to two operands.
        arrived[place] = part.copy()
    else:
        present.add(part)
