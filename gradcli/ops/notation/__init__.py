"""How rows are written: as formulas, in LaTeX, and by other rows where a library lacks them.

Nothing here is read before a formula is printed. A row that has no entry in `table` is written as a
call of its bare name, with its parameters as arguments (see calls.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradcli.ops.notation.calls import called
from gradcli.ops.notation.table import EXPANSIONS, FORMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.graph import Node
    from gradcli.ops.notation.formula import Formula


def write(node: Node, operands: Sequence[Formula]) -> Formula:
    """How a formula writes the node over its operands' formulas."""
    form = FORMS.get(node.op.name)
    return called(node, operands) if form is None else form(node, *operands)


def expanded(node: Node, operands: Sequence[Node]) -> Node | None:
    """The same value by other rows, as a graph; None where there is no other way."""
    expand = EXPANSIONS.get(node.op.name)
    return None if expand is None else expand(*operands, *node.params)
