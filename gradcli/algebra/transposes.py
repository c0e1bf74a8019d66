"""Transposes: outside of functions, inside of sums where that is shorter, else gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradcli.algebra.engine import rewrite
from gradcli.algebra.match import filled, is_diagonal, is_one, is_sum, is_unit
from gradcli.algebra.terms import Product
from gradcli.graph import OPS, Node
from gradcli.ops.contraction import contract
from gradcli.ops.family import build

if TYPE_CHECKING:
    from gradcli.algebra.terms import Factors, Terms

    Axes = tuple[int, ...]
    Labels = tuple[int, ...]


@rewrite(
    "transpose of a contraction",
    "transpose",
    {"(A @ B).T": "B.T @ A.T", "outer(x, y).T": "outer(y, x)"},
)
def contraction_transposed(node: Node, terms: Terms) -> Node | None:
    """The labels of the result in another order."""
    (x,), (perm,) = node.inputs, node.params
    if x.op.name != "contract":
        return None
    la, lb, lo = x.params
    return build(contract, x.inputs, (la, lb, tuple([lo[axis] for axis in perm])))


@rewrite(
    "transpose of a sum of contractions",
    "transpose",
    {
        "transpose(einsum('i,jk->ijk', x, A) + 2*einsum('i,jk->jik', x, A), (1, 0, 2))": (
            'einsum("i,jk->jik", x, A) + 2*einsum("i,jk->ijk", x, A)'
        ),
    },
)
def transposed_contractions(node: Node, terms: Terms) -> Node | None:
    """The labels of each result in another order."""
    (x,), (perm,) = node.inputs, node.params
    turned: list[Product] = []
    for part in terms.sum(x):
        total = Product(part.coef, {}, node.shape)
        for base, exponent in part.factors.values():
            if base.ndim and (exponent != 1 or base.op.name != "contract" or base.shape != x.shape):
                return None
            new = base
            if base.ndim:
                la, lb, lo = base.params
                order = tuple([lo[axis] for axis in perm])
                new = build(contract, base.inputs, (la, lb, order))
            total = terms.times(total, terms.atom(new, exponent), node.shape)
        turned.append(total)
    return terms.build_sum(turned, node.shape) if len(turned) > 1 else None


@rewrite(
    "functions of a transpose",
    "inv det adjugate trace diagonal",
    {
        "inv(A.T)": "inv(A).T",
        "det(A.T)": "det(A)",
        "adjugate(A.T)": "adjugate(A).T",
        "diag(A.T)": "diag(A)",
    },
)
def of_transpose(node: Node, terms: Terms) -> Node | None:
    """The transpose outside, or gone."""
    (x,) = node.inputs
    if x.op.name != "transpose" or x.ndim != 2 or (node.params and node.params[0] != 0):
        return None
    found = node.op(x.inputs[0], *node.params)
    return OPS["transpose"](found, (-1, -2)) if node.ndim == 2 else found


@rewrite(
    "transpose of a symmetric matrix",
    "transpose",
    {"eye(3).T": "eye(3)", "diag(x).T": "diag(x)", "eye(3)[:, :2].T": "eye(3)[:2]"},
)
def symmetric(node: Node, terms: Terms) -> Node | None:
    """A diagonal matrix is its own transpose; columns of the unit matrix are its rows."""
    (x,), (perm,) = node.inputs, node.params
    if x.ndim != 2 or perm != (-1, -2):
        return None
    if x.op.name == "index" and is_unit(x.inputs[0]):
        return OPS["index"](x.inputs[0], x.params[0][::-1])
    return x if is_diagonal(x) else None


@rewrite(
    "transpose of a function",
    "*elementwise",
    {
        "exp(A.T)": "exp(A).T",
        "A.T + B.T": "(A + B).T",
        "A.T*B.T": "(A*B).T",
        "A.T + B": "A.T + B",
    },
)
def function_of_transposes(node: Node, terms: Terms) -> Node | None:
    """Where all operands but scalars are transposed, so is the result."""
    if node.op.name == "negative":
        return None  # a sign stands outside
    turned = [x for x in node.inputs if x.op.name == "transpose"]
    perms = {x.params[0] for x in turned}
    fits = all(x in turned or x.ndim == 0 for x in node.inputs)
    if len(perms) != 1 or not fits or (len(turned) == 1 < len(node.inputs)):
        return None
    (perm,) = perms
    operands = [x.inputs[0] if x.op.name == "transpose" else x for x in node.inputs]
    return OPS["transpose"](node.op(*operands), perm)


@rewrite(
    "transposed factor in a contraction",
    "contract",
    {"A.T @ (x*B.T).T": "A.T @ (x[:, None]*B)", "(x*A.T) @ B": "(x[:, None]*A).T @ B"},
)
def transposed_factor(node: Node, terms: Terms) -> Node | None:
    """A product of transposed matrices and vectors, transposed: the labels take it up."""
    labels, operands = [*node.params[:2]], [*node.inputs]
    for place, x in enumerate(operands):
        if x.ndim != 2 or x.op.name not in ("multiply", "divide"):
            continue
        found = _turned_product(terms.product(x), x, terms)
        if found is not None and not _has_transposes(found):
            operands[place], labels[place] = found, labels[place][::-1]
            return build(contract, tuple(operands), (*labels, node.params[2]))
    return None


@rewrite(
    "transposed product in a contraction",
    "contract",
    {"B.T @ (A @ C.T).T": "B.T @ C @ A.T"},
    after="transpose in a contraction",
)
def transposed_product(node: Node, terms: Terms) -> Node | None:
    """A product of matrices as its transpose, where that is shorter."""
    labels, operands = [*node.params[:2]], [*node.inputs]
    best: Node | None = None
    for place, x in enumerate(operands):
        if x.op.name != "contract" or x.ndim != 2:
            continue
        la, lb, lo = x.params
        turned = build(contract, x.inputs, (la, lb, lo[::-1]))
        own = [turned if k == place else y for k, y in enumerate(operands)]
        order = [own_[::-1] if k == place else own_ for k, own_ in enumerate(labels)]
        found = build(contract, tuple(own), (*order, node.params[2]))
        if terms.cost(found) < terms.cost(best or node):
            best = found
    return best


def _has_transposes(x: Node) -> bool:
    return any(part.op.name == "transpose" for part in (x, *x.inputs))


@rewrite(
    "transpose of sums and products",
    "transpose",
    {
        "(A + A.T).T": "A + A.T",
        "(A + B).T": "(A + B).T",
        "(eye(3) - A).T": "eye(3) - A.T",
        "(exp(x)*A.T).T": "exp(x)[:, None]*A",
        "(eye(3)/s - outer(x, x)/s**3).T": "eye(3)/s - outer(x, x)/s**3",
    },
)
def transposed_terms(node: Node, terms: Terms) -> Node | None:
    """Term by term and factor by factor, where that is shorter."""
    (x,), (perm,) = node.inputs, node.params
    if x.ndim != 2 or perm != (-1, -2) or not (is_sum(x) or x.op.name in ("multiply", "divide")):
        return None
    turned: list[Product] = []
    for part in terms.sum(x):
        found = _turned_product(part, x, terms)
        if found is None:
            return None
        turned.append(terms.product(found))
    result = terms.build_sum(terms.collected(turned), node.shape)
    return result if terms.cost(result) < terms.cost(node) else None


def _turned_product(part: Product, x: Node, terms: Terms) -> Node | None:
    """The transpose of a product that is broadcast to the shape of x, factor by factor."""
    shape = x.shape[::-1]
    total = Product(part.coef, {}, shape)
    row: Factors = {}
    for key, (base, exponent) in part.factors.items():
        if isinstance(exponent, Node) and exponent.ndim:
            return None
        if base.ndim == 1:
            row[key] = (base, exponent)
        else:
            total = terms.times(total, terms.atom(_turned(base), exponent), shape)
    if row:
        column = OPS["reshape"](filled(terms.joined(row), x.shape[1:]), (x.shape[1], 1))
        total = terms.times(total, terms.atom(column), shape)
    return terms.build(total, shape)


def _turned(x: Node) -> Node:
    """The transpose of a factor, without `.T` where it is symmetric or a contraction."""
    if x.ndim == 0 or is_diagonal(x):
        return x
    if x.op.name == "contract":
        la, lb, lo = x.params
        return x.op(*x.inputs, la, lb, lo[::-1])
    return OPS["transpose"](x, (-1, -2))


@rewrite(
    "transpose of a repetition",
    "transpose",
    {
        "broadcast_to(x[:, None], (3, 2)).T": "outer(ones(2), x)",
        "broadcast_to(x, (2, 3)).T": "outer(x, ones(2))",
    },
)
def repetition_transposed(node: Node, terms: Terms) -> Node | None:
    """Transposed before it is repeated."""
    (x,), (perm,) = node.inputs, node.params
    if x.op.name != "broadcast_to":
        return None
    (inner,) = x.inputs
    whole = OPS["reshape"](inner, (1,) * (x.ndim - inner.ndim) + inner.shape)
    return OPS["broadcast_to"](OPS["transpose"](whole, perm), node.shape)


@rewrite(
    "transpose of a row or a column",
    "transpose",
    {"x[:, None].T": "x[None]", "x[None, :].T": "x[:, None]"},
)
def column_transposed(node: Node, terms: Terms) -> Node | None:
    """Where axes of size 1 alone change places, a reshape does it."""
    (x,) = node.inputs
    full = [axis for axis in node.params[0] if not is_one(x.shape[axis])]
    return OPS["reshape"](x, node.shape) if full == sorted(full) else None
