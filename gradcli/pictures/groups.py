"""Calls and loops as groups of nodes: which nodes were made in which, and where in the source."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Iterable, Sequence

    from gradcli.graph import Node
    from gradcli.language.frames import Frame
    from gradcli.traced import Traced


BELOW = 1 << 30
"""The level of what is unfolded last."""


class Group:
    """A call, a loop or a round of one, with more than one operation in it.

    key: what pictures call it. level: 1 for the outermost; a composition of the library lies below
    all levels of the program's own. size: operations in it. backward: whether it holds what flows
    back through another.
    """

    __slots__ = ("backward", "key", "kind", "label", "level", "outer", "size", "where")

    def __init__(
        self,
        key: str,
        kind: str,
        label: str,
        where: ast.AST,
        outer: Group | None,
        backward: bool = False,
    ) -> None:
        self.key = key
        self.kind = kind
        self.label = label
        self.where = where
        self.outer = outer
        self.level: int = 1 if outer is None else outer.level + 1
        if kind == "library":
            self.level = BELOW
        self.size = 0
        self.backward = backward

    def chain(self) -> list[Group]:
        """The group and those around it, the outermost first."""
        found: list[Group] = []
        group: Group | None = self
        while group is not None:
            found.append(group)
            group = group.outer
        return found[::-1]


class Grouping:
    """The groups and the places in the source of some nodes.

    of: groups by serial, for nodes in one. where: for each node the syntax-tree node that it was
    written as, or made for; none for inputs.
    """

    def __init__(
        self, traced: Traced, nodes: Sequence[Node], label: Callable[[Frame], str]
    ) -> None:
        self._frames = traced.frames.all()
        self._outer = _outer(self._frames)
        self.where = self._places(traced, nodes)
        self.groups: list[Group] = []
        self.of = self._groups(nodes, label)
        self._twins: dict[str, Group] = {}

    def _innermost(self, serials: Iterable[int]) -> dict[int, int]:
        """For each serial the frame that it falls into, -1 where there is none."""
        found: dict[int, int] = {}
        frames, place, at = self._frames, 0, -1
        for serial in sorted(serials):
            while place < len(frames) and frames[place].start < serial:
                at = place
                place += 1
            while at >= 0 and frames[at].end < serial:
                at = self._outer[at]
            found[serial] = at
        return found

    def _places(self, traced: Traced, nodes: Sequence[Node]) -> dict[int, ast.AST]:
        """Where nodes stand: their own site, else that of the next node noted in the same frame."""
        noted = sorted(traced.sites)
        inputs = {node.serial for node in traced.inputs.values()}
        after: dict[int, int] = {}
        for node in nodes:
            place = bisect_left(noted, node.serial)
            if node.serial not in inputs and place < len(noted):
                after[node.serial] = noted[place]
        frame_of = self._frame_of = self._innermost(
            {*[node.serial for node in nodes], *after.values()}
        )
        where: dict[int, ast.AST] = {}
        for serial, site in after.items():
            if frame_of[serial] == frame_of[site]:
                where[serial] = traced.sites[site]
            elif frame_of[serial] >= 0:
                where[serial] = self._frames[frame_of[serial]].where
        return where

    def _groups(self, nodes: Sequence[Node], label: Callable[[Frame], str]) -> dict[int, Group]:
        """Groups of the frames that hold several operations, and not just what another holds."""
        sizes = [0] * len(self._frames)
        total = 0
        for node in nodes:
            if node.inputs:
                total += 1
                at = self._frame_of[node.serial]
                while at >= 0:
                    sizes[at] += 1
                    at = self._outer[at]
        own = [frame.kind != "library" for frame in self._frames]
        for place in reversed(range(len(own))):
            # A function of the library that calls the program's own is one of its levels.
            if own[place] and self._outer[place] >= 0:
                own[self._outer[place]] = True
        made: list[Group | None] = []
        for place, frame in enumerate(self._frames):
            outer = made[self._outer[place]] if self._outer[place] >= 0 else None
            size = sizes[place]
            # A call that is all there is says nothing; a loop says how often.
            whole = total + (frame.kind == "loop") if outer is None else outer.size
            if not 1 < size < whole:
                made.append(outer)
                continue
            key = f"g{len(self.groups) + 1}"
            kind = "call" if own[place] and frame.kind == "library" else frame.kind
            group = Group(key, kind, label(frame), frame.where, outer)
            group.size = size
            self.groups.append(group)
            made.append(group)
        found = {}
        for node in nodes:
            at = self._frame_of[node.serial]
            group_of_it = made[at] if at >= 0 else None
            if group_of_it is not None:
                found[node.serial] = group_of_it
        return found

    def twin(self, group: Group | None) -> Group | None:
        """The group of what flows back through a group."""
        if group is None:
            return None
        for one in group.chain():
            if one.key not in self._twins:
                outer = None if one.outer is None else self._twins[one.outer.key]
                label = f"back through {one.label}"
                made = Group(one.key + "b", one.kind, label, one.where, outer, True)
                self._twins[one.key] = made
                self.groups.append(made)
        return self._twins[group.key]


def _outer(frames: Sequence[Frame]) -> list[int]:
    """For each frame the one around it, -1 where there is none."""
    found: list[int] = []
    stack: list[int] = []
    for place, frame in enumerate(frames):
        while stack and frames[stack[-1]].end < frame.start:
            stack.pop()
        found.append(stack[-1] if stack else -1)
        stack.append(place)
    return found
