"""Where the boxes, groups and wires of a picture are drawn.

Each group is laid out for itself, from the inside out, and is one item of the group around it;
wires that cross its border end in pins there, from which they go on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gradcli.errors import LimitError
from gradcli.pictures.layers import Item, Link, Placement, Point, layered
from gradcli.pictures.words import BRIEF
from gradcli.render.text import cells

if TYPE_CHECKING:
    from gradcli.pictures.groups import Group
    from gradcli.pictures.picture import Box, Picture

FONT, LINE = 12.0, 16.0
SIGN = 0.602 * FONT
"""Width of a sign of the usual monospaced fonts."""

PADDING_X, PADDING_Y, MARGIN = 10.0, 6.0, 12.0
MOST_DRAWN = 4000
"""Boxes that are still laid out; nobody reads a picture of more."""

ROOT = ""


class Placed(NamedTuple):
    """A box or a group where it stands, with its lines of text."""

    key: str
    x: float
    y: float
    width: float
    height: float
    lines: list[str]


class Wire(NamedTuple):
    """What leaves one box, within one group: a path of moves, lines and curves, and arrow tips."""

    source: str
    backward: bool
    path: list[tuple[str, tuple[Point, ...]]]
    tips: list[Point]


class Scene(NamedTuple):
    """All that is drawn, groups from the outside in."""

    width: float
    height: float
    groups: list[tuple[Group, Placed]]
    boxes: list[tuple[Box, Placed]]
    wires: list[Wire]


class _Frame:
    """A group on its way to a layout.

    items: keys of boxes and groups, and of pins (`>n3` into it, `<n3` out of it), by number. links:
    (source, target, wire) by key.
    """

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.links: dict[tuple[str, str, str], None] = {}
        self.placement: Placement | None = None

    def number(self, key: str) -> int:
        return self.numbers.setdefault(key, len(self.numbers))

    def pin(self, key: str) -> float:
        """Where a pin is on the border, from the left."""
        assert self.placement is not None
        return self.placement.corners[self.numbers[key]][0]


class Layout:
    """Lays out one picture. Raises LimitError where it has too many boxes to be drawn."""

    def __init__(self, picture: Picture) -> None:
        if len(picture.boxes) > MOST_DRAWN:
            folds = picture.depth > 0
            raise LimitError(
                f"a picture of {len(picture.boxes):,} boxes cannot be drawn: {MOST_DRAWN:,} can",
                hint="--depth folds calls and loops"
                if folds
                else "--as tree, dot and mermaid write graphs of any size",
            )
        self.picture = picture
        self.lines = {key: box.lines(BRIEF) for key, box in picture.boxes.items()}
        self.frames: dict[str, _Frame] = {ROOT: _Frame()}
        self.outer: dict[str, str] = {}
        self.labels = {group.key: group.label for group in picture.groups}
        for group in picture.groups:
            self.frames[group.key] = _Frame()
            self.outer[group.key] = ROOT if group.outer is None else group.outer.key
            self.frames[self.outer[group.key]].number(group.key)
        for key, box in picture.boxes.items():
            self.outer[key] = ROOT if box.within is None else box.within.key
            self.frames[self.outer[key]].number(key)
        for edge in picture.edges:
            self._thread(edge.source, edge.target)

    def scene(self) -> Scene:
        """The whole picture, placed."""
        for group in reversed(self.picture.groups):
            self._place(group.key)
        self._place(ROOT)
        return self._collected()

    # --- wires over borders ----------------------------------------------------------------------

    def _chain(self, key: str) -> list[str]:
        """The frames around an item, from the outside in."""
        chain = [key]
        while chain[-1] != ROOT:
            chain.append(self.outer[chain[-1]])
        return chain[::-1]

    def _thread(self, source: str, target: str) -> None:
        """Note the links that an edge is made of, one in each frame that it passes."""
        down, up = self._chain(target), self._chain(source)
        shared = 0
        while up[shared + 1] == down[shared + 1]:
            shared += 1
        at = source
        for frame in reversed(up[shared + 1 : -1]):
            self._link(frame, at, f"<{source}", source)
            at = frame
        for place in range(shared, len(down) - 1):
            inner = down[place + 1]
            self._link(down[place], at, inner, source)
            at = f">{source}"

    def _link(self, frame: str, source: str, target: str, wire: str) -> None:
        held = self.frames[frame]
        held.number(source)
        held.number(target)
        held.links[source, target, wire] = None

    # --- one frame -------------------------------------------------------------------------------

    def _size(self, key: str) -> tuple[float, float]:
        """Width and height of an item; of pins none."""
        if key[0] in "<>":
            return 0.0, 0.0
        frame = self.frames.get(key)
        if frame is not None:
            assert frame.placement is not None
            title = cells(self.labels[key]) * SIGN + 2 * PADDING_X
            width = max(frame.placement.width + 2 * MARGIN, title)
            return width, frame.placement.height + self._head(key)
        lines = self.lines[key]
        width = max(map(cells, lines)) * SIGN + 2 * PADDING_X
        return width, len(lines) * LINE + 2 * PADDING_Y

    def _head(self, key: str) -> float:
        """Height of the borders of a group beside what is laid out in it.

        Pins lie on the border; where there are none, there is a margin in their place.
        """
        pins = {pin[0] for pin in self.frames[key].numbers if pin[0] in "<>"}
        return (0.0 if ">" in pins else LINE + MARGIN) + (0.0 if "<" in pins else MARGIN)

    def _inset(self, key: str) -> Point:
        """Where the content of a group begins, from its corner."""
        frame = self.frames[key]
        assert frame.placement is not None
        left = (self._size(key)[0] - frame.placement.width) / 2
        pinned = any(pin[0] == ">" for pin in frame.numbers)
        return left, 0.0 if pinned else LINE + MARGIN

    def _place(self, name: str) -> None:
        frame = self.frames[name]
        sizes = {key: self._size(key) for key in frame.numbers}
        pins = {">": "top", "<": "bottom"}
        items = [Item(*sizes[key], pins.get(key[0], "")) for key in frame.numbers]
        order: dict[str, list[str]] = {}
        for source, target, wire in frame.links:
            if target not in self.frames and target[0] != "<":
                order.setdefault(target, []).append(source + wire)
        links = []
        for source, target, wire in frame.links:
            out = sizes[source][0] / 2
            if source in self.frames:
                out = self._inset(source)[0] + self.frames[source].pin(f"<{wire}")
            if target in self.frames:
                into = self._inset(target)[0] + self.frames[target].pin(f">{wire}")
            else:
                entries = order.get(target, [""])
                place = entries.index(source + wire) if target in order else 0
                into = sizes[target][0] * (place + 1) / (len(entries) + 1)
            links.append(Link(frame.numbers[source], frame.numbers[target], wire, out, into))
        frame.placement = layered(items, links)

    # --- all of it -------------------------------------------------------------------------------

    def _collected(self) -> Scene:
        """Everything at its place in the whole."""
        corner: dict[str, Point] = {ROOT: (MARGIN, MARGIN)}
        groups, boxes, wires = [], [], []
        of_key = {group.key: group for group in self.picture.groups}
        for name in [ROOT, *of_key]:
            frame = self.frames[name]
            assert frame.placement is not None
            left, top = corner[name]
            if name != ROOT:
                width, height = self._size(name)
                label = [self.labels[name]]
                groups.append((of_key[name], Placed(name, left, top, width, height, label)))
                inset = self._inset(name)
                left, top = left + inset[0], top + inset[1]
            for key, number in frame.numbers.items():
                x, y = frame.placement.corners[number]
                corner[key] = (left + x, top + y)
                if key in self.picture.boxes:
                    placed = Placed(key, left + x, top + y, *self._size(key), self.lines[key])
                    boxes.append((self.picture.boxes[key], placed))
            wires += self._wires(frame, left, top)
        root = self.frames[ROOT].placement
        assert root is not None
        return Scene(root.width + 2 * MARGIN, root.height + 2 * MARGIN, groups, boxes, wires)

    def _wires(self, frame: _Frame, left: float, top: float) -> list[Wire]:
        assert frame.placement is not None
        keys = list(frame.numbers)
        found: dict[tuple[str, bool], Wire] = {}
        for stretch in frame.placement.stretches:
            backward = self.picture.boxes[stretch.wire].backward
            wire = found.setdefault((stretch.wire, backward), Wire(stretch.wire, backward, [], []))
            (x0, y0), (x1, y1) = stretch.start, stretch.end
            x0, y0, x1, y1 = x0 + left, y0 + top, x1 + left, y1 + top
            leave, enter = stretch.bend[0] + top, stretch.bend[1] + top
            wire.path.append(("M", ((x0, y0),)))
            if abs(x1 - x0) < 0.5 or enter <= leave:
                wire.path.append(("L", ((x1, y1),)))
            else:
                middle = (leave + enter) / 2
                wire.path.append(("L", ((x0, leave),)))
                wire.path.append(("C", ((x0, middle), (x1, middle), (x1, enter))))
                wire.path.append(("L", ((x1, y1),)))
            if stretch.target >= 0 and keys[stretch.target] in self.picture.boxes:
                wire.tips.append((x1, y1))
        return list(found.values())


def scene_of(picture: Picture) -> Scene:
    """The picture laid out."""
    return Layout(picture).scene()
