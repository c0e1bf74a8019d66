"""Source text to syntax tree: a lexer with indentation, and an LALR(1) driver over the tables.

The tree is made of Python's own `ast` node classes (as plain data; nothing is compiled or run),
with lines counted from 1 and columns, in characters, from 0. The driver is a loop: no input,
however nested, recurses.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from gradcli.errors import LimitError, Span, SyntaxProblem
from gradcli.language import build, tables
from gradcli.language.mistakes import explain_character, explain_token

if TYPE_CHECKING:
    import ast

Token = tuple[str, str, int, int, int, int]
"""(terminal, text, line, column, end line, end column)"""

OPEN = {"(": ")", "[": "]", "{": "}"}
CLOSE = {")": "(", "]": "[", "}": "{"}
MAX_NESTING = 200
DEEPEST_NESTING = 1000
"""What --max-nesting may ask for: beyond it the machine's own stack would be in danger."""
MAX_SOURCE = 16 << 20


class Grammar:
    """The tables, made ready for the loop."""

    def __init__(self) -> None:
        self.tables = tables.load()
        literals = self.tables.literals
        signs = sorted((text for text in literals if not text[0].isalpha()), key=len, reverse=True)
        patterns = dict(self.tables.patterns)
        self.keywords = {text: name for text, name in literals.items() if text[0].isalpha()}
        # One expression, the commonest first; a name that is a keyword is told apart afterwards.
        self.lexer = re.compile(
            rf"(?P<SPACE>[ \t\f]+|\\\r?\n)|(?P<STRING>{patterns['STRING']})"
            rf"|(?P<NUMBER>{patterns['NUMBER']})|(?P<NAME>{patterns['NAME']})"
            rf"|(?P<SIGN>{'|'.join(map(re.escape, signs))})"
            r"|(?P<LINE>\r?\n)|(?P<COMMENT>#[^\n]*)"
        )
        actions = vars(build)
        self.rules = [
            (origin, length, what, actions.get(f"build_{action}"), kept, gaps)
            for origin, length, what, action, kept, gaps in self.tables.rules
        ]


@cache
def grammar() -> Grammar:
    return Grammar()


def parse(source: str, max_nesting: int = MAX_NESTING, max_source: int = MAX_SOURCE) -> ast.Module:
    """The syntax tree of a program.

    Raises SyntaxProblem with the place and a hint; LimitError where brackets nest too deeply.
    """
    if len(source) > max_source:
        raise LimitError(
            f"the program is longer than {max_source:,} characters",
            hint="raise the limit with --max-source",
        )
    language = grammar()
    tokens = tokenize(source, language, max_nesting)
    return _drive(tokens, language, max_nesting)


def tokenize(source: str, language: Grammar, max_nesting: int) -> list[Token]:
    """All tokens of a source, indentation and line ends included, ending in $END."""
    literals, keywords = language.tables.literals, language.keywords
    match = language.lexer.match
    tokens: list[Token] = []
    opened: list[Token] = []
    indents = [0]
    line, line_start, place, end = 1, 0, 0, len(source)
    fresh = True
    while place < end:
        if fresh and not opened:
            place, line, line_start = _indentation(source, place, line, indents, tokens)
            fresh = False
            continue
        found = match(source, place)
        if found is None:
            raise explain_character(source, place, line, place - line_start, tokens)
        kind = found.lastgroup
        text = found.group()
        column = place - line_start
        place = found.end()
        if kind == "NAME":
            if not text.isidentifier():
                bad = next(n for n in range(len(text)) if not text[: n + 1].isidentifier())
                raise explain_character(source, found.start() + bad, line, column + bad, tokens)
            name = keywords.get(text, "NAME")
            tokens.append((name, text, line, column, line, column + len(text)))
        elif kind == "SIGN":
            token = (literals[text], text, line, column, line, column + len(text))
            if text in OPEN:
                opened.append(token)
                if len(opened) > max_nesting:
                    raise LimitError(
                        f"brackets nest more than {max_nesting} deep",
                        span=_span(token),
                        hint="raise the limit with --max-nesting",
                    )
            elif text in CLOSE:
                _close(token, opened)
            tokens.append(token)
        elif kind == "NUMBER":
            tokens.append((kind, text, line, column, line, column + len(text)))
        elif kind == "LINE":
            if not opened:
                tokens.append(("_NEWLINE", "", line, column, line, column))
                fresh = True
            line, line_start = line + 1, place
        elif kind == "STRING":
            first = line
            line += text.count("\n")
            if line > first:
                line_start = found.start() + text.rindex("\n") + 1
            tokens.append((kind, text, first, column, line, place - line_start))
        elif kind == "SPACE" and text[0] == "\\":
            line, line_start = line + 1, place
    if opened:
        raise SyntaxProblem(f"`{opened[-1][1]}` is never closed", span=_span(opened[-1]))
    column = end - line_start
    if tokens and tokens[-1][0] != "_NEWLINE":
        tokens.append(("_NEWLINE", "", line, column, line, column))
    for _ in indents[1:]:
        tokens.append(("_DEDENT", "", line, column, line, column))
    tokens.append(("$END", "", line, column, line, column))
    return tokens


