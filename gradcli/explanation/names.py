"""What nodes are called in an explanation: steps by number, inputs and variables by name.

Formulas refer to a step as `[3]`, or by the variable that it alone was assigned to.
"""

from __future__ import annotations

import ast
from collections import Counter
from typing import TYPE_CHECKING

from gradcli.ops.leaves import input_
from gradcli.pictures.computation import Computation, Entry
from gradcli.pictures.rules import Rule, operation

if TYPE_CHECKING:
    from gradcli.explanation.steps import Id
    from gradcli.graph import Node
    from gradcli.passages import Passages
    from gradcli.pictures.rules import Word

SHORT = 16
"""Signs up to which what was written stands within formulas, in place of the step's number."""


class Names:
    """The names of a run's nodes, and texts of operations and rules in them."""

    def __init__(self, passages: Passages) -> None:
        self._sites = passages.traced.sites
        self.entries: dict[int, Entry] = {
            entry.node.serial: entry for entry in Computation(passages).entries
        }
        # An input is no step, nor is a single number.
        self.steps = [
            entry
            for entry in self.entries.values()
            if entry.node.op is not input_ and not entry.number
        ]
        self._numbers = {entry.node.serial: k for k, entry in enumerate(self.steps, 1)}
        self._times = Counter([entry.name for entry in self.steps])
        self._times.update(list(passages.traced.inputs))
        self._taken = frozenset([*passages.traced.inputs, *self._times])
        own = [entry.text for entry in self.steps if entry.node.serial in self._sites]
        self._written = Counter(own)

    def id(self, node: Node) -> Id:
        """The number of a step, the name of an input, a number as it is."""
        number = self._numbers.get(node.serial)
        return self.entries[node.serial].title if number is None else number

    def _word(self, node: Node) -> Word:
        """What a node is called within a formula.

        A number, an input, a variable, what was written where that is short; else the step.
        """
        entry = self.entries[node.serial]
        number = self._numbers.get(node.serial)
        if number is None:
            return entry.title, not entry.title.startswith("-")
        if entry.name and self._times[entry.name] == 1:
            return entry.name, True
        site = self._sites.get(node.serial)
        short = site is not None and 0 < len(entry.text) <= SHORT
        if short and self._written[entry.text] == 1:
            return entry.text, isinstance(site, (ast.Call, ast.Subscript, ast.Attribute))
        return f"[{number}]", True

    def rule(self, node: Node) -> Rule:
        """The step by itself, in the names of what it uses."""
        words = [self._word(operand) for operand in node.inputs]
        return Rule(node, words, self._taken)

    def operation(self, node: Node) -> str:
        """A step as an operation over inputs, variables and steps."""
        return operation(node, [self._name(one) for one in node.inputs], self._taken)

    def text(self, node: Node) -> tuple[str, bool]:
        """As it was written, and whether that is all there is to it.

        A step that was not written itself, as its operation; the last of several that a call makes
        has the words of the call, and its operation tells more.
        """
        entry = self.entries[node.serial]
        site = self._sites.get(node.serial)
        if site is None or not entry.text:
            return self.operation(node), True
        group = entry.group
        several = group is not None and group.kind == "library" and group.where is site
        return entry.text, not several

    def _name(self, node: Node) -> Word:
        """A variable, an input, a number or a step: what an operation is over."""
        entry = self.entries[node.serial]
        number = self._numbers.get(node.serial)
        if number is None or (entry.name and self._times[entry.name] == 1):
            return self._word(node)
        return f"[{number}]", True
