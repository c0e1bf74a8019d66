"""Shapes that are declared with names of sizes, and those that follow from use.

A named size computes as a prime of its own. Which prime does not matter to a formula that holds for
every size, so that formulas at two choices of primes must be the same.
"""

from __future__ import annotations

import ast
import itertools
from typing import TYPE_CHECKING

from gradcli.errors import UsageError
from gradcli.graph import OPS, Dim
from gradcli.language.names import known_name
from gradcli.ops.binding import Function

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Declared = tuple[str | int, ...]
"""A shape as it is declared: names and whole numbers."""

LETTERS = "nmkpqdrlhw"


def read_shape(text: str) -> tuple[str, Declared]:
    """`A=n,m` as a name and its declared shape; nothing after `=` is a scalar.

    Raises UsageError.
    """
    name, equals, sizes = text.partition("=")
    name = name.strip()
    if not equals or not name.isidentifier():
        raise UsageError(f"`{text}` declares no shape", hint="as in --shape x=n or --shape A=n,3")
    shape: list[str | int] = []
    for size in sizes.strip().strip("()").split(","):
        size = size.strip()
        if size.isdecimal():
            shape.append(int(size))
        elif size.isidentifier():
            shape.append(size)
        elif size:
            raise UsageError(f"`{size}` is no size", hint="a size is a name or a whole number")
    return name, tuple(shape)


def sized(
    shapes: Mapping[str, Declared], beyond: int, choice: int
) -> tuple[dict[str, tuple[int, ...]], dict[str, int]]:
    """Shapes with a sample for every name, and the samples by name.

    beyond: a number that every sample is above, so that positions the program names exist.
    choice: 0 or 1, the first or the second set of primes. No two are near each other, so that what
    lies beside one (n - 1, n + 2) lies beside no other, and their differences are others in each.
    """
    names = list(dict.fromkeys(s for shape in shapes.values() for s in shape if isinstance(s, str)))
    primes = _primes(max(beyond, 10), APART + choice * APART)
    samples: dict[str, int] = {name: Dim(next(primes), name) for name in names}
    return {
        name: tuple([samples[size] if isinstance(size, str) else size for size in shape])
        for name, shape in shapes.items()
    }, samples


APART = 9
"""How far apart sample sizes are at least."""


def _primes(beyond: int, apart: int) -> Iterator[int]:
    """Primes, each so far from the one before; the first lies beyond a number."""
    least = beyond + apart
    for number in itertools.count(beyond + apart):
        if number >= least and all(number % k for k in range(2, int(number**0.5) + 1)):
            yield number
            least = number + apart


def largest_number(module: ast.Module) -> int:
    """The largest whole number that a program spells out, up to a bound."""
    found = [
        node.value
        for node in ast.walk(module)
        if isinstance(node, ast.Constant) and type(node.value) is int and node.value <= 1000
    ]
    return max(found, default=0)


# --- what follows from use -----------------------------------------------------------------------

SCALAR, VECTOR, MATRIX = 0, 1, 2


def assumption(shapes: Mapping[str, Declared]) -> str:
    """What was inferred, in words: `a` is taken as a scalar, `x` as a vector of size n."""
    words = {SCALAR: "a scalar", VECTOR: "a vector of size", MATRIX: "a matrix of size"}
    parts: list[str] = []
    for shape in sorted(dict.fromkeys(shapes.values()), key=len):
        names = [f"`{name}`" for name, own in shapes.items() if own == shape]
        listed = ", ".join(names[:-1]) + (" and " if names[1:] else "") + names[-1]
        what = f"{words[len(shape)]} {' by '.join(map(str, shape))}".strip()
        verb = ("are each taken as" if names[1:] else "is taken as") if not parts else "as"
        parts.append(f"{listed} {verb} {what}")
    return ", ".join(parts)


