"""The catalogue of functions as text and as JSON."""

from __future__ import annotations

import shlex
import textwrap
from typing import TYPE_CHECKING, Any

from gradcli.catalogue import GROUPS
from gradcli.render.data import SCHEMA, json_parts, json_value
from gradcli.render.layout import result_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gradcli.catalogue import Entry
    from gradcli.render.layout import Line, Look

WIDEST = 100
_INDENT = "  "


def _width(look: Look) -> int:
    return min(look.width or 80, WIDEST)


def overview_lines(entries: Iterable[Entry], look: Look) -> Iterator[Line]:
    """Names alone, group by group."""
    names: dict[str, list[str]] = {}
    for entry in entries:
        names.setdefault(entry.group, []).append(entry.name)
    for group, held in names.items():
        yield [(group, "label"), (f"  {GROUPS[group][0]}", "note")]
        yield from _wrapped(", ".join(held), _width(look), _INDENT)
        yield []
    yield [
        ("`gradcli ops NAME` tells all about a function, `gradcli ops GROUP` lists a group", "note")
    ]


def group_lines(entries: list[Entry], look: Look) -> Iterator[Line]:
    """A line for each function: its name, and what it computes."""
    room = min(max([len(entry.name) for entry in entries]), 28)
    for entry in entries:
        margin = " " * (room + 2)
        if len(entry.name) > room:
            yield [(entry.name, "label")]
            lines = textwrap.wrap(entry.doc, _width(look) - len(margin))
        else:
            first, *lines = textwrap.wrap(entry.doc, _width(look) - len(margin))
            yield [(entry.name.ljust(room), "label"), (f"  {first}", "")]
        for text in lines:
            yield [(margin + text, "")]


def _wrapped(text: str, width: int, indent: str) -> Iterator[Line]:
    for line in textwrap.wrap(text, max(width - len(indent), 20), break_on_hyphens=False):
        yield [(indent + line, "")]


def entry_lines(entry: Entry, look: Look) -> Iterator[Line]:
    """All that is known of a function."""
    width = _width(look)
    first, *more = textwrap.wrap(entry.signature, width, subsequent_indent=_INDENT * 2)
    yield [(first, "label")]
    for text in more:
        yield [(text, "label")]
    yield from _wrapped(entry.doc, width, _INDENT)
    yield []
    facts = entry_facts(entry)
    room = max([len(name) for name, _ in facts])
    for name, text in facts:
        for place, line in enumerate(textwrap.wrap(text, max(width - room - 4, 20))):
            yield [
                (_INDENT + (name if not place else "").ljust(room + 2), "note"),
                (line, ""),
            ]
    yield []
    yield [(f"{_INDENT}$ {command_text(entry)}", "note")]
    for line_ in result_lines(entry.example.result, look):
        yield [(_INDENT, ""), *line_]


def command_text(entry: Entry) -> str:
    """The example as it is typed."""
    words = entry.example.words
    quoted = [f'"{w}"' if shlex.quote(w) != w and not set(w) & set('"$`\\!') else shlex.quote(w)
              for w in words]  # fmt: skip
    return " ".join(quoted)


def entry_facts(entry: Entry) -> list[tuple[str, str]]:
    """What is known of a function beside its words: (of what, what)."""
    facts = [("group", entry.group)]
    if entry.domain:
        facts.append(("domain", entry.domain))
    facts += derivatives(entry)
    facts += [("convention", text) for text in conventions(entry)]
    if entry.symbol:
        facts.append(("sign", entry.symbol))
    facts += [(library, ", ".join(names)) for library, names in entry.spellings.items()]
    if entry.related:
        facts.append(("see also", ", ".join(entry.related)))
    return facts


def derivatives(entry: Entry) -> list[tuple[str, str]]:
    """Formulas of the derivative, and what they take for granted."""
    if entry.derived is None:
        return []
    what = "v^T J" if entry.derived.seeds else "derivative"
    if not entry.formulas:
        sizes = {name: ",".join(map(str, shape)) for name, shape in entry.derived.shapes.items()}
        declared = [f" --shape {name}={shape}" for name, shape in sizes.items()]
        return [(what, f'long: `gradcli derive "{entry.call}"{"".join(declared)}`')]
    facts = [(what, f"{name}: {formula}") for name, formula in entry.formulas.items()]
    return [*facts, *[("valid", text) for text in entry.conditions]]


def conventions(entry: Entry) -> list[str]:
    """What the derivative is where it is a choice."""
    texts = []
    for point, partials in entry.kinks:
        texts.append(f"at {_numbers(point)} the derivative is {_numbers(partials)}")
    for edge in entry.edges:
        texts.append(f"{edge.call} at {_numbers(edge.x)} has {_numbers(edge.gradient)}: {edge.why}")
    return texts


def _numbers(values: Iterable[float]) -> str:
    shown = [f"{value:.6g}" for value in values]
    return shown[0] if len(shown) == 1 else f"({', '.join(shown)})"


def entry_object(entry: Entry) -> dict[str, Any]:
    """An entry as JSON has it."""
    result = entry.example.result
    outputs = [{"value": json_value(o.value), **json_parts(o.named())} for o in result.outputs]
    return {
        **brief_object(entry),
        "domain": entry.domain,
        "derivatives": entry.formulas,
        "valid": entry.conditions,
        "conventions": conventions(entry),
        "related": entry.related,
        "example": {"command": entry.example.words, "outputs": outputs},
    }


def brief_object(entry: Entry) -> dict[str, Any]:
    """What a list of entries tells of each."""
    return {
        "name": entry.name,
        "group": entry.group,
        "signature": entry.signature,
        "doc": entry.doc,
        "spellings": entry.spellings,
    }


def catalogue_object(entries: list[Entry], whole: bool) -> dict[str, Any]:
    """The JSON object of `gradcli ops`."""
    make = entry_object if whole else brief_object
    return {
        "schema": SCHEMA,
        "command": "ops",
        "functions": [make(entry) for entry in entries],
        "warnings": [],
        "notes": [],
    }
