"""Expressions that lose their digits or their range, and the functions that do not.

Each row is tested: both sides are equal where both are at ease, and the cure is right at the point
where the pattern is not.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gradcli.autodiff import vjp
from gradcli.engine import Plan
from gradcli.errors import GradcliError
from gradcli.graph import Arena, Node, Trace, building
from gradcli.language.interpret import Interpreter
from gradcli.language.parser import parse
from gradcli.language.tensors import Tensor, bare
from gradcli.ops.cotangent import Cotangent
from gradcli.ops.leaves import constant, input_, known_number
from gradcli.ops.values import tensor
from gradcli.simplify import rewrite

if TYPE_CHECKING:
    from collections.abc import Iterator

    Array = np.ndarray[Any, Any]

SAMPLE = 7
"""The size that patterns are traced at: a constant of it stands for the size of what matches."""


class Cure(NamedTuple):
    """What to write in place of some expressions of x (and y).

    cure: with {axis} where the axes of a reduction go. bad: a point where the patterns fail; loses:
    they are finite there, but lose digits.
    """

    patterns: tuple[str, ...]
    cure: str
    bad: tuple[Any, ...]
    loses: bool = False


CURES = [
    Cure(
        ("x/sqrt(sum(x**2))", "x/norm(x)", "x/sqrt(x @ x)", "x/sqrt(sum(x*x))"),
        "torch.nn.functional.normalize(x, dim={dim})", ([0.0, 0.0],),
    ),
    Cure(
        ("sqrt(sum(x**2))", "sqrt(sum(x*x))", "sqrt(x @ x)", "sum(x**2)**0.5", "(x @ x)**0.5"),
        "norm(x{axis})", ([0.0, 0.0],),
    ),
    Cure(("sqrt(x**2)", "sqrt(x*x)", "(x**2)**0.5"), "abs(x)", (1e200,)),
    Cure(("sqrt(x**2 + y**2)", "sqrt(x*x + y*y)"), "hypot(x, y)", (0.0, 0.0)),
    Cure(("log(1 + exp(x))", "log(exp(x) + 1)", "log1p(exp(x))"), "softplus(x)", (1000.0,)),
    Cure(("log(sum(exp(x)))",), "logsumexp(x{axis})", ([1000.0, 999.0],)),
    Cure(("log(mean(exp(x)))",), "logsumexp(x{axis}) - log({size})", ([1000.0, 999.0],)),
    Cure(("log(exp(x) + exp(y))",), "logaddexp(x, y)", (1000.0, 999.0)),
    Cure(
        ("log(softmax(x))", "log(exp(x)/sum(exp(x)))", "log(torch.softmax(x, 0))"),
        "log_softmax(x{axis})", ([0.0, 1000.0],),
    ),
    Cure(("exp(x)/sum(exp(x))",), "softmax(x{axis})", ([0.0, 1000.0],)),
    Cure(
        ("log(sigmoid(x))", "log(1/(1 + exp(-x)))"),
        "torch.nn.functional.logsigmoid(x)", (-1000.0,),
    ),
    Cure(("exp(x)/(1 + exp(x))", "exp(x)/(exp(x) + 1)"), "sigmoid(x)", (1000.0,)),
    Cure(("log(exp(x))",), "x", (1000.0,)),
    Cure(("x*log(x)", "log(x)*x"), "xlogy(x, x)", (0.0,)),
    Cure(("x*log(y)", "log(y)*x"), "xlogy(x, y)", (0.0, 0.0)),
    Cure(("sin(x)/x",), "sinc(x/pi)", (0.0,)),
    Cure(("tanh(x)/x",), "where(x == 0, 1, tanh(x)/where(x == 0, 1, x))", (0.0,)),
    Cure(("sqrt(mean(x**2) - mean(x)**2)",), "std(x{axis})", ([1e9, 1e9 + 1],), True),
    Cure(("mean(x**2) - mean(x)**2", "mean(x*x) - mean(x)**2"), "var(x{axis})",
         ([1e9, 1e9 + 1],), True),
    Cure(("exp(x) - 1",), "expm1(x)", (1e-12,), True),
    Cure(("log(1 + x)", "log(x + 1)"), "log1p(x)", (1e-12,), True),
    Cure(("1 - cos(x)",), "2*sin(x/2)**2", (1e-9,), True),
    Cure(("1 - exp(x)",), "-expm1(x)", (1e-12,), True),
    Cure(("x**2 - y**2", "x*x - y*y"), "(x - y)*(x + y)", (1e8 + 1, 1e8), True),
    Cure(("sqrt(x + 1) - sqrt(x)",), "1/(sqrt(x + 1) + sqrt(x))", (1e15,), True),
    Cure(("1 - tanh(x)**2",), "1/cosh(x)**2", (20.0,), True),
]  # fmt: skip


class Found(NamedTuple):
    """A pattern met in a program: its outermost node, all nodes of it, and the operands by name."""

    cure: Cure
    root: Node
    inside: frozenset[int]
    operands: dict[str, Node]
    axes: tuple[int, ...]
    keepdims: bool

    def text(self, names: dict[str, str]) -> str:
        """What to write, with the operands in the program's words."""
        x = self.operands["x"]
        axis, rank = "", x.ndim
        if self.axes and len(self.axes) < rank:
            places = tuple([axis + rank for axis in self.axes])
            shown = places[0] if len(places) == 1 else places
            axis = f", axis={shown}" + (", keepdims=True" if self.keepdims else "")
        size = int(np.prod([x.shape[k] for k in self.axes] or [1]))
        dim = self.axes[0] if len(self.axes) == 1 else "..." if self.axes else -1
        written = self.cure.cure.format(axis=axis, size=size, dim=dim)
        return _substituted(written, names)


