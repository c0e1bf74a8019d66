"""Printing lines: plain text in a pipe, rich on a terminal."""

from __future__ import annotations

import errno
import os
import sys
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gradcli.errors import GradcliError
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
    "sum": "bold",
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


def printable(text: str) -> str:
    """Text without control characters, which a terminal would obey."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def cells(text: str) -> int:
    """Columns that a text takes on a terminal: wide signs take two, combining ones none."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def print_error(error: GradcliError) -> None:
    """Print an error on standard error."""
    from gradcli.render.explain import error_lines

    print_lines(error_lines(error, terminal_width(sys.stderr)), sys.stderr)


def print_remarks(warnings: Iterable[str], notes: Iterable[str]) -> None:
    """Print warnings and notes on standard error."""
    lines: list[Line] = [
        [("warning", "warning"), (f": {printable(text)}", "")] for text in warnings
    ]
    lines += [[("note", "note"), (f": {printable(text)}", "")] for text in notes]
    if lines:
        print_lines(lines, sys.stderr)
