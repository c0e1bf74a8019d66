"""Positions: elements of structured tensors, zeros with values at positions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradcli.algebra.engine import rewrite
from gradcli.algebra.match import filled, is_diagonal, is_scalar, is_sum, is_unit
from gradcli.algebra.terms import ONE, Product
from gradcli.graph import OPS, Dim, Node
from gradcli.ops.leaves import constant, known_number

if TYPE_CHECKING:
    from gradcli.algebra.terms import Terms

    Axes = tuple[int, ...]
    Labels = tuple[int, ...]


@rewrite(
    "index of a structured tensor",
    "index",
    {
        "outer(x, y)[0]": "x[0]*y",
        "outer(x, y)[:, 1]": "y[1]*x",
        "diag(x)[1, 1]": "x[1]",
        "eye(3)[0, 1]": "0",
        "(x + s)[0]": "x[0] + s",
        "(2*x*y)[0]": "2*x[0]*y[0]",
        "exp(x)[0]": "exp(x[0])",
        "(A*x)[0, 1]": "A[0, 1]*x[1]",
        "(A @ x)[0]": "A[0] @ x",
    },
)
def indexed(node: Node, terms: Terms) -> Node | None:
    """Positions inside functions; rows of outer products and of products of matrices."""
    (x,), (items,) = node.inputs, node.params
    points = all(isinstance(item, int) for item in items)
    if points and x.op.family == "elementwise" and x.kind == "real":
        return x.op(*[_at(operand, items) for operand in x.inputs])
    if x.ndim == 2 and is_unit(x) and isinstance(items[1], int) and not isinstance(items[0], int):
        return OPS["index"](x, items[::-1]) if isinstance(items[0], tuple) else None
    if points and is_diagonal(x):
        i, j = items
        if i != j:
            return constant(0.0)
        return constant(1.0) if is_unit(x) else OPS["index"](x.inputs[0], (i,))
    if x.op.name == "contract":
        return _index_of_contraction(x, items)
    return None


def _at(x: Node, items: tuple[int, ...]) -> Node:
    """One element of a broadcast operand."""
    own = items[len(items) - x.ndim :]
    at = tuple([0 if size == 1 else item for item, size in zip(own, x.shape, strict=True)])
    return OPS["index"](x, at) if x.ndim else x


def _index_of_contraction(x: Node, items: tuple[object, ...]) -> Node | None:
    """Single positions of a result are positions of the operands that have the axis."""
    la, lb, lo = x.params
    fixed = {label: item for label, item in zip(lo, items, strict=True) if isinstance(item, int)}
    whole = [(0, size, 1) for size in x.shape]
    if not fixed or any(
        not isinstance(item, int) and item != full for item, full in zip(items, whole, strict=True)
    ):
        return None
    operands = []
    for operand, labels in zip(x.inputs, (la, lb), strict=True):
        own = [
            fixed.get(label, (0, size, 1))
            for label, size in zip(labels, operand.shape, strict=True)
        ]
        picked = OPS["index"](operand, tuple(own)) if any(k in fixed for k in labels) else operand
        operands.append((picked, tuple([label for label in labels if label not in fixed])))
    (a, la), (b, lb) = operands
    return x.op(a, b, la, lb, tuple([label for label in lo if label not in fixed]))


@rewrite(
    "product with zeros but for some positions",
    "multiply divide",
    {
        "softmax(x)*grad(log(x[0]), x)": "[softmax(x)[0]/x[0], 0, 0]",
        "softmax(x)*(grad(-x[0], x) + 1)": "softmax(x) - softmax(x)[0]*eye(3)[0]",
    },
)
def scattered_product(node: Node, terms: Terms) -> Node | None:
    """What multiplies zeros with values at single positions counts at these positions only."""
    whole = terms.product(node)
    for key, (base, exponent) in whole.factors.items():
        if exponent != 1 or base.shape != node.shape:
            continue
        rest = whole.without(key)
        others = {k: f for k, f in rest.factors.items() if not is_scalar(*f)}
        if not others:
            continue
        if is_sum(base):
            parts = terms.sum(base)
            if any(b.op.name == "scatter" for part in parts for b, _ in part.factors.values()):
                built = [terms.build(terms.times(rest, p, node.shape), node.shape) for p in parts]
                simple = [terms.product(scattered_product(x, terms) or x) for x in built]
                return terms.build_sum(terms.collected(simple), node.shape)
        elif base.op.name == "scatter" and _single_positions(base):
            inner = filled(terms.joined(others), node.shape)
            values = [
                value * OPS["index"](inner, place)
                for value, place in zip(base.inputs, base.params[1], strict=True)
            ]
            scalars = {k: f for k, f in rest.factors.items() if k not in others}
            found = terms.atom(base.op(values, *base.params))
            outer = Product(whole.coef, scalars, ())
            return terms.build(terms.times(outer, found, node.shape))
    return None


def _single_positions(x: Node) -> bool:
    return all(isinstance(item, int) for place in x.params[1] for item in place)


@rewrite(
    "sum of zeros but for some positions",
    "sum",
    {"sum(grad(x[0]*x[1], x))": "x[0] + x[1]"},
)
def scattered_sum(node: Node, terms: Terms) -> Node | None:
    """The sum of the values, wherever they stand."""
    (x,), (axes, keepdims) = node.inputs, node.params
    if x.op.name != "scatter" or len(axes) != x.ndim or keepdims:
        return None
    sums = [OPS["sum"](v, tuple(range(-v.ndim, 0)), False) if v.ndim else v for v in x.inputs]
    return terms.build_sum(terms.collected([terms.product(s) for s in sums]), ())


@rewrite(
    "position in a list",
    "index",
    {"stack([x[0], s])[1]": "s", "concatenate([x, y])[4]": "y[1]", "stack([x, y])[1, 2]": "y[2]"},
)
def index_of_list(node: Node, terms: Terms) -> Node | None:
    """The part of a concatenation that a position falls into."""
    (x,), (items,) = node.inputs, node.params
    if x.op.name != "concatenate":
        return None
    axis = x.params[0] + x.ndim
    place = items[axis]
    if not isinstance(place, int):
        return None
    for part in x.inputs:
        if place < part.shape[axis]:
            return OPS["index"](part, (*items[:axis], place, *items[axis + 1 :]))
        place -= int(part.shape[axis])
    return None


@rewrite(
    "position in an axis of size 1",
    "index",
    {"x[:, None][1, 0]": "x[1]", "x[None][0, 2]": "x[2]", "s[None][0]": "s"},
)
def index_of_unit_axis(node: Node, terms: Terms) -> Node | None:
    """Single positions do not see the axes of size 1 that a reshape put in."""
    (x,), (items,) = node.inputs, node.params
    if x.op.name != "reshape" or not all(isinstance(item, int) for item in items):
        return None
    (inner,) = x.inputs
    kept = [item for item, size in zip(items, x.shape, strict=True) if size != 1]
    full = [size for size in inner.shape if size != 1]
    if full != [size for size in x.shape if size != 1]:
        return None
    taken = iter(kept)
    at = tuple([0 if size == 1 else next(taken) for size in inner.shape])
    return OPS["index"](inner, at) if inner.ndim else inner


@rewrite(
    "index of a transpose",
    "index",
    {"A.T[0]": "A[:, 0]", "A.T[1, 2]": "A[2, 1]", "A.T[:, 1]": "A[1]"},
)
def index_of_transpose(node: Node, terms: Terms) -> Node | None:
    """The axes of what is transposed, where one of them at most is left."""
    (x,), (items,) = node.inputs, node.params
    if x.op.name != "transpose" or sum(not isinstance(item, int) for item in items) > 1:
        return None
    (perm,) = x.params
    own: list[object] = [None] * x.ndim
    for axis, item in zip(perm, items, strict=True):
        own[axis] = item
    return OPS["index"](x.inputs[0], tuple(own))


@rewrite(
    "position in zeros",
    "index",
    {"grad(x[0]*x[1], x)[1]": "x[0]", "grad(x[0]*x[1], x)[2]": "0"},
)
def index_of_scatter(node: Node, terms: Terms) -> Node | None:
    """What was put at single positions, taken from one of them."""
    (x,), (items,) = node.inputs, node.params
    if x.op.name != "scatter" or not all(isinstance(item, int) for item in items):
        return None
    if not _single_positions(x):
        return None
    found = [v for v, place in zip(x.inputs, x.params[1], strict=True) if place == items]
    return terms.build_sum(terms.collected([terms.product(v) for v in found]), node.shape)


@rewrite(
    "scalar out of positions",
    "scatter",
    {
        "grad(logsumexp(x) - x[0], x)": "softmax(x) - eye(3)[0]",
        "grad(x[0]**2, x)": "[2*x[0], 0, 0]",
        "grad(-2*A[0, 1], A)": '-2*einsum(",i,j->ij", 1, eye(3)[0], eye(3)[1])',
    },
)
def scattered_scalar(node: Node, terms: Terms) -> Node | None:
    """Signs and scalars before zeros with one value in them; a short vector is listed as it is."""
    if len(node.inputs) != 1:
        return None
    whole = terms.product(node.inputs[0])
    listed = node.ndim == 1 and not isinstance(node.shape[0], Dim)
    scalars = {} if listed else {k: f for k, f in whole.factors.items() if is_scalar(*f)}
    coef = whole.coef if not listed else (ONE if whole.coef > 0 else -ONE)
    if (coef == 1 and not scalars) or whole.coef == 0:
        return None
    rest = {k: f for k, f in whole.factors.items() if k not in scalars}
    inner = terms.build(Product(whole.coef / coef, rest, whole.shape))
    moved = node.op([inner], *node.params)
    outer = Product(coef, scalars, ())
    return terms.build(terms.times(outer, terms.atom(moved), node.shape))


@rewrite(
    "zeros",
    "contract scatter sum cumsum index reshape transpose diag_embed diagonal trace mean",
    {"zeros(3) @ x": "0", "outer(x, zeros(3))": "zeros((3, 3))", "diag(zeros(3))": "zeros((3, 3))"},
)
def zeros(node: Node, terms: Terms) -> Node | None:
    """A product with zeros, and any linear map of them, is zeros."""
    several = node.op.name == "contract"
    nothing = [known_number(x) == 0 for x in node.inputs]
    if any(nothing) if several else all(nothing):
        return constant(0.0, node.shape)
    return None
