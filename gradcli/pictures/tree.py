"""A graph as a tree in the terminal: from each output down to what it is computed from.

A box that several use is shown once, and referred to by a number after that. Where branches would
nest deeper than there is room for, the longest goes on in its column, as histories are drawn: then
the indentation grows with the logarithm of the graph alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradcli.render.text import cells

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradcli.pictures.picture import Box, Picture
    from gradcli.render.layout import Line, Look

INDENT, NARROW = 3, 60
"""Columns of a branch, and those that a terminal has at least where cotangents are shown too."""

STYLES = {"input": "label", "constant": "note", "group": "axis", "gradient": "label"}
UNICODE = "·…├└─│●→"
ASCII = str.maketrans(UNICODE, "_~|`-|*>")
"""What stands for them where an encoding lacks them."""


class Row:
    """One line: the branches before a box, and a number for it where it is referred to.

    again: whether it was shown further up.
    """

    def __init__(self, branches: str, box: Box, again: bool) -> None:
        self.branches = branches
        self.box = box
        self.again = again
        self.mark = ""
        self.label = f"{box.label}: {box.size}" if box.size and not again else box.label

    @property
    def width(self) -> int:
        return cells(self.branches) + cells(self.label) + len(self.mark)

    def head(self, room: int) -> Iterator[tuple[str, str]]:
        """Branches, label and number in so many columns: what is too long is cut."""
        yield self.branches, "bracket"
        left = max(room - cells(self.branches) - len(self.mark), 1)
        text = self.label
        if cells(text) > left:
            while text and cells(text) > left - 1:
                text = text[:-1]
            text += "…"
        yield text, "note" if self.again else STYLES.get(self.box.role, "")
        yield self.mark + " " * (left - cells(text)), "note"


def tree_lines(picture: Picture, look: Look) -> Iterator[Line]:
    """The tree, with shape, value and cotangent of each box in columns."""
    width = look.width or 100
    trees = _trees(picture, width)
    rows = [row for tree in trees for row in tree]
    edge = min(max(row.width for row in rows), max(width // 2, 16))
    shapes = max(5, *[cells(row.box.shape) for row in rows])
    seeded = picture.computation.differentiated and width >= NARROW
    room = max(width - edge - shapes - (6 if seeded else 4), 10) // (2 if seeded else 1)
    values = [row.box.value(room, look) for row in rows]
    wide = max(5, *[cells(value) for value, row in zip(values, rows, strict=True) if not row.again])
    ascii_only = look.dots not in UNICODE
    found = iter(values)
    title = f"{' ' * edge}  {'shape'.ljust(shapes)}  {'value'.ljust(wide)}"
    yield [(f"{title}  cotangent" if seeded else title.rstrip(), "axis")]
    for place, tree in enumerate(trees):
        if place:
            yield []
        for row in tree:
            line, value = list(row.head(edge)), next(found)
            if not row.again:
                left = max(2 * room - wide, 10)
                cotangent = row.box.cotangent(left, look) if seeded else ""
                line.append((f"  {row.box.shape.ljust(shapes)}", "note"))
                line.append((f"  {value}" + " " * (wide - cells(value)), "number"))
                line.append((f"  {cotangent}" if cotangent else "", "hint"))
            yield [(text.translate(ASCII), style) for text, style in line] if ascii_only else line
    if picture.depth < picture.levels:
        more = f"{picture.depth} of {picture.levels} levels of calls and loops are unfolded"
        yield [(f"{more}: see --depth", "note")]


def _trees(picture: Picture, width: int) -> list[list[Row]]:
    """The rows of a tree for each output and each gradient."""
    operands = picture.operands()
    heights: dict[str, int] = {}
    for key in picture.boxes:
        heights[key] = 1 + max([heights[source] for source in operands[key]], default=0)
    roots = [*dict.fromkeys(picture.outputs)]
    roots += [key for key, box in picture.boxes.items() if box.role == "gradient"]
    deep = max(heights[root] for root in roots) * INDENT > width // 3
    trees: list[list[Row]] = []
    seen: set[str] = set()
    for root in roots:
        trees.append([])
        # (box, what stands before it, what stands before its own branches)
        stack = [(root, "● " if deep else "", "")]
        while stack:
            key, branches, below = stack.pop()
            trees[-1].append(Row(branches, picture.boxes[key], key in seen))
            if key in seen:
                continue
            seen.add(key)
            if deep:
                stack += _along(sorted(operands[key], key=heights.__getitem__), below)
            else:
                stack += _below(operands[key], below)
    rows = [row for tree in trees for row in tree]
    numbers: dict[str, int] = {}
    for row in rows:
        if row.again:
            numbers.setdefault(row.box.key, len(numbers) + 1)
    for row in rows:
        number = numbers.get(row.box.key)
        if number is not None:
            row.mark = f"  → ({number})" if row.again else f"  ({number})"
    return trees


def _below(sources: list[str], below: str) -> Iterator[tuple[str, str, str]]:
    """Branches to all operands, the last first."""
    for place, source in reversed(list(enumerate(sources))):
        last = place == len(sources) - 1
        yield source, below + ("└─ " if last else "├─ "), below + ("   " if last else "│  ")


def _along(sources: list[str], below: str) -> Iterator[tuple[str, str, str]]:
    """Branches to all operands but the last, which goes on in the same column."""
    if sources:
        yield sources[-1], below + "● ", below
    for source in reversed(sources[:-1]):
        yield source, below + "├─● ", below + "│ "
