"""Which way control flow went where data decided: kept for the output, differentiated as taken."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from gradcli.language.places import span_of

if TYPE_CHECKING:
    from gradcli.language.interpret import Interpreter

Place = ast.If | ast.IfExp | tuple[ast.comprehension, ast.expr]
"""Where data may decide: a condition of a comprehension is known by its clause and itself."""

SHOWN = 60
"""Characters of a condition that are shown."""


class Flow:
    """Counts, by statement: how often each branch was taken, how often each loop ran.

    decisions: conditions that a tensor decided. constants: numbers made of tensors.
    """

    def __init__(self) -> None:
        self.decisions = 0
        self.constants = 0
        self._branches: dict[Place, list[int]] = {}
        self._loops: dict[ast.AST, list[int]] = {}

    def branch(self, interpreter: Interpreter, node: Place, test: ast.expr) -> bool:
        """Whether a condition holds; noted where the value of a tensor decided."""
        before = self.decisions
        chosen = interpreter.holds(test, interpreter.expression(test))
        if self.decisions > before:
            self._branches.setdefault(node, [0, 0])[0 if chosen else 1] += 1
        return chosen

    def loop(self, node: ast.While, rounds: int) -> None:
        """Note that a loop whose end a tensor decided went round so many times."""
        counts = self._loops.setdefault(node, [0, 0])
        counts[0] += rounds
        counts[1] += 1

    def events(self, source: str) -> list[dict[str, Any]]:
        """What was decided, in the order of the source: plain data, as JSON has it."""
        lines = source.split("\n")
        found: list[dict[str, Any]] = []
        for place, (yes, no) in self._branches.items():
            found.append({**_event(place, lines), "true": yes, "false": no})
        for node, (rounds, runs) in self._loops.items():
            found.append({**_event(node, lines), "rounds": rounds, "runs": runs})
        return sorted(found, key=lambda event: (event["line"], event["column"]))


def _event(node: Any, lines: list[str]) -> dict[str, Any]:
    test = span_of(node[1] if isinstance(node, tuple) else node.test)
    span = test if isinstance(node, tuple) else span_of(node)
    word = "while" if isinstance(node, ast.While) else "if"
    if isinstance(node, ast.If):
        word = "elif" if lines[span.line - 1].startswith("elif", span.column) else "if"
    elif isinstance(node, ast.IfExp):
        word = "if else"
    last = test.end_line - 1
    text = "\n".join([*lines[test.line - 1 : last], lines[last][: test.end_column]])
    text = " ".join(text[test.column :].split())
    text = text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."
    return {"kind": word, "line": span.line, "column": span.column + 1, "condition": text}
