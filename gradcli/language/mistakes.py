"""What people type by mistake, and what to type instead."""

from __future__ import annotations

import re

from gradcli.errors import Span, SyntaxProblem

Token = tuple[str, str, int, int, int, int]

LOOKALIKES = {
    "“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "−": "-", "–": "-", "—": "-",
    "×": "*", "·": "*", "∙": "*", "⋅": "*", "∗": "*", "÷": "/", "∕": "/", "≤": "<=", "≥": ">=",
    "≠": "!=", "，": ",", "；": ";", "：": ":", "（": "(", "）": ")", "［": "[", "］": "]",
    "²": "**2", "³": "**3", "√": "sqrt", "∑": "sum", "∏": "prod", "∞": "inf", "⊤": ".T",
    "ᵀ": ".T", "→": "->",
}  # fmt: skip

SIGNS = {"&&": "and", "||": "or", "!": "not x", "$": "", "?": "a if c else b"}

# Two signs of the language that together look like one of another.
PAIRS = {
    ("&", "&"): "and", ("|", "|"): "or", ("<", ">"): "!=", ("==", "="): "==",
    ("=", ">"): ">=", (":", "="): "=", ("*", "*"): "**", ("/", "/"): "//",
}  # fmt: skip

MISNAMED = {
    "ln": "`log` is the natural logarithm",
    "tg": "`tan` is the tangent",
    "arctg": "`atan` is the inverse tangent",
    "e": "Euler's number is `np.e`, a power of it `exp(x)`",
    "π": "the number is `pi`",
    "print": "the value of the last expression is printed",
    "Σ": "write `sum`",
}

FOREIGN_WORDS = frozenset(
    [
        "async",
        "await",
        "class",
        "except",
        "finally",
        "global",
        "nonlocal",
        "raise",
        "try",
        "yield",
        "match",
    ]
)

DESCRIPTIONS = {
    "NAME": "a name",
    "NUMBER": "a number",
    "STRING": "a string",
    "_NEWLINE": "the end of the line",
    "_INDENT": "an indented block",
    "_DEDENT": "the end of the block",
    "$END": "the end of the program",
}


def explain_character(
    source: str, place: int, line: int, column: int, tokens: list[Token]
) -> SyntaxProblem:
    """The error for a character that begins no token."""
    character = source[place]
    span = Span(line, column, line, column + 1)
    previous = tokens[-1] if tokens else None
    touching = previous is not None and previous[4:] == (line, column)
    if character in "'\"":
        if character == "'" and touching and previous is not None:
            if previous[0] in ("NAME", "RPAR", "RSQB"):
                return SyntaxProblem(
                    "`'` does not transpose", span=span, hint="write `.T`, as in `x.T`"
                )
        return SyntaxProblem(f"the string that {character} begins never ends", span=span)
    if character in LOOKALIKES:
        return SyntaxProblem(
            f"`{character}` (U+{ord(character):04X}) is not a sign of the language",
            span=span,
            hint=f"write `{LOOKALIKES[character]}`",
        )
    if character == "\0":
        return SyntaxProblem("the program contains a NUL byte", span=span)
    for sign, instead in SIGNS.items():
        if source.startswith(sign, place):
            span = Span(line, column, line, column + len(sign))
            hint = f"write `{instead}`" if instead else ""
            return SyntaxProblem(f"`{sign}` is not a sign of the language", span=span, hint=hint)
    shown = character if character.isprintable() else f"U+{ord(character):04X}"
    return SyntaxProblem(f"`{shown}` is not part of the language", span=span)


def explain_token(token: Token, tokens: list[Token], expected: list[str]) -> SyntaxProblem:
    """The error for a token that cannot stand where it does."""
    name, text, *place = token
    span = Span(*place)
    place_in = tokens.index(token)
    previous = tokens[place_in - 1] if place_in else None
    touching = previous is not None and previous[4:] == token[2:4]
    if previous is not None and name in ("NAME", "LPAR") and previous[0] == "NUMBER" and touching:
        if text in ("i", "j"):
            return SyntaxProblem(
                f"`{previous[1]}{text}` is complex",
                span=Span(*previous[2:4], *token[4:]),
                hint="gradcli computes with real numbers",
            )
        if previous[1] == "0" or text.lower() == "e":
            return SyntaxProblem(
                f"`{previous[1]}{text}` is not a number", span=Span(*previous[2:4], *token[4:])
            )
        if re.fullmatch(r"[0-9.]+", previous[1]):
            return SyntaxProblem(
                "a product needs its sign",
                span=Span(*previous[2:4], *token[4:]),
                hint=f"write `{previous[1]}*{text}`",
            )
    if previous is not None and (previous[1], text) in PAIRS:
        both = previous[1] + text if touching else f"{previous[1]} {text}"
        return SyntaxProblem(
            f"`{both}` is not a sign of the language",
            span=Span(*previous[2:4], *token[4:]),
            hint=f"write `{PAIRS[previous[1], text]}`",
        )
    if previous is not None and previous[1] in FOREIGN_WORDS:
        return SyntaxProblem(
            f"`{previous[1]}` is not part of the language", span=Span(*previous[2:])
        )
    if name in ("_NEWLINE", "$END", "_DEDENT"):
        if previous is None:
            return SyntaxProblem("the program is empty", span=span)
        if "_INDENT" in expected:
            return SyntaxProblem("a block must follow here, indented", span=span)
        after = f" after `{previous[1]}`" if previous[1] else ""
        missing = _missing(expected)
        return SyntaxProblem(f"the expression ends too early{after}{missing}", span=span)
    if name == "_INDENT":
        return SyntaxProblem("this line is indented, but no block begins here", span=span)
    if name == "EQUAL":
        return SyntaxProblem(
            "`=` cannot stand here", span=span, hint="`==` compares; `=` gives a name to a value"
        )
    if text.isidentifier() and name != "NAME":
        return SyntaxProblem(
            f"`{text}` cannot stand here",
            span=span,
            hint=f"`{text}` is a word of the language, not a name" if name != "IN" else "",
        )
    hint = ""
    if previous is not None and name in ("NAME", "NUMBER", "STRING"):
        if previous[0] in ("NAME", "NUMBER", "RPAR", "RSQB"):
            hint = "between two values an operator or a comma is missing"
    what = DESCRIPTIONS.get(name, "")
    shown = f"{what} `{text}`" if what else f"`{text}`"
    return SyntaxProblem(f"{shown} cannot stand here", span=span, hint=hint)


def _missing(expected: list[str]) -> str:
    return ": a value is missing" if "NUMBER" in expected else ""
