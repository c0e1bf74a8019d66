"""What the lexer gives the parser: words and signs with their places."""

from __future__ import annotations

from gradcli.errors import Span

Token = tuple[str, str, int, int, int, int]
"""(terminal, text, line, column, end line, end column)"""

OPEN = {"(": ")", "[": "]", "{": "}"}
CLOSE = {")": "(", "]": "[", "}": "{"}

ENDS = ("_NEWLINE", "_INDENT", "_DEDENT", "$END")
"""Terminals without text, at the ends of lines."""


RESERVED = {
    "class": "functions, and dicts of parameters, do what classes would",
    "try": "an error ends the program: leave out `try` and `except`",
    "except": "an error ends the program: leave out `try` and `except`",
    "finally": "an error ends the program: leave out `try` and `finally`",
    "raise": "`assert condition, 'message'` ends the program where the condition does not hold",
    "global": "a function returns what it changes, as in `x = f(x)`",
    "nonlocal": "a function returns what it changes, as in `x = f(x)`",
    "yield": "collect values in a list: `values.append(x)`, and return that",
    "async": "leave it out: everything runs in order",
    "await": "leave it out: everything runs in order",
}
"""Python's words that are not in the language."""


NO_TOKEN: Token = ("", "", 1, 0, 1, 0)


def span_between(first: Token, last: Token | None = None) -> Span:
    """The place from one token to another."""
    return Span(first[2], first[3], *(last or first)[4:])


HEADS = ("if", "elif", "else", "while", "for", "with", "def")
"""Words that begin a line with a block below."""


def _behind_head(line: list[Token]) -> list[Token]:
    """What stands behind the colon of `if x: ...`, where it has one."""
    if not line or line[0][1] not in HEADS:
        return line
    depth = 0
    for place, one in enumerate(line):
        depth += (one[1] in OPEN or one[1] == "lambda") - (one[1] in CLOSE)
        if one[1] == ":":
            if not depth:
                return line[place + 1 :]
            depth -= any(word[1] == "lambda" for word in line[:place])
    return line


class Stuck(Exception):
    """Where the parser could not go on: at a token, and what could have stood there.

    expected: signs and words as they are written, and the names of other terminals.
    """

    def __init__(self, tokens: list[Token], token: Token, expected: frozenset[str]) -> None:
        super().__init__()
        self.tokens = tokens
        self.token = token
        self.at = next(place for place, one in enumerate(tokens) if one is token)
        self.expected = expected

    def before(self, count: int = 1) -> Token:
        """A token before the one at fault."""
        return self.tokens[self.at - count] if self.at >= count else NO_TOKEN

    def after(self, count: int = 1) -> Token:
        """A token behind the one at fault."""
        place = self.at + count
        return self.tokens[place] if place < len(self.tokens) else NO_TOKEN

    @property
    def line(self) -> list[Token]:
        """The tokens of the statement up to the one at fault."""
        start = self.at
        while start and self.tokens[start - 1][0] not in ENDS:
            if self.tokens[start - 1][1] == ";" and self.bracket() is None:
                break
            start -= 1
        return _behind_head(self.tokens[start : self.at])

    @property
    def rest(self) -> list[Token]:
        """The tokens of the logical line from the one at fault on."""
        end = self.at
        while end < len(self.tokens) and self.tokens[end][0] not in ENDS:
            end += 1
        return self.tokens[self.at : end]

    @property
    def last(self) -> bool:
        """Whether nothing follows but the ends of lines and blocks."""
        return self.tokens[-1][0] == "$END" and all(o[0] in ENDS for o in self.tokens[self.at :])

    @property
    def touching(self) -> bool:
        """Whether nothing stands between the token and the one before."""
        return self.before()[4:] == self.token[2:4] and bool(self.before()[1])

    @property
    def wants_value(self) -> bool:
        return "NUMBER" in self.expected

    @property
    def wants_operator(self) -> bool:
        return "+" in self.expected and not self.wants_value

    def bracket(self) -> Token | None:
        """The innermost bracket that is open, if one is."""
        closed = 0
        for one in reversed(self.tokens[: self.at]):
            if one[1] in CLOSE:
                closed += 1
            elif one[1] in OPEN:
                if not closed:
                    return one
                closed -= 1
        return None

    def inside(self, word: str) -> bool:
        """Whether the line begins with that word."""
        return self.line[:1] != [] and self.line[0][1] == word
