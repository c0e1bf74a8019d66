"""A session at the calculator: assignments stay, expressions have values.

What is assigned from values alone is an input, by which derivatives are taken; all other statements
stay as text, and an expression is the end of the program that those it needs make up. So what it
means here is what it means as a program of its own, and any command can be asked about it.
"""

from __future__ import annotations

import ast
from keyword import iskeyword
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gradcli.errors import GradcliError
from gradcli.inputs import plain_numbers, read_value
from gradcli.language.names import known_name
from gradcli.language.parser import parse
from gradcli.language.places import span_of
from gradcli.language.scopes import Reader, bound_names
from gradcli.session import Program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradcli.results import Evaluation
    from gradcli.run import Run
    from gradcli.settings import Settings

    Array = np.ndarray[Any, Any]

PRINTED = "printed: "
"""How a note begins that tells what a program printed."""

LATE = (ast.FunctionDef, ast.Import, ast.ImportFrom)
"""Statements that read nothing before what they define is called."""


class Statement(NamedTuple):
    """A statement that stays. binds: names that it sets or writes to; reads: names that it needs.

    late: whether it needs them only when what it defines is called.
    """

    text: str
    binds: frozenset[str]
    reads: frozenset[str]
    late: bool


class Session:
    """What was entered so far. inputs: arrays by name; statements: the rest, in order.

    last: the expression that had a value last. notes: what is to be told beside results.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.inputs: dict[str, Array] = {}
        self.statements: list[Statement] = []
        self.last = ""
        self.notes: list[str] = []
        self._told: set[str] = set()

    @property
    def names(self) -> list[str]:
        """Everything that has a name."""
        bound = [name for one in self.statements for name in sorted(one.binds)]
        return list(dict.fromkeys([*self.inputs, *bound]))

    def preamble(self, expression: str) -> list[str]:
        """The statements that an expression needs."""
        wanted = set(Reader(parse(expression)).free)
        kept: list[str] = []
        for one in reversed(self.statements):
            if one.binds & wanted:
                wanted |= one.reads
                kept.append(one.text)
        return kept[::-1]

    def source(self, expression: str) -> str:
        """The program that an expression is here."""
        return "\n".join([*self.preamble(expression), expression])

    def text(self) -> str:
        """The whole session as what can be entered again, or run as a program."""
        lines = [f"{name} = {literal(array)}" for name, array in self.inputs.items()]
        return "".join([f"{line}\n" for line in [*lines, *[one.text for one in self.statements]]])

    # --- entering --------------------------------------------------------------------------------

    def enter(self, text: str) -> list[Evaluation]:
        """Take in some statements; the values of the expressions among them.

        `x = 3,4,10` and `x = @file.npy` bind inputs. Raises GradcliError, and then nothing of what
        went wrong is taken in.
        """
        name, value = assigned_text(text)
        if name and self._is_value(value):
            self.bind(name, value)
            return []
        tree = parse_located(text, self.settings)
        lines = text.split("\n")
        results = []
        for node in tree.body:
            part = slice_of(lines, node)
            if isinstance(node, ast.Expr):
                results += self._expression(part, node)
            else:
                self._statement(part, node)
        return results

    def bind(self, name: str, text: str) -> None:
        """Bind an input to a value, as `--name text` does."""
        self.put(name, read_value(name, text, self.settings), text)

    def put(self, name: str, array: Array, text: str = "") -> None:
        """Bind an input. What was made of its earlier value keeps the value that it has."""
        touched = self._depending_on(name)
        frozen: dict[str, Array] = {}
        for other in dict.fromkeys([n for one in touched for n in sorted(one.binds)]):
            if other != name:
                held = self._array(other)
                if held is None:
                    # No array: as Python does, the new value comes after it.
                    self.statements.append(_statement(f"{name} = {text or literal(array)}"))
                    return
                frozen[other] = held
        self.statements = [one for one in self.statements if one not in touched]
        self.inputs.update(frozen)
        self.inputs.pop(name, None)
        self.inputs[name] = array

    def _depending_on(self, name: str) -> list[Statement]:
        """Statements that set a name, or whose values were made of it."""
        names = {name}
        touched = []
        for one in self.statements:
            if one.binds & {name} or (not one.late and one.reads & names):
                names |= one.binds
                touched.append(one)
        return touched

    def _array(self, name: str) -> Array | None:
        """The value of a variable; None where it is no tensor."""
        try:
            found = self.traced(name).evaluate(grad=False)
        except GradcliError:
            return None
        return found.outputs[0].value if len(found.outputs) == 1 else None

    def traced(self, expression: str) -> Run:
        """The program that an expression is here, at the session's inputs.

        Places in errors are those in the expression, where they fall into it.
        """
        before = "".join([f"{one}\n" for one in self.preamble(expression)])
        source = before + expression
        try:
            program = Program(source, settings=self.settings)
            inputs = {name: self.inputs[name] for name in program.reads if name in self.inputs}
            return program.trace(inputs)
        except GradcliError as error:
            raise shifted(error, source, expression) from None

    def _expression(self, text: str, node: ast.Expr) -> list[Evaluation]:
        try:
            run = self.traced(text)
            result = run.evaluate(grad=False)
        except GradcliError as error:
            if error.message != "the last expression has no value":
                source = self.source(text)
                raise shifted(error, source, text) from None
            self._done(text, node)
            return []
        self.last = text
        before = sum(one.count("\n") + 1 for one in self.preamble(text))
        result.control_flow = [
            {**event, "line": event["line"] - before}
            for event in result.control_flow
            if event["line"] > before
        ]
        self._note(result.notes, self._printed(self.preamble(text)))
        result.notes = []
        return [result]

    def _done(self, text: str, node: ast.Expr) -> None:
        """Take in an expression without a value: it stays, unless it only prints."""
        call = node.value
        self._check(text)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            self.statements.append(_statement(text))

    def _statement(self, text: str, node: ast.stmt) -> None:
        name, value = assigned_text(text)
        if name and self._is_value(value):
            self.bind(name, value)
            return
        statement = _statement(text)
        if not statement.late:
            self._check(text)
        self.statements.append(statement)

    def _check(self, text: str) -> None:
        """Run a statement, so that what is wrong is found now, and what it prints is told."""
        run = self.traced(f"{text}\n0")
        self._note(run.traced.notes, self._printed(self.preamble(text)))

    def _printed(self, before: list[str]) -> int:
        """How often the statements before print: that was told."""
        text = "\n".join([*before, "0"])
        if "print" not in text:
            return 0
        notes = self.traced(text).traced.notes
        return sum(note.startswith(PRINTED) for note in notes)

    def _note(self, notes: list[str], skipped: int) -> None:
        """Keep what is to be told: each remark once, what is printed every time."""
        for note in notes:
            if note.startswith(PRINTED):
                skipped -= 1
                if skipped < 0:
                    self.notes.append(note)
            elif note not in self._told:
                self._told.add(note)
                self.notes.append(note)

    def _is_value(self, text: str) -> bool:
        """Whether the right side of an assignment is a value by itself."""
        if text.startswith("@") or plain_numbers_or_none(text):
            return True
        try:
            tree = parse(text)
        except GradcliError:
            return False
        if len(tree.body) != 1 or not isinstance(tree.body[0], ast.Expr):
            return False
        value = tree.body[0].value
        if isinstance(value, ast.List) and not value.elts:
            return False
        tensors = (ast.List, ast.Tuple, ast.Call, ast.BinOp, ast.UnaryOp, ast.Constant, ast.Name)
        if not isinstance(value, tensors) or any(map(_is_no_number, ast.walk(tree))):
            return False
        free = Reader(tree).free
        if any(name in self.names or known_name(name) is None for name in free):
            return False
        if isinstance(value, ast.Name) and callable(known_name(value.id)):
            return False
        try:
            read_value("value", text, self.settings)
        except GradcliError:
            return False
        return True


def _is_no_number(node: ast.AST) -> bool:
    """Whether a part of an expression makes something else than a tensor of it."""
    if isinstance(node, ast.Constant):
        return not isinstance(node.value, (int, float, bool))
    return isinstance(node, (ast.Lambda, ast.Dict, ast.JoinedStr))


def plain_numbers_or_none(text: str) -> bool:
    """Whether a text is numbers, a vector or a matrix of them; also one of uneven rows."""
    try:
        return plain_numbers(text) is not None
    except GradcliError:
        return True


def assigned_text(text: str) -> tuple[str, str]:
    """The name and the right side of `name = value`, on one line or more; empty for all else."""
    name, equals, value = text.partition("=")
    name = name.strip()
    if not equals or not name.isidentifier() or iskeyword(name) or value.startswith("="):
        return "", ""
    return name, value.partition(" #")[0].strip()


def _statement(text: str) -> Statement:
    """A statement with the names that it sets and needs."""
    tree = parse(text)
    (node,) = tree.body
    reads = frozenset(Reader(tree).free)
    binds = bound_names(tree.body) | frozenset(_written(node))
    lambdas = isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda)
    return Statement(text, binds, reads | (binds & reads), isinstance(node, LATE) or lambdas)


def _written(node: ast.stmt) -> Iterator[str]:
    """Names whose values a statement writes to in place."""
    if isinstance(node, ast.FunctionDef):
        return
    for inner in ast.walk(node):
        target: Any = None
        if isinstance(inner, (ast.Subscript, ast.Attribute)) and isinstance(inner.ctx, ast.Store):
            target = inner.value
        elif isinstance(inner, ast.Expr) and isinstance(inner.value, ast.Call):
            if isinstance(inner.value.func, ast.Attribute):
                target = inner.value.func.value
        while isinstance(target, (ast.Subscript, ast.Attribute, ast.Call)):
            target = target.func if isinstance(target, ast.Call) else target.value
        if isinstance(target, ast.Name):
            yield target.id


def slice_of(lines: list[str], node: ast.stmt) -> str:
    """The text of a statement, its decorators included."""
    span = span_of(node)
    decorators = getattr(node, "decorator_list", [])
    first = min([span.line, *[span_of(one).line for one in decorators]])
    part = lines[first - 1 : span.end_line]
    part[-1] = part[-1][: span.end_column]
    if not decorators:
        part[0] = part[0][span.column :]
    return "\n".join(part)


def parse_located(text: str, settings: Settings) -> ast.Module:
    """The tree of what was entered. Raises SyntaxProblem with its place."""
    try:
        return parse(text, settings.max_nesting, settings.max_source)
    except GradcliError as error:
        raise error.located(text, None) from None


def shifted(error: GradcliError, source: str, text: str) -> GradcliError:
    """An error of a program whose end was entered now: as one of that, where it stands in it."""
    if error.source != source or error.span is None:
        return error
    before = source.count("\n") - text.count("\n")
    if before == 0 or error.span.line <= before:
        return error
    spans = [error.span, *[span for span, _ in error.labels], *[span for _, span in error.related]]
    error.related = [one for one in error.related if one[1].line > before]
    error.labels = [one for one in error.labels if one[0].line > before]
    for span in {id(span): span for span in spans}.values():
        if span.line > before:
            span.line -= before
            span.end_line -= before
    error.source = text
    return error


def literal(array: Array) -> str:
    """An array as the language reads it, to the bit."""
    if array.size == 0 and array.ndim:
        return f"zeros({tuple(map(int, array.shape))})"
    return repr(array.astype(np.float64).tolist() if array.dtype.kind == "f" else array.tolist())
