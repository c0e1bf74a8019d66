"""Inverse, determinant and linear systems, over the last two axes."""

from __future__ import annotations

from typing import Any

from gradcli.errors import ShapeError
from gradcli.graph import Node
from gradcli.ops import linear
from gradcli.ops.binding import function
from gradcli.ops.custom import require_square
from gradcli.ops.elementwise import broadcast_shape, shape_text
from gradcli.ops.rows import linalg
from gradcli.ops.rows.linalg import matrix_transpose
from gradcli.ops.values import broadcast, flag, tensor


@function(
    "np+torch+jnp+scipy.linalg.inv jax.scipy.linalg.inv torch.inverse",
    example="inv([[2., 1.], [1., 3.]])",
)
def inv(x: Any) -> Node:
    """Inverse of square matrices."""
    return linalg.inv(tensor(x))


@function(
    "np+torch+jnp+scipy.linalg.det jax.scipy.linalg.det torch.det",
    example="det([[2., 1.], [1., 3.]])",
)
def det(x: Any) -> Node:
    """Determinant of square matrices; its derivative is exact for singular ones too."""
    return linalg.det(tensor(x))


@function("adjugate", example="adjugate([[2., 1.], [1., 3.]])")
def adjugate(x: Any) -> Node:
    """Transposed cofactors of square matrices: det(x)*inv(x), also where x is singular."""
    return linalg.adjugate(tensor(x))


# --- systems -----------------------------------------------------------------------------------


def sides_of(what: str, a: Node, b: Node, vectors: bool = False) -> tuple[Node, Node]:
    """A matrix and right sides as columns, with one set of leading axes.

    vectors: whether the last axis of b is that of vectors, not of columns.
    """
    columns = linear.reshape(b, (*b.shape, 1)) if vectors else b
    if columns.ndim < 2 or a.shape[-2] != columns.shape[-2]:
        raise ShapeError(
            f"`{what}` cannot combine a matrix of shape {shape_text(a.shape)} with a right side of "
            f"shape {shape_text(b.shape)}",
            hint="they must have the same number of rows",
        )
    lead = broadcast_shape([a.shape[:-2], columns.shape[:-2]], what)
    return broadcast(a, (*lead, *a.shape[-2:])), broadcast(columns, (*lead, *columns.shape[-2:]))


def as_vector(x: Node) -> Node:
    return linear.reshape(x, x.shape[:-1])


@function(
    "np+jnp+scipy.linalg.solve jax.scipy.linalg.solve",
    example="solve([[2., 1.], [1., 3.]], [1., 2.])",
)
def solve(x: Any, y: Any) -> Node:
    """The solution z of x @ z = y; y is one vector, or matrices of columns."""
    a, b = tensor(x), tensor(y)
    require_square("solve", a.shape)
    if b.ndim == 1:
        return as_vector(linalg.solve(*sides_of("solve", a, b, True)))
    return linalg.solve(*sides_of("solve", a, b))


@function(
    "torch.linalg.solve", example="torch.linalg.solve([[2., 1.], [1., 3.]], [[1., 2.]], left=False)"
)
def torch_solve(x: Any, y: Any, left: Any = True) -> Node:
    """The solution z of x @ z = y, or of z @ x = y.

    A right side shaped like the matrices less an axis is a stack of vectors.
    """
    a, b = tensor(x), tensor(y)
    require_square("solve", a.shape)
    if b.ndim and b.shape == a.shape[:-1]:
        turned = a if flag(left, "left") else matrix_transpose(a)
        return as_vector(linalg.solve(*sides_of("solve", turned, b, True)))
    if flag(left, "left"):
        return linalg.solve(*sides_of("solve", a, b))
    if b.ndim < 2:
        raise ShapeError(f"`solve` takes matrices, not shape {shape_text(b.shape)}")
    sides = sides_of("solve", matrix_transpose(a), matrix_transpose(b))
    return matrix_transpose(linalg.solve(*sides))
