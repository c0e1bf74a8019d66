"""Forward mode: the Jacobian-vector product, as a graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.autodiff.reverse import vjp
from gradcli.graph import Node, ancestors, dependents
from gradcli.ops.batching import placeholder
from gradcli.ops.cotangent import Cotangent, nonzero

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.ops.family import Tangent


def jvp(
    outputs: Sequence[Node],
    wrt: Sequence[Node],
    tangents: Sequence[Node],
    *,
    strict: bool = False,
    trail: list[tuple[Node, Tangent]] | None = None,
) -> list[Node | None]:
    """Derivative of each output along `tangents`, one tangent a node of `wrt`, shape for shape.

    None where the output does not depend on `wrt`. Where one node of `wrt` depends on another, what
    reaches it counts beside its own tangent, as it does in reverse. `strict` keeps zeros of the
    tangents and structural zeros apart from values. `trail` gets each node that is passed, with its
    tangent, in order; nothing is passed strictly.
    """
    if strict:
        return [_by_two_vjps(output, wrt, tangents) for output in outputs]
    order = ancestors(outputs, since=min(node.serial for node in wrt))
    active = dependents(order, wrt)
    known: dict[int, Any] = {}
    for node, tangent in zip(wrt, tangents, strict=True):
        known[node.serial] = known[node.serial] + tangent if node.serial in known else tangent
    for node in order:
        if node.serial not in active:
            continue
        arriving = [
            known.get(operand.serial) if operand.serial in active else None
            for operand in node.inputs
        ]
        if all(tangent is None for tangent in arriving) or not node.op.differentiable:
            continue
        part = push(node, arriving)
        if part is not None:
            known[node.serial] = known[node.serial] + part if node.serial in known else part
            if trail is not None:
                trail.append((node, known[node.serial]))
    return [known.get(node.serial) for node in outputs]


def push(node: Node, tangents: Sequence[Any]) -> Tangent | None:
    """The tangent of a node from those of its operands; None where none of them counts."""
    pushing = two_vjps if node.op.pushed_by_vjps else node.op.jvp
    return pushing(node, list(tangents))


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


def two_vjps(node: Node, tangents: Sequence[Any]) -> Tangent | None:
    """The JVP of one step by differentiating its VJP: w(v) = J^T v is linear in v.

    The derivative of <t, w(v)> with respect to v is J t, whatever v is. With several outputs v has
    a part for each that carries a derivative, and so has J t.
    """
    probes = [placeholder(shape, kind) if kind == "real" else None for shape, kind in node.types]
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
