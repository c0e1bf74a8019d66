"""An error for people: what is wrong, the source with carets under it, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradcli.errors import shortened
from gradcli.render.text import cells, printable

if TYPE_CHECKING:
    from gradcli.errors import GradcliError, Span
    from gradcli.render.layout import Line

Mark = tuple["Span", str]

PIPE_WIDTH = 100
"""Columns where there is no terminal."""

NARROWEST = 20
LONGEST = 400
"""Characters of a hint, a note or a label: they may quote names of any length."""

SHOWN_LINES = 6
"""Source lines with labels that one error shows."""


def error_lines(error: GradcliError, width: int | None) -> list[Line]:
    """Message, place, source lines with carets and labels, other places, notes, hint."""
    lines: list[Line] = [[("error", "error"), (f": {printable(error.message)}", "")]]
    if error.span is not None and error.source is not None:
        source = error.source.split("\n")
        where = _where(error, error.span, len(source) > 1)
        if where:
            lines.append([("  at ", "note"), (printable(where), "note")])
        marks = error.labels or [(error.span, "")]
        shown = sorted({span.line for span, _ in marks})[:SHOWN_LINES]
        related = [span.line for _, span in error.related]
        page = Page(source, max([*shown, *related]), width)
        for number in shown:
            lines += page.snippet([mark for mark in marks if mark[0].line == number])
        for text, span in error.related:
            lines.append([("  note: ", "note"), (_short(text), "")])
            lines += page.snippet([(span, "")])
    for note in error.notes:
        label = "  try:  " if note.startswith(("gradcli ", ":")) else "  note: "
        lines.append([(label, "note"), (printable(note), "")])
    if error.hint:
        lines.append([("  hint: ", "hint"), (_short(error.hint), "")])
    return lines


def _short(text: str) -> str:
    return printable(shortened(text, LONGEST))


def _where(error: GradcliError, span: Span, several: bool) -> str:
    if error.filename:
        return f"{error.filename}:{span.line}:{span.column + 1}"
    return f"line {span.line}, column {span.column + 1}" if several else ""


class Page:
    """The source on a page of some width; its lines have numbers where there are several."""

    def __init__(self, source: list[str], last: int, width: int | None) -> None:
        self.source = source
        self.numbered = len(source) > 1
        self.digits = len(str(last)) if self.numbered else 1
        self.room = max((width or PIPE_WIDTH) - self.digits - 4, NARROWEST)

    def _margin(self, number: int | None = None) -> tuple[str, str]:
        shown = "" if number is None or not self.numbered else str(number)
        return f"{shown:>{self.digits}} | ", "note"

    def snippet(self, marks: list[Mark]) -> list[Line]:
        """A source line with carets under the marked parts, and beside them what they are."""
        line = marks[0][0].line
        text = self.source[line - 1].rstrip("\r") if line <= len(self.source) else ""
        parts = []
        for span, label in sorted(marks, key=lambda mark: mark[0].column):
            start = min(span.column, len(text))
            end = span.end_column if span.end_line == span.line else len(text)
            parts.append((start, max(min(end, max(len(text), start)), start + 1), label))
        text, parts = _window("".join([c if c.isprintable() else " " for c in text]), parts,
                              self.room)  # fmt: skip
        under = ""
        for start, end, _ in parts:
            left = cells(text[:start])
            under += " " * (left - len(under))
            under += "^" * max(cells(text[start:end]) - max(len(under) - left, 0), 1)
        lines: list[Line] = [[self._margin(line), (text, "")], [self._margin(), (under, "caret")]]
        labelled = [(cells(text[:start]), _short(label)) for start, _, label in parts if label]
        if parts[-1][2] and len(under) + 1 + cells(labelled[-1][1]) <= self.room:
            lines[-1].append((f" {labelled.pop()[1]}", "label"))
        for place, label in reversed(labelled):
            left = max(min(place, self.room - cells(label)), 0)
            lines.append([self._margin(), (" " * left + label, "label")])
        return lines


def _window(
    text: str, parts: list[tuple[int, int, str]], room: int
) -> tuple[str, list[tuple[int, int, str]]]:
    """The part of a long source line around its marks, in `room` columns."""
    if cells(text) <= room:
        return text, parts
    wide = cells(text) > len(text)
    # Where signs take two columns, half as many fit.
    room = room // 2 if wide else room
    first, last = parts[0][0], min(parts[-1][1], parts[0][0] + room // 2)
    left = max(0, min(first - room // 4, len(text) - room))
    cut = text[left : left + room]
    if left:
        cut = "..." + cut[3:]
    if left + room < len(text):
        cut = cut[:-3] + "..."
    inside = [
        (start - left, min(end, max(last, start + 1)) - left, label)
        for start, end, label in parts
        if start - left < room
    ]
    return cut, inside
