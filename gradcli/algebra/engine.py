"""Rewrites for printing: the rows, and their application to a fixed point.

A row is a rule from a node to a simpler one of the same shape and the same value up to rounding. It
carries examples, source and result, on which the tests run it alone and compare numbers. A pass
goes over the graph once, operands first; passes follow until nothing changes, `PASSES` at most.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradcli.algebra.terms import Terms
from gradcli.graph import MAX_NODES, Arena, Node, ancestors, building
from gradcli.simplify import rewrite as keep_values

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence

    Rule = Callable[[Node, Terms], Node | None]
    """rule(node, terms) -> a simpler node, or None."""

PASSES = 60
"""Passes over a graph at most; a formula needs some ten."""

STEPS = 30
"""Rewrites of one node in one pass at most."""


EFFORT = 120_000
"""Nodes that rewrites may make for one simplification; what is left then stays as it is."""


class Rewrite:
    """A row: a rule, the ops it applies to (names, or `*` and a family) and its examples.

    examples: source -> what it is rewritten to by all rows together. after: the name of a row that
    makes what this one applies to, where the language has no function for it.
    formulas_only: it drops a case on a set of measure zero, or trades digits for brevity: code that
    computes does without. value_only: the value stays and the derivative does not.
    """

    def __init__(
        self,
        name: str,
        ops: str,
        rule: Rule,
        examples: dict[str, str],
        formulas_only: bool,
        value_only: bool,
        after: str,
    ) -> None:
        self.name = name
        self.ops = tuple(ops.split())
        self.rule = rule
        self.examples = examples
        self.formulas_only = formulas_only
        self.value_only = value_only
        self.after = after
        if not examples:
            raise ValueError(f"rewrite {name}: examples are part of a row")
        ROWS.append(self)


ROWS: list[Rewrite] = []
"""Every row; they add themselves when their modules are imported."""


def rewrite(
    name: str,
    ops: str,
    examples: dict[str, str],
    *,
    formulas_only: bool = False,
    value_only: bool = False,
    after: str = "",
) -> Callable[[Rule], Rule]:
    """Make the decorated rule a row."""

    def enter(rule: Rule) -> Rule:
        Rewrite(name, ops, rule, examples, formulas_only, value_only, after)
        return rule

    return enter


class Simplifier:
    """Simplifies graphs that share nodes; remembers what it has seen.

    code: leave out rows that are for formulas only. final: nothing will be differentiated again.
    rows: which rows to apply; all by default. left_out: where conditions go that rules leave out.
    """

    def __init__(
        self,
        *,
        code: bool = False,
        final: bool = True,
        rows: Sequence[Rewrite] | None = None,
        left_out: list[Node] | None = None,
        max_nodes: int = MAX_NODES,
    ) -> None:
        self.arena = Arena(keep_values, max_nodes)
        self.arena.textbook = True
        self.arena.left_out = left_out
        self.terms = Terms()
        self._rules: dict[str, list[Rule]] = {}
        for row in ROWS if rows is None else rows:
            if (row.formulas_only and code) or (row.value_only and not final):
                continue
            for op in row.ops:
                self._rules.setdefault(op, []).append(row.rule)
        self.settled = True
        """Whether every fixed point was reached within the bounds."""
        self._limit = 0
        self._normal: set[int] = set()
        self._first: dict[int, Node] = {}

    def written(self, outputs: Sequence[Node], sites: Container[int] = ()) -> list[Node]:
        """The same of what a person wrote: sums stay in order, conditions stay.

        sites: serials of the nodes that are an expression of the source each.
        """
        self.note_sums(outputs)
        with building(self.arena):
            for node in ancestors(outputs):
                if node.kind == "bool":
                    self.terms.traced.add(self.terms.key(node))
                    if node.serial in sites:
                        self.terms.asked.add(self.terms.key(node))
        found = self.simplify(outputs)
        with building(self.arena):
            conditions = [node for node in ancestors(found) if node.kind == "bool"]
            self.terms.traced.update([self.terms.key(node) for node in conditions])
        return found

    def simplify(self, outputs: Sequence[Node]) -> list[Node]:
        """Nodes of the same values and shapes, as simple as the rows make them."""
        current = list(outputs)
        with building(self.arena), np.errstate(all="ignore"):
            self._limit = self.arena.nodes + EFFORT + 10 * len(ancestors(current))
            for _ in range(PASSES):
                found = self._pass(current)
                if all(a is b for a, b in zip(found, current, strict=True)):
                    self.settled &= self.arena.nodes <= self._limit
                    return current
                current = found
        self.settled = False
        return current

    def note_sums(self, outputs: Sequence[Node]) -> None:
        """Keep the order of the terms and the factors that a person wrote."""
        with building(self.arena):
            for node in ancestors(outputs):
                if node.kind == "real" and node.op.name in ("add", "subtract"):
                    self.terms.as_written.add(self.terms.key(node))
                elif node.kind == "real" and node.op.name in ("multiply", "divide"):
                    self.terms.note_order(node)

    def _pass(self, outputs: list[Node]) -> list[Node]:
        made: dict[int, Node] = {}
        for node in ancestors(outputs):
            if node.inputs:
                operands = tuple([made[operand.serial] for operand in node.inputs])
                node_ = self.arena.make(node.op, operands, node.params)
                made[node.serial] = self._normalised(node_)
            else:
                made[node.serial] = self._first.setdefault(self.terms.key(node), node)
        return [made[node.serial] for node in outputs]

    def _normalised(self, node: Node) -> Node:
        """The node after the rows that apply to it, one after another."""
        for _ in range(STEPS):
            if node.serial in self._normal or self.arena.nodes > self._limit:
                break
            better = self._step(node)
            if better is None:
                self._normal.add(node.serial)
                break
            node = better
        else:
            self.settled = False
        # The simplest of all nodes that are equal up to order stands for them all.
        key = self.terms.key(node)
        first = self._first.get(key)
        if first is None or self.terms.cost(node) < self.terms.cost(first):
            self._first[key] = first = node
        return first if first.shape == node.shape and first.kind == node.kind else node

    def _step(self, node: Node) -> Node | None:
        rules = self._rules
        for rule in (*rules.get(node.op.name, ()), *rules.get(f"*{node.op.family}", ())):
            found: Node | None = rule(node, self.terms)
            if found is None or found is node or found.shape != node.shape:
                continue
            if found.kind == node.kind or (node.kind == "real" and found.kind == "int"):
                return found
        return None
