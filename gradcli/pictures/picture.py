"""A picture of a computation: boxes, edges between them, and groups, some folded into one box.

How it is written down is for others: as a tree, DOT, Mermaid, SVG, a page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradcli.ops.elementwise import shape_text
from gradcli.pictures.groups import BELOW
from gradcli.pictures.words import elided, value_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.pictures.computation import Computation, Entry, Role
    from gradcli.pictures.groups import Group
    from gradcli.render.layout import Look

LINE_ROOM, VALUE_ROOM = 40, 26

MOST_BOXES = 60
"""Boxes up to which groups are unfolded where no depth is asked for."""


class Box:
    """A node, a folded group, or the end of the way back to an input.

    entries: those whose numbers it shows: the node's, the results of the group. active: whether a
    derivative flows through. within: the group that it stands in.
    """

    def __init__(self, key: str, role: Role, title: str, entries: list[Entry]) -> None:
        self.key = key
        self.role = role
        self.title = title
        self.results = {entry.key: entry for entry in entries}
        self.name = ""
        self.within: Group | None = None
        self.group: Group | None = None
        self.backward = False
        self.output = False

    @property
    def entries(self) -> list[Entry]:
        return list(self.results.values())

    @property
    def active(self) -> bool:
        return self.backward or any(entry.cotangent is not None for entry in self.entries)

    @property
    def label(self) -> str:
        """The name that the program gives it, and what it is."""
        return f"{self.name} = {self.title}" if self.name else self.title

    @property
    def size(self) -> str:
        """How many operations are folded into it; empty for a single one."""
        return "" if self.group is None else f"{self.group.size} operations"

    @property
    def shape(self) -> str:
        """The shape of what it computes; empty where it computes several things."""
        return shape_text(self.entries[0].node.shape) if len(self.results) == 1 else ""

    def value(self, room: int, look: Look) -> str:
        """What it computes, within so many signs."""
        if len(self.results) != 1:
            return f"{len(self.results)} results"
        return value_text(self.entries[0].value, room, look)

    def cotangent(self, room: int, look: Look) -> str:
        """What flows back to it, within so many signs; empty where nothing does."""
        cotangent = self.entries[0].cotangent if len(self.results) == 1 else None
        return "" if cotangent is None else value_text(cotangent, room, look)

    def lines(self, look: Look) -> list[str]:
        """What stands in it: the operation, shape and value, and what flows back."""
        label = elided(self.label, LINE_ROOM)
        value = self.value(VALUE_ROOM, look)
        if self.shape not in ("", "()"):
            value = f"{self.shape}  {value}"
        cotangent = self.cotangent(VALUE_ROOM, look)
        found = [text for text in dict.fromkeys((label, self.size, value)) if text]
        return [*found, f"grad  {cotangent}"] if cotangent else found


class Edge:
    """From what is computed to what uses it."""

    __slots__ = ("backward", "source", "target")

    def __init__(self, source: str, target: str, backward: bool) -> None:
        self.source = source
        self.target = target
        self.backward = backward


class Picture:
    """What is to be drawn. Boxes stand after those that they use.

    groups: the unfolded ones, the outer before the inner. depth: how many levels of groups are
    unfolded, of `levels`; one more unfolds the compositions of the library too (`deepest`).
    """

    def __init__(self, computation: Computation, depth: int | None = None) -> None:
        self.computation = computation
        shown = [entry for entry in computation.entries if not entry.inlined]
        levels = {group.level for group in computation.groups}
        own = max(levels - {BELOW}, default=0)
        self.levels = own
        self.deepest = own + (BELOW in levels)
        self.depth = _fitting(shown, own) if depth is None else min(depth, self.deepest)
        self._unfolds = BELOW if self.depth > own else self.depth
        self.boxes: dict[str, Box] = {}
        self._box_of: dict[str, Box] = {}
        for entry in shown:
            self._place(entry)
        self.groups = self._unfolded()
        self.edges: list[Edge] = []
        self._connect(shown)
        self.outputs = [self._box_of[key].key for key in computation.outputs]
        for key in self.outputs:
            self.boxes[key].output = True
        self._ends()

    def operands(self) -> dict[str, list[str]]:
        """For each box those that it uses, in order."""
        found: dict[str, list[str]] = {key: [] for key in self.boxes}
        for edge in self.edges:
            found[edge.target].append(edge.source)
        return found

    def _place(self, entry: Entry) -> None:
        """Make the box of an entry, or find the one of the group that it is folded into."""
        chain = [] if entry.group is None else entry.group.chain()
        around = [group for group in chain if group.level <= self._unfolds]
        folded = chain[len(around)] if len(chain) > len(around) else None
        key = entry.key if folded is None else folded.key
        box = self.boxes.get(key)
        if box is None:
            if folded is None:
                box = Box(key, entry.role, entry.title, [entry])
                box.name = entry.name
            else:
                box = Box(key, "group", folded.label, [])
                box.group = folded
            box.within = around[-1] if around else None
            box.backward = entry.backward
            self.boxes[key] = box
        self._box_of[entry.key] = box

    def _unfolded(self) -> list[Group]:
        found: dict[str, Group] = {}
        for box in self.boxes.values():
            if box.within is not None:
                found.update({group.key: group for group in box.within.chain()})
        return sorted(found.values(), key=lambda group: group.level)

    def _connect(self, shown: Sequence[Entry]) -> None:
        seen = set()
        entries = {entry.key: entry for entry in shown}
        outputs = set(self.computation.outputs)
        for entry in shown:
            target = self._box_of[entry.key]
            if entry.key in outputs:
                self._result(target, entry)
            for key in entry.operands:
                if key not in entries:
                    continue
                source = self._box_of[key]
                if source is target:
                    continue
                self._result(source, entries[key])
                if (source.key, target.key) not in seen:
                    seen.add((source.key, target.key))
                    self.edges.append(Edge(source.key, target.key, target.backward))

    @staticmethod
    def _result(box: Box, entry: Entry) -> None:
        """Note that something beside a folded group uses an entry of it."""
        if box.group is not None:
            box.results[entry.key] = entry

    def _ends(self) -> None:
        """Where the way back ends: the box of each gradient, or one of its own behind another."""
        entries = {entry.key: entry for entry in self.computation.entries}
        for number, (name, gradient) in enumerate(self.computation.gradients, 1):
            source, entry = self._box_of[gradient], entries[gradient]
            if source.backward and source.group is None and source.role == "operation":
                source.role = "gradient"
                continue
            box = Box(f"e{number}", "gradient", f"grad {name}", [entry])
            box.backward = True
            self._result(source, entry)
            self.boxes[box.key] = box
            self.edges.append(Edge(source.key, box.key, True))


def _fitting(shown: Sequence[Entry], deepest: int) -> int:
    """The greatest depth at which there are not too many boxes."""
    chains = [[] if entry.group is None else entry.group.chain() for entry in shown]
    for depth in range(1, deepest + 1):
        boxes = set()
        for entry, chain in zip(shown, chains, strict=True):
            folded = [group.key for group in chain if group.level > depth]
            boxes.add(folded[0] if folded else entry.key)
        if len(boxes) > MOST_BOXES:
            return depth - 1
    return deepest
