"""Source text to syntax tree: a lexer with indentation, and an LALR(1) driver over the tables.

The tree is made of Python's own `ast` node classes (as plain data; nothing is compiled or run),
with lines counted from 1 and columns, in characters, from 0. The driver is a loop: no input,
however nested, recurses.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from gradcli.errors import LimitError, SyntaxProblem
from gradcli.language import build, tables
from gradcli.language.blocks import Indents
from gradcli.language.tokens import CLOSE, OPEN, RESERVED, Stuck, Token, span_between

if TYPE_CHECKING:
    import ast

MAX_NESTING = 200
DEEPEST_NESTING = 1000
"""What --max-nesting may ask for: beyond it the machine's own stack would be in danger."""
STATES_PER_LEVEL = 9
"""Parser states that a level of nesting may take: a block has that many before its body."""
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
        self.names = {name: text for text, name in literals.items()}
        self.rules = []
        for origin, length, what, action, kept, gaps in self.tables.rules:
            layout = _layout(kept, gaps)
            plain = _slice_of(layout, length) if what == tables.CALL else None
            self.rules.append((origin, length, what, actions.get(f"build_{action}"), layout, plain))
        self.states = self.tables.states
        self._jumps: dict[tuple[int, str, str], int] = {}

    def jump(self, below: int, origin: str, name: str) -> int:
        """The state after a reduction to `origin` where that terminal stands next.

        Reductions of one symbol to another change no value; an operand goes through a dozen of
        them, up to the level of its operator. They are found once.
        """
        key = (below, origin, name)
        state = self._jumps.get(key)
        if state is None:
            while True:
                state = self.states[below][origin]
                action = self.states[state].get(name, 0)
                if action >= 0:
                    break
                origin, length, what, *_ = self.rules[-1 - action]
                if what != tables.INLINE or length != 1:
                    break
            self._jumps[key] = state
        return state

    def goes_on(self, stack: list[int], name: str) -> bool:
        """Whether the parser, with these states on its stack, would read that terminal."""
        stack = list(stack)
        while True:
            action = self.states[stack[-1]].get(name)
            if action is None:
                return False
            if action >= 0:
                return True
            origin, length, *_ = self.rules[-1 - action]
            if length:
                del stack[-length:]
            stack.append(self.states[stack[-1]][origin])
            if stack[-1] == self.tables.end and name == "$END":
                return True

    def expected(self, stack: list[int]) -> frozenset[str]:
        """What could stand next: signs and words as they are written, other terminals by name."""
        names = [name for name in self.states[stack[-1]] if self.goes_on(stack, name)]
        return frozenset([self.names.get(name, name) for name in names])


def _layout(
    kept: tuple[tuple[int, bool], ...], gaps: tuple[int, ...]
) -> tuple[tuple[int, bool] | None, ...]:
    """A rule's kept symbols, and None where an optional part is absent."""
    layout: list[tuple[int, bool] | None] = list(kept)
    for gap in gaps:
        layout.insert(gap, None)
    return tuple(layout)


def _slice_of(layout: tuple[tuple[int, bool] | None, ...], length: int) -> slice | None:
    """Where a rule's children lie among its symbols, if evenly spaced; None otherwise."""
    places = [part[0] for part in layout if part is not None and not part[1]]
    if not places or len(places) != len(layout):
        return None
    step = places[1] - places[0] if len(places) > 1 else 1
    if places != list(range(places[0], places[-1] + 1, step)):
        return None
    return slice(places[0] - length, places[-1] + 1 - length or None, step)


@cache
def grammar() -> Grammar:
    return Grammar()


def parse(source: str, max_nesting: int = MAX_NESTING, max_source: int = MAX_SOURCE) -> ast.Module:
    """The syntax tree of a program.

    Raises SyntaxProblem with the place and a hint; LimitError where it is too long, or where
    brackets, blocks or operators nest too deeply.
    """
    if len(source) > max_source:
        raise LimitError(
            f"the program is longer than {max_source:,} characters",
            hint="raise the limit with --max-source",
        )
    language = grammar()
    tokens: list[Token] = []
    opened: list[Token] = []
    wrong: SyntaxProblem | None = None
    try:
        tokenize(source, language, max_nesting, tokens, opened)
    except SyntaxProblem as error:
        # What is wrong further up is told first.
        wrong = error
    try:
        tree = _drive(tokens, language, max_nesting)
    except Stuck as stuck:
        # What explains errors is not loaded before there is one.
        from gradcli.language.brackets import never_closed
        from gradcli.language.mistakes import explain_token

        if wrong is None and opened and opened[-1][2:4] < stuck.token[2:4]:
            raise never_closed(opened[-1], stuck) from None
        raise explain_token(stuck) from None
    if wrong is not None or tree is None:
        assert wrong is not None, "the token stream ends in $END"
        raise wrong
    return tree


