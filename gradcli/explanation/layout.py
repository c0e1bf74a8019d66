"""An explanation as lines for a terminal, or as Markdown."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from gradcli.explanation.document import Writer
from gradcli.pictures.words import DOTS
from gradcli.render.layout import Look, flow_lines, result_lines
from gradcli.render.text import cells, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradcli.explanation.sections import Card, Document, Part, Row
    from gradcli.explanation.steps import Explanation
    from gradcli.render.layout import Line

PIPE_WIDTH, NARROWEST = 100, 24
DIGITS = 6
"""Significant digits of numbers on the way; results have all of theirs."""

TEXT_ROOM = 40
"""Columns of what a step is, where that is short."""


def explanation_lines(found: Explanation, look: Look, depth: int | None = None) -> Iterator[Line]:
    """The steps, and the result at their end, to the width of the terminal."""
    for line in _lines(found, look, depth):
        yield [(text.replace(DOTS, look.dots), style) for text, style in line]


def _lines(found: Explanation, look: Look, depth: int | None) -> Iterator[Line]:
    width = max(look.width or PIPE_WIDTH, NARROWEST)
    document = _document(found, look, depth, width)
    yield [("forward", "label")]
    for name, text in document.inputs:
        yield from _wrapped("  ", f"{name} = {text}", "", width)
    yield from _rows(document.rows, width)
    for line in flow_lines(found):
        yield [("  ", ""), *line]
    for part in document.parts:
        if part.start:
            yield []
            yield from _part(part, width)
    yield []
    yield from result_lines(found, look.brief())


def _document(found: Explanation, look: Look, depth: int | None, width: int) -> Document:
    digits = DIGITS if look.precision is None else look.precision
    brief = Look(None, digits, look.dots == "...")
    return Writer(found, brief, max(width * 3 // 5, 16), depth).document()


def _rows(rows: list[Row], width: int) -> Iterator[Line]:
    edge = max([cells(row.number) for row in rows], default=0)
    longest = max([cells(row.text) for row in rows if row.value], default=0)
    room = min(longest, TEXT_ROOM, width // 2)
    shapes = max([cells(row.shape) for row in rows], default=0)
    for row in rows:
        indent = " " * (edge + 4)
        number: Line = [("  " + row.number.ljust(edge) + "  ", "axis")]
        text = printable(row.text)
        told = f"{row.shape.ljust(shapes)}  {row.value}" if shapes else row.value
        if not row.value:
            yield [*number, (text, "note")]
        elif cells(text) <= room and edge + 6 + room + cells(told) <= width:
            yield [*number, (text + " " * (room - cells(text) + 2), ""), (told, "number")]
        else:
            yield from _hanging(number, text, "", width, indent)
            yield from _wrapped(indent + "  ", f"{row.shape}  {row.value}".strip(), "number", width)
        for remark in row.remarks:
            yield from _wrapped(indent + "  ", remark, "note", width)


def _part(part: Part, width: int) -> Iterator[Line]:
    yield from _hanging([(f"{part.title}  ", "label")], part.start, "", width, "  ")
    edge = max([cells(card.number) for card in part.cards], default=0)
    for card in part.cards:
        yield from _card(card, edge, width)
    for text in part.sums:
        yield from _wrapped("  ", text, "sum", width)


def _card(card: Card, edge: int, width: int) -> Iterator[Line]:
    indent = " " * (edge + 4)
    number: Line = [("  " + card.number.ljust(edge) + "  ", "axis")]
    text = printable(card.text)
    if not card.arrives:
        yield [*number, (text, "note")]
        return
    if edge + 6 + cells(text) + cells(card.arrives) <= width:
        yield [*number, (text + "  ", ""), (card.arrives, "number")]
    else:
        yield from _hanging(number, text, "", width, indent)
        yield from _wrapped(indent, card.arrives, "number", width)
    for item in card.items:
        head, *rest = item.lines
        start = f"{indent}-> {printable(item.to)}  "
        if cells(start) + cells(head) <= width:
            yield [(start, "axis"), (head, "number")]
        else:
            yield from _wrapped(indent + "-> ", printable(item.to), "axis", width)
            yield from _wrapped(indent + "     ", head, "number", width)
        for line in rest:
            yield from _wrapped(indent + "     ", line, "number", width)
    for remark in card.remarks:
        yield from _wrapped(indent, remark, "note", width)


def _wrapped(indent: str, text: str, style: str, width: int) -> Iterator[Line]:
    yield from _hanging([(indent, "")], text, style, width, indent + "  ")


def _hanging(start: Line, text: str, style: str, width: int, indent: str) -> Iterator[Line]:
    """A text behind a start, its further lines indented."""
    first = "".join([piece for piece, _ in start])
    room = max(width, len(indent) + 16)
    lines = wrap(
        printable(text), room, initial_indent=first, subsequent_indent=indent,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    if not lines:
        return
    yield [*start, (lines[0][len(first) :], style)]
    for line in lines[1:]:
        yield [(line, style)]


# --- Markdown ------------------------------------------------------------------------------------


def markdown_text(found: Explanation, look: Look, depth: int | None = None) -> str:
    """The same as Markdown: a table of the steps, a list of what flows back."""
    document = _document(found, look, depth, 2 * PIPE_WIDTH)
    lines = ["## Forward", ""]
    lines += [f"- {_code(name)} = {_code(text)}" for name, text in document.inputs]
    lines += ["", "| step | expression | shape | value |", "| --- | --- | --- | --- |"]
    remarks = []
    for row in document.rows:
        cell = [_cell(row.text), _cell(row.shape), _cell(row.value)]
        lines.append(f"| {row.number} | {' | '.join(cell)} |")
        remarks += [f"- {row.number}: {remark}" for remark in row.remarks]
    lines += ["", *remarks] if remarks else []
    lines += [f"- {_plain(line)}" for line in flow_lines(found)]
    for part in document.parts:
        if not part.start:
            continue
        title = part.title[0].upper() + part.title[1:]
        lines += ["", f"## {title}", "", f"{_sentence(part.start)}", ""]
        for card in part.cards:
            lines.append(f"- **{card.number}** {_code(card.text)} {_code(card.arrives)}".rstrip())
            for item in card.items:
                lines.append(f"  - to {_code(item.to)}")
                lines += [f"    - {line}" for line in item.lines]
            lines += [f"  - {remark}" for remark in card.remarks]
        lines += [""] if part.sums else []
        lines += [f"- {text}" for text in part.sums]
    lines += ["", "## Result", "", "```"]
    lines += [_plain(line) for line in result_lines(found, Look(None, look.precision).brief())]
    return "\n".join([*lines, "```"]) + "\n"


def _plain(line: Line) -> str:
    return "".join([text for text, _ in line]).rstrip()


def _code(text: str) -> str:
    if not text:
        return ""
    fence = "``" if "`" in text else "`"
    return f"{fence}{printable(text)}{fence}"


def _cell(text: str) -> str:
    return _code(text).replace("|", "\\|")


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."
