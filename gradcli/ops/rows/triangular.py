"""Triangles of matrices, triangular systems, and the Cholesky factor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import ComputationError, ShapeError
from gradcli.ops.custom import Custom, require_square
from gradcli.ops.elementwise import shape_text
from gradcli.ops.linear import Linear
from gradcli.ops.rows.linalg import REGULAR, SQUARE, matrix_lane, matrix_product, matrix_transpose

if TYPE_CHECKING:
    from gradcli.graph import Node
    from gradcli.ops.family import Types

Array = np.ndarray[Any, Any]

tril: Linear = Linear(
    "tril",
    lambda x, lead, k: np.tril(x, k),
    lambda operand, k: operand,
    lambda g, x, k: tril(g, k),
    doc="The lower triangle of matrices, up to the k-th diagonal; zeros elsewhere.",
    samples=((((3, 3),), (0,)), (((2, 2, 3),), (-1,))),
    sparse_adjoint=True,
)

triu: Linear = Linear(
    "triu",
    lambda x, lead, k: np.triu(x, k),
    lambda operand, k: operand,
    lambda g, x, k: triu(g, k),
    doc="The upper triangle of matrices, from the k-th diagonal; zeros elsewhere.",
    samples=((((3, 3),), (0,)), (((2, 2, 3),), (1,))),
    sparse_adjoint=True,
)


def _triangle(a: Node, lower: bool, unit: bool) -> Node:
    return tril(a, -1 if unit else 0) if lower else triu(a, 1 if unit else 0)


def _solve_triangular(a: Array, b: Array, lower: bool, unit: bool) -> Array:
    if lower:  # Turned round it is an upper one, which elimination leaves as it is.
        a, b = a[..., ::-1, ::-1], b[..., ::-1, :]
    a = np.triu(a)
    if unit:
        place = np.arange(a.shape[-1])
        a[..., place, place] = 1
    try:
        x = np.linalg.solve(a, b)
    except np.linalg.LinAlgError:
        raise ComputationError(
            "`solve_triangular` of a singular matrix does not exist",
            hint="at these inputs there is a 0 on the diagonal of the matrix",
        ) from None
    return x[..., ::-1, :] if lower else x


def _solve_triangular_types(a: Node, b: Node, lower: bool, unit: bool) -> Types:
    require_square("solve_triangular", a.shape)
    if a.shape[:-1] != b.shape[:-1]:
        raise ShapeError(
            f"`solve_triangular` cannot combine a matrix of shape {shape_text(a.shape)} with right "
            f"sides of shape {shape_text(b.shape)}"
        )
    return ((b.shape, "real"),)


def _solve_triangular_vjp(node: Node, g: Node) -> list[Node]:
    (a, _), (lower, unit) = node.inputs, node.params
    right = solve_triangular(matrix_transpose(a), g, not lower, unit)
    return [-_triangle(matrix_product(right, matrix_transpose(node)), lower, unit), right]


solve_triangular: Custom = Custom(
    "solve_triangular",
    _solve_triangular,
    _solve_triangular_types,
    _solve_triangular_vjp,
    doc="x with t @ x = b, where t is a triangle of a (with ones on its diagonal, if so wanted).",
    domain="square matrices without zeros on the diagonal",
    box=(REGULAR, (-2.0, 2.0)),
    kinks=(),
    samples=(
        (((3, 3), (3, 2)), (True, False)),
        (((2, 2, 2), (2, 2, 1)), (False, False)),
        (((3, 3), (3, 1)), (False, True)),
        (((3, 3), (3, 1)), (True, True)),
    ),
    lane=matrix_lane,
)


def symmetric_part(a: Array) -> Array:
    """The symmetric part of matrices; of a symmetric one the same to the bit."""
    return np.asarray((a + a.swapaxes(-1, -2)) / a.dtype.type(2))


def _cholesky(a: Array) -> Array:
    try:
        return np.linalg.cholesky(symmetric_part(a))
    except np.linalg.LinAlgError:
        raise ComputationError(
            "`cholesky` of a matrix that is not positive definite does not exist",
            hint="at these inputs a pivot of the factorisation is negative or 0",
        ) from None


def _cholesky_types(a: Node) -> Types:
    require_square("cholesky", a.shape)
    return ((a.shape, "real"),)


def _cholesky_vjp(node: Node, g: Node) -> list[Node]:
    """I. Murray, "Differentiation of the Cholesky decomposition" (2016), section 3.2."""
    back = matrix_transpose(node)
    product = matrix_product(back, g)
    # The lower triangle with half its diagonal.
    half = 0.5 * (tril(product, 0) + tril(product, -1))
    left = solve_triangular(back, half, False, False)
    whole = solve_triangular(back, matrix_transpose(left), False, False)
    return [0.5 * (whole + matrix_transpose(whole))]


cholesky: Custom = Custom(
    "cholesky",
    _cholesky,
    _cholesky_types,
    _cholesky_vjp,
    doc="Lower triangular factor of a positive definite matrix: l @ l.T is its symmetric part.",
    domain="matrices whose symmetric part is positive definite",
    box=("graded",),
    kinks=(),
    samples=SQUARE,
    lane=matrix_lane,
)
