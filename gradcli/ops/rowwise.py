"""Many rows at once, each to the bit what it is alone.

Elementwise and linear nodes give a row of a batch the very numbers that they give it alone. Others
may not: a matrix product of many vectors adds up in another order than that of one. Those run as
their family says (`Op.each`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.graph import Node, ancestors
from gradcli.ops.batching import placeholder
from gradcli.ops.family import Array, Lead, Op, Types

if TYPE_CHECKING:
    from collections.abc import Sequence


class Each(Op):
    """A node whose rows are computed as if each were alone. No row of the table: nothing names it.

    The parameter is the node, applied to placeholders.
    """

    family = "each"

    def __init__(self) -> None:
        self.name = "each"

    def __call__(self, node: Node, operands: tuple[Node, ...]) -> Node:
        leaves = tuple([placeholder(operand.shape, operand.kind) for operand in node.inputs])
        template = Node(node.op, leaves, node.params, node.types)
        return Node(self, operands, (template,), node.types)

    def key(self, params: tuple[Any, ...]) -> Any:
        (template,) = params
        types = tuple([leaf.types for leaf in template.inputs])
        return template.op.name, types, template.op.key(template.params)

    def infer(self, inputs: tuple[Node, ...], params: tuple[Any, ...]) -> Types:
        types: Types = params[0].types
        return types

    def run(self, node: Node, arrays: list[Array], lead: Lead | None, dtype: Any) -> Any:
        (template,) = node.params
        if lead is None:
            return template.op.run(template, arrays, None, dtype)
        return template.op.each(template, arrays, lead, dtype)


each = Each()


def rowwise(nodes: Sequence[Node], moving: Sequence[Node]) -> tuple[list[Node], dict[int, Node]]:
    """The same nodes, to be run with a batch axis for the leaves `moving`.

    With them all that stand for other nodes now, by the serials of those.
    """
    known: dict[int, Node] = {leaf.serial: leaf for leaf in moving}
    for node in ancestors(nodes):
        if node.serial in known or not any(operand.serial in known for operand in node.inputs):
            continue
        operands = tuple([known.get(operand.serial, operand) for operand in node.inputs])
        if node.op.alike:
            known[node.serial] = Node(node.op, operands, node.params, node.types)
        else:
            known[node.serial] = each(node, operands)
    return [known.get(node.serial, node) for node in nodes], known
