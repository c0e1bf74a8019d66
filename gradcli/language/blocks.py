"""Blocks by indentation: how deep each line stands, and what is wrong where it stands oddly."""

from __future__ import annotations

import re

from gradcli.errors import LimitError, Span, SyntaxProblem
from gradcli.language.tokens import Token

_BLANK = re.compile(r"[ \t\f]*(?:#[^\n]*)?(?:\r?\n|$)")
_INDENT = re.compile(r"[ \t\f]*")
TAB = 8
"""Columns between tab stops, as in Python."""


class Level:
    """The indentation of an open block: its width with tabs of 8 columns, and of 1; its line."""

    __slots__ = ("line", "narrow", "width")

    def __init__(self, width: int, narrow: int, line: int) -> None:
        self.width = width
        self.narrow = narrow
        self.line = line


class Indents:
    """The blocks that are open, the innermost last."""

    def __init__(self, max_nesting: int) -> None:
        self.open = [Level(0, 0, 1)]
        self.max_nesting = max_nesting

    def read(self, source: str, place: int, line: int, tokens: list[Token]) -> tuple[int, int, int]:
        """Skip blank lines, compare the next line's indentation, and emit what changed.

        Where the line's text begins, its number, and where the line begins. Raises SyntaxProblem.
        """
        end = len(source)
        while place < end:
            blank = _BLANK.match(source, place)
            if blank is None:
                break
            if blank.end() == place or not blank.group().endswith("\n"):
                return blank.end(), line, place
            place = blank.end()
            line += 1
        start = place
        found = _INDENT.match(source, place)
        assert found is not None
        text = found.group()
        place = found.end()
        if place < end:
            self._compare(Level(len(text.expandtabs(TAB)), len(text), line), tokens)
        return place, line, start

    def _compare(self, level: Level, tokens: list[Token]) -> None:
        column = level.narrow
        token = ("", "", level.line, column, level.line, column)
        if level.width > self.open[-1].width:
            self._require_alike(level, self.open[-1])
            if not tokens:
                # A whole program may be indented, as one pasted out of a function is.
                self.open[0] = level
                return
            if [one[1] for one in tokens[-2:]] != [":", ""]:
                raise self._unexpected(level)
            self.open.append(level)
            tokens.append(("_INDENT", *token[1:]))
            if len(self.open) > self.max_nesting:
                from gradcli.language.parser import nesting_hint

                raise LimitError(
                    f"blocks nest more than {self.max_nesting:,} deep",
                    span=Span(level.line, 0, level.line, column),
                    hint=nesting_hint(self.max_nesting),
                )
            return
        known = [(one.width, one.line) for one in self.open]
        while level.width < self.open[-1].width and len(self.open) > 1:
            self._require_alike(self.open.pop(), level)
            tokens.append(("_DEDENT", *token[1:]))
        if level.width != self.open[-1].width:
            raise _between_levels(level, known)
        self._require_alike(level, self.open[-1])

    def _require_alike(self, outer: Level, inner: Level) -> None:
        """Raise where tabs make it unclear which of two lines stands further to the right."""
        if (outer.width > inner.width) == (outer.narrow > inner.narrow):
            if (outer.width == inner.width) == (outer.narrow == inner.narrow):
                return
        level, other = (outer, inner) if outer.line > inner.line else (inner, outer)
        error = SyntaxProblem(
            "tabs and spaces are mixed in the indentation",
            span=Span(level.line, 0, level.line, max(level.narrow, 1)),
            hint="how wide a tab is differs from one editor to the next: indent with spaces alone",
        )
        where = Span(other.line, 0, other.line, max(other.narrow, 1))
        error.related.append(("this line is indented in another way", where))
        raise error

    def _unexpected(self, level: Level) -> SyntaxProblem:
        return SyntaxProblem(
            "this line is indented, but no block begins here",
            span=Span(level.line, 0, level.line, level.narrow),
            hint=f"the line above is {_columns(self.open[-1].width)}; a block follows a line that "
            "ends in `:`",
        )


def _columns(width: int) -> str:
    if not width:
        return "not indented"
    return "indented by 1 column" if width == 1 else f"indented by {width} columns"


def _between_levels(level: Level, known: list[tuple[int, int]]) -> SyntaxProblem:
    widths = [str(width) for width, _ in known]
    listed = f"{', '.join(widths[:-1])} or {widths[-1]}" if len(widths) > 1 else widths[0]
    error = SyntaxProblem(
        "this indentation matches no line above",
        span=Span(level.line, 0, level.line, max(level.narrow, 1)),
        hint=f"it is {_columns(level.width)}: {listed} would continue a block",
    )
    width, line = known[-1]
    if len(known) > 1:
        inner = Span(line, 0, line, max(width, 1))
        error.related.append((f"the block above is {_columns(width)}", inner))
    return error
