"""Forward mode: the Jacobian-vector product, as a graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.autodiff.reverse import vjp
from gradcli.graph import Node, ancestors, dependents
from gradcli.ops.cotangent import Cotangent
from gradcli.ops.leaves import input_

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.ops.family import Tangent


def jvp(
    outputs: Sequence[Node], wrt: Sequence[Node], tangents: Sequence[Node]
) -> list[Node | None]:
    """Derivative of each output along `tangents`, one tangent a node of `wrt`, shape for shape.

    None where the output does not depend on `wrt`.
    """
    order = ancestors(outputs, since=min(node.serial for node in wrt))
    active = dependents(order, wrt)
    known: dict[int, Any] = {
        node.serial: tangent for node, tangent in zip(wrt, tangents, strict=True)
    }
    for node in order:
        if node.serial in known or node.serial not in active:
            continue
        arriving = [
            known.get(operand.serial) if operand.serial in active else None
            for operand in node.inputs
        ]
        if all(tangent is None for tangent in arriving):
            continue
        push = two_vjps if node.op.pushed_by_vjps else node.op.jvp
        tangent = push(node, arriving)
        if tangent is not None:
            known[node.serial] = tangent
    return [known.get(node.serial) for node in outputs]


def two_vjps(node: Node, tangents: Sequence[Any]) -> Tangent | None:
    """The JVP of one step by differentiating its VJP: w(v) = J^T v is linear in v.

    The derivative of <t, w(v)> with respect to v is J t, whatever v is. With several outputs v has
    a part for each that carries a derivative, and so has J t.
    """
    probes = [
        Node(input_, (), (shape, "probe", kind), ((shape, kind),)) if kind == "real" else None
        for shape, kind in node.types
    ]
    cotangents = [None if probe is None else Cotangent(probe) for probe in probes]
    wanted = [tangent is not None for tangent in tangents]
    parts = node.op.vjp(node, cotangents, wanted, False)
    reached = []
    for part, tangent in zip(parts, tangents, strict=True):
        if part is not None and tangent is not None:
            assert isinstance(part, Cotangent)
            reached.append((part.settle()[0], Cotangent(tangent)))
    if not reached:
        return None
    present = [probe for probe in probes if probe is not None]
    found = iter(vjp([w for w, _ in reached], [t for _, t in reached], present))
    pushed = tuple([None if probe is None else next(found) for probe in probes])
    return pushed[0] if len(pushed) == 1 else pushed