_BLANK = re.compile(r"[ \t\f]*(?:#[^\n]*)?(?:\r?\n|$)")
_INDENT = re.compile(r"[ \t\f]*")


def _indentation(
    source: str, place: int, line: int, indents: list[int], tokens: list[Token]
) -> tuple[int, int, int]:
    """Skip blank lines, compare the next line's indentation, and emit what changed."""
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
    width = len(found.group().expandtabs(8))
    place = found.end()
    if place >= end:
        return place, line, start
    column = place - start
    if width > indents[-1]:
        if not tokens or tokens[-1][0] != "_NEWLINE" or tokens[-2][1] != ":":
            # A whole program may be indented, as one pasted out of a function is.
            if tokens:
                raise SyntaxProblem(
                    "this line is indented, but no block begins here",
                    span=Span(line, 0, line, column),
                    hint="give it the indentation of the line above",
                )
            indents[0] = width
        else:
            indents.append(width)
            tokens.append(("_INDENT", "", line, column, line, column))
    while width < indents[-1]:
        if len(indents) == 1:
            raise _bad_dedent(line, column)
        indents.pop()
        tokens.append(("_DEDENT", "", line, column, line, column))
    if width != indents[-1]:
        raise _bad_dedent(line, column)
    return place, line, start


def _bad_dedent(line: int, column: int) -> SyntaxProblem:
    return SyntaxProblem(
        "this indentation matches no line above",
        span=Span(line, 0, line, max(column, 1)),
        hint="give it the indentation of the block it belongs to",
    )


def _close(token: Token, opened: list[Token]) -> None:
    if not opened:
        raise SyntaxProblem(f"`{token[1]}` closes nothing", span=_span(token))
    if opened[-1][1] != CLOSE[token[1]]:
        start = opened[-1]
        raise SyntaxProblem(
            f"`{token[1]}` does not close `{start[1]}`",
            span=_span(token),
            hint=f"`{start[1]}` in line {start[2]}, column {start[3] + 1} wants `{OPEN[start[1]]}`",
        )
    opened.pop()


def _span(token: Token) -> Span:
    return Span(*token[2:])


def _drive(tokens: list[Token], language: Grammar, max_nesting: int) -> ast.Module:
    """Shift and reduce until the start rule is complete."""
    states, rules = language.tables.states, language.rules
    final = language.tables.end
    deepest = 5 * max_nesting
    state = language.tables.start
    state_stack = [state]
    values: list[Any] = []
    places: list[tuple[int, int, int, int]] = []
    for token in tokens:
        name = token[0]
        while True:
            action = states[state].get(name)
            if action is None:
                raise explain_token(token, tokens, list(states[state]))
            if action >= 0:
                state = action
                state_stack.append(state)
                values.append(token[1])
                places.append(token[2:])
                if len(state_stack) > deepest:
                    raise LimitError(
                        "the expression nests too deeply",
                        span=_span(token),
                        hint="raise the limit with --max-nesting, or name parts of it first",
                    )
                break
            origin, length, what, build_node, kept, gaps = rules[-1 - action]
            if what == tables.INLINE:
                if length > 1:
                    inner = kept[0][0] - length
                    values[-length:] = [values[inner]]
                    places[-length:] = [places[inner]]
                    del state_stack[1 - length :]
                state_stack.pop()
            else:
                if length:
                    first, last = places[-length], places[-1]
                    place = (first[0], first[1], last[2], last[3])
                    below = len(values) - length
                    children: list[Any] = []
                    rest = kept
                    if what == tables.SPLICE and kept and kept[0] == (0, True):
                        # A repetition grows in place: copying it at each step would be quadratic.
                        children = values[below]
                        rest = kept[1:]
                    for offset, spliced in rest:
                        value = values[below + offset]
                        if spliced:
                            children.extend(value)
                        else:
                            children.append(value)
                    del values[below:], places[below:], state_stack[-length:]
                else:
                    place = (token[2], token[3], token[2], token[3])
                    children = []
                for gap in gaps:
                    children.insert(gap, None)
                if what == tables.CALL:
                    assert build_node is not None, origin
                    values.append(build_node(children, place))
                else:
                    values.append(children)
                places.append(place)
            state = states[state_stack[-1]][origin]
            state_stack.append(state)
            if state == final and name == "$END":
                module: ast.Module = values[-1]
                return module
    raise AssertionError("the token stream ends in $END")
