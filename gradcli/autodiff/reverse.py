"""Reverse mode: the vector-Jacobian product of outputs with seeds, as a graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from gradcli.graph import Node, ancestors, dependents, mark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.ops.cotangent import Bundle, Cotangent


class Passed(NamedTuple):
    """A node on the way back: what arrives there, and what its rule sends to each operand.

    mark: what the rule makes has later serials, and earlier ones than the next mark.
    """

    mark: int
    node: Node
    arrived: Cotangent | Bundle
    sent: list[Cotangent | Bundle | None]


def vjp(
    outputs: Sequence[Node],
    seeds: Sequence[Cotangent],
    wrt: Sequence[Node],
    *,
    strict: bool = False,
    trail: list[Passed] | None = None,
) -> list[Node | None]:
    """Gradient of `sum(seed * output)` with respect to each node of `wrt`, shape for shape.

    None where no path of real numbers leads there. `strict` keeps structural zeros apart from
    values (at some cost), so that a zero never meets an infinite local derivative. `trail` gets
    each node that is passed on the way back, in order.
    """
    order = ancestors(outputs, since=min(node.serial for node in wrt))
    active = dependents(order, wrt)
    arrived: dict[int, Any] = {}
    for output, seed in zip(outputs, seeds, strict=True):
        if output.serial in active:
            _deliver(arrived, output, seed)
    wanted_nodes = {node.serial for node in wrt}
    results: dict[int, Node] = {}
    for node in reversed(order):
        if node.serial not in active:
            continue
        cotangent = arrived.pop(node.serial, None)
        if cotangent is None:
            continue
        sent: list[Cotangent | Bundle | None] = []
        if trail is not None:
            trail.append(Passed(mark(), node, cotangent.copy(), sent))
        if node.serial in wanted_nodes:
            results[node.serial] = cotangent.settle()[0]
        if not node.inputs or not node.op.differentiable:
            continue
        wanted = [operand.serial in active for operand in node.inputs]
        if not any(wanted):
            continue
        parts = node.op.vjp(node, cotangent.outputs(), wanted, strict)
        for operand, want, part in zip(node.inputs, wanted, parts, strict=True):
            if want and part is not None:
                _deliver(arrived, operand, part)
            if trail is not None:
                sent.append(part.copy() if want and part is not None else None)
    return [results.get(node.serial) for node in wrt]


def _deliver(arrived: dict[int, Any], node: Node, part: Cotangent | Bundle) -> None:
    """Add a contribution to what arrived at a node."""
    present = arrived.get(node.serial)
    if present is None:
        # A copy: the same object may be delivered to two operands.
        arrived[node.serial] = part.copy()
    else:
        present.add(part)
