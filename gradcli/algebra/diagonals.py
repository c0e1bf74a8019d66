"""Unit and diagonal matrices: in contractions, products, sums and traces."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from gradcli.algebra.engine import rewrite
from gradcli.algebra.match import filled, is_diagonal, is_one, is_sum, is_unit, permuted
from gradcli.algebra.terms import ONE, Product
from gradcli.graph import OPS, Node, size_of
from gradcli.ops.contraction import contract
from gradcli.ops.family import build
from gradcli.ops.leaves import constant, known_number
from gradcli.ops.rows.linalg import identity

if TYPE_CHECKING:
    from gradcli.algebra.terms import Factors, Terms

    Axes = tuple[int, ...]
    Labels = tuple[int, ...]


@rewrite(
    "unit matrix in a contraction",
    "contract",
    {
        "A @ eye(3)": "A",
        "einsum('ij,jk->ki', eye(3), A)": "A.T",
        "eye(3) @ x": "x",
        "einsum('ij,ij->', eye(3), A)": "trace(A)",
        "einsum('ij,i->ij', eye(3), x)": "diag(x)",
        "einsum('ij,ij->j', eye(3), A)": "diag(A)",
    },
)
def unit_matrix(node: Node, terms: Terms) -> Node | None:
    """A unit matrix renames a label, or picks a diagonal."""
    for place, x in enumerate(node.inputs):
        found = _renamed(node, place) if is_unit(x) else None
        if found is None and is_diagonal(x):
            found = _ordered(node, place)
        if found is not None:
            return found
    return None


def _ordered(node: Node, place: int) -> Node | None:
    """A diagonal matrix with its labels in the order of the result: it is symmetric."""
    i, j = node.params[place]
    out = node.params[2]
    if i not in out or j not in out or out.index(i) < out.index(j):
        return None
    labels = [node.params[0], node.params[1]]
    labels[place] = (j, i)
    return build(contract, node.inputs, (*labels, out))


def _renamed(node: Node, place: int) -> Node | None:
    i, j = node.params[place]
    other, labels, out = node.inputs[1 - place], node.params[1 - place], node.params[2]
    if i in labels and j in labels:
        # d[i,j]*b[i,j]: the diagonal of b, its label the one that remains, if one does.
        rest = tuple([label for label in labels if label not in (i, j)])
        diagonal = OPS["diagonal"](permuted(other, labels, (*rest, i, j)), 0)
        if i in out and j in out:
            return None
        left = i if i in out else j
        if left in out:
            return permuted(diagonal, (*rest, left), out)
        return permuted(OPS["sum"](diagonal, (-1,), False), rest, out)
    for one, two in ((i, j), (j, i)):
        if one not in labels:
            continue
        if one not in out:
            renamed = tuple([two if label == one else label for label in labels])
            return permuted(other, renamed, out)
        # b[.., i] on the diagonal of i and j.
        rest = tuple([label for label in labels if label != one])
        size = node.inputs[place].shape[0]
        embedded = OPS["diag_embed"](permuted(other, labels, (*rest, one)), 0, size, size)
        return permuted(embedded, (*rest, one, two), out)
    return None


@rewrite(
    "diagonal matrix in a contraction",
    "contract",
    {
        "diag(x) @ A": "x[:, None]*A",
        "A @ diag(x)": "A*x",
        "diag(x) @ y": "x*y",
        "diag(x) @ diag(y)": "diag(x*y)",
    },
)
def diagonal_matrix(node: Node, terms: Terms) -> Node | None:
    """A diagonal matrix scales rows or columns."""
    for place, x in enumerate(node.inputs):
        if is_unit(x) or not is_diagonal(x):
            continue
        (values,) = x.inputs
        i, j = node.params[place]
        other, labels, out = node.inputs[1 - place], node.params[1 - place], node.params[2]
        if (i in labels) == (j in labels):
            continue
        one, two = (i, j) if i in labels else (j, i)
        if one in out:
            continue
        renamed = tuple([two if label == one else label for label in labels])
        if is_diagonal(other) and not is_unit(other):
            size = x.shape[0]
            return OPS["diag_embed"](values * other.inputs[0], 0, size, size)
        scale = OPS["reshape"](values, _column(values.shape[0], out.index(two) - len(out)))
        moved = permuted(other, renamed, out)
        return moved * scale if place else scale * moved
    return None


def _column(size: int, axis: int) -> tuple[int, ...]:
    """The shape of a vector along a negative axis."""
    return (size, *[1] * (-axis - 1))


@rewrite(
    "unit matrix in a nested contraction",
    "contract",
    {
        "einsum('ij,ijkl->kl', A, einsum('ik,jl->ijkl', eye(3), eye(3)))": "A",
        "einsum('ijkl,lm->ikjm', einsum('ij,kl->ijkl', eye(3), A), B)": (
            'einsum("ij,kl->ikjl", eye(3), A @ B)'
        ),
    },
)
def nested_unit(node: Node, terms: Terms) -> Node | None:
    """A unit matrix inside an operand, one label of which is summed here."""
    la, lb, lo = node.params
    for place, x in enumerate(node.inputs):
        if x.op.name != "contract" or not any(is_diagonal(y) for y in x.inputs):
            continue
        own = node.params[place]
        other, theirs = node.inputs[1 - place], node.params[1 - place]
        names = dict(zip(x.params[2], own, strict=True))
        fresh = max((*la, *lb, *lo)) + 1
        for label in (*x.params[0], *x.params[1]):
            if label not in names:
                names[label], fresh = fresh, fresh + 1
        for k, unit in enumerate(x.inputs):
            if not is_diagonal(unit):
                continue
            i, j = [names[label] for label in x.params[k]]
            rest = tuple([names[label] for label in x.params[1 - k]])
            if i in lo and j in lo and i not in theirs and j not in theirs:
                # The unit matrix is apart: the others meet without it.
                left = tuple([label for label in lo if label not in (i, j)])
                inner = contract(x.inputs[1 - k], other, rest, theirs, left)
                return contract(unit, inner, (i, j), left, lo)
            for one, two in ((i, j), (j, i)) if is_unit(unit) else ():
                free = two not in rest and two not in theirs and one not in rest
                if one in theirs and one not in lo and free:
                    renamed = tuple([two if label == one else label for label in theirs])
                    return contract(x.inputs[1 - k], other, rest, renamed, lo)
    return None


@rewrite(
    "product with an outer product of a unit matrix",
    "multiply",
    {"exp(x)[:, None]*einsum('ij,k->ijk', eye(3), y)": 'einsum("ij,k->ijk", diag(exp(x)), y)'},
)
def scaled_unit(node: Node, terms: Terms) -> Node | None:
    """Factors along the axes of a unit matrix scale the unit matrix."""
    whole = terms.product(node)
    for key, (base, exponent) in whole.factors.items():
        if base.op.name != "contract" or exponent != 1 or base.shape != node.shape:
            continue
        for place, unit in enumerate(base.inputs):
            if not is_diagonal(unit) or not set(base.params[place]) <= set(base.params[2]):
                continue
            out = base.params[2]
            inside: Factors = {}
            for k, (x, e) in whole.factors.items():
                axes = [out[axis] for axis in range(-x.ndim, 0) if not is_one(x.shape[axis])]
                if k != key and x.ndim and not isinstance(e, Node) and len(axes) == 1:
                    if axes[0] in base.params[place]:
                        inside[k] = (OPS["reshape"](x, (x.size,)), e)
            if not inside:
                continue
            size = unit.shape[0]
            values = terms.joined({terms.key(x): (x, e) for x, e in inside.values()})
            if not is_unit(unit):
                values = values * unit.inputs[0]
            operands = list(base.inputs)
            operands[place] = OPS["diag_embed"](filled(values, (size,)), 0, size, size)
            found = build(contract, tuple(operands), base.params)
            rest = whole.without(key)
            for k in inside:
                rest = rest.without(k)
            return terms.build(terms.times(rest, terms.atom(found), node.shape))
    return None


@rewrite(
    "contraction of a sum with unit matrices",
    "contract",
    {"(eye(3) + A) @ x": "x + A @ x", "(A + B) @ x": "(A + B) @ x"},
)
def distributed(node: Node, terms: Terms) -> Node | None:
    """Term by term where a term is, or holds, a unit or a diagonal matrix."""
    for place, x in enumerate(node.inputs):
        if x.op.name not in ("add", "subtract"):
            continue
        parts = terms.sum(x)
        if not any(_holds_unit(base) for part in parts for base, _ in part.factors.values()):
            continue
        found: list[Product] = []
        for part in parts:
            operands = list(node.inputs)
            operands[place] = filled(terms.build(Product(ONE, part.factors, x.shape)), x.shape)
            whole = build(contract, tuple(operands), node.params)
            piece = terms.product(
                unit_matrix(whole, terms)
                or diagonal_matrix(whole, terms)
                or nested_unit(whole, terms)
                or whole
            )
            found.append(terms.times(Product(part.coef, {}, ()), piece, node.shape))
        return terms.build_sum(terms.collected(found), node.shape)
    return None


def _holds_unit(x: Node) -> bool:
    if x.op.name == "contract":
        return any(is_unit(y) for y in x.inputs)
    return is_diagonal(x)


@rewrite(
    "diagonal of ones",
    "diag_embed",
    {"diag(ones(3))": "eye(3)", "diag(s*ones(3))": "s*eye(3)", "diag(2*ones(3))": "2*eye(3)"},
)
def embedded_constant(node: Node, terms: Terms) -> Node | None:
    """A diagonal of one number is that number times the unit matrix."""
    (x,) = node.inputs
    if not is_diagonal(node):
        return None
    number = known_number(x)
    if number is not None:
        return constant(number) * identity(node.shape)
    if x.op.name == "broadcast_to" and x.inputs[0].ndim == 0:
        return x.inputs[0] * identity(node.shape)
    return None


@rewrite(
    "product with a diagonal matrix",
    "multiply divide power",
    {
        "eye(3)*x": "diag(x)",
        "x[:, None]*eye(3)": "diag(x)",
        "2*eye(3)*x*y[:, None]/s": "2*diag(x*y)/s",
        "eye(3)*A": "diag(diag(A))",
        "diag(x)*A*y": "diag(x*y*diag(A))",
        "s*eye(3)": "s*eye(3)",
        "diag(x)**2": "diag(x**2)",
        "eye(3)/x": "diag(1/x)",
    },
)
def diagonal_product(node: Node, terms: Terms) -> Node | None:
    """What is multiplied element by element with a diagonal matrix counts on the diagonal only."""
    if node.ndim != 2:
        return None
    whole = terms.product(node)
    diagonal = [
        key
        for key, (base, e) in whole.factors.items()
        if is_diagonal(base) and isinstance(e, Fraction) and e > 0
    ]
    scalars = {key: f for key, f in whole.factors.items() if f[0].ndim == 0}
    others = {k: f for k, f in whole.factors.items() if k not in diagonal and k not in scalars}
    powers = [whole.factors[key][1] for key in diagonal]
    if not diagonal or any(isinstance(f[1], Node) and f[1].ndim for f in whole.factors.values()):
        return None
    if not others and powers == [1]:
        return None
    size = node.shape[0]
    values = Product(ONE, {}, (size,))
    for base, exponent in others.values():
        part = terms.atom(_on_diagonal(base, size), exponent)
        values = terms.times(values, part, (size,))
    for key, exponent in zip(diagonal, powers, strict=True):
        base = whole.factors[key][0]
        if not is_unit(base):
            inner = base.inputs[0]
            part = terms.product(inner) if exponent == 1 else terms.atom(inner, exponent)
            values = terms.times(values, part, (size,))
    found = OPS["diag_embed"](terms.build(values), 0, size, size)
    outside = Product(whole.coef, scalars, ())
    return terms.build(terms.times(outside, terms.product(found), node.shape))


def _on_diagonal(base: Node, size: int) -> Node:
    """The elements of a factor that meet the diagonal, as a vector."""
    if base.ndim == 2 and base.shape[0] == base.shape[1] == size:
        return OPS["diagonal"](base, 0)
    return filled(OPS["reshape"](base, (base.size,)), (size,))


@rewrite(
    "product over a sum with a diagonal matrix",
    "multiply divide",
    {
        "x*(eye(3) - A)": "diag(x) - x*A",
        "x*(eye(3) - x[:, None])": "diag(x) - outer(x, x)",
        "2*(eye(3) + A)/s": "2*(eye(3) + A)/s",
    },
)
def over_diagonal_sum(node: Node, terms: Terms) -> Node | None:
    """Tensors taken into a sum that has a diagonal matrix among its terms."""
    from gradcli.algebra.sums_of_products import opened

    if node.ndim != 2:
        return None
    whole = terms.product(node)
    for key, (base, exponent) in whole.factors.items():
        others = [b for k, (b, _) in whole.factors.items() if k != key]
        if exponent != 1 or not is_sum(base) or not any(b.ndim for b in others):
            continue
        parts = terms.sum(base)
        if any(is_diagonal(b) for part in parts for b, _ in part.factors.values()):
            built = [terms.build(p) for p in opened(whole.without(key), parts, node.shape, terms)]
            simple = [diagonal_product(x, terms) or x for x in built]
            products = [terms.product(x) for x in simple]
            return terms.build_sum(terms.collected(products), node.shape)
    return None


@rewrite(
    "sum over a diagonal matrix",
    "sum",
    {
        "sum(eye(3), axis=0)": "ones(3)",
        "sum(diag(x), axis=1)": "x",
        "sum(diag(x))": "sum(x)",
        "sum(eye(3) - outer(x, y), axis=1)": "1 - sum(y)*x",
        "sum(diag(A))": "trace(A)",
    },
)
def diagonal_sum(node: Node, terms: Terms) -> Node | None:
    """Rows and columns of a diagonal matrix have one element; the sum of a diagonal is a trace."""
    (x,), (axes, keepdims) = node.inputs, node.params
    if keepdims:
        return None
    if x.op.name == "diagonal" and axes == (-1,) and x.params[0] == 0:
        return OPS["trace"](x.inputs[0])
    if is_diagonal(x):
        values = constant(1.0, x.shape[:1]) if is_unit(x) else x.inputs[0]
        return values if len(axes) == 1 else OPS["sum"](values, (-1,), False)
    if x.ndim == 2 and is_sum(x):
        parts = terms.sum(x)
        if any(is_diagonal(b) for part in parts for b, _ in part.factors.values()):
            sums = [OPS["sum"](filled(terms.build(p), x.shape), axes, False) for p in parts]
            simple = [diagonal_sum(s, terms) or s for s in sums]
            products = [terms.product(s) for s in simple]
            return terms.build_sum(terms.collected(products), node.shape)
    return None


@rewrite(
    "mean over a diagonal matrix",
    "mean",
    {"mean(diag(x), axis=1)": "x/3", "mean(eye(3), axis=0)": "full((3,), 0.3333333333333333)"},
    after="mean",
)
def diagonal_mean(node: Node, terms: Terms) -> Node | None:
    """The sum over the count."""
    (x,), (axes, keepdims) = node.inputs, node.params
    total = OPS["sum"](x, axes, keepdims)
    found = diagonal_sum(total, terms) if x.ndim == 2 else None
    count = constant(size_of(tuple([x.shape[axis] for axis in axes])))
    return None if found is None else found / count


@rewrite(
    "diagonal of a structured matrix",
    "diagonal trace",
    {
        "diag(eye(3))": "ones(3)",
        "diag(diag(x))": "x",
        "diag(outer(x, y))": "x*y",
        "trace(outer(x, y))": "sum(x*y)",
        "trace(eye(3))": "3",
    },
)
def structured_diagonal(node: Node, terms: Terms) -> Node | None:
    """The diagonals of unit and diagonal matrices and of outer products."""
    (x,) = node.inputs
    if x.ndim != 2 or (node.params and node.params[0] != 0):
        return None
    values: Node | None = None
    if is_unit(x):
        values = constant(1.0, x.shape[:1])
    elif is_diagonal(x):
        values = x.inputs[0]
    elif x.op.name == "contract" and not any(label in x.params[1] for label in x.params[0]):
        a, b = x.inputs
        if a.ndim == b.ndim == 1:
            values = a * b
            if node.op.name == "trace":
                return x.op(a, b, (0,), (0,), ())
    elif is_sum(x) and any(
        is_diagonal(b) for part in terms.sum(x) for b, _ in part.factors.values()
    ):
        parts = [node.op(filled(terms.build(p), x.shape), *node.params) for p in terms.sum(x)]
        return terms.build_sum([terms.atom(part) for part in parts], node.shape)
    if values is None:
        return None
    return values if node.op.name == "diagonal" else OPS["sum"](values, (-1,), False)
