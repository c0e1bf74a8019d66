"""How formulas write contractions: `A @ x`, `A.T @ B`, `outer(x, y)`, `sum(A*B)`, else einsum."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

from gradcli.ops.notation.formula import Attribute, Call, Formula, Infix, Number, transposed
from gradcli.ops.notation.placed import OUTER

if TYPE_CHECKING:
    from gradcli.graph import Node

    Labels = tuple[int, ...]


def contraction_form(node: Node, a: Formula, b: Formula) -> Formula:
    """A contraction in the shortest way that there is."""
    la, lb, lo = node.params
    if not la or not lb:
        scalar, other, labels = (a, b, lb) if not la else (b, a, la)
        moved = _permuted(other, labels, lo)
        if moved is not None:
            return Infix("*", scalar, moved, node.ndim)
    matrix = _matrix_product(a, b, la, lb, lo)
    if matrix is not None:
        return matrix
    if set(la) == set(lb) and not lo:
        second = _permuted(b, lb, la)
        if second is not None:
            return Call("sum", Infix("*", a, second, a.ndim), ndim=0)
    letters = dict(zip(dict.fromkeys((*la, *lb)), string.ascii_letters[8:], strict=False))
    terms = ["".join([letters[label] for label in labels]) for labels in (la, lb, lo)]
    subscripts = f"{terms[0]},{terms[1]}->{terms[2]}"
    return Call("einsum", subscripts, a, b, ndim=node.ndim)


def _matrix_product(a: Formula, b: Formula, la: Labels, lb: Labels, lo: Labels) -> Formula | None:
    """`a @ b` of vectors, matrices and stacks of matrices, or None."""
    shared = [label for label in la if label in lb]
    summed = [label for label in shared if label not in lo]
    ranks = (len(la), len(lb))
    if ranks == (1, 1):
        if summed:
            return _dot(a, b)
        if len(lo) == 2:
            first, second = (a, b) if lo == (*la, *lb) else (b, a)
            return Call("outer", first, second, ndim=2, latex=OUTER)
        return None
    if len(summed) != 1:
        return None
    (middle,) = summed
    if ranks == (1, 2):
        a, b, la, lb = b, a, lb, la
        ranks = (2, 1)
    if ranks == (2, 1) and len(lo) == 1:
        return Infix("@", a if la[1] == middle else transposed(a), b, 1)
    if ranks == (2, 2) and len(lo) == 2 and len(shared) == 1:
        if lo[0] in lb:
            a, b, la, lb = b, a, lb, la
        left = a if la[1] == middle else transposed(a)
        right = b if lb[0] == middle else transposed(b)
        return Infix("@", left, right, 2)
    if ranks[1] == 1 and la[-1] == middle and lo == la[:-1]:
        return Infix("@", a, b, len(lo))
    batch = lo[:-2]
    if ranks[0] == ranks[1] == len(lo) and la[:-2] == lb[:-2] == batch and len(batch) > 0:
        if lo[-2] in lb:
            a, b, la, lb = b, a, lb, la
        left = a if la[-1] == middle else _stack_transposed(a)
        right = b if lb[-2] == middle else _stack_transposed(b)
        return Infix("@", left, right, len(lo))
    return None


def _dot(a: Formula, b: Formula) -> Formula:
    """`x @ y`; with a matrix between them `x @ A @ y`, whichever it stands by."""
    for vector, other in ((a, b), (b, a)):
        if _applied(other) is not None and _applied(vector) is None:
            matrix, operand = _applied(other) or (a, b)
            if isinstance(matrix, Attribute) and matrix.name == "T":
                return Infix("@", Infix("@", operand, matrix.base, 1), vector, 0)
            return Infix("@", Infix("@", vector, matrix, 1), operand, 0)
    return Infix("@", a, b, 0)


def _applied(x: Formula) -> tuple[Formula, Formula] | None:
    """The matrix and the vector of `A @ x`."""
    if isinstance(x, Infix) and x.symbol == "@" and x.left.ndim == 2 and x.right.ndim == 1:
        return x.left, x.right
    return None


def _stack_transposed(x: Formula) -> Formula:
    return x.base if isinstance(x, Attribute) and x.name == "mT" else Attribute(x, "mT")


def _permuted(x: Formula, labels: Labels, wanted: Labels) -> Formula | None:
    """X with its axes in another order, where that is none, `.T` or `.mT`."""
    if labels == wanted:
        return x
    if labels == wanted[::-1] and len(labels) == 2:
        return transposed(x)
    if sorted(labels) == sorted(wanted):
        axes = tuple([labels.index(label) for label in wanted])
        return Call("transpose", x, axes, ndim=x.ndim)
    return None


def masked_form(node: Node, g: Formula, mask: Formula, b: Formula) -> Formula:
    """As the plain contraction of what the mask selects: the same wherever b is finite."""
    chosen = Call("where", mask, g, Number(0), ndim=g.ndim)
    return contraction_form(node, chosen, b)
