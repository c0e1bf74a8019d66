"""Inverses, determinants and adjugates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradcli.algebra.engine import rewrite
from gradcli.algebra.match import is_scalar, permuted
from gradcli.algebra.terms import ONE, Product
from gradcli.graph import OPS, Node
from gradcli.ops.rows.linalg import identity, matrix_product

if TYPE_CHECKING:
    from gradcli.algebra.terms import Terms

    Axes = tuple[int, ...]
    Labels = tuple[int, ...]


@rewrite(
    "matrix and its inverse",
    "contract",
    {
        "inv(A) @ A": "eye(3)",
        "einsum('ji,kj->ik', A, inv(A))": "eye(3)",
        "inv(A) @ (A @ x)": "x",
        "A @ (inv(A) @ B)": "B",
    },
    formulas_only=True,
)
def cancelled_inverse(node: Node, terms: Terms) -> Node | None:
    """A matrix beside its inverse, also one product further in."""
    (a, b), (la, lb, lo) = node.inputs, node.params
    pair = _inverse_pair(a, la, b, lb, terms)
    if pair is not None and pair[0] not in lo and len(lo) == 2 and a.ndim == 2:
        return identity(a.shape)
    for (x, lx), (y, ly) in (((a, la), (b, lb)), ((b, lb), (a, la))):
        if y.op.name != "contract" or x.ndim != 2:
            continue
        names = dict(zip(y.params[2], ly, strict=True))
        fresh = max((*la, *lb, *lo)) + 1
        for label in (*y.params[0], *y.params[1]):
            if label not in names:
                names[label], fresh = fresh, fresh + 1
        for k, inner in enumerate(y.inputs):
            own = tuple([names[label] for label in y.params[k]])
            found = _inverse_pair(x, lx, inner, own, terms)
            if found is None or found[0] in lo:
                continue
            middle, free_x, free_inner = found
            rest = tuple([names[label] for label in y.params[1 - k]])
            if middle in rest or free_inner in lo or free_inner not in rest:
                continue
            renamed = tuple([free_x if label == free_inner else label for label in rest])
            return permuted(y.inputs[1 - k], renamed, lo)
    return None


def _inverse_pair(
    a: Node, la: Labels, b: Node, lb: Labels, terms: Terms
) -> tuple[int, int, int] | None:
    """For a matrix and its inverse with one label in common, the label and the two others.

    They meet as in a product: the rows of one with the columns of the other.
    """
    if a.ndim != 2 or b.ndim != 2:
        return None
    for x, y in ((a, b), (b, a)):
        if x.op.name == "inv" and terms.key(x.inputs[0]) == terms.key(y):
            if la[1] == lb[0] and la[0] != lb[1]:
                return la[1], la[0], lb[1]
            if la[0] == lb[1] and la[1] != lb[0]:
                return la[0], la[1], lb[0]
    return None


@rewrite(
    "adjugate over determinant",
    "multiply divide",
    {"adjugate(A)/det(A)": "inv(A)", "s*adjugate(A).T/det(A)": "s*inv(A).T"},
    formulas_only=True,
)
def adjugate(node: Node, terms: Terms) -> Node | None:
    """`adjugate(X)/det(X)` is `inv(X)`."""
    whole = terms.product(node)
    for key, (base, exponent) in whole.factors.items():
        inner = base.inputs[0] if base.op.name == "transpose" else base
        if inner.op.name != "adjugate" or exponent != 1 or inner.ndim != 2:
            continue
        under = terms.key(OPS["det"](inner.inputs[0]))
        if whole.factors.get(under, (None, 0))[1] == -1:
            found = OPS["inv"](inner.inputs[0])
            if inner is not base:
                found = OPS["transpose"](found, base.params[0])
            rest = whole.without(key).without(under)
            return terms.build(terms.times(rest, terms.atom(found), node.shape))
    return None


@rewrite(
    "inverse of an inverse", "inv", {"inv(inv(A))": "A", "inv(2*A)": "0.5*inv(A)"},
)  # fmt: skip
def inverse_twice(node: Node, terms: Terms) -> Node | None:
    """`inv(inv(A))` is A; numbers come out."""
    (x,) = node.inputs
    if x.op.name == "inv":
        return x.inputs[0]
    whole = terms.product(x)
    scalars = {k: f for k, f in whole.factors.items() if is_scalar(*f)}
    rest = {k: f for k, f in whole.factors.items() if k not in scalars}
    if not rest or (not scalars and whole.coef == 1) or whole.coef == 0:
        return None
    outer = terms.raised(Product(whole.coef, scalars, ()), -1)
    inner = OPS["inv"](terms.build(Product(ONE, rest, x.shape)))
    return terms.build(terms.times(outer, terms.product(inner), node.shape))


@rewrite(
    "linear system",
    "solve",
    {"solve(A, B)": "inv(A) @ B", "solve(A, x)": "inv(A) @ x"},
    formulas_only=True,
)
def solved(node: Node, terms: Terms) -> Node | None:
    """`solve(A, B)` as a textbook writes it."""
    a, b = node.inputs
    return matrix_product(OPS["inv"](a), b)
