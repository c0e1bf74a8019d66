"""Forward mode: the Jacobian-vector product, as a graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradcli.autodiff.reverse import vjp
from gradcli.graph import Node, ancestors, dependents
from gradcli.ops.batching import placeholder
from gradcli.ops.cotangent import Cotangent, nonzero

if TYPE_CHECKING:
    from collections.abc import Sequence


def jvp(
    outputs: Sequence[Node],
    wrt: Sequence[Node],
    tangents: Sequence[Node],
    *,
    strict: bool = False,
) -> list[Node | None]:
    """Derivative of each output along `tangents`, one tangent a node of `wrt`, shape for shape.

    None where the output does not depend on `wrt`. Where one node of `wrt` depends on another, what
    reaches it counts beside its own tangent, as it does in reverse. `strict` keeps zeros of the
    tangents and structural zeros apart from values.
    """
    if strict:
        return [_by_two_vjps(output, wrt, tangents) for output in outputs]
    order = ancestors(outputs, since=min(node.serial for node in wrt))
    active = dependents(order, wrt)
    known: dict[int, Node] = {}
    for node, tangent in zip(wrt, tangents, strict=True):
        known[node.serial] = known[node.serial] + tangent if node.serial in known else tangent
    for node in order:
        if node.serial not in active or len(node.types) > 1:
            continue
        arriving = [
            known.get(operand.serial) if operand.serial in active else None
            for operand in stepped(node).inputs
        ]
        if all(tangent is None for tangent in arriving) or not node.op.differentiable:
            continue
        push = two_vjps if node.op.pushed_by_vjps else node.op.jvp
        part = push(node, arriving)
        if part is not None:
            known[node.serial] = known[node.serial] + part if node.serial in known else part
    return [known.get(node.serial) for node in outputs]


def _by_two_vjps(output: Node, wrt: Sequence[Node], tangents: Sequence[Node]) -> Node | None:
    """The same from two strict VJPs: masks travel along the transposed derivative.

    w(v) = J^T v is linear in v, and the derivative of <t, w(v)> with respect to v is J t.
    """
    probe = placeholder(output.shape)
    parts = vjp([output], [Cotangent(probe)], wrt, strict=True)
    reached = [
        (part, Cotangent(tangent, nonzero(tangent)))
        for part, tangent in zip(parts, tangents, strict=True)
        if part is not None
    ]
    if not reached:
        return None
    return vjp([w for w, _ in reached], [t for _, t in reached], [probe], strict=True)[0]


def stepped(node: Node) -> Node:
    """The node whose operands a step differentiates: a projection looks through to its source."""
    return node.inputs[0] if node.op.family == "projection" else node


def two_vjps(node: Node, tangents: Sequence[Node | None]) -> Node | None:
    """The JVP of one step by differentiating its VJP: w(v) = J^T v is linear in v.

    The derivative of <t, w(v)> with respect to v is J t, whatever v is.
    """
    source = stepped(node)
    probe = placeholder(node.shape, node.kind)
    cotangents: list[Cotangent | None] = [None] * len(source.types)
    cotangents[node.params[0] if source is not node else 0] = Cotangent(probe)
    wanted = [tangent is not None for tangent in tangents]
    parts = source.op.vjp(source, cotangents, wanted, False)
    reached = [
        (part.settle()[0], Cotangent(tangent))
        for part, tangent in zip(parts, tangents, strict=True)
        if part is not None and tangent is not None
    ]
    if not reached:
        return None
    return vjp([w for w, _ in reached], [t for _, t in reached], [probe])[0]
