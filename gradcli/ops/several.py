"""Several outputs: each is reached through a projection, a node of its own.

The node they come from takes a bundle of cotangents in reverse mode and gives a tuple of tangents
in forward mode; its array in a run is a tuple of arrays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from gradcli.graph import Node
from gradcli.ops.cotangent import Bundle, Cotangent
from gradcli.ops.family import Array, Lead, Op, Types, build

if TYPE_CHECKING:
    from collections.abc import Sequence


class Picked(NamedTuple):
    """Elements that a function chose, and where they were; the names are PyTorch's."""

    values: Node
    indices: Node


class Projection(Op):
    """One output of a node that has several."""

    family = "projection"
    alike = True

    def __call__(self, node: Node, place: int) -> Node:
        return build(self, (node,), (place,))

    def infer(self, inputs: tuple[Node, ...], params: tuple[Any, ...]) -> Types:
        return (inputs[0].types[params[0]],)

    def vjp(
        self, node: Node, cotangents: list[Cotangent | None], wanted: Sequence[bool], strict: bool
    ) -> list[Bundle]:
        bundle = Bundle([None] * len(node.inputs[0].types))
        bundle.parts[node.params[0]] = cotangents[0]
        return [bundle]

    def jvp(self, node: Node, tangents: list[Any]) -> Node | None:
        tangent: Node | None = tangents[0][node.params[0]]
        return tangent

    def batched(self, node: Node, operands: tuple[Node, ...], lead: Lead, extent: int) -> Node:
        return build(self, operands, node.params)

    def run(self, node: Node, arrays: list[Any], lead: Lead | None, dtype: Any) -> Array:
        array: Array = arrays[0][node.params[0]]
        return array


project = Projection(
    "project",
    doc="One output of an operation that has several.",
    domain="all",
    box=((-1.0, 1.0),),
    kinks=(),
)


def outputs(node: Node) -> tuple[Node, ...]:
    """The outputs of a node, each as a node of its own."""
    if len(node.types) == 1:
        return (node,)
    return tuple([project(node, place) for place in range(len(node.types))])
