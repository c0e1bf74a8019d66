"""What the signs of the language do to values: static ones as in Python, tensors as ops."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from gradcli.errors import ArgumentError, SyntaxProblem
from gradcli.graph import OPS, Dim, Node
from gradcli.language.static import bounded, static_binary, static_compare, static_contains
from gradcli.ops.functions.products import product
from gradcli.ops.values import describe, tensor

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


_TAKEN = {(Node, Node), (Node, float), (float, Node)}
"""Operands of signs that rows take as they are."""


def binary(op: type[ast.operator], left: Any, right: Any) -> Any:
    """`left op right` for nodes and static values."""
    symbol, row = BINARY[op]
    kinds = (type(left), type(right))
    if symbol in "&|":
        require_booleans(symbol, left, right)
    if row and kinds in _TAKEN:
        return OPS[row](left, right)
    if symbol == "^":
        booleans = all(
            getattr(side, "kind", type(side)) in ("bool", bool) for side in (left, right)
        )
        raise SyntaxProblem(
            "`^` is no power",
            hint="of booleans, `a != b` is true where one of them is"
            if booleans
            else "powers are written `x**2`",
        )
    if symbol in "&|" and all(isinstance(side, bool) for side in (left, right)):
        return left and right if symbol == "&" else left or right
    if all(issubclass(kind, (int, float)) for kind in kinds):
        value = static_binary(symbol, left, right)
        if row and isinstance(value, float) and Dim in kinds:
            value = OPS[row](left, right)  # a size with a name keeps it, in a formula
        return value
    if symbol == "+" and kinds in ((tuple, tuple), (str, str)):
        return bounded(len(left) + len(right), lambda: left + right)
    if symbol == "*" and (tuple in kinds or str in kinds) and int in kinds:
        sequence, times = (left, right) if kinds[1] is int else (right, left)
        return bounded(len(sequence) * times, lambda: sequence * times)
    if str in kinds:
        hint = "an f-string puts values into text: `f'x is {x:.3f}'`" if symbol in "+%" else ""
        hint = "a whole number repeats a string" if symbol == "*" else hint
        raise ArgumentError(
            f"`{symbol}` cannot combine {describe(left)} with {describe(right)}", hint=hint
        )
    if kinds == (list, list):
        joined = "concatenate([a, b])" if symbol == "+" else "array(a)"
        raise ArgumentError(
            f"`{symbol}` between two lists could mean two things",
            hint=f"`array(a) {symbol} array(b)` computes element by element"
            + (f"; `{joined}` joins them" if symbol == "+" else ""),
        )
    a, b = tensor(left), tensor(right)
    return OPS[row](a, b) if row else product(a, b)


def compare(op: type[ast.cmpop], left: Any, right: Any) -> Any:
    """`left op right` for one comparison."""
    if op in (ast.In, ast.NotIn):
        return static_contains(left, right) == (op is ast.In)
    symbol, row = COMPARE[op]
    statics = (int, float, str, tuple, type(None), bool)
    if isinstance(left, statics) and isinstance(right, statics):
        return static_compare(symbol, left, right)
    if of_containers(symbol, left, right) or (symbol in ("==", "!=") and is_named(left, right)):
        return static_compare(symbol, left, right)
    return OPS[row](tensor(left), tensor(right))


def of_containers(symbol: str, left: Any, right: Any) -> bool:
    """Whether Python's comparison of containers is meant: neither side is a tensor."""
    statics = (int, float, str, tuple, list, dict, range, type(None))
    if symbol in ("==", "!="):
        return isinstance(left, statics) and isinstance(right, statics)
    return isinstance(left, list) and isinstance(right, list)


def is_named(left: Any, right: Any) -> bool:
    """Whether one of them is a function or a type, which equals itself alone."""
    plain = (Node, int, float, str, list, tuple, dict, range, type(None))
    return any(not isinstance(value, plain) for value in (left, right))


def negated(value: Any) -> Any:
    """`-value`."""
    if isinstance(value, (int, float)):
        return -value
    return -tensor(value)


def positive(value: Any) -> Any:
    """`+value`."""
    return value if isinstance(value, (int, float)) else tensor(value)


def inverted(value: Any) -> Any:
    """`~value`."""
    require_booleans("~", value)
    return OPS["logical_not"](tensor(value))


def both(left: Any, right: Any) -> Node:
    """The conjunction that a chained comparison of tensors is."""
    return OPS["logical_and"](tensor(left), tensor(right))


UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.Invert: inverted,
    ast.UAdd: positive,
    ast.USub: negated,
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
