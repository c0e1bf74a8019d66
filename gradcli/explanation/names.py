"""What nodes are called in an explanation: steps by number, inputs and variables by name.

Formulas refer to a step as `[3]`, or by the variable that it alone was assigned to.
"""

from __future__ import annotations

import ast
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from gradcli.graph import Arena, building
from gradcli.ops.leaves import input_
from gradcli.passages import factor_of
from gradcli.pictures.computation import Computation, Entry
from gradcli.pictures.words import ATOM, formula, rules_of, spelled
from gradcli.simplify import rewrite

if TYPE_CHECKING:
    from gradcli.explanation.steps import Id
    from gradcli.graph import Node
    from gradcli.passages import Passages
    from gradcli.pictures.words import Shown

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
        self._written = Counter([self.text(entry.node)[0] for entry in self.steps])

    def id(self, node: Node) -> Id:
        """The number of a step, the name of an input, a number as it is."""
        number = self._numbers.get(node.serial)
        return self.entries[node.serial].title if number is None else number

    def reference(self, node: Node) -> Shown:
        """What a node is called within a formula, and how tightly that binds.

        A number, an input, a variable, what was written where that is short; else the step.
        """
        entry = self.entries[node.serial]
        number = self._numbers.get(node.serial)
        if number is None:
            return entry.title, 0 if entry.title.startswith("-") else ATOM
        if entry.name and self._times[entry.name] == 1:
            return entry.name, ATOM
        site = self._sites.get(node.serial)
        short = site is not None and len(entry.text) <= SHORT
        if short and self._written[entry.text] == 1:
            tight = isinstance(site, (ast.Call, ast.Subscript, ast.Attribute))
            return entry.text, ATOM if tight else 0
        return f"[{number}]", ATOM

    def operation(self, node: Node) -> str:
        """A step as an operation over what it uses."""
        return spelled(node, [self._name(operand) for operand in node.inputs])[0]

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

    def rules(self, node: Node) -> list[str]:
        """What each operand gets of g, the cotangent that arrives, as formulas; empty for none."""
        words = [self.reference(operand) for operand in node.inputs]
        arriving = "dy" if any(text == "g" for text, _ in words) else "g"
        return rules_of(node, words, arriving, self.reference(node))

    def local(self, node: Node, place: int) -> str:
        """The derivative of a step by one of its operands, as a formula; empty where there is none.

        That of an op whose elements do not mix: a factor for each element.
        """
        with building(Arena(rewrite)), np.errstate(all="ignore"):
            factor = factor_of(node, place)
        if factor is None:
            return ""
        known = {one.serial: self.reference(one) for one in (node, *node.inputs)}
        if factor.op.view and factor.inputs[0].serial in known:
            # An operand in the shape of the step.
            factor = factor.inputs[0]
        return formula(factor, known)

    def _name(self, node: Node) -> Shown:
        """A variable, an input, a number or a step: what an operation is over."""
        entry = self.entries[node.serial]
        number = self._numbers.get(node.serial)
        if number is None or (entry.name and self._times[entry.name] == 1):
            return self.reference(node)
        return f"[{number}]", ATOM
