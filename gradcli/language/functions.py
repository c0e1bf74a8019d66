"""Functions that a program defines: `def` and `lambda`, with what they saw where they were made."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from gradcli.errors import ArgumentError
from gradcli.language.places import span_of
from gradcli.language.scopes import Scope, own_names
from gradcli.language.signatures import bind
from gradcli.language.tensors import bare

if TYPE_CHECKING:
    from gradcli.language.interpret import Interpreter


class Closure:
    """A function of the program, in the scope where it was defined."""

    __slots__ = ("defaults", "interpreter", "node", "own", "parameters", "scope")

    def __init__(
        self,
        interpreter: Interpreter,
        node: ast.FunctionDef | ast.Lambda,
        defaults: list[Any],
    ) -> None:
        self.interpreter = interpreter
        self.node = node
        self.scope = interpreter.scope
        self.own = own_names(node)
        self.parameters = [parameter.arg for parameter in node.args.args]
        self.defaults = defaults

    @property
    def name(self) -> str:
        return self.node.name if isinstance(self.node, ast.FunctionDef) else "lambda"

    def __call__(self, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Call with nodes, as functions of the library call it, for nodes."""
        return bare(self.interpreter.called_back(self, args, kwargs))

    def bound(self, args: list[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Arguments by parameter. Raises ArgumentError with the signature."""
        first = len(self.parameters) - len(self.defaults)
        try:
            values = bind(self.name, self.parameters, first, args, kwargs, self.signature)
        except ArgumentError as error:
            error.related.append((f"`{self.name}` is defined here", head_of(self.node)))
            raise
        for place, name in enumerate(self.parameters[first:]):
            values.setdefault(name, self.defaults[place])
        return values

    def inner_scope(self, values: dict[str, Any]) -> Scope:
        """The scope of one call."""
        body = self.node.body if isinstance(self.node, ast.FunctionDef) else ()
        scope = Scope(self.scope, self.own, body)
        scope.names.update(values)
        return scope

    def signature(self) -> str:
        """As it is written: `f(a, b=1)`."""
        first = len(self.parameters) - len(self.defaults)
        defaults = self.node.args.defaults
        shown = [
            name if place < first else f"{name}={ast.unparse(defaults[place - first])}"
            for place, name in enumerate(self.parameters)
        ]
        return f"{self.name}({', '.join(shown)})"


def head_of(node: ast.AST) -> Any:
    """The place of a definition's name and what stands before; of anything else, all of it."""
    span = span_of(node)
    if isinstance(node, ast.FunctionDef):
        span.end_line, span.end_column = span.line, span.column + len("def ") + len(node.name)
    return span
