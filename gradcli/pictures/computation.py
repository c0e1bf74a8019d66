"""A recorded run as entries for pictures: each node with its words, numbers, place and group.

Groups are the calls and loops that nodes were made in, nested; what flows back is grouped as what
it flows through. All pictures, and the JSON, are made of this.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any, Literal

from gradcli.language.places import span_of
from gradcli.ops.leaves import input_
from gradcli.pictures.groups import Group, Grouping
from gradcli.pictures.rules import Rule, operation
from gradcli.pictures.words import (
    HOLE,
    TITLE_ROOM,
    constant_word,
    elided,
    frame_label,
    source_text,
    worded,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from gradcli.errors import Span
    from gradcli.graph import Node
    from gradcli.recording import Recording

    Array = np.ndarray[Any, Any]

Role = Literal["input", "constant", "operation", "group", "gradient"]
"""What a box is; an entry is one of the first three."""

WORDED = (
    ast.AugAssign,
    ast.Attribute,
    ast.BinOp,
    ast.Call,
    ast.Compare,
    ast.Subscript,
    ast.UnaryOp,
)
"""What a node was written as where the source's own words are its title."""


class Entry:
    """One node. key: what pictures and the JSON call it, `n3`, or `b3` on the way back.

    title: the operation, with a hole for each operand that is a box of its own and has no name.
    name: of the variable that it was assigned to. number: of a constant that is a single one.
    operands: keys. span, text: where it was written, and what. inlined: a constant that the titles
    of its users show. origin: on the way back, the key of the entry that it flows through.
    """

    def __init__(self, key: str, node: Node, operands: list[str]) -> None:
        self.key = key
        self.node = node
        self.operands = operands
        self.title = self.name = self.text = self.origin = self.number = ""
        self.value: Any = None
        self.cotangent: Array | None = None
        self.group: Group | None = None
        self.span: Span | None = None
        self.inlined = False

    @property
    def backward(self) -> bool:
        return self.key[0] == "b"

    @property
    def role(self) -> Role:
        """`input`, `constant` or `operation`."""
        if self.node.inputs:
            return "operation"
        return "input" if self.node.op is input_ and not self.backward else "constant"

    @property
    def word(self) -> str:
        """What stands for it in the titles of others; empty where nothing does."""
        if self.backward:
            return self.number
        return self.name or (self.title if self.role == "input" else self.number)


