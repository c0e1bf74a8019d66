"""Inverse, linear systems and determinant, over the last two axes.

Rules from M. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic
differentiation" (2008); the determinant's by its adjugate, which exists for singular matrices too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import ComputationError, ShapeError
from gradcli.graph import Shape, builder, make
from gradcli.ops.contraction import contract
from gradcli.ops.cotangent import nonzero, real
from gradcli.ops.custom import Custom, require_square, square_types
from gradcli.ops.elementwise import shape_text
from gradcli.ops.leaves import eye_
from gradcli.ops.linear import diagonal, reshape, sum_, transpose

if TYPE_CHECKING:
    from gradcli.graph import Node
    from gradcli.ops.family import Types

Array = np.ndarray[Any, Any]

REGULAR = "regular"
SQUARE = ((((3, 3),), ()), (((2, 2, 2),), ()))
INVERTIBLE = "invertible square matrices"


def matrix_transpose(a: Node) -> Node:
    """The last two axes exchanged."""
    return transpose(a, (*range(-a.ndim, -2), -1, -2))


def matrix_product(a: Node, b: Node) -> Node:
    """Product of stacks of matrices that have the same leading axes."""
    batch = tuple(range(a.ndim - 2))
    row, middle, column = a.ndim, a.ndim + 1, a.ndim + 2
    return contract(a, b, (*batch, row, middle), (*batch, middle, column), (*batch, row, column))


def matrix_lane(node: Node, mask: Node, place: int) -> Node:
    """Each matrix of a stack is apart from the others: it counts where any of its elements does."""
    lead = node.inputs[place].shape[:-2]
    inner = tuple(range(len(lead) - mask.ndim, 0))
    hit = nonzero(sum_(real(mask), inner, False)) if inner else mask
    return reshape(hit, (*lead, 1, 1))


def _solved(what: str, *arrays: Array) -> Array:
    try:
        if what == "inv":
            return np.linalg.inv(*arrays)
        return np.linalg.solve(*arrays)
    except np.linalg.LinAlgError:
        raise ComputationError(
            f"`{what}` of a singular matrix does not exist",
            hint="at these inputs its determinant is 0; the derivatives of inv, solve and slogdet "
            "need its inverse too",
        ) from None


def _inv_vjp(node: Node, g: Node) -> list[Node]:
    back = matrix_transpose(node)
    return [-matrix_product(matrix_product(back, g), back)]


inv: Custom = Custom(
    "inv",
    lambda a: _solved("inv", a),
    square_types("inv"),
    _inv_vjp,
    doc="Inverse of a square matrix.",
    domain=INVERTIBLE,
    box=(REGULAR,),
    kinks=(),
    samples=SQUARE,
    lane=matrix_lane,
)


def _solve_types(a: Node, b: Node) -> Types:
    require_square("solve", a.shape)
    if a.shape[:-1] != b.shape[:-1]:
        raise ShapeError(
            f"`solve` cannot combine a matrix of shape {shape_text(a.shape)} with right sides of "
            f"shape {shape_text(b.shape)}"
        )
    return ((b.shape, "real"),)


def _solve_vjp(node: Node, g: Node) -> list[Node]:
    a, _ = node.inputs
    right = solve(matrix_transpose(a), g)
    return [-matrix_product(right, matrix_transpose(node)), right]


solve: Custom = Custom(
    "solve",
    lambda a, b: _solved("solve", a, b),
    _solve_types,
    _solve_vjp,
    doc="x with a @ x = b, for one or more right sides as columns.",
    domain=INVERTIBLE,
    box=(REGULAR, (-2.0, 2.0)),
    kinks=(),
    samples=((((3, 3), (3, 2)), ()), (((2, 2, 2), (2, 2, 1)), ())),
    lane=matrix_lane,
)


def scalar_per_matrix(a: Node) -> Types:
    require_square("det", a.shape)
    return ((a.shape[:-2], "real"),)


def per_matrix(value: Node) -> Node:
    return reshape(value, (*value.shape, 1, 1))


det: Custom = Custom(
    "det",
    np.linalg.det,
    scalar_per_matrix,
    lambda node, g: [per_matrix(g) * matrix_transpose(adjugate(node.inputs[0]))],
    doc="Determinant; its derivative is exact for singular matrices too.",
    domain="square matrices",
    box=(REGULAR,),
    kinks=(),
    samples=SQUARE,
    lane=matrix_lane,
)


def _others(values: Array) -> Array:
    """Along the last axis, the product of all other elements, without division."""
    ones = np.ones((*values.shape[:-1], 1), values.dtype)
    before = np.cumprod(np.concatenate([ones, values[..., :-1]], -1), -1)
    after = np.cumprod(np.concatenate([ones, values[..., :0:-1]], -1), -1)[..., ::-1]
    return np.asarray(before * after)


def _factors(a: Array) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Complete pivoting: `a[p][:, q] = l @ diag(d) @ u` with unit triangular l and u.

    Gives (inverse of l, d, inverse of u, p, q, sign of both permutations). Unlike singular values,
    it keeps small elements of badly scaled matrices to their own digits; zeros of d are the rank
    that is missing.
    """
    n = a.shape[-1]
    work = a.reshape(-1, n, n).copy()
    stack = np.arange(len(work))
    lower = np.zeros_like(work) + np.eye(n, dtype=a.dtype)
    upper = lower.copy()
    p = np.tile(np.arange(n), (len(work), 1))
    q = p.copy()
    sign = np.ones(len(work), a.dtype)
    for k in range(n):
        size = np.abs(work[:, k:, k:]).reshape(len(work), -1)
        row, column = np.divmod(np.argmax(size, axis=1), n - k)
        for order, other, chosen in ((p, lower, row + k), (q, upper, column + k)):
            moved = chosen != k
            sign = np.where(moved, -sign, sign)
            order[stack, k], order[stack, chosen] = order[stack, chosen], order[stack, k].copy()
            if other is lower:
                _exchange(work, stack, k, chosen)
                _exchange(lower[:, :, :k], stack, k, chosen)
            else:
                _exchange(work.swapaxes(1, 2), stack, k, chosen)
                _exchange(upper[:, :k].swapaxes(1, 2), stack, k, chosen)
        pivot = work[:, k, k]
        divisor = np.where(pivot == 0, 1, pivot)[:, None]
        down, across = work[:, k + 1 :, k] / divisor, work[:, k, k + 1 :] / divisor
        lower[:, k + 1 :, k], upper[:, k, k + 1 :] = down, across
        work[:, k + 1 :, k + 1 :] -= down[:, :, None] * work[:, k, None, k + 1 :]
    d = np.einsum("bii->bi", work)
    return np.linalg.inv(lower), d, np.linalg.inv(upper), p, q, sign


