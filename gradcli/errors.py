"""The tree of errors: what is wrong, where, and what to type instead.

Every error a user can cause is a `GradcliError`. It carries an exit status (2: the request is
wrong, 3: it could not be computed, 1: a check did not hold), a kind for machines, and for people a
message, the place in the source, notes and a hint.
"""

from __future__ import annotations

from typing import Any


class Span:
    """A place in a source: lines count from 1, columns from 0, the end is exclusive."""

    __slots__ = ("column", "end_column", "end_line", "line")

    def __init__(self, line: int, column: int, end_line: int, end_column: int) -> None:
        self.line = line
        self.column = column
        self.end_line = end_line
        self.end_column = end_column


LONGEST_MESSAGE = 600
"""Characters of a message: it may quote names and values of any length."""

NOTHING = object()
"""Stands for no value, where None is one."""


class Keyword(str):
    """An argument that was given by name, as what is wrong with a call."""

    __slots__ = ()


class GradcliError(Exception):
    """Base of all errors that a request can cause.

    Its place may be added on the way up: `node` is the serial of the graph node at fault, from
    which a program that knows its sites finds the span; `culprit` is the value at fault, or the
    `Keyword`, from which a call finds the argument. labels: what stands at the span, and at other
    places in the source that have to do with it; related: further places, with a sentence.
    """

    kind = "error"
    exit_status = 2
    culprit: Any = NOTHING

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        span: Span | None = None,
        notes: tuple[str, ...] = (),
        culprit: Any = NOTHING,
    ) -> None:
        message = shortened(message, LONGEST_MESSAGE)
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.span = span
        self.notes = notes
        self.labels: list[tuple[Span, str]] = []
        self.related: list[tuple[str, Span]] = []
        self.node: int | None = None
        if culprit is not NOTHING:
            self.culprit = culprit
        self.source: str | None = None
        self.filename: str | None = None

    def __reduce__(self) -> tuple[object, ...]:
        """Rebuilt from what it holds, whatever its constructor takes (for other processes)."""
        held = {name: value for name, value in vars(self).items() if name != "culprit"}
        return _rebuilt, (type(self), self.args, held)

    def located(self, source: str, filename: str | None) -> GradcliError:
        """Note which text the span points into, unless an inner place is known already."""
        if self.source is None:
            self.source, self.filename = source, filename
        return self


def _rebuilt(kind: type[GradcliError], args: tuple[object, ...], held: object) -> GradcliError:
    error = kind.__new__(kind, *args)
    vars(error).update(held if isinstance(held, dict) else {})
    return error


class UsageError(GradcliError):
    """The command line is wrong."""

    kind = "usage"


class SyntaxProblem(GradcliError):
    """The source is not a program of the language."""

    kind = "syntax"


class NameProblem(GradcliError):
    """A name that nothing binds."""

    kind = "name"


class MissingInput(NameProblem):
    """A free name of the program without a value; `name` is it, `near` a hint at a misspelling."""

    def __init__(self, name: str, *, span: Span, near: str) -> None:
        super().__init__(f"`{name}` has no value", span=span)
        self.name = name
        self.near = near
        self.give("give it a value as an input")

    def give(self, way: str) -> None:
        """Say how an input is given, behind what else the name may mean."""
        between = " otherwise " if self.near.endswith("?") else "; otherwise "
        self.hint = f"{self.near}{between}{way}" if self.near else way


class ShapeError(GradcliError):
    """Operands whose shapes do not go together."""

    kind = "shape"


class ArgumentError(GradcliError):
    """A function got arguments it does not take, or a value of the wrong sort."""

    kind = "argument"


class InputError(GradcliError):
    """A value or a file that cannot be read."""

    kind = "input"


class SeedError(GradcliError):
    """A seed that is missing or of the wrong shape."""

    kind = "seed"


class StaticValueError(ArgumentError):
    """A count, size, axis or position that cannot be known before the program runs."""

    kind = "static"


class DomainProblem(ArgumentError):
    """Arithmetic on numbers known now that has no real result."""

    kind = "domain"


class ClaimError(GradcliError):
    """A check, a claim or an assert did not hold."""

    kind = "assert"
    exit_status = 1


class LimitError(GradcliError):
    """A limit that guards every run was reached; the message names the option that raises it."""

    kind = "limit"
    exit_status = 3


class ComputationError(GradcliError):
    """The request is right, but there is no value (a singular matrix, a full disk)."""

    kind = "computation"
    exit_status = 3


def shortened(text: str, most: int) -> str:
    """A text without its middle where it is longer than `most` characters."""
    if len(text) <= most:
        return text
    return f"{text[: most // 2]}...{text[-most // 4 :]}"


def nearest(word: str, candidates: list[str], limit: int = 3) -> list[str]:
    """The candidates most like `word`, best first (for "did you mean")."""
    import difflib

    if len(word) < 2:
        return []
    lowered = {candidate.lower(): candidate for candidate in reversed(candidates)}
    close = difflib.get_close_matches(word.lower(), list(lowered), n=limit, cutoff=0.6)
    return [lowered[name] for name in close]


def did_you_mean(word: str, candidates: list[str]) -> str:
    """A hint with the nearest candidates, or an empty string where none is near."""
    near = nearest(word, candidates)
    return f"did you mean {' or '.join(f'`{name}`' for name in near)}?" if near else ""