class Computation:
    """All entries of a run, operands first.

    outputs: keys. gradients: (what by, the key of the gradient). backward: whether what
    flows back has entries too. differentiated: whether there are cotangents.
    """

    def __init__(self, recording: Recording, backward: bool = False) -> None:
        self.recording = recording
        self.source = recording.traced.source.text
        self.differentiated = recording.backward is not None
        self.backward = backward and self.differentiated
        self._lines = self.source.split("\n")
        self._names = _assigned(recording.traced.source.tree)
        self._taken = frozenset([*recording.traced.inputs, *self._names.values()])
        self._grouping = Grouping(
            recording.traced, recording.nodes, lambda frame: self._label(frame)
        )
        self._of: dict[int, Entry] = {}
        self.entries: list[Entry] = []
        self._forward()
        self.gradients: list[tuple[str, str]] = []
        if self.backward:
            self._back()
        self.outputs = [self._of[node.serial].key for node in recording.outputs]
        self._inline()
        self.groups = self._grouping.groups

    def _label(self, frame: Any) -> str:
        label = frame_label(frame, self._lines)
        name = self._names.get(id(frame.where)) if frame.kind in ("call", "library") else None
        return f"{name} = {label}" if name else label

    # --- the program -----------------------------------------------------------------------------

    def _forward(self) -> None:
        recording, grouping = self.recording, self._grouping
        sites = recording.traced.sites
        passed_on = recording.traced.passed_on
        boxes = {id(where) for where in [*sites.values(), *passed_on.values()]}
        for number, node in enumerate(recording.nodes, 1):
            entry = self._entry(f"n{number}", node)
            entry.cotangent = recording.cotangent(node)
            entry.group = grouping.of.get(node.serial)
            where: Any = grouping.where.get(node.serial)
            if where is not None:
                entry.span = span_of(where)
                entry.text = source_text(self._lines, where)
            site: Any = sites.get(node.serial)
            if isinstance(site, ast.Expr):
                site = site.value
            if site is not None and node.inputs:
                outer = passed_on.get(node.serial)
                entry.name = self._names.get(id(outer), "") or self._names.get(id(site), "")
            if isinstance(site, WORDED) and node.inputs and not self._within(entry.group, site):
                entry.title = elided(worded(site, boxes), TITLE_ROOM)
            entry.title = entry.title or self._operation(entry)

    def _within(self, group: Group | None, site: ast.AST) -> bool:
        """Whether a node is one of several that a call of the library makes."""
        return group is not None and group.kind == "library" and group.where is site

    def _entry(self, key: str, node: Node) -> Entry:
        operands = [self._of[operand.serial] for operand in node.inputs]
        entry = Entry(key, node, [operand.key for operand in operands])
        entry.value = self.recording.values[node.serial]
        entry.number = constant_word(node)
        entry.title = entry.number
        self._of[node.serial] = entry
        self.entries.append(entry)
        return entry

    def _operation(self, entry: Entry) -> str:
        """An entry's operation, where it is not in the words of the source."""
        operands = [self._of[operand.serial] for operand in entry.node.inputs]
        words = [(operand.word or HOLE, True) for operand in operands]
        return elided(operation(entry.node, words, self._taken), TITLE_ROOM)

    # --- and back --------------------------------------------------------------------------------

    def _back(self) -> None:
        backward = self.recording.backward
        assert backward is not None
        flowing: dict[int, Entry] = {}
        for entry in self.entries:
            cotangent = backward.cotangents.get(entry.node.serial)
            if cotangent is not None:
                flowing.setdefault(cotangent.serial, entry)
        for number, node in enumerate(backward.nodes, 1):
            entry = self._entry(f"b{number}", node)
            entry.title = entry.title or self._operation(entry)
            origin = backward.origin.get(node.serial)
            if origin is not None:
                through = self._of[origin.serial]
                entry.origin = through.key
                entry.span, entry.text = through.span, through.text
                entry.group = self._grouping.twin(through.group)
                if entry.group is not None and node.inputs:
                    for group in entry.group.chain():
                        group.size += 1
            elif not node.inputs:
                entry.name = "seed"
            target = flowing.get(node.serial)
            named = "" if target is None else target.word
            if named and not entry.name:
                entry.name = f"grad {named}"
        for serial, node in backward.gradients.items():
            of = self._of[serial]
            self.gradients.append((of.title, self._of[node.serial].key))

    def _inline(self) -> None:
        """Leave out constants whose numbers stand in the titles of all that use them."""
        shown: dict[int, bool] = {}
        for entry in self.entries:
            for node in entry.node.inputs:
                number = self._of[node.serial].number
                if number and shown.get(node.serial, True):
                    token = rf"(?<![\w.]){re.escape(number)}(?![\w.])"
                    shown[node.serial] = re.search(token, entry.title) is not None
        for serial, everywhere in shown.items():
            entry = self._of[serial]
            kept = entry.key in self.outputs or entry.name == "seed"
            entry.inlined = everywhere and not kept

    def rules(self, entry: Entry) -> Iterator[tuple[str, str]]:
        """What each operand of an entry gets of a cotangent g: (the operand, a formula)."""
        operands = [self._of[operand.serial] for operand in entry.node.inputs]
        taken = {operand.word for operand in operands}
        letters = iter([letter for letter in "abcdefhijklmnopqrst" if letter not in taken])
        words = [operand.word or next(letters, HOLE) for operand in operands]
        shown = [(word, not word.startswith("-")) for word in words]
        sent = Rule(entry.node, shown, self._taken).sent("dy" if "g" in taken else "g")
        for operand, word, rule in zip(operands, words, sent, strict=True):
            if rule and not operand.number:
                meaning = "" if operand.word else f" = {operand.title}"
                yield word + meaning, rule


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