def _exchange(matrices: Array, stack: Array, k: int, chosen: Array) -> None:
    """Exchange row k with the chosen row of each matrix, in place."""
    kept = matrices[stack, k].copy()
    matrices[stack, k] = matrices[stack, chosen]
    matrices[stack, chosen] = kept


def _assembled(inner: Array, factors: tuple[Array, ...], shape: Shape) -> Array:
    """`sign * u^-1 @ inner @ l^-1` with its rows and columns back where they belong."""
    l_inverse, _, u_inverse, p, q, sign = factors
    middle = (u_inverse @ inner @ l_inverse) * sign[:, None, None]
    result = np.empty_like(middle)
    result[np.arange(len(middle))[:, None, None], q[:, :, None], p[:, None, :]] = middle
    return result.reshape(shape)


def _adjugate(a: Array) -> Array:
    if not a.size:
        return a
    factors = _factors(a)
    d = factors[1]
    return _assembled(np.eye(a.shape[-1]) * _others(d)[:, None, :], factors, a.shape)


def _adjugate_tangent(a: Array, e: Array) -> Array:
    """Derivative of the adjugate in direction e, exact whatever the rank.

    In the bases of the triangular factors a is diagonal, d, and e is f: then entry (i, j) is
    -f[i,j] * prod(d without i, j), and entry (i, i) the sum over k of f[k,k] * the same product.
    """
    if not a.size:
        return a
    n = a.shape[-1]
    factors = _factors(a)
    l_inverse, d, u_inverse, p, q, _ = factors
    flat = e.reshape(-1, n, n)
    moved = flat[np.arange(len(flat))[:, None, None], p[:, :, None], q[:, None, :]]
    f = l_inverse @ moved @ u_inverse
    unit = np.eye(n, dtype=np.bool_)
    spread = np.where(unit, 1, np.repeat(d[:, None, :], n, axis=-2))
    pairs = np.where(unit, 0, _others(spread)).astype(a.dtype, copy=False)
    inner = -f * pairs
    place = np.arange(n)
    inner[..., place, place] = np.einsum("...ik,...kk->...i", pairs, f)
    return _assembled(inner, factors, a.shape)


