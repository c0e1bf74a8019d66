"""Printing lines: plain text in a pipe, rich on a terminal."""

from __future__ import annotations

import errno
import os
import sys
from typing import IO, TYPE_CHECKING, Any

from gradcli.errors import GradcliError

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
    "": "",
}


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
        text = Text.assemble(*[(piece, STYLES[style]) for piece, style in line])
        console.print(text, soft_wrap=True)
    stream.flush()


def error_lines(error: GradcliError, width: int | None) -> list[Line]:
    """An error for people: message, place, the source line with a caret, notes, hint."""
    lines: list[Line] = [[("error", "error"), (f": {printable(error.message)}", "")]]
    span = error.span
    if span is not None and error.source is not None:
        source = error.source.split("\n")
        text = source[span.line - 1] if span.line <= len(source) else ""
        text = text.rstrip("\r")
        start = min(span.column, len(text))
        end = span.end_column if span.end_line == span.line else len(text)
        end = max(min(end, max(len(text), start)), start + 1)
        text, start, end = _window(text, start, end, (width or 100) - 8)
        where = f"{error.filename}:{span.line}:{span.column + 1}" if error.filename else ""
        if not where and len(source) > 1:
            where = f"line {span.line}, column {span.column + 1}"
        if where:
            lines.append([("  at ", "note"), (printable(where), "note")])
        shown = "".join(c if c.isprintable() else " " for c in text)
        before, under = cells(shown[:start]), max(cells(shown[start:end]), 1)
        lines.append([("  | ", "note"), (shown, "")])
        lines.append([("  | ", "note"), (" " * before + "^" * under, "caret")])
    for note in error.notes:
        label = "  try:  " if note.startswith("gradcli ") else "  note: "
        lines.append([(label, "note"), (printable(note), "")])
    if error.hint:
        lines.append([("  hint: ", "hint"), (printable(error.hint), "")])
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


def _window(text: str, start: int, end: int, room: int) -> tuple[str, int, int]:
    """The part of a long source line around the caret."""
    room = max(room, 20)
    if len(text) <= room:
        return text, start, end
    end = min(end, start + room // 2)
    left = max(0, min(start - room // 4, len(text) - room))
    cut = text[left : left + room]
    if left:
        cut = "..." + cut[3:]
    if left + room < len(text):
        cut = cut[:-3] + "..."
    return cut, start - left, end - left


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
