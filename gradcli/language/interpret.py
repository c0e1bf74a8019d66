"""Syntax tree to graph: runs a program's statements, tracing what they do to tensors.

Static values (numbers, strings, tuples, lists, functions) are computed here; tensors become nodes.
Left-leaning trees, such as a sum of 100,000 terms, are walked with a loop; the depth of everything
else is bounded by the parser.
"""

from __future__ import annotations

import ast
import math
import operator
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
from gradcli.graph import OPS, Dim, Node
from gradcli.language.build import span_of
from gradcli.language.values import BUILTIN_SPACES, Namespace, Newaxis, attribute_of, lookup
from gradcli.ops.binding import CONSTANTS, MODULES, SPELLED
from gradcli.ops.functions.products import product
from gradcli.ops.indexing import index_value
from gradcli.ops.values import describe, static_number, tensor, truth, whole

if TYPE_CHECKING:
    from collections.abc import Callable

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
COMPARATORS = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
ARITHMETIC = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
}
MAX_BITS = 4096
MAX_ITEMS = 1_000_000


class Builtin:
    """A function on static values: `len`, `range`, `int`, `float`."""

    __slots__ = ("call", "name")

    def __init__(self, name: str, call: Callable[..., Any]) -> None:
        self.name = name
        self.call = call

    def __call__(self, args: list[Any], kwargs: dict[str, Any]) -> Any:
        if kwargs:
            raise ArgumentError(f"`{self.name}` takes no arguments by name")
        try:
            return self.call(*args)
        except TypeError:
            raise ArgumentError(f"`{self.name}` takes other arguments") from None


def _length(value: Any) -> int:
    if isinstance(value, Node):
        if not value.ndim:
            raise ArgumentError("a scalar has no length")
        return value.shape[0]
    if isinstance(value, (list, tuple, str, range, dict)):
        return len(value)
    raise ArgumentError(f"{describe(value)} has no length")


def _range(*bounds: Any) -> range:
    numbers = [int(whole(bound, "a bound of range")) for bound in bounds]
    if not 1 <= len(numbers) <= 3 or numbers[2:] == [0]:
        raise ArgumentError("`range` takes one to three whole numbers, the step not 0")
    return range(*numbers)


BUILTINS: dict[str, Builtin] = {
    "len": Builtin("len", _length),
    "range": Builtin("range", _range),
    "int": Builtin("int", lambda x: int(static_number(x, "the argument of int"))),
    "float": Builtin("float", lambda x: float(static_number(x, "the argument of float"))),
}


class Interpreter:
    """Runs one program over one set of inputs.

    inputs: the nodes that free names stand for. After `run`, `sites` tells where in the source a
    node (by serial) was written.
    """

    def __init__(self, inputs: dict[str, Node]) -> None:
        self.inputs = inputs
        self.names: dict[str, Any] = {}
        self.sites: dict[int, ast.AST] = {}
        self.torch_methods = False

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
            parts = self.unpacked(value, target)
            if len(parts) != len(target.elts):
                raise ArgumentError(
                    f"{len(target.elts)} names for {len(parts)} values", span=span_of(target)
                )
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
            if len(value) > MAX_ITEMS:
                raise LimitError(f"more than {MAX_ITEMS:,} items", span=span_of(where))
            return list(value)
        if isinstance(value, Node) and value.ndim:
            return [index_value(value, row) for row in range(value.shape[0])]
        raise ArgumentError(f"{describe(value)} cannot be taken apart", span=span_of(where))

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
            hint = did_you_mean(name, [*mine, *bare, *BUILTINS])
            raise NameProblem(f"there is no function `{name}`", span=span, hint=hint)
        raise MissingInput(name, span=span, near=did_you_mean(name, mine))

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
            return left + right
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
            return (left in right) == isinstance(op, ast.In)
        symbol, row = COMPARE[type(op)]
        statics = (int, float, str, tuple, type(None), bool)
        if isinstance(left, statics) and isinstance(right, statics):
            return static_compare(symbol, left, right)
        return OPS[row](tensor(left), tensor(right))

    def connective(self, node: ast.BoolOp) -> Any:
        wanted = isinstance(node.op, ast.Or)
        value: Any = None
        for operand in node.values:
            value = self.expression(operand)
            if truth(value) == wanted:
                return value
        return value

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


