"""Syntax tree to graph: runs a program's expressions, tracing what they do to tensors.

Static values (numbers, strings, tuples, lists, functions) are computed here; tensors become nodes.
Left-leaning trees, such as a sum of 100,000 terms, are walked with a loop; the depth of everything
else is bounded by the parser and by the limit on calls.
"""

from __future__ import annotations

import ast
from itertools import count
from typing import TYPE_CHECKING, Any

from gradcli.errors import (
    ArgumentError,
    GradcliError,
    MissingInput,
    NameProblem,
    ShapeError,
    did_you_mean,
)
from gradcli.graph import mark
from gradcli.language import blame
from gradcli.language.assignment import assign
from gradcli.language.containers import MEMBERS, Member, item_of
from gradcli.language.functions import Closure
from gradcli.language.inplace import At, AtPlace
from gradcli.language.iterators import Lazy
from gradcli.language.modules import module_value
from gradcli.language.names import known_name
from gradcli.language.natives import Native, require_key
from gradcli.language.operations import UNARY, both, compare
from gradcli.language.places import span_of
from gradcli.language.runtime import MAX_DEPTH, MAX_ITERATIONS, Runtime
from gradcli.language.scopes import Scope, bound_names
from gradcli.language.statements import program_value, run_block
from gradcli.language.tensors import Tensor, bare
from gradcli.language.text import formatted, joined, text_of
from gradcli.language.values import Namespace, Newaxis
from gradcli.ops.values import describe, tensor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gradcli.errors import Span

Comprehension = ast.ListComp | ast.GeneratorExp | ast.DictComp

TRACEBACK = 4
"""Calls that an error names, the innermost first."""


