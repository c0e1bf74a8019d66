"""Syntax tree to graph: runs a program's expressions, tracing what they do to tensors.

Static values (numbers, strings, tuples, lists, functions) are computed here; tensors become nodes.
Left-leaning trees, such as a sum of 100,000 terms, are walked with a loop; the depth of everything
else is bounded by the parser and by the limit on calls.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from gradcli.errors import (
    ArgumentError,
    GradcliError,
    MissingInput,
    NameProblem,
    ShapeError,
    SyntaxProblem,
    did_you_mean,
)
from gradcli.language.assignment import assign, element
from gradcli.language.containers import MEMBERS, Member, item_of, require_key
from gradcli.language.functions import Closure
from gradcli.language.inplace import At, AtPlace
from gradcli.language.iterators import Iterator
from gradcli.language.mistakes import MISNAMED
from gradcli.language.modules import module_value
from gradcli.language.names import known_name
from gradcli.language.natives import Native
from gradcli.language.operations import UNARY, both, compare
from gradcli.language.places import span_of
from gradcli.language.runtime import MAX_DEPTH, MAX_ITERATIONS, Runtime
from gradcli.language.scopes import Scope, bound_names
from gradcli.language.statements import program_value, run_block
from gradcli.language.static import BUILTINS
from gradcli.language.tensors import Tensor, bare
from gradcli.language.text import formatted, text_of
from gradcli.language.values import Namespace, Newaxis
from gradcli.ops.binding import SPELLED
from gradcli.ops.elementwise import shape_text
from gradcli.ops.values import describe, tensor

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator as Steps

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
                raise NameProblem(
                    f"`{name}` has no value yet in this function",
                    span=span_of(node),
                    hint="it is assigned in this function, and read before that",
                )
            scope = scope.outer
        if name in self.inputs:
            return self.inputs[name]
        found = self.known(name)
        if found is not None:
            return None if found is Newaxis else found
        span = span_of(node)
        if name in self.assigned:
            raise NameProblem(
                f"`{name}` has no value here",
                span=span,
                hint="it is assigned on another path, or further down",
            )
        mine = [*self.visible(), *self.inputs]
        if called:
            bare_names = [spelling for spelling in SPELLED if "." not in spelling]
            hint = MISNAMED.get(name) or did_you_mean(name, [*mine, *bare_names, *BUILTINS])
            raise NameProblem(f"there is no function `{name}`", span=span, hint=hint)
        near = MISNAMED.get(name) or did_you_mean(name, mine)
        raise MissingInput(name, span=span, near=near)

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
        read = self.others.get(type(node))
        if read is None:
            raise SyntaxProblem("this is not part of the language", span=span_of(node))
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
                raise ArgumentError("`**` spreads a dict with names as keys", span=span_of(item))
        return args, kwargs

    def call(self, node: ast.Call, function: Any) -> Any:
        args, kwargs = self.arguments(node)
        if type(function) is Closure:
            return self.invoke(function, args, kwargs, node)
        if isinstance(function, (Native, Member)):
            return function.call(self, args, kwargs)
        if isinstance(function, Tensor) or not callable(function):
            what = f"`{function.name}`" if isinstance(function, Namespace) else ""
            what = what or describe(bare(function))
            number = isinstance(function, (Tensor, int, float))
            raise ArgumentError(f"{what} cannot be called", hint="`*` multiplies" if number else "")
        try:
            return self.library(function, args, kwargs)
        except ShapeError as error:
            self.label(error, list(zip(node.args, args, strict=False)))
            raise

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
        try:
            if isinstance(function.node, ast.Lambda):
                return self.expression(function.node.body)
            return run_block(self, function.node.body).value
        except GradcliError as error:
            if node is not None and error.span is not None and len(error.related) < TRACEBACK:
                error.related.append((f"in `{function.name}`, called here", span_of(node)))
            raise
        finally:
            self.depth -= 1
            self.scope = outer

    def attribute(self, node: ast.Attribute, value: Any) -> Any:
        name = node.attr
        if isinstance(value, Namespace):
            found = value.get(name)
            return None if found is Newaxis else found
        members = MEMBERS.get(type(value))
        if members is not None and name in members:
            return Member(name, members[name], value)
        if isinstance(value, AtPlace):
            return value.method(name)
        if isinstance(value, (list, tuple, int, float)):
            value = Tensor(tensor(bare(value)))
        if not isinstance(value, Tensor):
            what = describe(value)
            near = did_you_mean(name, list(members or ()))
            raise NameProblem(f"{what} has no `{name}`", hint=near)
        return self.member(value, name)

    def subscript(self, node: ast.Subscript, value: Any) -> Any:
        return self.item(value, self.key(node.slice))

    def item(self, value: Any, key: Any) -> Any:
        """`value[key]`."""
        if isinstance(value, Tensor):
            return element(self, value, key)
        if isinstance(value, At):
            return AtPlace(value.owner, key)
        return item_of(self, value, key)

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
        except ShapeError as error:
            self.label(error, [(node.left, left), (node.right, right)])
            raise

    def label(self, error: ShapeError, operands: list[tuple[ast.expr, Any]]) -> None:
        """Show each operand's shape under it, and where it came from if that is elsewhere."""
        if error.labels or error.span is not None:
            return
        spread: list[tuple[ast.expr, Any]] = []
        for node, value in operands:
            if isinstance(node, (ast.List, ast.Tuple)) and isinstance(value, (list, tuple)):
                spread += zip(node.elts, value, strict=True)
            else:
                spread.append((node, value))
        for node, value in spread:
            if isinstance(value, Tensor):
                shape = shape_text(value.shape)
                error.labels.append((span_of(node), f"shape {shape}"))
                origin = self.sites.get(value._node.serial)
                if isinstance(node, ast.Name) and origin is not None:
                    span = span_of(origin)
                    if span.line != node.lineno:
                        error.related.append((f"`{node.id}` got shape {shape} here", span))

    def unary(self, node: ast.UnaryOp) -> Any:
        value = self.expression(node.operand)
        if isinstance(node.op, ast.Not):
            return not self.truth(value)
        return self.apply(UNARY[type(node.op)], value)

    def comparison(self, node: ast.Compare) -> Any:
        left = self.expression(node.left)
        result: Any = True
        for op, comparator in zip(node.ops, node.comparators, strict=True):
            right = self.expression(comparator)
            if isinstance(op, (ast.Is, ast.IsNot)):
                outcome: Any = self.same(left, right) == isinstance(op, ast.Is)
            else:
                try:
                    outcome = self.apply(compare, type(op), left, right)
                except ShapeError as error:
                    self.label(error, [(node.left, left), (comparator, right)])
                    raise
            if isinstance(outcome, Tensor) or isinstance(result, Tensor):
                result = outcome if result is True else self.apply(both, result, outcome)
            elif not outcome:
                return False
            left = right
        return result

    def same(self, left: Any, right: Any) -> bool:
        """Whether two values are one, as `is` asks."""
        single = (type(None), bool, Tensor, list, dict)
        if not isinstance(left, single) and not isinstance(right, single):
            raise ArgumentError("`is` compares with None", hint="`==` compares values")
        return left is right

    def connective(self, node: ast.BoolOp) -> Any:
        wanted = isinstance(node.op, ast.Or)
        for operand in node.values[:-1]:
            value = self.expression(operand)
            if self.truth(value) == wanted:
                return value
        return self.expression(node.values[-1])

    def ternary(self, node: ast.IfExp) -> Any:
        chosen = self.flow.branch(self, node, node.test)
        return self.expression(node.body if chosen else node.orelse)

    def function(self, node: ast.Lambda) -> Closure:
        return Closure(self, node, [self.expression(part) for part in node.args.defaults])

    def comprehension(self, node: ast.ListComp) -> list[Any]:
        return list(self.each(node.generators, lambda: self.expression(node.elt)))

    def dict_comprehension(self, node: ast.DictComp) -> dict[Any, Any]:
        def entry() -> tuple[Any, Any]:
            return require_key(self.expression(node.key)), self.expression(node.value)

        return dict(self.each(node.generators, entry))

    def generator(self, node: ast.GeneratorExp) -> Iterator:
        steps = self.each(node.generators, lambda: self.expression(node.elt), False)
        return Iterator(self, "generator", steps)

    def each(
        self, clauses: list[ast.comprehension], make: Callable[[], Any], at_once: bool = True
    ) -> Steps[Any]:
        """What `make` gives for all that the clauses run over, in a scope of its own.

        Only the first of what they run over is evaluated now, as in Python. `at_once` says that
        all will be asked for.
        """
        first = self.iterate(self.expression(clauses[0].iter), clauses[0].iter, at_once)
        return self._within(Scope(self.scope), self._rounds(clauses, first, at_once), make)

    def _within(self, inner: Scope, rounds: Steps[bool], make: Callable[[], Any]) -> Steps[Any]:
        while True:
            outer, self.scope = self.scope, inner
            try:
                if not next(rounds, False):
                    return
                value = make()
            finally:
                self.scope = outer
            yield value

    def _rounds(self, clauses: list[ast.comprehension], source: Any, at_once: bool) -> Steps[bool]:
        clause, *rest = clauses
        for item in source:
            assign(self, clause.target, item)
            if all(self.truth(self.expression(test)) for test in clause.ifs):
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
        keys = [require_key(self.expression(key)) for key in node.keys if key is not None]
        return dict(zip(keys, map(self.expression, node.values), strict=True))

    def constant(self, node: ast.Constant) -> Any:
        return node.value

    def formatted(self, node: ast.JoinedStr) -> str:
        parts = []
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                value = self.expression(part.value)
                spec = "" if part.format_spec is None else self.expression(part.format_spec)
                parts.append(self.located(part, formatted, self, value, part.conversion, spec))
            else:
                parts.append(text_of(self, self.expression(part)))
        return "".join(parts)
