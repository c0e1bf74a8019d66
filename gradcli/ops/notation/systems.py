"""How formulas write factorisations, whose outputs are taken by their positions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradcli.ops.notation.formula import Call

if TYPE_CHECKING:
    from gradcli.graph import Node
    from gradcli.ops.notation.formula import Formula


def slogdet_form(node: Node, x: Formula) -> Formula:
    return Call("slogdet", x, ndim=node.ndim)


def svd_form(node: Node, x: Formula) -> Formula:
    (full,) = node.params
    return Call("svd", x, ndim=node.ndim, named={"full_matrices": full})
