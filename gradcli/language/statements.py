"""Statements: assignments, branches, loops, functions. Tracing follows the path that is taken."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from gradcli.errors import (
    ArgumentError,
    ClaimError,
    GradcliError,
    MissingInput,
    NameProblem,
    SyntaxProblem,
    shortened,
)
from gradcli.graph import mark
from gradcli.language.assignment import assign, augment, delete
from gradcli.language.functions import Closure, head_of
from gradcli.language.modules import import_
from gradcli.language.natives import GradMode
from gradcli.language.places import span_of
from gradcli.language.scopes import entry_function, parameters_of, runs_as_script

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradcli.language.interpret import Interpreter


LONGEST_SIDE = 120
"""Characters of a side of an assertion that are shown."""


class Outcome:
    """How a block ended."""

    __slots__ = ("value", "word")

    def __init__(self, word: str = "", value: Any = None) -> None:
        self.word = word
        self.value = value


NEXT, BREAK, CONTINUE = Outcome(), Outcome("break"), Outcome("continue")


def program_value(interpreter: Interpreter, module: ast.Module, entry: str | None) -> Any:
    """Run a module; its last expression's value, or that of the function it is."""
    function = entry_function(module, entry)
    body = [node for node in module.body if not runs_as_script(node)]
    last = body[-1] if body else module.body[-1]
    value: Any = None
    for statement in module.body:
        if statement is last and function is None and isinstance(last, ast.Expr):
            value = interpreter.expression(last.value)
        else:
            run_top(interpreter, statement)
    if function is not None:
        return _called(interpreter, function)
    if not isinstance(last, ast.Expr):
        hint = "end it with an expression"
        if isinstance(last, ast.Assign) and isinstance(last.targets[0], ast.Name):
            hint += f", as in `...; {last.targets[0].id}`"
        raise SyntaxProblem("the program has no value", span=span_of(last), hint=hint)
    if value is None:
        raise ArgumentError(
            "the last expression has no value",
            span=span_of(last),
            hint="end the program with what it computes",
        )
    return value


def _called(interpreter: Interpreter, entry: ast.FunctionDef | ast.Assign) -> Any:
    """Call the function that the program is, with the inputs as its arguments."""
    name = entry.name if isinstance(entry, ast.FunctionDef) else vars(entry.targets[0])["id"]
    function = interpreter.module.names[name]
    node: Any = entry if isinstance(entry, ast.FunctionDef) else entry.value
    values = {}
    for place, (parameter, needed) in enumerate(parameters_of(entry).items()):
        if parameter in interpreter.inputs:
            values[parameter] = interpreter.inputs[parameter]
        elif needed:
            span = span_of(node.args.args[place])
            raise interpreter.missing_input(parameter, span, "")
    if isinstance(function, Closure):
        value = interpreter.invoke(function, [], values)
    else:
        value = interpreter.located(entry, function.call, interpreter, [], values)
    if value is None:
        raise ArgumentError(
            f"the function `{name}` returns nothing",
            span=head_of(node),
            hint="end it with `return` and a value",
        )
    return value


def run_top(interpreter: Interpreter, statement: ast.stmt) -> None:
    """Run one statement of the module."""
    outcome = run_statement(interpreter, statement)
    assert outcome is None or not outcome.word, "found before the program runs"


def run_statement(interpreter: Interpreter, statement: ast.stmt) -> Outcome | None:
    """Run one statement; None, or how it ended the block that it stands in."""
    run = STATEMENTS.get(type(statement))
    assert run is not None, type(statement)
    try:
        outcome: Outcome | None = run(interpreter, statement)
    except GradcliError as error:
        interpreter.place(error, statement)
        raise
    return outcome


def run_block(interpreter: Interpreter, body: list[ast.stmt]) -> Outcome:
    """Run statements up to the end, or to what leaves the block."""
    for statement in body:
        outcome = run_statement(interpreter, statement)
        if outcome is not None and outcome.word:
            return outcome
    return NEXT


def _expression(interpreter: Interpreter, node: ast.Expr) -> None:
    interpreter.expression(node.value)


def _assign(interpreter: Interpreter, node: ast.Assign) -> None:
    value = interpreter.expression(node.value)
    for target in node.targets:
        assign(interpreter, target, value)


def _annotated(interpreter: Interpreter, node: ast.AnnAssign) -> None:
    if node.value is not None:
        assign(interpreter, node.target, interpreter.expression(node.value))


def _if(interpreter: Interpreter, node: ast.If) -> Outcome:
    chosen = interpreter.flow.branch(interpreter, node, node.test)
    return run_block(interpreter, node.body if chosen else node.orelse)


