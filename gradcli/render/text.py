"""Printing lines: plain text in a pipe, rich on a terminal."""

from __future__ import annotations

import errno
import os
import sys
from typing import IO, TYPE_CHECKING, Any

from gradcli.errors import GradcliError, Span

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gradcli.render.layout import Line

STYLES = {
    "label": "bold cyan",
    "number": "",
    "bracket": "dim",
    "note": "dim",
    "axis": "cyan",
    "error": "bold red",
    "caret": "bold red",
    "hint": "green",
    "warning": "yellow",
    "curve0": "bold",
    "curve1": "red",
    "curve2": "blue",
    "curve3": "magenta",
    "curve4": "green",
    "curve5": "cyan",
    "curve6": "yellow",
    "curve7": "bright_black",
    "": "",
}
"""Styles by name; any other is one of rich's own, such as a colour of a heat map."""


def terminal_width(stream: IO[str] | None) -> int | None:
    """Columns of the terminal behind a stream; None where it is none."""
    if stream is None or not stream.isatty():
        return None
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns) > 0:
        return int(columns)
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def terminal_height(stream: IO[str] | None) -> int | None:
    """Lines of the terminal behind a stream; None where it is none."""
    if stream is None or not stream.isatty():
        return None
    lines = os.environ.get("LINES", "")
    if lines.isdecimal() and int(lines) > 0:
        return int(lines)
    try:
        return os.get_terminal_size(stream.fileno()).lines or 24
    except (OSError, ValueError):
        return 24


def ascii_only(stream: IO[str] | None) -> bool:
    """Whether the stream cannot show signs beyond ASCII."""
    return not (getattr(stream, "encoding", None) or "").lower().replace("-", "").startswith("utf")


def write_text(text: str, stream: IO[str] | None) -> None:
    """Write all of a text and flush it; raises OSError where it cannot be.

    An unbuffered stream may take a part and say so; signs that its encoding lacks are escaped.
    """
    if stream is None:
        raise OSError(errno.EBADF, "the output is closed")
    if getattr(stream, "buffer", None) is None:
        stream.write(text)
        return
    encoding: str = getattr(stream, "encoding", None) or "utf-8"
    write_bytes(text.encode(encoding, "backslashreplace"), stream)


def write_bytes(content: bytes | memoryview, stream: Any) -> None:
    """Write all of some bytes to a text stream, and flush it; raises OSError where it cannot."""
    if stream is None:
        raise OSError(errno.EBADF, "the output is closed")
    stream.flush()
    rest = memoryview(content)
    while rest:
        rest = rest[stream.buffer.write(rest) :]
    stream.buffer.flush()


def coloured(stream: IO[str] | None, color: str) -> bool:
    """Whether to print in colours: `always`, `never`, or where a terminal has them (`auto`)."""
    if stream is None or color != "auto":
        return stream is not None and color == "always"
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return stream.isatty() and not plain


def print_lines(lines: Iterable[Line], stream: IO[str] | None, color: str = "auto") -> None:
    """Print each line, in colours or plainly."""
    if stream is None or not coloured(stream, color):
        plain = ["".join([text for text, _ in line]).rstrip() + "\n" for line in lines]
        write_text("".join(plain), stream)
        return
    from rich.console import Console
    from rich.text import Text

    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
    width = max(terminal_width(stream) or 80, 1)
    forced = True if color == "always" else None
    console = Console(file=stream, width=width, highlight=False, force_terminal=forced)
    for line in lines:
        text = Text.assemble(*[(piece, STYLES.get(style, style)) for piece, style in line])
        console.print(text, soft_wrap=True)
    stream.flush()


def error_lines(error: GradcliError, width: int | None) -> list[Line]:
    """An error for people: message, place, source lines with what is wrong under them, hint."""
    lines: list[Line] = [[("error", "error"), (f": {printable(error.message)}", "")]]
    room = (width or 100) - 8
    if error.span is not None and error.source is not None:
        source = error.source.split("\n")
        where = _where(error, error.span, len(source) > 1)
        if where:
            lines.append([("  at ", "note"), (printable(where), "note")])
        marks = error.labels or [(error.span, "")]
        shown = sorted({span.line for span, _ in marks})
        for number in shown:
            here = [(span, text) for span, text in marks if span.line == number]
            lines += _snippet(source, here, room)
        for text, span in error.related:
            place = f", line {span.line}" if len(source) > 1 else ""
            lines.append([("  note: ", "note"), (printable(text + place), "")])
            lines += _snippet(source, [(span, "")], room)
    for note in error.notes:
        label = "  try:  " if note.startswith("gradcli ") else "  note: "
        lines.append([(label, "note"), (printable(note), "")])
    if error.hint:
        lines.append([("  hint: ", "hint"), (printable(error.hint), "")])
    return lines


def _where(error: GradcliError, span: Span, several: bool) -> str:
    if error.filename:
        return f"{error.filename}:{span.line}:{span.column + 1}"
    return f"line {span.line}, column {span.column + 1}" if several else ""


def _snippet(source: list[str], marks: list[tuple[Span, str]], room: int) -> list[Line]:
    """A source line with carets under the marked parts, and under those what they are."""
    line = marks[0][0].line
    text = source[line - 1].rstrip("\r") if line <= len(source) else ""
    parts = []
    for span, label in sorted(marks, key=lambda mark: mark[0].column):
        start = min(span.column, len(text))
        end = span.end_column if span.end_line == span.line else len(text)
        parts.append((start, max(min(end, max(len(text), start)), start + 1), label))
    text, parts = _window(text, parts, room)
    shown = "".join(c if c.isprintable() else " " for c in text)
    under = ""
    for start, end, _ in parts:
        under += " " * (cells(shown[:start]) - len(under))
        under += "^" * max(cells(shown[start:end]) - max(len(under) - cells(shown[:start]), 0), 1)
    lines: list[Line] = [[("  | ", "note"), (shown, "")], [("  | ", "note"), (under, "caret")]]
    labelled = [(cells(shown[:start]), label) for start, _, label in parts if label]
    if labelled:
        _, last = labelled.pop()
        lines[-1].append((f" {printable(last)}", "label"))
    for place, label in reversed(labelled):
        lines.append([("  | ", "note"), (" " * place + printable(label), "label")])
    return lines


def printable(text: str) -> str:
    """Text without control characters, which a terminal would obey."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def cells(text: str) -> int:
    """Columns that a text takes on a terminal: wide signs take two, combining ones none."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def _window(
    text: str, parts: list[tuple[int, int, str]], room: int
) -> tuple[str, list[tuple[int, int, str]]]:
    """The part of a long source line around its marks."""
    room = max(room, 20)
    if len(text) <= room:
        return text, parts
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


def print_error(error: GradcliError) -> None:
    """Print an error on standard error."""
    print_lines(error_lines(error, terminal_width(sys.stderr)), sys.stderr)


def print_remarks(warnings: Iterable[str], notes: Iterable[str]) -> None:
    """Print warnings and notes on standard error."""
    lines: list[Line] = [
        [("warning", "warning"), (f": {printable(text)}", "")] for text in warnings
    ]
    lines += [[("note", "note"), (f": {printable(text)}", "")] for text in notes]
    if lines:
        print_lines(lines, sys.stderr)