def known_name(name: str) -> Any:
    """What a bare name means that the program does not bind; None where nothing."""
    if name in BUILTIN_SPACES:
        return Namespace(BUILTIN_SPACES[name])
    if name in CONSTANTS:
        return CONSTANTS[name]
    return SPELLED.get(name) or BUILTINS.get(name)


def static_item(value: Any, key: Any) -> Any:
    """An element or a slice of a tuple, list, range or string."""
    if isinstance(key, slice):
        bounds = (key.start, key.stop, key.step)
        parts = [None if part is None else whole(part, "a slice bound") for part in bounds]
        if parts[2] == 0:
            raise ArgumentError("the step of a slice must not be 0")
        return value[slice(*parts)]
    if isinstance(key, (tuple, list)) or (isinstance(key, Node) and key.ndim):
        return index_value(tensor(value), key)
    place = whole(key, "an index")
    try:
        return value[place]
    except IndexError:
        length = len(value)
        raise ArgumentError(f"index {place} is out of range for {length} elements") from None


def static_compare(symbol: str, left: Any, right: Any) -> bool:
    """Python's comparison of values known now."""
    try:
        return bool(COMPARATORS[symbol](left, right))
    except TypeError:
        raise ArgumentError(
            f"`{symbol}` cannot compare {describe(left)} with {describe(right)}"
        ) from None


def static_binary(symbol: str, left: Any, right: Any) -> Any:
    """Python's arithmetic on numbers known now, within bounds."""
    if symbol == "@":
        raise ArgumentError("`@` multiplies matrices", hint="`*` multiplies numbers")
    whole_numbers = isinstance(left, int) and isinstance(right, int)
    if symbol == "**" and whole_numbers and left.bit_length() * abs(right) > MAX_BITS:
        return _float_power(left, right)
    try:
        value = ARITHMETIC[symbol](left, right)
    except ZeroDivisionError:
        raise ArgumentError("division by zero") from None
    except OverflowError:
        return _float_power(left, right)
    if isinstance(value, complex):
        raise ArgumentError(
            f"`{left}**{right}` is not a real number", hint="complex numbers are not supported"
        )
    if isinstance(value, int) and not isinstance(value, Dim) and value.bit_length() > MAX_BITS:
        raise LimitError("a whole number grows beyond all bounds")
    return value


def _float_power(left: float, right: float) -> float:
    try:
        return float(math.pow(left, right))
    except OverflowError:
        negative = left < 0 and float(right).is_integer() and right % 2 == 1
        return -float("inf") if negative else float("inf")


def free_names(module: ast.Module) -> list[str]:
    """Names that the program reads and does not know otherwise, in order of appearance."""
    bound: set[str] = set()
    free: dict[str, None] = {}
    for statement in module.body:
        stored: list[str] = []
        for node in ast.walk(statement):
            if isinstance(node, ast.Name):
                if isinstance(node.ctx, ast.Store):
                    stored.append(node.id)
                elif node.id not in bound:
                    free[node.id] = None
            elif isinstance(node, ast.alias):
                stored.append((node.asname or node.name).split(".")[0])
        if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
            if statement.target.id not in bound:
                free[statement.target.id] = None
        inner = {
            target.id
            for node in ast.walk(statement)
            if isinstance(node, ast.comprehension)
            for target in ast.walk(node.target)
            if isinstance(target, ast.Name)
        }
        for name in inner:
            free.pop(name, None)
        bound.update(set(stored) - inner)
    return list(free)