class Interpreter(Runtime):
    """Runs one program over one set of inputs.

    inputs: the tensors that free names stand for. After `run`, `sites` tells where in the source a
    node (by serial) was written, and `flow` which way control flow went where data decided.
    """

    def __init__(
        self,
        inputs: dict[str, Tensor],
        max_iterations: int = MAX_ITERATIONS,
        max_depth: int = MAX_DEPTH,
    ) -> None:
        super().__init__(inputs, max_iterations, max_depth)
        # What goes on from the value on its left, and what stands by itself.
        self.steps: dict[type[ast.AST], Callable[..., Any]] = {
            ast.BinOp: self.binary_step,
            ast.Call: self.call,
            ast.Attribute: self.attribute,
            ast.Subscript: self.subscript,
        }
        self.others: dict[type[ast.AST], Callable[..., Any]] = {
            ast.UnaryOp: self.unary,
            ast.Compare: self.comparison,
            ast.BoolOp: self.connective,
            ast.IfExp: self.ternary,
            ast.Lambda: self.function,
            ast.ListComp: self.comprehension,
            ast.GeneratorExp: self.generator,
            ast.DictComp: self.dict_comprehension,
            ast.Tuple: self.sequence,
            ast.List: self.sequence,
            ast.Dict: self.mapping,
            ast.Constant: self.constant,
            ast.JoinedStr: self.formatted,
        }

    def run(self, module: ast.Module, entry: str | None = None) -> Any:
        """The program's value: of its last expression, or of the function that it is.

        Raises SyntaxProblem where the program has none.
        """
        self.body = module.body
        self.assigned = bound_names(module.body)
        return program_value(self, module, entry)

    def expression(self, node: ast.expr) -> Any:
        """The value of an expression; walks down its left side with a loop."""
        spine: list[Any] = []
        below: Any = node
        while True:
            kind = type(below)
            if kind is ast.BinOp:
                spine.append(below)
                below = below.left
            elif kind is ast.Call:
                spine.append(below)
                below = below.func
            elif kind is ast.Attribute or kind is ast.Subscript:
                spine.append(below)
                below = below.value
            else:
                break
        called = bool(spine) and type(spine[-1]) is ast.Call
        value = self.name(below, called) if type(below) is ast.Name else self.other(below)
        while spine:
            outer = spine.pop()
            value = self.located(outer, self.steps[type(outer)], outer, value)
        return value

    def name(self, node: ast.Name, called: bool = False) -> Any:
        name = node.id
        scope: Scope | None = self.scope
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            if name in scope.own:
                raise blame.unbound(
                    f"`{name}` has no value yet in this function", node, scope.body,
                    "it is assigned in this function, and read before that",
                )  # fmt: skip
            scope = scope.outer
        if name in self.inputs:
            return self.inputs[name]
        found = self.known(name)
        if found is not None:
            return None if found is Newaxis else found
        if name in self.assigned:
            raise blame.unbound(
                f"`{name}` has no value here", node, self.body,
                "it is assigned on another path, or further down",
            )  # fmt: skip
        raise blame.unknown(self, name, span_of(node), called)

    def missing_input(self, name: str, span: Span, near: str) -> NameProblem:
        """The error for a free name without a value."""
        return MissingInput(name, span=span, near=near)

    def known(self, name: str) -> Any:
        """What a name means that neither the program nor its inputs bind."""
        return known_name(name)

    def imported(self, full: str, node: ast.AST) -> Any:
        """What an import of a dotted name binds."""
        return module_value(full, node)

    def visible(self) -> list[str]:
        """Names that can be seen from where the program is."""
        names: dict[str, None] = {}
        scope: Scope | None = self.scope
        while scope is not None:
            names.update(dict.fromkeys(scope.names))
            scope = scope.outer
        return list(names)

    def other(self, node: ast.expr) -> Any:
        read = self.others[type(node)]
        return self.located(node, read, node)

    def arguments(self, node: ast.Call) -> tuple[list[Any], dict[str, Any]]:
        """The values of a call's arguments, starred ones spread."""
        args: list[Any] = []
        for argument in node.args:
            if isinstance(argument, ast.Starred):
                args += self.elements(self.expression(argument.value), argument)
            else:
                args.append(self.expression(argument))
        kwargs: dict[str, Any] = {}
        for item in node.keywords:
            value = self.expression(item.value)
            if item.arg is not None:
                kwargs[item.arg] = value
            elif isinstance(value, dict) and all(isinstance(key, str) for key in value):
                kwargs.update(value)
            else:
                raise ArgumentError(
                    "`**` spreads a dict with names as keys",
                    span=span_of(item),
                    hint="as in `f(**{'a': 1})`",
                )
        return args, kwargs

    def call(self, node: ast.Call, function: Any) -> Any:
        args, kwargs = self.arguments(node)
        try:
            return self.answer(node, function, args, dict(kwargs))
        except GradcliError as error:
            if error.span is None:
                blame.argument(self, error, node, function, args, kwargs)
            raise

    def answer(self, node: ast.Call, function: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """What a call gives. Raises ArgumentError where that is nothing to call."""
        if type(function) is Closure:
            return self.invoke(function, args, kwargs, node)
        start = mark()
        value = self.call_library(node, function, args, kwargs)
        self.frames.add("library", node, start)
        return value

    def call_library(
        self, node: ast.Call, function: Any, args: list[Any], kwargs: dict[str, Any]
    ) -> Any:
        """Call what is no function of the program."""
        if isinstance(function, (Native, Member)):
            return function.call(self, args, kwargs)
        if isinstance(function, Tensor) or not callable(function):
            hint = ""
            if isinstance(function, (Tensor, list, tuple, dict)):
                hint = "`[ ]` takes elements"
            if isinstance(function, (Tensor, int, float)):
                hint += ("; " if hint else "") + "`*` multiplies"
            what = f"the module `{function.name}`" if isinstance(function, Namespace) else ""
            what = what or describe(bare(function))
            raise ArgumentError(f"{what} cannot be called", span=span_of(node.func), hint=hint)
        return self.library(function, args, kwargs)

    def invoke(
        self,
        function: Closure,
        args: list[Any],
        kwargs: dict[str, Any],
        node: ast.AST | None = None,
    ) -> Any:
        """Call a function of the program."""
        values = function.bound(args, kwargs)
        self.count(1, node or function.node)
        self.enter()
        outer, self.scope = self.scope, function.inner_scope(values)
        start = mark()
        try:
            if isinstance(function.node, ast.Lambda):
                return self.expression(function.node.body)
            return run_block(self, function.node.body).value
        except GradcliError as error:
            if node is not None and error.span is not None:
                called = (f"in `{function.name}`, called here", span_of(node))
                told = [(text, span.line, span.column) for text, span in error.related]
                if (
                    len(told) < TRACEBACK
                    and (called[0], called[1].line, called[1].column) not in told
                ):
                    error.related.append(called)
            raise
        finally:
            self.frames.add("call", node or function.node, start, function.name)
            self.depth -= 1
            self.scope = outer

    def attribute(self, node: ast.Attribute, value: Any) -> Any:
        try:
            return self.attribute_of(value, node.attr)
        except NameProblem as error:
            if error.span is None:
                error.span = span_of(node)
                error.span.line = error.span.end_line
                error.span.column = error.span.end_column - len(node.attr)
            raise

    def attribute_of(self, value: Any, name: str) -> Any:
        """`value.name` for a value of any sort. Raises NameProblem."""
        if isinstance(value, Namespace):
            found = value.get(name)
            return None if found is Newaxis else found
        members = MEMBERS.get(type(value))
        if members is not None and name in members:
            return Member(name, members[name], value)
        if isinstance(value, AtPlace):
            return value.method(name)
        if isinstance(value, Tensor):
            return self.member(value, name)
        fields = getattr(value, "_fields", ())
        if name in fields:
            return value[fields.index(name)]
        hint = blame.explain_member(value, name)
        if isinstance(value, (list, tuple, int, float)) and not hint and not fields:
            # Where a tensor has it, the tensor that it makes is meant.
            try:
                return self.member(self.apply(tensor, value), name)
            except NameProblem as error:
                hint = error.hint
        raise NameProblem(
            f"{describe(value)} has no `{name}`",
            hint=hint or did_you_mean(name, [*fields, *(members or ())]),
        )

    def subscript(self, node: ast.Subscript, value: Any) -> Any:
        key = self.key(node.slice)
        try:
            return self.item(value, key)
        except GradcliError as error:
            if error.span is None:
                blame.index(self, error, node, value, key)
            raise

    def item(self, value: Any, key: Any) -> Any:
        """`value[key]`."""
        if isinstance(value, Tensor):
            return self.subscripted(value, key)
        if isinstance(value, At):
            return AtPlace(value.owner, key)
        return self.made(item_of(self, value, key))

    def key(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Tuple):
            return tuple([self.key(part) for part in node.elts])
        if isinstance(node, ast.Slice):
            bounds = (node.lower, node.upper, node.step)
            return slice(*[None if part is None else self.expression(part) for part in bounds])
        return self.expression(node)

    def binary_step(self, node: ast.BinOp, left: Any) -> Any:
        right = self.expression(node.right)
        try:
            return self.binary(type(node.op), left, right)
        except GradcliError as error:
            blame.operands(self, error, [(node.left, left), (node.right, right)])
            raise

    def unary(self, node: ast.UnaryOp) -> Any:
        value = self.expression(node.operand)
        if isinstance(node.op, ast.Not):
            return not self.holds(node.operand, value)
        return self.apply(UNARY[type(node.op)], value)

    def comparison(self, node: ast.Compare) -> Any:
        left, before = self.expression(node.left), node.left
        result: Any = True
        for op, comparator in zip(node.ops, node.comparators, strict=True):
            right = self.expression(comparator)
            if isinstance(op, (ast.Is, ast.IsNot)):
                outcome: Any = self.same(left, right) == isinstance(op, ast.Is)
            else:
                try:
                    outcome = self.apply(compare, type(op), left, right)
                except ShapeError as error:
                    blame.operands(self, error, [(before, left), (comparator, right)])
                    raise
            if isinstance(outcome, Tensor) or isinstance(result, Tensor):
                result = outcome if result is True else self.apply(both, result, outcome)
            elif not outcome:
                return False
            left, before = right, comparator
        return result

    def same(self, left: Any, right: Any) -> bool:
        """Whether two values are one, as `is` asks."""
        single = (type(None), bool, Tensor, list, dict)
        if not isinstance(left, single) and not isinstance(right, single):
            raise ArgumentError(
                "`is` asks whether two values are one, as with None", hint="`==` compares values"
            )
        return left is right

    def holds(self, node: ast.expr, value: Any) -> bool:
        """Whether the value of a condition counts as true."""
        try:
            return self.truth(value)
        except GradcliError as error:
            self.place(error, node)
            raise

    def connective(self, node: ast.BoolOp) -> Any:
        wanted = isinstance(node.op, ast.Or)
        for operand in node.values[:-1]:
            value = self.expression(operand)
            if self.holds(operand, value) == wanted:
                return value
        return self.expression(node.values[-1])

    def ternary(self, node: ast.IfExp) -> Any:
        chosen = self.flow.branch(self, node, node.test)
        return self.expression(node.body if chosen else node.orelse)

    def function(self, node: ast.Lambda) -> Closure:
        return Closure(self, node, [self.expression(part) for part in node.args.defaults])

    def comprehension(self, node: ast.ListComp) -> list[Any]:
        return self._all(node, lambda: self.expression(node.elt))

    def dict_comprehension(self, node: ast.DictComp) -> dict[Any, Any]:
        def entry() -> tuple[Any, Any]:
            return self.dict_key(node.key), self.expression(node.value)

        return dict(self._all(node, entry))

    def _all(self, node: ast.ListComp | ast.DictComp, make: Callable[[], Any]) -> list[Any]:
        start = mark()
        results = list(self.each(node, make))
        self.frames.add("loop", node, start)
        return results

    def generator(self, node: ast.GeneratorExp) -> Lazy:
        return Lazy(self, "generator", self.each(node, lambda: self.expression(node.elt), False))

    def each(
        self, node: Comprehension, make: Callable[[], Any], at_once: bool = True
    ) -> Iterator[Any]:
        """What `make` gives for all that a comprehension runs over, in a scope of its own.

        Only the first of what it runs over is evaluated now, as in Python. `at_once` says that all
        will be asked for.
        """
        clauses = node.generators
        first = self.iterate(self.expression(clauses[0].iter), clauses[0].iter, at_once)
        return self._within(node, self._rounds(clauses, first, at_once), make)

    def _within(
        self, node: Comprehension, rounds: Iterator[bool], make: Callable[[], Any]
    ) -> Iterator[Any]:
        inner = Scope(self.scope)
        for number in count(1):
            start = mark()
            outer, self.scope = self.scope, inner
            try:
                if not next(rounds, False):
                    return
                value = make()
            finally:
                self.scope = outer
            self.frames.add("round", node, start, number=number)
            yield value

    def _rounds(
        self, clauses: list[ast.comprehension], source: Iterator[Any], at_once: bool
    ) -> Iterator[bool]:
        clause, *rest = clauses
        for item in source:
            assign(self, clause.target, item)
            if all(self.flow.branch(self, (clause, test), test) for test in clause.ifs):
                if rest:
                    following = self.expression(rest[0].iter)
                    inner = self.iterate(following, rest[0].iter, at_once)
                    yield from self._rounds(rest, inner, at_once)
                else:
                    yield True

    def sequence(self, node: ast.Tuple | ast.List) -> Any:
        items = [self.expression(part) for part in node.elts]
        return tuple(items) if isinstance(node, ast.Tuple) else items

    def mapping(self, node: ast.Dict) -> dict[Any, Any]:
        keys = [self.dict_key(key) for key in node.keys if key is not None]
        return dict(zip(keys, map(self.expression, node.values), strict=True))

    def dict_key(self, node: ast.expr) -> Any:
        return self.located(node, require_key, self.expression(node))

    def constant(self, node: ast.Constant) -> Any:
        return node.value

    def formatted(self, node: ast.JoinedStr) -> str:
        parts = []
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                value = self.expression(part.value)
                spec = "" if part.format_spec is None else self.expression(part.format_spec)
                parts.append(
                    self.located(part.value, formatted, self, value, part.conversion, spec)
                )
            else:
                parts.append(text_of(self, self.expression(part)))
        made: str = self.made(joined(parts))
        return made
