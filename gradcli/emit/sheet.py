"""Graph to formulas: one for each output, and named parts where a formula would grow too long.

A graph shares its nodes and a formula does not, so that a small graph can have an endless formula:
what is used more than once gets a name where writing it out would pass `BREADTH`, and so does what
nests deeper than `DEPTH`, which bounds every walk over a formula.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradcli.graph import Node, ancestors
from gradcli.ops.notation.formula import Formula, Name, Number, Placed, Prefix, Several

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

BREADTH = 60
"""Signs that formulas may have in all before shared parts of them get names."""

DEPTH = 40
"""Operations that may nest in a formula before a part of it gets a name."""


class Sheet:
    """Formulas of outputs over the named parts before them.

    lines: (name, formula) in order, each over inputs and earlier names; results: one formula for
    each output.
    """

    def __init__(self, lines: list[tuple[str, Formula]], results: list[Formula]) -> None:
        self.lines = lines
        self.results = results

    @property
    def formulas(self) -> list[Formula]:
        """Every formula of the sheet."""
        return [*[formula for _, formula in self.lines], *self.results]


def written(
    outputs: Sequence[Node],
    taken: Container[str],
    *,
    code: bool = False,
    names: Mapping[int, str] | None = None,
) -> Sheet:
    """The sheet of some nodes.

    taken: names that no part may get. code: every part that is used twice gets a name, to be
    computed once, and so does every part that is made by statements. names: those that outputs are
    known by, by serial.
    """
    names = names or {}
    order = ancestors(outputs)
    uses = _uses(order, outputs)
    results = {node.serial for node in outputs}
    share = code or _signs(order, outputs) > BREADTH
    lines: list[tuple[str, Formula]] = []
    formulas: dict[int, Formula] = {}
    count = 0
    for node in order:
        formula = node.op.write(node, [formulas[operand.serial] for operand in node.inputs])
        several = share and uses[node.serial] > 1 and _worth(formula)
        apart = code and isinstance(formula, Placed) and node.serial not in results
        if isinstance(formula, Several):
            several = False
        if node.inputs and (several or apart or formula.depth > DEPTH):
            name = names.get(node.serial, "")
            if not name:
                count += 1
                while f"t{count}" in taken:
                    count += 1
                name = f"t{count}"
            lines.append((name, formula))
            formula = Name(name, formula.ndim)
        formulas[node.serial] = formula
    return Sheet(lines, [formulas[node.serial] for node in outputs])


def _uses(order: list[Node], outputs: Sequence[Node]) -> dict[int, int]:
    uses = dict.fromkeys([node.serial for node in order], 0)
    for node in order:
        for operand in node.inputs:
            uses[operand.serial] += 1
    for node in outputs:
        uses[node.serial] += 1
    return uses


def _signs(order: list[Node], outputs: Sequence[Node]) -> int:
    """Signs that the outputs have when everything is written out, up to a bound."""
    signs: dict[int, int] = {}
    for node in order:
        total = 1 + sum(signs[operand.serial] for operand in node.inputs)
        signs[node.serial] = min(total, 2 * BREADTH)
    return sum(signs[node.serial] for node in outputs)


def _worth(formula: Formula) -> bool:
    """Whether a name is shorter, or saves work: not for a name, a number or its negative."""
    while isinstance(formula, Prefix):
        formula = formula.operand
    return not isinstance(formula, (Name, Number)) and formula.size > 2
