"""Parse tables: made from the Lark grammar when the package is built, or in memory when stale.

Lark reads the grammar and builds the LALR(1) tables; they are kept as plain Python data, so that
reading a program needs neither Lark's import (a third of NumPy's) nor a cache file that others
could write.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any, NamedTuple

PACKAGED = Path(__file__).parent.parent / "grammar" / "gradcli.lark"
CHECKOUT = Path(__file__).parent.parent.parent / "grammar" / "gradcli.lark"

INLINE, SPLICE, CALL = 0, 1, 2


class Tables(NamedTuple):
    """Everything the parser needs, as built-in types.

    literals: keyword or operator text -> token. patterns: (token, regular expression). rules:
    (origin, length, what to do, action, kept symbols as (place, spliced), places of absent optional
    parts). states: for each state {symbol: next state, or -1 - rule to reduce}.
    """

    checksum: int
    literals: dict[str, str]
    patterns: list[tuple[str, str]]
    rules: list[tuple[str, int, int, str, tuple[tuple[int, bool], ...], tuple[int, ...]]]
    states: list[dict[str, int]]
    start: int
    end: int


def load() -> Tables:
    """The tables of the grammar at hand: the built ones where they are current."""
    source = (PACKAGED if PACKAGED.exists() else CHECKOUT).read_bytes()
    checksum = zlib.crc32(source)
    try:
        from gradcli.language import _tables  # type: ignore[attr-defined,unused-ignore]
    except ImportError:
        return compile_grammar(source.decode(), checksum)
    if checksum != _tables.CHECKSUM:
        return compile_grammar(source.decode(), checksum)
    return Tables(
        checksum, _tables.LITERALS, _tables.PATTERNS, _tables.RULES, _tables.STATES, *_tables.ENDS
    )


def compile_grammar(grammar: str, checksum: int) -> Tables:
    """Tables of a Lark grammar."""
    from lark import Lark
    from lark.grammar import Rule
    from lark.lexer import TerminalDef

    lark = Lark(grammar, parser="lalr", lexer="basic", maybe_placeholders=True)
    # Rules are written once, under numbers, and both the list and the table refer to those.
    data, _ = lark.memo_serialize([Rule, TerminalDef])
    place_of = {reference["@"]: place for place, reference in enumerate(data["rules"])}
    table = data["parser"]["parser"]
    tokens = dict(table["tokens"])
    numbers = {state: place for place, state in enumerate(table["states"])}
    states = [
        {
            str(tokens[token]): -1 - place_of[target["@"]] if reduces else numbers[target]
            for token, (reduces, target) in row.items()
        }
        for row in table["states"].values()
    ]
    literals: dict[str, str] = {}
    patterns: list[tuple[str, str]] = []
    for terminal in lark.terminals:
        if terminal.pattern.type == "str":
            literals[terminal.pattern.value] = str(terminal.name)
        else:
            patterns.append((str(terminal.name), terminal.pattern.value))
    start = numbers[table["start_states"]["start"]]
    end = numbers[table["end_states"]["start"]]
    rules = [_rule(rule) for rule in lark.rules]
    return Tables(checksum, literals, patterns, rules, states, start, end)


def _rule(rule: Any) -> Any:
    """One grammar rule as plain data."""
    origin = str(rule.origin.name)
    kept = tuple(
        [
            (place, not symbol.is_term and symbol.name.startswith("_"))
            for place, symbol in enumerate(rule.expansion)
            if not (symbol.is_term and symbol.filter_out)
        ]
    )
    gaps: list[int] = []
    child = 0
    expansion = iter(range(len(rule.expansion)))
    kept_places = {place for place, _ in kept}
    for empty in rule.options.empty_indices:
        if empty:
            gaps.append(child + len(gaps))
        else:
            place = next(expansion, None)
            child += place in kept_places
    if rule.alias is None and origin.startswith("_"):
        what = SPLICE
    elif rule.alias is None and rule.options.expand1 and len(kept) == 1 and not gaps:
        what = SPLICE if kept[0][1] else INLINE
    else:
        what = CALL
    action = str(rule.alias or origin)
    return origin, len(rule.expansion), what, action, kept, tuple(gaps)


def module_text(tables: Tables) -> str:
    """Source of the module that a build writes beside this one."""
    lines = [
        '"""Generated from the grammar when the package is built; not to be edited."""',
        f"CHECKSUM = {tables.checksum}",
        f"LITERALS = {tables.literals!r}",
        f"PATTERNS = {tables.patterns!r}",
        "RULES = [",
        *[f"    {rule!r}," for rule in tables.rules],
        "]",
        "STATES = [",
        *[f"    {state!r}," for state in tables.states],
        "]",
        f"ENDS = {(tables.start, tables.end)!r}",
    ]
    return "\n".join(lines) + "\n"
