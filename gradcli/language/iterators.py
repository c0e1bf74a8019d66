"""Iterators: what `zip`, `map`, generator expressions and their like give.

Their elements are made when they are asked for, and once, as in Python: a loop sees what it has
written to what it runs over, and a second loop over the same iterator finds nothing.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from gradcli.errors import ArgumentError, GradcliError
from gradcli.language.places import Nowhere

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator

    from gradcli.language.runtime import Runtime

VIEWS: Any = (type({}.keys()), type({}.values()), type({}.items()))
"""What `keys`, `values` and `items` of a dict give: they show the dict as it is now."""


class Lazy:
    """Elements to come. name: what made it, for messages."""

    described = "an iterator"
    __slots__ = ("_busy", "_runtime", "_steps", "name")

    def __init__(self, runtime: Runtime, name: str, steps: Iterator[Any]) -> None:
        self._runtime = runtime
        self._steps = steps
        self._busy = False
        self.name = name

    def __str__(self) -> str:
        return f"<{self.name} object>"

    def run(self, where: ast.AST = Nowhere) -> Iterator[Any]:
        """Its elements, each counted as a round of a loop and, while it is made, as a call."""
        while True:
            if self._busy:
                raise ArgumentError(f"this `{self.name}` asks itself for its elements")
            self._busy = True
            self._runtime.enter()
            try:
                item = next(self._steps)
            except StopIteration:
                return
            except GradcliError as error:
                if where is not Nowhere:
                    self._runtime.place(error, where)
                raise
            finally:
                self._runtime.depth -= 1
                self._busy = False
            self._runtime.count(1, where)
            yield item

    def rest(self) -> list[Any]:
        """All elements that are left."""
        return list(self.run())


def length(value: Any) -> int:
    """The length of a container; that of a range may be larger than Python's `len` can say."""
    try:
        return len(value)
    except OverflowError:
        return sys.maxsize


def live(value: Any) -> Iterator[Any]:
    """The elements of a container as they are when their turn comes.

    Raises ArgumentError where a dict changes its size meanwhile.
    """
    try:
        yield from value
    except RuntimeError:
        raise ArgumentError(
            "the dict changes its size while a loop runs over it",
            hint="run over a copy: `for key in list(d)`",
        ) from None
