"""A token that cannot stand where it does: what was meant, and what to type instead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gradcli.errors import Span, SyntaxProblem, did_you_mean
from gradcli.language.tokens import ENDS, HEADS, Stuck, Token, span_between

if TYPE_CHECKING:
    from collections.abc import Callable

STATEMENTS = ("return", "assert", "del", "pass", "break", "continue", "import", "from")
WORDS = (*HEADS, *STATEMENTS, "lambda", "or", "and", "not", "is", "in", "as")

# Two signs of the language that together look like one of another.
PAIRS = {
    ("&", "&"): "and", ("|", "|"): "or", ("<", ">"): "!=", ("==", "="): "==", ("=", "="): "==",
    ("=", "=="): "==", ("*", "*"): "**", ("/", "/"): "//", ("=", "<"): "<=", (":", "="): "=",
    (">", ">"): "x // 2**n", ("<", "<"): "x * 2**n", (">>", "="): "x //= 2**n",
    ("&", "="): "x = x & y", ("|", "="): "x = x | y", ("^", "="): "x **= y",
    (".", "*"): "*", (".", "/"): "/", (".", "^"): "**", (".", "**"): "**", (".", "@"): "@",
    (";", ";"): ";", ("~", "="): "!=",
}  # fmt: skip


def problem(
    message: str, first: Token, last: Token | None = None, *, hint: str = "", label: str = ""
) -> SyntaxProblem:
    """An error that spans some tokens."""
    error = SyntaxProblem(message, span=span_between(first, last), hint=hint)
    if label:
        error.labels.append((span_between(first, last), label))
    return error


def explain_token(stuck: Stuck) -> SyntaxProblem:
    """The error for a token that cannot stand where it does."""
    from gradcli.language.foreign import FOREIGN

    for rule in (*FOREIGN, *RULES):
        found = rule(stuck)
        if found is not None:
            return found
    return _unexpected(stuck)


def _number(stuck: Stuck) -> SyntaxProblem | None:
    """`2x`, `3i`, `1.2.3`, `(x + 1)y`."""
    name, text = stuck.token[:2]
    previous = stuck.before()
    if not stuck.touching or name not in ("NAME", "NUMBER"):
        return None
    written = previous[1] + text
    if previous[0] == "NAME" and text.startswith("."):
        place = text[1:].partition(".")[0].partition("e")[0]
        return problem(
            f"`{written}` is no element", previous, stuck.token, hint=f"`{previous[1]}[{place}]` is"
        )
    if previous[0] == "NUMBER" and name == "NAME" and text in ("i", "j"):
        return problem(
            f"`{written}` is complex",
            previous,
            stuck.token,
            hint="gradcli computes with real numbers",
        )
    if previous[0] == "NUMBER" and (
        name == "NUMBER" or previous[1] == "0" or text.lower() in ("e", "l", "f", "d", "n", "u")
    ):
        hint = "an exponent has digits: `1e-3`" if text.lower() == "e" else ""
        hint = hint or (f"write `{previous[1]}`" if len(text) == 1 else "")
        return problem(f"`{written}` is not a number", previous, stuck.token, hint=hint)
    if name == "NAME" and (
        (previous[0] == "NUMBER" and re.fullmatch(r"[0-9.]+", previous[1]))
        or previous[1] in (")", "]")
    ):
        shown = {")": "(...)", "]": "[...]"}.get(previous[1], previous[1].rstrip("."))
        return problem(
            "a product needs its sign", previous, stuck.token, hint=f"write `{shown}*{text}`"
        )
    return None


def _pair(stuck: Stuck) -> SyntaxProblem | None:
    """Signs that other languages have: `&&`, `<>`, `>>`, `.^`, `:=`."""
    previous, token = stuck.before(), stuck.token
    instead = PAIRS.get((previous[1], token[1]))
    if instead is None:
        return None
    both = previous[1] + token[1] if stuck.touching else f"{previous[1]} {token[1]}"
    hint = f"write `{instead}`"
    if both == ":=":
        hint = "write `=`, in a line of its own"
    return problem(f"`{both}` is not a sign of the language", previous, token, hint=hint)


def _equals(stuck: Stuck) -> SyntaxProblem | None:
    """`=` where a comparison is meant, or something else that needs no `=`."""
    if stuck.token[1] != "=":
        return None
    line = [one[1] for one in stuck.line]
    if line[:1] in (["if"], ["elif"], ["while"], ["assert"]) or "if" in line:
        return problem("`=` does not compare", stuck.token, hint="a comparison is written `==`")
    if line[:1] == ["def"]:
        hint = f"as in `def {''.join(line[1:])}: return ...`"
        return problem("`=` does not define a function", stuck.token, hint=hint)
    bracket = stuck.bracket()
    if bracket is not None and bracket[1] == "(":
        hint = "in a call it follows the name of a parameter; `==` compares"
        return problem("`=` cannot stand here", stuck.token, hint=hint)
    if bracket is not None and bracket[1] == "{":
        return problem("`=` cannot stand in a dict", stuck.token, hint="as in `{'a': 1}`")
    return problem(
        "`=` cannot stand here", stuck.token, hint="`==` compares; `=` gives a name to a value"
    )


def _colon_missing(stuck: Stuck) -> SyntaxProblem | None:
    """A line such as `if x > 0` without its colon."""
    if ":" not in stuck.expected or not stuck.line or stuck.line[0][1] not in HEADS:
        return None
    if any(one[1] == ":" for one in stuck.rest) or stuck.bracket() is not None:
        return None
    if stuck.token[0] not in ENDS and not stuck.line[-1][1]:
        return None
    last = stuck.before()
    error = SyntaxProblem(
        f"a `:` is missing after `{stuck.line[0][1]}`"
        if len(stuck.line) == 1
        else f"the `:` of this `{stuck.line[0][1]}` is missing",
        span=Span(last[4], last[5], last[4], last[5] + 1),
        hint="what it holds for follows behind the `:`, or in the lines below, indented",
    )
    error.labels.append((Span(last[4], last[5], last[4], last[5] + 1), "`:` is expected here"))
    return error


def _ternary(stuck: Stuck) -> SyntaxProblem | None:
    """`a if c` without its else."""
    if "else" not in stuck.expected or stuck.token[0] == "ELSE" or stuck.line[:1] == []:
        return None
    if stuck.line[0][1] == "if" or stuck.token[0] in ("NAME", "NUMBER", "STRING"):
        return None
    word = next(one for one in reversed(stuck.line) if one[1] == "if")
    inside = stuck.token[1] == "for"
    return problem(
        "`else` is missing: a value needs to be known where the condition does not hold",
        word,
        hint="what filters comes last: `[x for x in xs if x > 0]`"
        if inside
        else "as in `a if c else b`",
    )


def _end(stuck: Stuck) -> SyntaxProblem | None:
    """The line, or the program, ends too early."""
    if stuck.token[0] not in ENDS:
        return None
    previous = stuck.before()
    missing = ("a value" if stuck.wants_value else _words(stuck)) + " is missing"
    what = "program" if stuck.last else "line"
    place = Span(previous[4], previous[5], previous[4], previous[5] + 1)
    error = SyntaxProblem(f"the {what} ends too early after `{previous[1]}`: {missing}", span=place)
    opener = stuck.line[0][1]
    if previous[1] == "lambda":
        error.hint = "as in `lambda x: x**2`"
    elif previous[1] in ("=", *AUGMENTED):
        error.hint = "a name and its value stand in one line, or the value in brackets"
    elif opener == "def":
        error.hint = "as in `def f(x, y=1): return x*y`"
    elif opener in ("for", "import", "from"):
        error.hint = {
            "for": "as in `for i in range(3):`",
            "import": "as in `import numpy as np`",
            "from": "as in `from torch import nn`",
        }[opener]
    elif what == "line" and stuck.wants_value:
        error.hint = "inside brackets an expression may go on in the next line"
    return error


AUGMENTED = ("+=", "-=", "*=", "/=", "//=", "%=", "**=", "@=")


def _body_missing(stuck: Stuck) -> SyntaxProblem | None:
    """Nothing stands in the block of a loop, a function or a branch; or under a decorator."""
    if stuck.line:
        return None
    place = stuck.at
    while place and stuck.tokens[place - 1][0] in ENDS:
        place -= 1
    end = place
    while place and stuck.tokens[place - 1][0] not in ENDS:
        place -= 1
    line = stuck.tokens[place:end]
    if line[:1] == []:
        return None
    if line[0][1] == "@" and not stuck.wants_value:
        return problem(
            "a function must follow its decorator",
            line[0],
            line[-1],
            hint="`def` stands in the next line, with the same indentation",
        )
    if line[0][1] not in HEADS or "_INDENT" not in stuck.expected:
        return None
    what = _block(line)
    message = f"the program ends inside {what}" if stuck.last else f"{what} holds nothing"
    last = line[-1]
    behind = Span(last[4], last[5], last[4], last[5] + 1)
    error = SyntaxProblem(
        message,
        span=behind if stuck.last else span_between(line[0], last),
        hint="its lines follow, indented; `pass` does nothing",
    )
    if stuck.last:
        error.labels = [(span_between(line[0], last), f"{what} begins here")]
    return error


def _block(line: list[Token]) -> str:
    """What the block is that a line begins."""
    word = line[0][1]
    if word == "def":
        return f"the function `{line[1][1]}`"
    return f"the `{word}` loop" if word in ("for", "while") else f"the `{word}` block"


def _orphan(stuck: Stuck) -> SyntaxProblem | None:
    """`else`, `elif` where no `if` is open."""
    word = stuck.token[1]
    if word not in ("else", "elif") or stuck.line:
        return None
    owner = "`if`, `for` or `while`" if word == "else" else "`if`"
    return problem(
        f"this `{word}` belongs to no {owner}",
        stuck.token,
        hint=f"it is indented as the {owner} is, and follows its block at once",
    )


def _misplaced(stuck: Stuck) -> SyntaxProblem | None:
    """A word of the language as a name, or a statement inside an expression."""
    word, previous = stuck.token[1], stuck.before()
    if previous[1] == "lambda" and stuck.token[1] != "(" and stuck.token[0] not in ENDS:
        return problem(
            "`lambda` is a word of the language, not a name", previous, hint="call it `lam`"
        )
    if not word.isidentifier() or stuck.token[0] == "NAME" or word in ("True", "False", "None"):
        return None
    if word in HEADS and previous[1] in (":", ";"):
        return problem(
            f"`{word}` begins a line of its own",
            stuck.token,
            hint="what stands in one line holds no blocks",
        )
    named = stuck.after()[1] in ("=", ")", ",", ":", *AUGMENTED)
    if named and (stuck.wants_value or "NAME" in stuck.expected):
        return problem(f"`{word}` is a word of the language, not a name", stuck.token,
                       hint=f"call it `{word}_`")  # fmt: skip
    if stuck.wants_value and word in (*HEADS, *STATEMENTS):
        hint = "a choice is written `a if c else b`" if word == "if" else ""
        hint = hint or "it begins a line of its own"
        return problem(f"`{word}` has no value", stuck.token, hint=hint)
    return None


def _misspelt(stuck: Stuck) -> SyntaxProblem | None:
    """`fro i in range(3):`, `retrun x`: a word of the language, misspelt."""
    line = [*stuck.line, stuck.token]
    if len(line) != 2 or line[0][0] != "NAME" or stuck.token[0] not in ("NAME", "NUMBER"):
        return None
    near = did_you_mean(line[0][1], list(WORDS))
    if not near or _is_function(line[0][1]):
        return None
    return problem(f"`{line[0][1]}` begins no statement", line[0], hint=near)


def _is_function(name: str) -> bool:
    from gradcli.language.names import known_name

    return callable(known_name(name))


def _two_values(stuck: Stuck) -> SyntaxProblem | None:
    """Two values with nothing between them."""
    previous = stuck.before()
    if stuck.token[0] not in ("NAME", "NUMBER", "STRING") or not stuck.wants_operator:
        return None
    bracket = stuck.bracket()
    if previous[0] == "STRING" and stuck.touching:
        hint = "a quote inside a string needs the other quotes around it, or a `\\` before it"
    elif previous[0] == "NAME" and _is_function(previous[1]):
        hint = f"arguments stand in brackets: `{previous[1]}({stuck.token[1]})`"
    elif bracket is not None and bracket[1] == "[":
        hint = f"elements stand between commas: `{previous[1]}, {stuck.token[1]}`"
    elif bracket is not None and bracket[1] == "{":
        hint = "a pair is written `key: value`, with commas between pairs"
    elif bracket is None and len(stuck.line) > 2 and stuck.line[1][1] == "=":
        hint = "an operator is missing, or a line end before a new statement"
    else:
        hint = "between two values an operator or a comma is missing"
    return problem(f"`{stuck.token[1]}` cannot stand here", stuck.token,
                   label=_label(stuck), hint=hint)  # fmt: skip


def _unexpected(stuck: Stuck) -> SyntaxProblem:
    """Nothing better to say than what could have stood here."""
    shown = stuck.token[1] or "the end of the line"
    return problem(f"`{shown}` cannot stand here", stuck.token, label=_label(stuck))


def _label(stuck: Stuck) -> str:
    words = _words(stuck)
    return f"{words} is expected here" if words else ""


def _words(stuck: Stuck) -> str:
    """What could have stood there, in words, the likeliest first."""
    expected, operator = stuck.expected, stuck.wants_operator
    # Any name may be annotated; only where a `:` must come is it worth a word.
    colon = not operator or bool(stuck.line and stuck.line[0][1] in HEADS) or stuck.bracket()
    said = {
        "a value": "NUMBER" in expected,
        "a name": "NAME" in expected and "NUMBER" not in expected,
        "an operator": operator,
        "a function": "def" in expected and "NUMBER" not in expected,
        "`:`": bool(colon) and ":" in expected and "NUMBER" not in expected,
        "a comma": "," in expected,
        "`=`": "=" in expected and not operator,
        "`)`": ")" in expected,
        "`]`": "]" in expected,
        "`}`": "}" in expected,
        "`in`": "in" in expected and not operator,
        "`import`": "import" in expected and "NUMBER" not in expected,
        "`(`": "(" in expected and "NUMBER" not in expected and not operator,
        "`else`": "else" in expected and "NUMBER" not in expected,
        "the end of the line": "_NEWLINE" in expected and "NUMBER" not in expected,
    }
    words = [word for word, holds in said.items() if holds][:4]
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else "".join(words)


RULES: tuple[Callable[[Stuck], SyntaxProblem | None], ...] = (
    _body_missing, _number, _pair, _equals, _orphan, _misplaced, _colon_missing, _ternary, _end,
    _misspelt, _two_values,
)  # fmt: skip
