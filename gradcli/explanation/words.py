"""What steps are called: their number, the words of the source, the variable they were assigned to.
"""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING

from gradcli.language.places import span_of
from gradcli.ops.leaves import input_, known_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.errors import Span
    from gradcli.explanation.steps import Id
    from gradcli.graph import Node
    from gradcli.traced import Traced


class Words:
    """The words of a traced program for its nodes."""

    def __init__(self, traced: Traced, nodes: Sequence[Node]) -> None:
        self._lines = traced.source.text.split("\n")
        self._sites = traced.sites
        self._noted = sorted(traced.sites)
        self._assigned = _assigned(traced.source.tree)
        self.steps = [node for node in nodes if is_step(node)]
        self._numbers = {node.serial: number for number, node in enumerate(self.steps, 1)}
        named = [self.name(node) for node in self.steps]
        self._times = Counter([*named, *traced.inputs])

    def id(self, node: Node) -> Id:
        """The number of a step, the name of an input, what a constant is."""
        number = self._numbers.get(node.serial)
        if number is not None:
            return number
        return str(node.params[1]) if node.op is input_ else constant_text(node)

    def name(self, node: Node) -> str:
        """The variable that the step was assigned to; empty where none was."""
        site = self._sites.get(node.serial)
        return "" if site is None else self._assigned.get(id(site), "")

    def span(self, node: Node) -> Span | None:
        """Where it was written; of a step inside a call of the library, the call."""
        place = bisect_left(self._noted, node.serial)
        if place == len(self._noted):
            return None
        return span_of(self._sites[self._noted[place]])

    def text(self, node: Node) -> str:
        """As it was written; a step that was not written itself, as its operation."""
        site = self._sites.get(node.serial)
        written = "" if site is None else self._slice(span_of(site))
        return written or self.operation(node)

    def operation(self, node: Node) -> str:
        """The operation over inputs, variables and steps."""
        return operation_text(node, [self.reference(operand) for operand in node.inputs])

    def reference(self, node: Node) -> str:
        """What a node is called inside a formula."""
        name = self.name(node)
        if name and self._times[name] == 1:
            return name
        found = self.id(node)
        return f"[{found}]" if isinstance(found, int) else found

    def _slice(self, span: Span) -> str:
        lines = self._lines[span.line - 1 : span.end_line]
        if not lines:
            return ""
        lines[-1] = lines[-1][: span.end_column]
        lines[0] = lines[0][span.column :]
        return " ".join(" ".join(lines).split())


def is_step(node: Node) -> bool:
    """Whether a node is a step of its own: inputs and single numbers are not."""
    return bool(node.inputs) or not (node.op is input_ or known_number(node) is not None)


def constant_text(node: Node) -> str:
    """A number of the program, a size by its name."""
    value = node.params[1]
    text = getattr(value, "name", "") or repr(value).removesuffix(".0")
    return text if not node.shape else f"{text}, repeated"


def operation_text(node: Node, operands: Sequence[str]) -> str:
    """A node over its operands: with its sign, or as a call of its row."""
    symbol = getattr(node.op, "symbol", "")
    if symbol and len(operands) == 2:
        return f"{operands[0]} {symbol} {operands[1]}"
    if symbol and len(operands) == 1:
        return f"{symbol}{operands[0]}"
    return f"{node.op.name}({', '.join(operands)})"


def _assigned(tree: ast.Module) -> dict[int, str]:
    """Names that expressions (by id) are assigned to."""
    found: dict[int, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            if isinstance(node.targets[0], ast.Name):
                found[id(node.value)] = node.targets[0].id
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            found[id(node)] = node.target.id
    return found
