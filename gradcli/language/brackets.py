"""Brackets that do not fit: which was opened where, and where it should perhaps close."""

from __future__ import annotations

from gradcli.errors import Span, SyntaxProblem
from gradcli.language.tokens import CLOSE, OPEN, Stuck, Token, span_between


def wrongly_closed(token: Token, opened: list[Token], tokens: list[Token]) -> SyntaxProblem:
    """The error for a bracket that closes nothing, or another one than the last opened."""
    text = token[1]
    if not opened:
        begins = CLOSE[text]
        return SyntaxProblem(
            f"`{text}` closes nothing",
            span=span_between(token),
            hint=f"leave it out, or open it with `{begins}` further up",
        )
    start = opened[-1]
    error = SyntaxProblem(
        f"`{text}` does not close `{start[1]}`",
        span=span_between(token),
        hint=f"write `{OPEN[start[1]]}` before the `{text}`"
        if any(one[1] == CLOSE[text] for one in opened)
        else f"write `{OPEN[start[1]]}` instead of `{text}`",
    )
    error.labels = [
        (span_between(start), "opened here"),
        (span_between(token), f"`{OPEN[start[1]]}` is expected first"),
    ]
    return error


def never_closed(start: Token, stuck: Stuck) -> SyntaxProblem:
    """The error for a bracket that stays open; what follows it says where it should close."""
    closing = OPEN[start[1]]
    error = SyntaxProblem(
        f"`{start[1]}` is never closed", span=span_between(start), hint=f"write `{closing}`"
    )
    last = stuck.before()
    if stuck.token[2] > start[2]:
        # What cannot go on stands on a line of its own: the line before is the one to close.
        earlier = [one for one in stuck.tokens[: stuck.at] if one[4] < stuck.token[2] and one[1]]
        last = earlier[-1] if earlier and earlier[-1][2:4] >= start[2:4] else last
    guess = Span(last[4], last[5], last[4], last[5] + 1)
    error.labels = [
        (span_between(start), "opened here"),
        (guess, f"perhaps `{closing}` is missing here"),
    ]
    return error