def undeclared(module: ast.Module, reads: Iterable[str], given: Iterable[str]) -> list[str]:
    """Names that a program reads as values and nothing gives.

    The name of a function is one too where it stands as an operand (`t*x`); a name that is only
    called is none.
    """
    called = {
        id(node.func)
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    values = {
        node.id
        for node in ast.walk(module)
        if isinstance(node, ast.Name) and id(node) not in called
    }
    operands = {
        operand.id
        for node in ast.walk(module)
        for operand in _operands(node)
        if isinstance(operand, ast.Name)
    }
    known = set(given)
    return [
        name
        for name in reads
        if name not in known
        and name in values
        and (
            known_name(name) is None
            or (name in operands and isinstance(known_name(name), Function))
        )
    ]


def _operands(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    if isinstance(node, ast.UnaryOp):
        return [node.operand]
    if isinstance(node, ast.Compare):
        return [node.left, *node.comparators]
    return []


def inferred(module: ast.Module, names: list[str], taken: Iterable[str]) -> dict[str, Declared]:
    """Shapes that undeclared names have by their use; all sizes are one.

    A vector under a sum, an index or a product, a square matrix under a determinant or an inverse,
    else a scalar. A capital letter beside `@` is a matrix, as textbooks have it.
    """
    uses = Uses(names)
    for statement in module.body:
        uses.visit(statement)
    used = {*taken, *names, *uses.bound}
    size = next(letter for letter in [*LETTERS, "size"] if letter not in used)
    return {name: (size,) * uses.rank[name] for name in names}


class Uses(ast.NodeVisitor):
    """The rank of each name by the functions that its value reaches element by element.

    `carried` maps names that the program assigns to the inputs whose elements they hold.
    """

    def __init__(self, names: list[str]) -> None:
        self.rank = dict.fromkeys(names, SCALAR)
        self.carried: dict[str, set[str]] = {}
        self.bound: set[str] = set()

    def visit_Assign(self, node: ast.Assign) -> None:
        held = self.value(node.value)
        for target in node.targets:
            for name in ast.walk(target):
                if isinstance(name, ast.Name):
                    self.carried[name.id] = held
                    self.bound.add(name.id)

    def visit_Expr(self, node: ast.Expr) -> None:
        self.value(node.value)

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is not None:
            self.value(node.value)

    def generic_visit(self, node: ast.AST) -> None:
        if isinstance(node, ast.expr):
            self.value(node)
        else:
            super().generic_visit(node)

    def seen(self, names: set[str], rank: int) -> None:
        for name in names:
            self.rank[name] = max(self.rank[name], rank)

    def value(self, node: ast.expr) -> set[str]:
        """Inputs whose elements the value of an expression holds, shape and all."""
        # Left-leaning sums are walked with a loop: they may be very long.
        held: set[str] = set()
        while isinstance(node, ast.BinOp) and not isinstance(node.op, ast.MatMult):
            held |= self.value(node.right)
            node = node.left
        return held | self._value(node)

    def _value(self, node: ast.expr) -> set[str]:
        if isinstance(node, ast.Name):
            return {node.id} if node.id in self.rank else set(self.carried.get(node.id, ()))
        if isinstance(node, ast.BinOp):
            return self._product([node.left, node.right])
        if isinstance(node, ast.Subscript):
            return self._subscript(node)
        if isinstance(node, ast.Attribute):
            return self.value(node.value)
        if isinstance(node, ast.Call):
            return self._call(node)
        held: set[str] = set()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                held |= self.value(child)
        return held

    def _subscript(self, node: ast.Subscript) -> set[str]:
        items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        counted = [item for item in items if not _is_new_axis(item)]
        held = self.value(node.value)
        self.seen(held, min(len(counted), MATRIX))
        whole = any(isinstance(item, ast.Slice) for item in items)
        return held if whole and len(counted) == 1 else set()

    def _product(self, operands: list[ast.expr]) -> set[str]:
        """`A @ x`: capital names are matrices, others vectors; what comes out is neither's."""
        for operand in operands:
            held = self.value(operand)
            self.seen({name for name in held if name[:1].isupper()}, MATRIX)
            self.seen({name for name in held if not name[:1].isupper()}, VECTOR)
        return set()

    def _axis(self, node: ast.Call) -> int:
        """The axis that a call names, 0 where it names none."""
        for keyword in node.keywords:
            if keyword.arg in ("axis", "dim") and isinstance(keyword.value, ast.Constant):
                value = keyword.value.value
                return value if type(value) is int and 0 <= value <= 1 else 0
        return 0

    def _call(self, node: ast.Call) -> set[str]:
        name, args = "", [*node.args, *[keyword.value for keyword in node.keywords]]
        if isinstance(node.func, ast.Name):
            name = node.func.id
        elif isinstance(node.func, ast.Attribute):
            name = node.func.attr
            args = [node.func.value, *args]
        function = known_name(name)
        if not isinstance(function, Function):
            return set().union(*[self.value(arg) for arg in args])
        if name in PRODUCTS:
            return self._product(args)
        row = OPS.get(function.name)
        parameters = function.signature().partition("(")[2]
        square = row is not None and bool(row.box) and row.box[0] == "regular"
        if square or "axis1" in parameters:
            held = self.value(args[0])
            self.seen(held, MATRIX)
            return self._product(args[1:]) or (held if function.name == "inv" else set())
        held = set().union(*[self.value(arg) for arg in args])
        if "axis=" in parameters or "dim=" in parameters:
            self.seen(held, 1 + self._axis(node))
            along = row is not None and row.family == "custom" and "keepdims" not in parameters
            return held if along or function.name in ("cumsum", "flip") else set()
        return held


PRODUCTS = frozenset(["dot", "vdot", "inner", "outer", "matmul", "cross"])


def _is_new_axis(item: ast.expr) -> bool:
    return isinstance(item, ast.Constant) and item.value is None
