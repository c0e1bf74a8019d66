"""Numbers and strings as they are written, f-strings included."""

from __future__ import annotations

import ast
from typing import Any

from gradcli.errors import GradcliError, Span, SyntaxProblem
from gradcli.language.places import Place, placed

ESCAPES = {"n": "\n", "t": "\t", "\\": "\\", "'": "'", '"': '"', "\n": "", "r": "\r", "0": "\0"}
CLOSING = {"(": ")", "[": "]", "{": "}"}
MAX_DIGITS = 400
DEEPEST_SPEC = 2
"""Levels that the format of an f-string nests: `{x:{width}}`."""


def constant_of(value: Any, place: Place) -> ast.Constant:
    return placed(ast.Constant(value=value, kind=None), place)


def number_of(text: str, place: Place) -> ast.Constant:
    """A number; one beyond the largest double is infinite."""
    bare = text.replace("_", "")
    value: int | float
    if len(bare) > MAX_DIGITS:
        raise SyntaxProblem(
            f"this number has more than {MAX_DIGITS} digits",
            span=Span(*place),
            hint="a double holds 17 of them; write powers of ten as in 1e100",
        )
    if bare.isdecimal() and bare[0] == "0" and bare.strip("0"):
        raise SyntaxProblem(
            f"`{text}` begins with a zero",
            span=Span(*place),
            hint=f"write `{bare.lstrip('0')}`, or `0o{bare.lstrip('0')}` for an octal number",
        )
    try:
        if bare[:2].lower() in ("0x", "0b", "0o"):
            value = int(bare, 0)
        else:
            value = float(bare) if any(sign in bare for sign in ".eE") else int(bare)
        if value.bit_length() > 1023 if isinstance(value, int) else False:
            value = float("inf")
    except ValueError:
        raise SyntaxProblem(f"`{text}` is not a number", span=Span(*place)) from None
    return constant_of(value, place)


def string_of(pieces: list[str], place: Place) -> ast.expr:
    """Adjacent string literals as one string, or as an f-string where one of them is."""
    parts: list[ast.expr] = []
    formatted = False
    for text in pieces:
        prefix = text[: len(text) - len(text.lstrip("rRbBfFuU"))].lower()
        if "b" in prefix:
            raise SyntaxProblem(
                "bytes are not part of the language",
                span=Span(*place),
                hint="a string has no `b` in front",
            )
        body = text[len(prefix) :]
        quotes = 3 if body[:3] in ('"""', "'''") else 1
        raw = "r" in prefix
        start = len(prefix) + quotes
        if "f" in prefix:
            formatted = True
            # The place inside is known where the literal is one piece in one line.
            exact = len(pieces) == 1 and place[0] == place[2]
            field = Fields(body[quotes:-quotes], raw, place, place[1] + start if exact else None)
            parts += field.parts(0)
        else:
            body = body[quotes:-quotes]
            parts.append(constant_of(body if raw else unescaped(body), place))
    if not formatted:
        return constant_of("".join([vars(part)["value"] for part in parts]), place)
    return placed(ast.JoinedStr(values=_merged(parts, place)), place)


def is_text(node: ast.expr) -> Any:
    return isinstance(node, ast.Constant)


def _merged(parts: list[ast.expr], place: Place) -> list[ast.expr]:
    """Constant parts beside each other as one, empty ones left out."""
    merged: list[Any] = []
    for part in parts:
        if is_text(part) and merged and is_text(merged[-1]):
            merged[-1] = constant_of(merged[-1].value + vars(part)["value"], place)
        else:
            merged.append(part)
    return [part for part in merged if not (is_text(part) and part.value == "")]


def unescaped(body: str) -> str:
    """The text that a literal's backslashes stand for."""
    out: list[str] = []
    characters = iter(body)
    for character in characters:
        if character != "\\":
            out.append(character)
            continue
        following = next(characters, "")
        out.append(ESCAPES.get(following, "\\" + following))
    return "".join(out)


