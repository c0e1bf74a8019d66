"""Calls and loops of a run, as stretches of the serial numbers of the nodes made in them.

A node belongs to the innermost frame whose stretch holds its serial, so that nothing is noted for a
single node, and frames in which none was made cost no memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from gradcli.graph import mark

if TYPE_CHECKING:
    import ast

FrameKind = Literal["call", "library", "loop", "round"]


class Frame(NamedTuple):
    """A call of a function of the program or of the library, a loop, or one round of a loop.

    Nodes made in it have serials between start and end. where: the call, or the loop's statement.
    name: of the function. number: of the round, from 1.
    """

    start: int
    end: int
    kind: FrameKind
    where: ast.AST
    name: str
    number: int


class Frames:
    """The frames of one run.

    kept: whether there are any; a script that runs for ever keeps none.
    """

    def __init__(self, kept: bool = True) -> None:
        self._noted: list[tuple[int, int, FrameKind, ast.AST, str, int]] = []
        self.kept = kept

    def all(self) -> list[Frame]:
        """Every frame, each before those within it."""
        return sorted([Frame(*noted) for noted in self._noted], key=lambda frame: frame.start)

    def add(
        self, kind: FrameKind, where: ast.AST, start: int, name: str = "", number: int = 0
    ) -> None:
        """Note a frame that ends now; start: a mark set where it began."""
        end = mark()
        if end - start > 1 and self.kept:
            self._noted.append((start, end, kind, where, name, number))