def _adjugate_vjp(node: Node, g: Node) -> list[Node]:
    return [matrix_transpose(adjugate_tangent(node.inputs[0], matrix_transpose(g)))]


def _adjugate_textbook(node: Node, g: Node) -> list[Node]:
    """The same by the inverse, in formulas: that of det(a)*inv(a)."""
    (a,) = node.inputs
    if builder().left_out is None:
        return _adjugate_vjp(node, g)
    inverse = inv(a)
    turned = matrix_transpose(inverse)
    last = tuple(range(a.ndim))
    trace = per_matrix(contract(g, inverse, last, last, last[:-2]))
    through = matrix_product(matrix_product(turned, g), turned)
    return [per_matrix(det(a)) * (trace * turned - through)]


adjugate: Custom = Custom(
    "adjugate",
    _adjugate,
    square_types("adjugate"),
    _adjugate_vjp,
    doc="Transposed matrix of cofactors: det(a)*inv(a), also where a is singular.",
    domain="square matrices",
    box=(REGULAR,),
    kinks=(),
    samples=SQUARE,
    lane=matrix_lane,
    textbook=_adjugate_textbook,
)


def _adjugate_tangent_vjp(node: Node, g: Node) -> list[Node]:
    """By a: from d adj = (tr(adj e) I - adj e) inv(a), which wants an invertible a."""
    a, e = node.inputs
    back = matrix_transpose(adjugate_tangent(a, matrix_transpose(g)))
    inverse = matrix_transpose(inv(a))
    cofactors = adjugate(a)
    # y = (tr(adj e) I - adj e) inv(a); h = g inv(a).T is the cotangent of the bracket.
    h = matrix_product(g, inverse)
    unit = identity(a.shape)
    trace = per_matrix(sum_(diagonal(h, 0), (-1,), False))
    bracket = unit * trace - h
    by_cofactors = matrix_product(bracket, matrix_transpose(e))
    through = matrix_transpose(adjugate_tangent(a, matrix_transpose(by_cofactors)))
    left = per_matrix(
        sum_(diagonal(matrix_product(cofactors, e), 0), (-1,), False)
    ) * unit - matrix_product(cofactors, e)
    by_inverse = matrix_product(matrix_transpose(left), g)
    direct = -matrix_product(matrix_product(inverse, by_inverse), inverse)
    return [through + direct, back]


def identity(shape: Shape) -> Node:
    """The unit matrix for stacks of that shape (broadcasting)."""
    return make(eye_, (), ((shape[-2], shape[-1]), 0))


adjugate_tangent: Custom = Custom(
    "adjugate_tangent",
    _adjugate_tangent,
    lambda a, e: square_types("adjugate")(a),
    _adjugate_tangent_vjp,
    doc="Derivative of the adjugate of a in the direction e.",
    domain="square matrices",
    box=(REGULAR, (-2.0, 2.0)),
    kinks=(),
    samples=((((3, 3), (3, 3)), ()),),
    lane=matrix_lane,
)
