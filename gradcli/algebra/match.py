"""What rows ask of nodes, and small things that they build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradcli.graph import OPS, Dim, Node

if TYPE_CHECKING:
    from gradcli.algebra.terms import Exponent
    from gradcli.graph import Shape

    Labels = tuple[int, ...]


def is_one(size: int) -> bool:
    """Whether a size is 1, and not a sample of a named one."""
    return size == 1 and not isinstance(size, Dim)


def is_sum(x: Node) -> bool:
    """Whether x is a sum or a difference."""
    return x.op.name in ("add", "subtract")


def is_scalar(base: Node, exponent: Exponent) -> bool:
    """Whether a factor is a scalar."""
    return base.ndim == 0 and not (isinstance(exponent, Node) and exponent.ndim)


def is_unit(x: Node) -> bool:
    """Whether x is a unit matrix."""
    return x.op.name == "eye" and x.params[1] == 0 and x.shape[0] == x.shape[1]


def is_diagonal(x: Node) -> bool:
    """Whether x is a square matrix made of its main diagonal."""
    if x.op.name == "diag_embed" and x.ndim == 2:
        return bool(x.params[0] == 0 and x.shape[0] == x.shape[1] == x.inputs[0].shape[0])
    return is_unit(x)


def filled(node: Node, shape: Shape) -> Node:
    """The node repeated to a shape, if it has another."""
    return node if node.shape == shape else OPS["broadcast_to"](node, shape)


def permuted(x: Node, labels: Labels, wanted: Labels) -> Node:
    """A node whose axes have labels, with its axes in the order of the wanted ones."""
    return OPS["transpose"](x, tuple([labels.index(label) - len(labels) for label in wanted]))
