"""Where a statement ends that is entered line by line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

COMMAND = re.compile(r":[a-z]")
"""How a line begins that goes on with nothing."""

COMPOUND = re.compile(r"@|(?:def|for|if|while|with)\b")
"""How a statement begins that others may belong to."""

GOES_ON = ("else", "elif", "except", "finally")


def is_open(text: str) -> bool:
    """Whether more must follow: an open bracket or string, a line that ends in a backslash."""
    depth, quote = 0, ""
    place = 0
    while place < len(text):
        if quote:
            if text[place] == "\\":
                place += 2
                continue
            if text.startswith(quote, place):
                place += len(quote)
                quote = ""
                continue
            if text[place] == "\n" and len(quote) == 1:
                quote = ""
        elif text.startswith(("'''", '"""'), place):
            quote = text[place : place + 3]
            place += 3
            continue
        elif text[place] in "'\"":
            quote = text[place]
        elif text[place] == "#":
            place = _line_end(text, place)
            continue
        else:
            depth += (text[place] in "([{") - (text[place] in ")]}")
        place += 1
    return depth > 0 or len(quote) == 3 or text.rstrip(" \t").endswith("\\")


def _line_end(text: str, place: int) -> int:
    end = text.find("\n", place)
    return len(text) if end < 0 else end


def needs_more(text: str) -> bool:
    """Whether what was typed goes on: it is open, or a block without the empty line at its end."""
    if text.lstrip().startswith(":"):
        return False
    return is_open(text) or (begins_block(text) and not text.endswith("\n"))


def begins_block(text: str) -> bool:
    """Whether a statement with a block begins: its last line ends in a colon, or is indented."""
    lines = [line.partition("#")[0].rstrip() for line in text.split("\n")]
    lines = [line for line in lines if line]
    if not lines:
        return False
    return lines[-1].endswith(":") or lines[-1][0].isspace() or lines[-1].startswith("@")


def entries(lines: Iterable[str]) -> Iterator[str]:
    """Lines as statements: a block ends before a line that is not indented, as in a file."""
    held: list[str] = []
    for raw in lines:
        line = raw.rstrip("\r\n")
        if held and (COMMAND.match(line) or _ends("\n".join(held), line)):
            yield "\n".join(held).rstrip()
            held = []
        if not held and not line.strip():
            continue
        held.append(line)
        text = "\n".join(held)
        if not is_open(text) and not COMPOUND.match(text):
            yield text
            held = []
    if held:
        yield "\n".join(held).rstrip()


def _ends(text: str, line: str) -> bool:
    """Whether a block ended before a line."""
    if is_open(text) or not line.strip() or line[0].isspace():
        return False
    last = text.rstrip().split("\n")[-1]
    goes_on = re.match(r"\w*", line)
    header = last.startswith("@") or last.partition("#")[0].rstrip().endswith(":")
    return not header and (goes_on is None or goes_on[0] not in GOES_ON)
