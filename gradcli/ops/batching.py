"""Batching as a graph: many values of some nodes at once, along a new leading axis.

So the n passes of a Jacobian are one graph, which can be differentiated again. Families say how
their nodes take the axis (`Op.batched`); for the others the row here wraps the node, runs it as the
engine does in a batched run, and takes its derivative from the wrapped rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import ShapeError
from gradcli.graph import OPS, Kind, Node, Shape, ancestors
from gradcli.ops.cotangent import Cotangent, nonzero, real
from gradcli.ops.family import Array, Lead, Op, Types, build
from gradcli.ops.leaves import input_

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def placeholder(shape: Shape, kind: Kind = "real") -> Node:
    """A leaf that stands for a value until `batch` replaces it."""
    return Node(input_, (), (shape, "placeholder", kind), ((shape, kind),))


def batch(
    nodes: Sequence[Node | None], replaced: Mapping[int, tuple[Node, bool]], extent: int
) -> list[Node | None]:
    """The nodes with others put in the place of some, by serial, of which the flagged are batched.

    A batched node has a leading axis of size `extent`; so has every result. None stays None.
    """
    present = [node for node in nodes if node is not None]
    known = dict(replaced)
    for node in ancestors(present, since=min(known, default=0), stop=known):
        if node.serial in known or not any(operand.serial in known for operand in node.inputs):
            continue
        pairs = [known.get(operand.serial, (operand, False)) for operand in node.inputs]
        operands = tuple([operand for operand, _ in pairs])
        lead = tuple([flag for _, flag in pairs])
        if any(lead):
            known[node.serial] = (node.op.batched(node, operands, lead, extent), True)
        else:
            known[node.serial] = (build(node.op, operands, node.params), False)
    results: list[Node | None] = []
    for wanted in nodes:
        if wanted is None:
            results.append(None)
            continue
        found, flag = known.get(wanted.serial, (wanted, False))
        whole = (extent, *found.shape)
        results.append(found if flag else OPS["broadcast_to"](found, whole))
    return results


class Batched(Op):
    """A node at many values of its operands.

    Parameters are the node, applied to placeholders, which operands are batched, and how many
    values there are.
    """

    family = "batched"
    pushed_by_vjps = True

    def __call__(self, node: Node, operands: tuple[Node, ...], lead: Lead, extent: int) -> Node:
        leaves = tuple([placeholder(operand.shape, operand.kind) for operand in node.inputs])
        template = Node(node.op, leaves, node.params, node.types)
        return build(self, operands, (template, lead, extent))

    def key(self, params: tuple[Any, ...]) -> Any:
        template, lead, extent = params
        types = tuple([leaf.types for leaf in template.inputs])
        return template.op.name, types, template.op.key(template.params), lead, int(extent)

    def infer(self, inputs: tuple[Node, ...], params: tuple[Any, ...]) -> Types:
        template, _, extent = params
        return tuple([((extent, *shape), kind) for shape, kind in template.types])

    def vjp(
        self, node: Node, cotangents: list[Cotangent | None], wanted: Sequence[bool], strict: bool
    ) -> list[Cotangent | None]:
        template, lead, extent = node.params
        if not template.op.differentiable:
            return [None] * len(node.inputs)
        replaced = {
            leaf.serial: (operand, flag)
            for leaf, operand, flag in zip(template.inputs, node.inputs, lead, strict=True)
        }
        replaced[template.serial] = (node, True)
        starts: list[Cotangent | None] = []
        for cotangent, (shape, _) in zip(cotangents, template.types, strict=True):
            if cotangent is None:
                starts.append(None)
                continue
            value, mask = cotangent.settle()
            start = Cotangent(placeholder(shape))
            assert start.value is not None
            replaced[start.value.serial] = (value, True)
            if mask is not None:
                start.mask = placeholder(shape, "bool")
                replaced[start.mask.serial] = (mask, True)
            starts.append(start)
        parts = template.op.vjp(template, starts, wanted, strict)
        results: list[Cotangent | None] = []
        for flag, part, want in zip(lead, parts, wanted, strict=True):
            if part is None or not want:
                results.append(None)
                continue
            found, reached = batch(part.settle(), replaced, extent)
            assert found is not None
            if not flag:
                found = OPS["sum"](found, (-found.ndim,), False)
                if reached is not None:
                    reached = nonzero(OPS["sum"](real(reached), (-reached.ndim,), False))
            results.append(Cotangent(found, reached))
        return results

    def run(self, node: Node, arrays: list[Array], lead: Lead | None, dtype: Any) -> Any:
        template, inner, extent = node.params
        if lead is None:
            return template.op.run(template, arrays, inner, dtype)
        # A batched run of a batch: both axes become one.
        count = len(arrays[lead.index(True)])
        merged = []
        for array, outer, own in zip(arrays, lead, inner, strict=True):
            if outer or own:
                shape = array.shape[outer + own :]
                spread = array if outer and own else array[:, None] if outer else array[None]
                array = np.broadcast_to(spread, (count, extent, *shape))
                array = array.reshape(count * extent, *shape)
            merged.append(array)
        flags = tuple([outer or own for outer, own in zip(lead, inner, strict=True)])
        found = template.op.run(template, merged, flags, dtype)

        def parted(array: Array) -> Array:
            return array.reshape(count, extent, *array.shape[1:])

        return tuple(map(parted, found)) if isinstance(found, tuple) else parted(found)


batched: Batched = Batched(
    "batched",
    doc="A node at many values of its operands at once.",
    domain="that of the node",
    box=((-1.0, 1.0),),
    kinks=(),
)


def unwrapped(node: Node) -> Node | None:
    """A batched node as one of the op that it wraps, where that takes leading axes; else None."""
    template, lead, extent = node.params
    whole = [
        x if flag else OPS["broadcast_to"](x, (extent, *x.shape))
        for x, flag in zip(node.inputs, lead, strict=True)
    ]
    try:
        types = template.op.infer(tuple(whole), template.params)
    except ShapeError:
        return None
    return build(template.op, tuple(whole), template.params) if types == node.types else None