class Fields:
    """The text of an f-string, taken apart. column: where it starts, None where that is unknown."""

    def __init__(self, text: str, raw: bool, place: Place, column: int | None) -> None:
        self.text = text
        self.raw = raw
        self.place = place
        self.column = column
        self.at = 0

    def parts(self, level: int) -> list[ast.expr]:
        """Constants and fields up to the end, or to the brace that closes a format."""
        parts: list[ast.expr] = []
        literal = ""
        while self.at < len(self.text):
            character = self.text[self.at]
            doubled = level == 0 and self.text[self.at : self.at + 2] in ("{{", "}}")
            if character in "{}" and not doubled:
                if character == "}" and level == 0:
                    raise self._mistake("a `}` in an f-string closes nothing", "`}}` writes one")
                if character == "}":
                    break
                if literal:
                    parts.append(self._constant(literal))
                    literal = ""
                parts += self._field(level)
                continue
            literal += character
            self.at += 2 if doubled else 1
        if literal:
            parts.append(self._constant(literal))
        return parts

    def _constant(self, literal: str) -> ast.expr:
        return constant_of(literal if self.raw else unescaped(literal), self.place)

    def _field(self, level: int) -> list[ast.expr]:
        if level == DEEPEST_SPEC:
            raise self._mistake(
                "the fields of this f-string nest too deeply", "give the inner one a name first"
            )
        begin = self.at + 1
        self.at = self._end_of_expression(begin)
        source = self.text[begin : self.at]
        shown: list[ast.expr] = []
        if self._next("="):
            shown = [self._constant(source + "=" + self._spaces())]
        conversion = -1
        if self._next("!"):
            letter = self.text[self.at : self.at + 1]
            if letter not in ("r", "s", "a"):
                raise self._mistake(
                    "after `!` stands one of r, s, a", "as in `{x!r}`; `!=` compares in brackets"
                )
            conversion = ord(letter)
            self.at += 1
        spec = None
        if self._next(":"):
            spec = placed(
                ast.JoinedStr(values=_merged(self.parts(level + 1), self.place)), self.place
            )
        if not self._next("}"):
            raise self._mistake("a field of this f-string is never closed", "`{{` writes a brace")
        if shown and spec is None and conversion < 0:
            conversion = ord("r")
        value = self._parsed(source, begin)
        field = ast.FormattedValue(value=value, conversion=conversion, format_spec=spec)
        return [*shown, placed(field, self.place)]

    def _spaces(self) -> str:
        start = self.at
        while self.text[self.at : self.at + 1].isspace():
            self.at += 1
        return self.text[start : self.at]

    def _next(self, sign: str) -> bool:
        found = self.text[self.at : self.at + 1] == sign
        self.at += found
        return found

    def _end_of_expression(self, at: int) -> int:
        opened: list[str] = []
        quote = ""
        while at < len(self.text):
            character = self.text[at]
            if quote:
                quote = "" if character == quote else quote
            elif character in "'\"":
                quote = character
            elif character in CLOSING:
                opened.append(CLOSING[character])
            elif opened and character == opened[-1]:
                opened.pop()
            elif not opened:
                two = self.text[at : at + 2]
                if two in ("!=", "==", "<=", ">="):
                    at += 1
                elif character in "!:}=":
                    break
            at += 1
        return at

    def _parsed(self, source: str, begin: int) -> ast.expr:
        # The parser calls the builders, which call this: an f-string holds programs in turn.
        from gradcli.language.parser import DEEPEST_NESTING, parse

        if not source.strip():
            raise self._mistake("a field of this f-string is empty", "`{{` writes a brace")
        shift = None if self.column is None else self.column + begin - 1
        try:
            tree = parse(f"({source})", DEEPEST_NESTING)
        except GradcliError as error:
            if error.span is not None and error.span.column > len(source):
                raise self._mistake(
                    "the value of a field of this f-string ends too early", "as in `{x + 1}`"
                ) from None
            error.span = self._shifted(error.span, shift)
            error.labels = [(self._shifted(span, shift), text) for span, text in error.labels]
            error.related = [(text, self._shifted(span, shift)) for text, span in error.related]
            raise
        (statement,) = tree.body
        assert isinstance(statement, ast.Expr)
        for node in ast.walk(statement):
            if hasattr(node, "lineno"):
                held: Any = node
                inner = Span(held.lineno, held.col_offset, held.end_lineno, held.end_col_offset)
                span = self._shifted(inner, shift)
                placed(node, (span.line, span.column, span.end_line, span.end_column))
        return statement.value

    def _shifted(self, span: Span | None, shift: int | None) -> Span:
        if span is None or shift is None or span.line != 1 or span.end_line != 1:
            return Span(*self.place)
        line = self.place[0]
        return Span(line, span.column + shift, line, span.end_column + shift)

    def _mistake(self, message: str, hint: str) -> SyntaxProblem:
        return SyntaxProblem(message, span=Span(*self.place), hint=hint)
