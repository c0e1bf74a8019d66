"""Where an error of the interpreter stands: under the argument, index or operand at fault.

Functions of the library know values, not places: their errors carry the value at fault, and what
called them finds the expression that it came from.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from gradcli.errors import (
    NOTHING,
    DomainProblem,
    GradcliError,
    Keyword,
    NameProblem,
    ShapeError,
    did_you_mean,
)
from gradcli.language.functions import head_of
from gradcli.language.places import span_of
from gradcli.language.scopes import binding_of
from gradcli.language.tensors import Tensor
from gradcli.ops.binding import SPELLED
from gradcli.ops.elementwise import shape_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.errors import Span
    from gradcli.language.interpret import Interpreter

Given = list[tuple[ast.expr, Any]]
"""Expressions with their values."""


# --- names ---------------------------------------------------------------------------------------


def unbound(message: str, node: ast.Name, body: Sequence[ast.AST], hint: str) -> NameProblem:
    """The error for a name that is read too early, with the place where it gets its value."""
    error = NameProblem(message, span=span_of(node), hint=hint)
    where = binding_of(node.id, body)
    if where is not None:
        error.related.append((f"`{node.id}` gets its value here", head_of(where)))
    return error


def unknown(interpreter: Interpreter, name: str, span: Span, called: bool) -> NameProblem:
    """The error for a name that nothing binds."""
    from gradcli.language.foreign import explain_name
    from gradcli.language.static import BUILTINS

    mine = [*interpreter.visible(), *interpreter.inputs]
    if called:
        bare_names = [spelling for spelling in SPELLED if "." not in spelling]
        hint = explain_name(name) or did_you_mean(name, [*mine, *bare_names, *BUILTINS])
        return NameProblem(f"there is no function `{name}`", span=span, hint=hint)
    near = explain_name(name) or did_you_mean(name, mine)
    return interpreter.missing_input(name, span, near)


# --- values --------------------------------------------------------------------------------------


def argument(
    interpreter: Interpreter,
    error: GradcliError,
    node: ast.Call,
    function: Any,
    args: list[Any],
    kwargs: dict[str, Any],
) -> None:
    """Put an error of a call under the argument at fault, and shapes under all."""
    given: Given = []
    for place, value in zip(node.args, args, strict=False):
        if isinstance(place, ast.Starred):
            break
        given.append((place, value))
    given += [(item.value, kwargs[item.arg]) for item in node.keywords if item.arg in kwargs]
    if isinstance(error.culprit, Keyword):
        named = [item for item in node.keywords if item.arg == error.culprit]
        error.span = span_of(named[0]) if named else None
    owner = getattr(function, "owner", None)
    if isinstance(node.func, ast.Attribute) and isinstance(owner, Tensor):
        given.insert(0, (node.func.value, owner))
    _settle(interpreter, error, given)


def index(
    interpreter: Interpreter, error: GradcliError, node: ast.Subscript, value: Any, key: Any
) -> None:
    """Put an error under the part of an index at fault, and the shape under what it is of."""
    parts: Given = [(node.slice, key)]
    if isinstance(node.slice, ast.Tuple) and isinstance(key, tuple):
        parts = list(zip(node.slice.elts, key, strict=True))
    elif not isinstance(node.slice, ast.Slice):
        error.culprit = key
    for part, item in list(parts):
        if isinstance(part, ast.Slice):
            bounds = ((part.lower, item.start), (part.upper, item.stop), (part.step, item.step))
            parts += [(bound, number) for bound, number in bounds if bound is not None]
    _settle(interpreter, error, [(node.value, value), *parts])


def operands(interpreter: Interpreter, error: GradcliError, given: Given) -> None:
    """Show what each operand is: the shape of a tensor, the value of what is a number."""
    if error.span is not None:
        return
    if not isinstance(error, DomainProblem):
        _settle(interpreter, error, given)
        return
    error.labels = [
        (span_of(node), f"is {value!r}")
        for node, value in given
        if not isinstance(node, ast.Constant) and isinstance(value, (int, float))
    ]


def _settle(interpreter: Interpreter, error: GradcliError, given: Given) -> None:
    """Put an error under the one of these values that is at fault, and shapes under all."""
    spread: Given = []
    for node, value in given:
        if isinstance(node, (ast.List, ast.Tuple)) and isinstance(value, (list, tuple)):
            spread += zip(node.elts, value, strict=True)
        else:
            spread.append((node, value))
    wrong = None
    if error.culprit is not NOTHING:
        wrong = _at_fault(error.culprit, [*given, *spread])
        del error.culprit
    if isinstance(error, ShapeError):
        _label(interpreter, error, spread)
        if error.labels and wrong is not None:
            error.labels.append((wrong, ""))
    error.span = error.span or wrong


def _at_fault(culprit: Any, given: Given) -> Span | None:
    """Where the value at fault was written: the last place, since operands come first."""
    same = [
        node
        for node, value in given
        if value is culprit or getattr(value, "_node", value) is culprit
    ]
    if not same and isinstance(culprit, (list, tuple, dict)):
        # Functions of the library get copies of containers.
        same = [node for node, value in given if type(value) is type(culprit)]
        same = same if len(same) == 1 else []
    return span_of(same[-1]) if same else None


def explain_member(owner: Any, name: str) -> str:
    """What is meant by a member that a value does not have; empty where nobody knows."""
    from gradcli.language import foreign

    return foreign.explain_member(owner, name)


def _label(interpreter: Interpreter, error: ShapeError, given: Given) -> None:
    """Show each tensor's shape under it, and where it came from if that is elsewhere."""
    if error.labels or error.span is not None:
        return
    for node, value in given:
        if isinstance(value, Tensor):
            shape = shape_text(value.shape)
            error.labels.append((span_of(node), f"shape {shape}"))
            origin = interpreter.sites.get(value.latest.serial)
            if isinstance(node, ast.Name) and origin is not None:
                span = span_of(origin)
                if span.line != node.lineno:
                    error.related.append((f"`{node.id}` got shape {shape} here", span))