def _while(interpreter: Interpreter, node: ast.While) -> Outcome:
    flow, frames = interpreter.flow, interpreter.frames
    rounds, decided = 0, False
    start = mark()
    try:
        while True:
            before = flow.decisions
            began = mark()
            holds = interpreter.holds(node.test, interpreter.expression(node.test))
            decided = decided or flow.decisions > before
            if holds:
                interpreter.count(1, node.test)
                rounds += 1
                outcome = run_block(interpreter, node.body)
            frames.add("round", node, began, number=rounds if holds else rounds + 1)
            if not holds:
                return run_block(interpreter, node.orelse)
            if outcome is BREAK:
                return NEXT
            if outcome.word == "return":
                return outcome
    finally:
        frames.add("loop", node, start)
        if decided:
            flow.loop(node, rounds)


def _for(interpreter: Interpreter, node: ast.For) -> Outcome:
    items = interpreter.iterate(interpreter.expression(node.iter), node.iter)
    frames = interpreter.frames
    outcome = NEXT
    start, began = mark(), mark()
    for number, item in enumerate(items, 1):
        assign(interpreter, node.target, item)
        outcome = run_block(interpreter, node.body)
        frames.add("round", node, began, number=number)
        if outcome is BREAK or outcome.word == "return":
            break
        began = mark()
    frames.add("loop", node, start)
    if outcome is BREAK:
        return NEXT
    return outcome if outcome.word == "return" else run_block(interpreter, node.orelse)


def _with(interpreter: Interpreter, node: ast.With) -> Outcome:
    before = interpreter.grad_enabled
    try:
        for item in node.items:
            mode = interpreter.expression(item.context_expr)
            if not isinstance(mode, GradMode):
                raise ArgumentError(
                    "`with` takes `torch.no_grad()` and its like",
                    span=span_of(item.context_expr),
                    hint="here its block stands by itself, without `with`",
                )
            interpreter.grad_enabled = mode.resolve(interpreter.grad_enabled)
            if item.optional_vars is not None:
                assign(interpreter, item.optional_vars, None)
        return run_block(interpreter, node.body)
    finally:
        interpreter.grad_enabled = before


def _define(interpreter: Interpreter, node: ast.FunctionDef) -> None:
    defaults = [interpreter.expression(default) for default in node.args.defaults]
    value: Any = Closure(interpreter, node, defaults)
    for decorator in reversed(node.decorator_list):
        try:
            wrap = interpreter.expression(decorator)
        except MissingInput as error:
            raise NameProblem(
                f"there is no decorator `{error.name}`",
                span=error.span,
                hint="`@jit`, `@torch.no_grad()` and functions of the program are; leave it out",
            ) from None
        value = interpreter.located(decorator, interpreter.call_value, wrap, [value], {})
    interpreter.scope.names[node.name] = value


def _return(interpreter: Interpreter, node: ast.Return) -> Outcome:
    return Outcome("return", None if node.value is None else interpreter.expression(node.value))


def _assert(interpreter: Interpreter, node: ast.Assert) -> None:
    test = node.test
    if interpreter.holds(test, interpreter.expression(test)):
        return
    message = "the assertion does not hold"
    if node.msg is not None:
        message += f": {interpreter.text(interpreter.expression(node.msg))}"
    error = ClaimError(message, span=span_of(test))
    sides: list[ast.expr] = []
    if isinstance(test, ast.Compare):
        sides = [test.left, *test.comparators]
    elif isinstance(test, ast.Call):
        sides = test.args[:2]
    for side in sides:
        if not isinstance(side, ast.Constant):
            shown = interpreter.text(interpreter.expression(side))
            shown = shortened(" ".join(shown.split()), LONGEST_SIDE)
            error.labels.append((span_of(side), f"is {shown}"))
    raise error


def _pass(interpreter: Interpreter, node: ast.stmt) -> None:
    return None


STATEMENTS: dict[type[ast.stmt], Callable[..., Any]] = {
    ast.Expr: _expression,
    ast.Assign: _assign,
    ast.AugAssign: augment,
    ast.AnnAssign: _annotated,
    ast.If: _if,
    ast.While: _while,
    ast.For: _for,
    ast.With: _with,
    ast.FunctionDef: _define,
    ast.Return: _return,
    ast.Assert: _assert,
    ast.Import: import_,
    ast.ImportFrom: import_,
    ast.Delete: delete,
    ast.Pass: _pass,
    ast.Break: lambda interpreter, node: BREAK,
    ast.Continue: lambda interpreter, node: CONTINUE,
}