def _substituted(template: str, names: dict[str, str]) -> str:
    """The template with its variables replaced, in brackets where they are more than a name."""
    import ast

    tree = parse(template).body[0]
    bound = {name: parse(text).body[0] for name, text in names.items()}

    class Replace(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.AST:
            statement = bound.get(node.id)
            return statement.value if isinstance(statement, ast.Expr) else node

    return ast.unparse(Replace().visit(tree))


def traced(source: str, leaves: dict[str, Node]) -> Node:
    """The node that an expression makes of some leaves."""
    with building(Trace()):
        handles = {name: Tensor(leaf) for name, leaf in leaves.items()}
        return tensor(bare(Interpreter(handles).run(parse(source))))


def leaf(name: str, shape: tuple[int, ...]) -> Node:
    """An input of that shape."""
    return Node(input_, (), (shape, name, "real"), ((shape, "real"),))


@cache
def _patterns() -> list[tuple[Cure, Node]]:
    found = []
    for cure in CURES:
        for pattern in cure.patterns:
            leaves = {name: leaf(name, (SAMPLE,)) for name in "xy"}
            found.append((cure, traced(pattern, leaves)))
    return found


def patterns_at(node: Node) -> Iterator[Found]:
    """The patterns whose outermost operation a node of a program is."""
    for cure, pattern in _patterns():
        if pattern.op is node.op:
            inside: set[int] = set()
            operands: dict[str, Node] = {}
            axes: list[tuple[tuple[int, ...], bool]] = []
            if _matches(pattern, node, operands, inside, axes):
                first = axes[0] if axes else ((), False)
                yield Found(cure, node, frozenset(inside), operands, *first)


def _matches(
    pattern: Node,
    node: Node,
    operands: dict[str, Node],
    inside: set[int],
    axes: list[tuple[tuple[int, ...], bool]],
) -> bool:
    if pattern.op is input_:
        name = pattern.params[1]
        return _same(operands.setdefault(name, node), node, 6)
    if pattern.op is not node.op or len(pattern.inputs) != len(node.inputs):
        return False
    number = known_number(pattern)
    if number is not None:
        return number == SAMPLE or number == known_number(node)
    inside.add(node.serial)
    if node.params and isinstance(node.params[0], tuple) and len(node.inputs) == 1:
        keep = len(node.params) > 1 and bool(node.params[1])
        axes.append((node.params[0], keep))
    pairs = zip(pattern.inputs, node.inputs, strict=True)
    return all(_matches(p, n, operands, inside, axes) for p, n in pairs)


def _same(a: Node, b: Node, depth: int) -> bool:
    """Whether two nodes are one, or were written alike."""
    if a is b:
        return True
    if depth == 0 or a.op is not b.op or a.op.key(a.params) != b.op.key(b.params):
        return False
    if not a.inputs:
        return known_number(a) is not None
    pairs = zip(a.inputs, b.inputs, strict=True)
    return len(a.inputs) == len(b.inputs) and all(_same(x, y, depth - 1) for x, y in pairs)


def cures_there(found: Found, arrays: dict[str, Array]) -> bool:
    """Whether the cure, and its derivative, are finite at values of the operands."""
    leaves = {name: leaf(name, np.shape(array)) for name, array in arrays.items()}
    try:
        value = traced(found.text({name: name for name in arrays}), leaves)
        with building(Arena(rewrite)):
            seed = Cotangent(constant(1.0, value.shape))
            parts = vjp([value], [seed], list(leaves.values()), strict=True)
        nodes = [value, *[part for part in parts if part is not None]]
        bound = {leaves[name].serial: np.asarray(a, np.float64) for name, a in arrays.items()}
        results = Plan(nodes, leaves.values()).run(bound)
    except (GradcliError, LookupError):
        return False
    return all(bool(np.isfinite(result).all()) for result in results)
