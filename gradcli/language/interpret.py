"""Syntax tree to graph: runs a program's statements, tracing what they do to tensors.

Static values (numbers, strings, tuples, lists, functions) are computed here; tensors become nodes.
Left-leaning trees, such as a sum of 100,000 terms, are walked with a loop; the depth of everything
else is bounded by the parser.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from gradcli.errors import (
    ArgumentError,
    GradcliError,
    LimitError,
    MissingInput,
    NameProblem,
    Span,
    SyntaxProblem,
    did_you_mean,
)
from gradcli.graph import OPS, Node
from gradcli.language.build import span_of
from gradcli.language.mistakes import MISNAMED
from gradcli.language.names import known_name
from gradcli.language.static import (
    BUILTINS,
    bounded,
    static_binary,
    static_compare,
    static_item,
)
from gradcli.language.values import Namespace, Newaxis, attribute_of, lookup
from gradcli.ops.binding import MODULES, SPELLED
from gradcli.ops.functions.products import product
from gradcli.ops.indexing import index_value
from gradcli.ops.values import describe, tensor, truth

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_ITERATIONS = 1_000_000
"""Times that loops and unpacking may go round, all together, by default."""

BINARY: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "add"),
    ast.Sub: ("-", "subtract"),
    ast.Mult: ("*", "multiply"),
    ast.Div: ("/", "divide"),
    ast.FloorDiv: ("//", "floor_divide"),
    ast.Mod: ("%", "remainder"),
    ast.Pow: ("**", "power"),
    ast.MatMult: ("@", ""),
    ast.BitAnd: ("&", "logical_and"),
    ast.BitOr: ("|", "logical_or"),
    ast.BitXor: ("^", ""),
}
COMPARE: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Eq: ("==", "equal"),
    ast.NotEq: ("!=", "not_equal"),
    ast.Lt: ("<", "less"),
    ast.LtE: ("<=", "less_equal"),
    ast.Gt: (">", "greater"),
    ast.GtE: (">=", "greater_equal"),
}


class Interpreter:
    """Runs one program over one set of inputs.

    inputs: the nodes that free names stand for. After `run`, `sites` tells where in the source a
    node (by serial) was written.
    """

    def __init__(self, inputs: dict[str, Node], max_iterations: int = MAX_ITERATIONS) -> None:
        self.inputs = inputs
        self.names: dict[str, Any] = {}
        self.sites: dict[int, ast.AST] = {}
        self.torch_methods = False
        self.iterations = 0
        self.max_iterations = max_iterations

    def run(self, module: ast.Module) -> Any:
        """The value of the program's last expression.

        Raises SyntaxProblem where the program has none.
        """
        if not module.body:
            raise SyntaxProblem("the program is empty", span=Span(1, 0, 1, 0))
        value: Any = None
        for statement in module.body:
            value = self.statement(statement)
        last = module.body[-1]
        if not isinstance(last, ast.Expr):
            hint = "end it with an expression"
            if isinstance(last, ast.Assign) and isinstance(last.targets[0], ast.Name):
                hint += f", as in `...; {last.targets[0].id}`"
            raise SyntaxProblem("the program has no value", span=span_of(last), hint=hint)
        return value

    # --- statements ----------------------------------------------------------------------------

    def statement(self, node: ast.stmt) -> Any:
        if isinstance(node, ast.Expr):
            return self.expression(node.value)
        if isinstance(node, ast.Assign):
            value = self.expression(node.value)
            for target in node.targets:
                self.assign(target, value)
        elif isinstance(node, ast.AugAssign):
            self.augment(node)
        elif isinstance(node, ast.AnnAssign):
            if node.value is not None:
                self.assign(node.target, self.expression(node.value))
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            self.import_(node)
        elif not isinstance(node, ast.Pass):
            word = {"FunctionDef": "def", "AsyncFunctionDef": "def"}.get(type(node).__name__)
            word = word or type(node).__name__.lower()
            start = span_of(node)
            raise SyntaxProblem(
                f"a program is assignments and a final expression: `{word}` is not among them",
                span=Span(start.line, start.column, start.line, start.column + len(word)),
                hint="`where(c, a, b)` and `a if c else b` choose; `[f(i) for i in range(n)]` "
                "repeats",
            )
        return None

    def assign(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Name):
            self.names[target.id] = value
        elif isinstance(target, (ast.Tuple, ast.List)):
            count = len(target.elts)
            found = BUILTINS["len"]([value], {}) if isinstance(value, (Node, range)) else None
            parts = self.unpacked(value, target) if found in (None, count) else []
            if len(parts) != count:
                values = len(parts) if found is None else found
                raise ArgumentError(f"{count} names for {values} values", span=span_of(target))
            for element, part in zip(target.elts, parts, strict=True):
                self.assign(element, part)
        else:
            raise SyntaxProblem("only names can be assigned to", span=span_of(target))

    def augment(self, node: ast.AugAssign) -> None:
        if not isinstance(node.target, ast.Name):
            raise SyntaxProblem("only names can be assigned to", span=span_of(node.target))
        load = ast.Name(id=node.target.id, ctx=ast.Load())
        ast.copy_location(load, node.target)
        left, right = self.name(load), self.expression(node.value)
        self.names[node.target.id] = self.located(node, self.binary, node.op, left, right)

    def unpacked(self, value: Any, where: ast.AST) -> list[Any]:
        """The elements of a tuple, list or range, or the rows of a tensor."""
        if isinstance(value, (tuple, list, range)):
            self.count(len(value), where)
            return list(value)
        if isinstance(value, Node) and value.ndim:
            self.count(value.shape[0], where)
            return [index_value(value, row) for row in range(value.shape[0])]
        raise ArgumentError(f"{describe(value)} cannot be taken apart", span=span_of(where))

    def count(self, more: int, where: ast.AST) -> None:
        """Note that a loop goes round so many times more; raise LimitError beyond the limit."""
        self.iterations += more
        if self.iterations > self.max_iterations:
            raise LimitError(
                f"loops and unpacking go round more than {self.max_iterations:,} times",
                span=span_of(where),
                hint="raise the limit with --max-iterations",
            )

    def import_(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            module = node.module if isinstance(node, ast.ImportFrom) else None
            full = alias.name if module is None else f"{module}.{alias.name}"
            root = full.split(".")[0]
            if root == "torch":
                self.torch_methods = True
            shown = alias.asname or alias.name
            if isinstance(node, ast.Import) and alias.asname is None:
                full = shown = root
            self.names[shown] = self.module(full, node)

    def module(self, full: str, node: ast.AST) -> Any:
        for count in range(full.count(".") + 1, 0, -1):
            parts = full.split(".")
            head = ".".join(parts[:count])
            if head in MODULES:
                value = lookup(".".join([MODULES[head], *parts[count:]]))
                if value is not None:
                    return value
        known = ", ".join(f"`{name}`" for name in MODULES)
        raise NameProblem(
            f"there is no module `{full}` here", span=span_of(node), hint=f"known are {known}"
        )

    # --- expressions ---------------------------------------------------------------------------

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
            value = self.located(outer, STEPS[type(outer)], self, outer, value)
        return value

    def located(self, node: ast.AST, call: Callable[..., Any], *args: Any) -> Any:
        """Call, give an error without a place this one, and note where a new node was written."""
        try:
            value = call(*args)
        except GradcliError as error:
            if error.span is None:
                error.span = span_of(node)
            raise
        except RecursionError:
            raise LimitError(
                "the expression nests too deeply",
                span=span_of(node),
                hint="name parts of it first",
            ) from None
        if type(value) is Node:
            self.sites.setdefault(value.serial, node)
        return value

    def name(self, node: ast.Name, called: bool = False) -> Any:
        name = node.id
        if name in self.names:
            return self.names[name]
        if name in self.inputs:
            return self.inputs[name]
        found = known_name(name)
        if found is not None:
            return None if found is Newaxis else found
        span = span_of(node)
        mine = [*self.names, *self.inputs]
        if called:
            bare = [spelling for spelling in SPELLED if "." not in spelling]
            hint = MISNAMED.get(name) or did_you_mean(name, [*mine, *bare, *BUILTINS])
            raise NameProblem(f"there is no function `{name}`", span=span, hint=hint)
        near = MISNAMED.get(name) or did_you_mean(name, mine)
        raise MissingInput(name, span=span, near=near)

    def other(self, node: ast.expr) -> Any:
        kind = OTHERS.get(type(node))
        if kind is None:
            raise SyntaxProblem("this is not part of the language", span=span_of(node))
        return self.located(node, kind, self, node)

    def call(self, node: ast.Call, function: Any) -> Any:
        args = [self.expression(argument) for argument in node.args]
        kwargs = {str(item.arg): self.expression(item.value) for item in node.keywords}
        if isinstance(function, (Node, int, float, str, tuple, list, dict, Namespace)) or (
            function is None
        ):
            what = f"`{function.name}`" if isinstance(function, Namespace) else describe(function)
            hint = "`*` multiplies" if isinstance(function, (Node, int, float)) else ""
            raise ArgumentError(f"{what} cannot be called", hint=hint)
        return function(args, kwargs)

    def attribute(self, node: ast.Attribute, value: Any) -> Any:
        if isinstance(value, Namespace):
            found = value.get(node.attr)
            return None if found is Newaxis else found
        if isinstance(value, (list, tuple, int, float)) and not isinstance(value, str):
            value = tensor(value)
        if not isinstance(value, Node):
            raise NameProblem(f"{describe(value)} has no `{node.attr}`")
        return attribute_of(value, node.attr, self.torch_methods)

    def subscript(self, node: ast.Subscript, value: Any) -> Any:
        key = self.key(node.slice)
        if isinstance(value, (tuple, list, str, range)):
            return static_item(value, key)
        if isinstance(value, dict):
            try:
                return value[key]
            except (KeyError, TypeError):
                raise ArgumentError("the dict has no such key") from None
        if isinstance(value, Node):
            return index_value(value, key)
        raise ArgumentError(f"{describe(value)} cannot be indexed")

    def key(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Tuple):
            return tuple([self.key(element) for element in node.elts])
        if isinstance(node, ast.Slice):
            bounds = (node.lower, node.upper, node.step)
            return slice(*[None if part is None else self.expression(part) for part in bounds])
        return self.expression(node)

    def binary(self, op: ast.operator, left: Any, right: Any) -> Any:
        symbol, row = BINARY[type(op)]
        kinds = (type(left), type(right))
        if symbol in "&|":
            require_booleans(symbol, left, right)
        if kinds == (Node, Node) and row:
            return OPS[row](left, right)
        if symbol == "^":
            raise SyntaxProblem("`^` is no power", hint="powers are written `x**2`")
        if symbol in "&|" and all(isinstance(side, bool) for side in (left, right)):
            return left and right if symbol == "&" else left or right
        if all(issubclass(kind, (int, float)) for kind in kinds):
            return static_binary(symbol, left, right)
        if symbol == "+" and kinds in ((tuple, tuple), (str, str)):
            return bounded(len(left) + len(right), lambda: left + right)
        if symbol == "*" and (tuple in kinds or str in kinds) and int in kinds:
            sequence, times = (left, right) if kinds[1] is int else (right, left)
            return bounded(len(sequence) * times, lambda: sequence * times)
        if kinds == (list, list):
            joined = "concatenate([a, b])" if symbol == "+" else "array(a)"
            raise ArgumentError(
                f"`{symbol}` between two lists could mean two things",
                hint=f"`array(a) {symbol} array(b)` computes element by element"
                + (f"; `{joined}` joins them" if symbol == "+" else ""),
            )
        a, b = tensor(left), tensor(right)
        return OPS[row](a, b) if row else product(a, b)

    def binary_step(self, node: ast.BinOp, left: Any) -> Any:
        return self.binary(node.op, left, self.expression(node.right))

    def unary(self, node: ast.UnaryOp) -> Any:
        value = self.expression(node.operand)
        if isinstance(node.op, ast.Not):
            return not truth(value)
        if isinstance(node.op, ast.Invert):
            require_booleans("~", value)
            return OPS["logical_not"](tensor(value))
        if isinstance(node.op, ast.UAdd):
            return value if isinstance(value, (int, float)) else tensor(value)
        if isinstance(value, (int, float)):
            return -value
        return -tensor(value)

    def comparison(self, node: ast.Compare) -> Any:
        left = self.expression(node.left)
        result: Any = True
        for op, comparator in zip(node.ops, node.comparators, strict=True):
            right = self.expression(comparator)
            outcome = self.compare(op, left, right)
            if isinstance(outcome, Node) or isinstance(result, Node):
                both = result is not True
                result = OPS["logical_and"](tensor(result), tensor(outcome)) if both else outcome
            elif not outcome:
                return False
            left = right
        return result

    def compare(self, op: ast.cmpop, left: Any, right: Any) -> Any:
        if isinstance(op, (ast.Is, ast.IsNot)):
            if left is not None and right is not None:
                raise ArgumentError("`is` compares with None only", hint="`==` compares values")
            return (left is right) == isinstance(op, ast.Is)
        if isinstance(op, (ast.In, ast.NotIn)):
            if not isinstance(right, (tuple, list, range, str, dict)) or isinstance(left, Node):
                raise ArgumentError("`in` looks into tuples, lists and ranges")
            if isinstance(right, (tuple, list)) and any(isinstance(item, Node) for item in right):
                raise ArgumentError("`in` compares numbers, not tensors")
            try:
                return (left in right) == isinstance(op, ast.In)
            except TypeError:
                what = f"{describe(left)} cannot be in {describe(right)}"
                raise ArgumentError(what) from None
        symbol, row = COMPARE[type(op)]
        statics = (int, float, str, tuple, type(None), bool)
        if isinstance(left, statics) and isinstance(right, statics):
            return static_compare(symbol, left, right)
        return OPS[row](tensor(left), tensor(right))

    def connective(self, node: ast.BoolOp) -> Any:
        wanted = isinstance(node.op, ast.Or)
        for operand in node.values[:-1]:
            value = self.expression(operand)
            if truth(value) == wanted:
                return value
        return self.expression(node.values[-1])

    def ternary(self, node: ast.IfExp) -> Any:
        return self.expression(node.body if truth(self.expression(node.test)) else node.orelse)

    def comprehension(self, node: ast.ListComp | ast.GeneratorExp) -> list[Any]:
        (clause,) = node.generators
        outer = dict(self.names)
        results: list[Any] = []
        for item in self.unpacked(self.expression(clause.iter), clause.iter):
            self.assign(clause.target, item)
            if all(truth(self.expression(test)) for test in clause.ifs):
                results.append(self.expression(node.elt))
        self.names = outer
        return results

    def sequence(self, node: ast.Tuple | ast.List) -> Any:
        items = [self.expression(element) for element in node.elts]
        return tuple(items) if isinstance(node, ast.Tuple) else items

    def mapping(self, node: ast.Dict) -> dict[Any, Any]:
        keys = [self.expression(key) for key in node.keys if key is not None]
        if not all(isinstance(key, (str, int, float)) for key in keys):
            raise ArgumentError("keys of a dict are strings or numbers")
        return dict(zip(keys, map(self.expression, node.values), strict=True))

    def constant(self, node: ast.Constant) -> Any:
        return node.value


STEPS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.BinOp: Interpreter.binary_step,
    ast.Call: Interpreter.call,
    ast.Attribute: Interpreter.attribute,
    ast.Subscript: Interpreter.subscript,
}
OTHERS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.UnaryOp: Interpreter.unary,
    ast.Compare: Interpreter.comparison,
    ast.BoolOp: Interpreter.connective,
    ast.IfExp: Interpreter.ternary,
    ast.ListComp: Interpreter.comprehension,
    ast.GeneratorExp: Interpreter.comprehension,
    ast.Tuple: Interpreter.sequence,
    ast.List: Interpreter.sequence,
    ast.Dict: Interpreter.mapping,
    ast.Constant: Interpreter.constant,
}


def require_booleans(symbol: str, *values: Any) -> None:
    """Raise ArgumentError unless every operand of `&`, `|` or `~` is boolean."""
    for value in values:
        number = value.kind != "bool" if isinstance(value, Node) else type(value) in (int, float)
        if number:
            raise ArgumentError(
                f"`{symbol}` combines booleans, not numbers",
                hint="`(x > 0) & (x < 1)`; comparisons bind less than `&`, so they want brackets",
            )
