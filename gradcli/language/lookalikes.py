"""Characters that are no part of the language, and what to type for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradcli.errors import Span, SyntaxProblem

if TYPE_CHECKING:
    from gradcli.language.tokens import Token

SIGNS = {
    **dict.fromkeys("“”„‟«»″", '"'),
    **dict.fromkeys("‘’‚‛´", "'"),
    **dict.fromkeys("−–—‐‑‒―﹣", "-"),
    **dict.fromkeys("×·∙⋅∗✕✖⨯•⊙∘", "*"),
    **dict.fromkeys("÷∕⁄", "/"),
    **dict.fromkeys("≤≦⩽", "<="),
    **dict.fromkeys("≥≧⩾", ">="),
    **dict.fromkeys("≠≢", "!="),
    **dict.fromkeys("≡≟", "=="),
    **dict.fromkeys("←≔", "="),
    **dict.fromkeys("→⇒↦", "lambda x: ..."),
    **dict.fromkeys("⊤⊺", ".T"),
    **dict.fromkeys("‖∥", "norm(x)"),
    **dict.fromkeys("⌊⌋", "floor(x)"),
    **dict.fromkeys("⌈⌉", "ceil(x)"),
    **dict.fromkeys("∑", "sum(x)"),
    **dict.fromkeys("∏", "prod(x)"),
    "√": "sqrt(x)", "∛": "x**(1/3)", "∣": "abs(x)", "∞": "inf", "°": "*pi/180", "…": "...",
    "¬": "not", "∧": "and", "∨": "or", "∈": "in", "∉": "not in", "≈": "allclose(a, b)",
    "⊗": "outer(a, b)", "′": "x.T", "∅": "[]", "±": "a + b, a - b",
    **dict.fromkeys("∂∇", "grad(y, x)"), "?": "a if c else b", "!": "not x",
}  # fmt: skip
"""Signs of typeset mathematics and of other languages."""

PAIRS = {"&&": "and", "||": "or"}
SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿ", "0123456789-+n", strict=True))
SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True))


def explain_character(
    source: str, place: int, line: int, column: int, tokens: list[Token]
) -> SyntaxProblem:
    """The error for a character that begins no token."""
    character = source[place]
    before = source[place - 1 : place] if column else ""
    if character in "'\"":
        return _quote(source, place, line, column, tokens)
    raised = _raised(source, place)
    if raised:
        written = "".join([{**SUPERSCRIPTS, **SUBSCRIPTS}[one] for one in raised])
        over = raised[0] in SUPERSCRIPTS
        base = tokens[-1][1] if tokens and tokens[-1][4:] == (line, column) else ""
        base = base or _word_before(source, place)
        instead = f"{base or 'x'}**{written}" if over else f"{base or 'x'}_{written}"
        return SyntaxProblem(
            f"{_name(raised[0])} is not a sign of the language",
            span=Span(line, column, line, column + len(raised)),
            hint=f"write `{instead}`",
        )
    span = Span(line, column, line, column + 1)
    if character == "\0":
        return SyntaxProblem("the program contains a NUL byte", span=span)
    if character == "\\":
        return SyntaxProblem(
            "nothing may follow a `\\` that continues a line",
            span=span,
            hint="inside brackets a line goes on by itself; `linalg.solve(A, b)` is A \\ b",
        )
    if character == "!" and (before.isalnum() or before == ")"):
        hint = "`!=` compares; `not` negates"
        return SyntaxProblem("`!` is not a sign of the language", span=span, hint=hint)
    instead = SIGNS.get(character) or _plain(character)
    if instead:
        what = "a space" if instead == " " else f"`{instead}`"
        return SyntaxProblem(
            f"{_name(character)} is not a sign of the language", span=span, hint=f"write {what}"
        )
    if character in "`$":
        what = "a backtick" if character == "`" else "`$`"
        return SyntaxProblem(f"{what} is not part of the language", span=span, hint="leave it out")
    if not character.isprintable():
        return SyntaxProblem(
            f"{_name(character)} is an invisible sign", span=span, hint="delete it"
        )
    return SyntaxProblem(f"{_name(character)} is not part of the language", span=span)


def _quote(source: str, place: int, line: int, column: int, tokens: list[Token]) -> SyntaxProblem:
    quote = source[place]
    span = Span(line, column, line, column + 1)
    previous = tokens[-1] if tokens else None
    touching = previous is not None and previous[4:] == (line, column)
    if quote == "'" and touching and previous is not None:
        if previous[0] in ("NAME", "RPAR", "RSQB", "DOT"):
            return transposed(span, previous)
    if touching and previous is not None and previous[1] == quote * 2:
        # Of three quotes, two were read as an empty string.
        span.column -= 2
        quote *= 3
    return SyntaxProblem(
        f"the string that {quote} begins never ends",
        span=span,
        hint=f"close it with {quote}"
        + ("" if len(quote) == 3 else "; a string of several lines stands in three quotes"),
    )


def transposed(span: Span, previous: Token) -> SyntaxProblem:
    """The error for MATLAB's transpose, behind the token `previous`."""
    shown = previous[1] if previous[0] == "NAME" else "x"
    return SyntaxProblem("`'` does not transpose", span=span, hint=f"write `{shown}.T`")


def _raised(source: str, place: int) -> str:
    """The run of superscripts, or of subscripts, that begins there."""
    for table in (SUPERSCRIPTS, SUBSCRIPTS):
        end = place
        while source[end : end + 1] in table and end < len(source):
            end += 1
        if end > place:
            return source[place:end]
    return ""


def _word_before(source: str, place: int) -> str:
    start = place
    while start and source[start - 1].isidentifier():
        start -= 1
    return source[start:place]


def _plain(character: str) -> str:
    """The ASCII that a character is another form of: fullwidth letters, odd spaces, fractions."""
    from unicodedata import category, normalize

    if category(character) == "Zs":
        return " "
    plain = normalize("NFKC", character).replace("\u2044", "/")
    return plain if plain.isascii() and plain.isprintable() and plain != character else ""


def _name(character: str) -> str:
    """How a character is called: itself, and beyond ASCII what Unicode calls it."""
    shown = f"`{character}`" if character.isprintable() else f"U+{ord(character):04X}"
    if character.isascii():
        return shown
    from unicodedata import name

    code = f", U+{ord(character):04X}" if character.isprintable() else ""
    known = name(character, "").lower()
    return f"{shown} ({known}{code})" if known else f"{shown}{code and f' ({code[2:]})'}"
