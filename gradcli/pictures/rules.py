"""Rules of single steps as formulas: what the row's own rule builds, simplified and written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from gradcli.algebra import Simplifier
from gradcli.emit import Text, written
from gradcli.graph import Arena, Node, building
from gradcli.ops.cotangent import Cotangent
from gradcli.ops.leaves import input_, known_number
from gradcli.passages import factor_of
from gradcli.pictures.words import named
from gradcli.simplify import rewrite

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from gradcli.graph import Shape

Word = tuple[str, bool]
"""What a value is called, and whether that needs no brackets within an operation."""

LONG = 24
"""Positions that an index may have to be written out."""

MARK = re.compile("\x00(\\d+)\x00")
"""How the place of a word is marked until the formula around it is known."""


class Rule:
    """A step by itself, over leaves that are called as its operands are."""

    def __init__(self, node: Node, words: Sequence[Word], taken: Container[str]) -> None:
        self._words = list(words)
        self._operands = node.inputs
        self._taken = taken
        self._simplifier = Simplifier(code=True)
        self._leaves = [
            one
            if known_number(one) is not None and not one.shape
            else _leaf(f"\x00{k}\x00", one.shape, one.kind == "bool")
            for k, one in enumerate(node.inputs)
        ]
        self._real = [one.kind == "real" for one in node.inputs]
        self.node = Node(node.op, tuple(self._leaves), node.params, node.types)

    def operation(self) -> str:
        """The step itself."""
        return self._text(self.node)

    def sent(self, arriving: str) -> list[str]:
        """What each operand gets of a cotangent of that name; empty for nothing, or no formula."""
        node = self.node
        nothing = [""] * len(node.inputs)
        if not node.op.differentiable or len(node.types) > 1 or node.kind != "real":
            return nothing
        if any(len(operand.types) > 1 for operand in self._operands):
            # One output of several: what arrives goes there as it is.
            return [arriving] * len(node.inputs)
        g = _leaf(arriving, node.shape)
        with building(Arena(rewrite)), np.errstate(all="ignore"):
            parts = node.op.vjp(node, [Cotangent(g)], self._real, False)
            found = [part.settle()[0] if isinstance(part, Cotangent) else None for part in parts]
        return [self._simple(part) for part in found]

    def local(self, place: int) -> str:
        """The derivative by an operand, where elements do not mix; else empty."""
        with building(Arena(rewrite)), np.errstate(all="ignore"):
            factor = factor_of(self.node, place)
        if factor is not None and factor.op.view and factor.inputs[0] in self._leaves:
            # An operand in the shape of the step.
            factor = factor.inputs[0]
        return self._simple(factor, True)

    def _simple(self, node: Node | None, element: bool = False) -> str:
        """As a formula; of one element, a number is itself."""
        if node is None:
            return ""
        (simple,) = self._simplifier.simplify([node])
        if element and known_number(simple) is not None:
            return Text().number(simple.params[1])[0]
        return self._text(simple)

    def _text(self, node: Node) -> str:
        sheet = written([node], self._taken)
        if sheet.lines:
            return ""
        return MARK.sub(self._word, Text(self._taken).text(sheet.results[0]))

    def _word(self, found: re.Match[str]) -> str:
        word, tight = self._words[int(found[1])]
        before, after = found.string[: found.start()], found.string[found.end() :]
        alone = (not before or before.endswith(("(", ", "))) and (not after or after[0] in "),")
        return word if tight or alone else f"({word})"


def operation(node: Node, words: Sequence[Word], taken: Container[str]) -> str:
    """A node as a formula over words for its operands; as a call, where it has none, or a long one.

    taken: names that mean something else than a function.
    """
    several = len(node.types) > 1 or node.op.family == "projection"
    long = any(
        isinstance(held := getattr(param, "array", param), np.ndarray) and held.size > LONG
        for param in node.params
    )
    text = "" if several or long or not node.inputs else Rule(node, words, taken).operation()
    if text and not text.startswith("ops."):
        return text
    return named(node, [word for word, _ in words])


def _leaf(name: str, shape: Shape, boolean: bool = False) -> Node:
    kind = "bool" if boolean else "real"
    return Node(input_, (), (shape, name, kind), ((shape, kind),))  # type: ignore[arg-type]