def tokenize(
    source: str, language: Grammar, max_nesting: int, tokens: list[Token], opened: list[Token]
) -> None:
    """Append all tokens of a source, indentation and line ends included, and $END.

    opened: gets the brackets that are never closed, the innermost last. Raises SyntaxProblem; the
    tokens before that place are there then.
    """
    literals, keywords = language.tables.literals, language.keywords
    match = language.lexer.match
    indents = Indents(max_nesting)
    line, line_start, place, end = 1, 0, 0, len(source)
    fresh = True
    while place < end:
        if fresh and not opened:
            place, line, line_start = indents.read(source, place, line, tokens)
            fresh = False
            continue
        found = match(source, place)
        if found is None:
            raise _bad_character(source, place, line, place - line_start, tokens)
        kind = found.lastgroup
        text = found.group()
        column = place - line_start
        place = found.end()
        if kind == "NAME":
            if not text.isidentifier():
                bad = next(n for n in range(len(text)) if not text[: n + 1].isidentifier())
                raise _bad_character(source, found.start() + bad, line, column + bad, tokens)
            token = (keywords.get(text, "NAME"), text, line, column, line, column + len(text))
            if text in RESERVED:
                from gradcli.language.foreign import explain_reserved

                raise explain_reserved(token)
            tokens.append(token)
        elif kind == "SIGN":
            token = (literals[text], text, line, column, line, column + len(text))
            if text in OPEN:
                opened.append(token)
                if len(opened) > max_nesting:
                    raise LimitError(
                        f"brackets nest more than {max_nesting:,} deep",
                        span=span_between(token),
                        hint=nesting_hint(max_nesting),
                    )
            elif text in CLOSE:
                if not opened or opened[-1][1] != CLOSE[text]:
                    from gradcli.language.brackets import wrongly_closed

                    raise wrongly_closed(token, opened, tokens)
                opened.pop()
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
    column = end - line_start
    if tokens and tokens[-1][0] != "_NEWLINE":
        tokens.append(("_NEWLINE", "", line, column, line, column))
    for _ in indents.open[1:]:
        tokens.append(("_DEDENT", "", line, column, line, column))
    tokens.append(("$END", "", line, column, line, column))


def _bad_character(*where: Any) -> SyntaxProblem:
    from gradcli.language.lookalikes import explain_character

    return explain_character(*where)


def nesting_hint(max_nesting: int) -> str:
    """What helps where a program nests too deeply."""
    if max_nesting >= DEEPEST_NESTING:
        return "--max-nesting allows no more: name parts of it first"
    return f"raise the limit with --max-nesting (up to {DEEPEST_NESTING}), or name parts of it"


def _drive(tokens: list[Token], language: Grammar, max_nesting: int) -> ast.Module | None:
    """Shift and reduce until the start rule is complete; None where the tokens end before.

    Raises Stuck at a token that cannot stand where it does.
    """
    states, rules = language.states, language.rules
    final = language.tables.end
    deepest = STATES_PER_LEVEL * max_nesting
    state = language.tables.start
    state_stack = [state]
    values: list[Any] = []
    # Tokens, and places of what was built: both end in the four numbers of a place.
    places: list[Any] = []
    for token in tokens:
        name = token[0]
        while True:
            action = states[state].get(name)
            if action is None:
                raise Stuck(tokens, token, language.expected(state_stack))
            if action >= 0:
                state = action
                state_stack.append(state)
                values.append(token[1])
                places.append(token)
                if len(state_stack) > deepest:
                    raise LimitError(
                        "the program nests too deeply here",
                        span=span_between(token),
                        hint=nesting_hint(max_nesting),
                    )
                break
            origin, length, what, build_node, layout, plain = rules[-1 - action]
            if plain is not None:
                first, last = places[-length], places[-1]
                place = (first[-4], first[-3], last[-2], last[-1])
                assert build_node is not None, origin
                made = build_node(values[plain], place)
                if length > 1:
                    del values[1 - length :], places[1 - length :], state_stack[1 - length :]
                values[-1], places[-1] = made, place
                state_stack.pop()
            elif what == tables.INLINE:
                if length > 1:
                    assert layout[0] is not None
                    inner = layout[0][0] - length
                    values[-length:] = [values[inner]]
                    places[-length:] = [places[inner]]
                    del state_stack[1 - length :]
                state_stack.pop()
            else:
                if length:
                    first, last = places[-length], places[-1]
                    place = (first[-4], first[-3], last[-2], last[-1])
                    below = len(values) - length
                    children: list[Any] = []
                    rest = layout
                    if what == tables.SPLICE and layout and layout[0] == (0, True):
                        # A repetition grows in place: copying it at each step would be quadratic.
                        children = values[below]
                        rest = layout[1:]
                    for part in rest:
                        if part is None:
                            children.append(None)
                        elif part[1]:
                            children.extend(values[below + part[0]])
                        else:
                            children.append(values[below + part[0]])
                    del values[below:], places[below:], state_stack[-length:]
                else:
                    place = (token[2], token[3], token[2], token[3])
                    children = [None] * len(layout)
                if what == tables.CALL:
                    assert build_node is not None, origin
                    values.append(build_node(children, place))
                else:
                    values.append(children)
                places.append(place)
            state = language.jump(state_stack[-1], origin, name)
            state_stack.append(state)
            if state == final and name == "$END":
                module: ast.Module = values[-1]
                return module
    return None
