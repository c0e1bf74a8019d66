"""Inverse, linear systems and determinant, over the last two axes.

Rules from M. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic
differentiation" (2008); the determinant's by its adjugate, which exists for singular matrices too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import ComputationError, ShapeError
from gradcli.graph import OPS, Shape
from gradcli.ops.contraction import contract
from gradcli.ops.custom import Custom, require_square, square_types
from gradcli.ops.elementwise import shape_text
from gradcli.ops.leaves import Leaf
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


def _solved(what: str, *arrays: Array) -> Array:
    try:
        if what == "inv":
            return np.linalg.inv(*arrays)
        return np.linalg.solve(*arrays)
    except np.linalg.LinAlgError:
        raise ComputationError(
            f"`{what}` of a singular matrix does not exist",
            hint="at these inputs the matrix has no inverse: its determinant is 0",
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
)


def _scalar_per_matrix(a: Node) -> Types:
    require_square("det", a.shape)
    return ((a.shape[:-2], "real"),)


def _per_matrix(value: Node) -> Node:
    return reshape(value, (*value.shape, 1, 1))


det: Custom = Custom(
    "det",
    np.linalg.det,
    _scalar_per_matrix,
    lambda node, g: [_per_matrix(g) * matrix_transpose(adjugate(node.inputs[0]))],
    doc="Determinant; its derivative is exact for singular matrices too.",
    domain="square matrices",
    box=(REGULAR,),
    kinks=(),
    samples=SQUARE,
)


def _others(values: Array) -> Array:
    """Along the last axis, the product of all other elements, without division."""
    ones = np.ones((*values.shape[:-1], 1), values.dtype)
    before = np.cumprod(np.concatenate([ones, values[..., :-1]], -1), -1)
    after = np.cumprod(np.concatenate([ones, values[..., :0:-1]], -1), -1)[..., ::-1]
    return np.asarray(before * after)


def _factors(a: Array) -> tuple[Array, Array, Array, Array]:
    """A = u @ diag(s) @ v, and det(u)*det(v), which is 1 or -1."""
    u, s, v = np.linalg.svd(a)
    return u, s, v, np.linalg.det(u) * np.linalg.det(v)


def _swap(a: Array) -> Array:
    return np.swapaxes(a, -1, -2)


def _adjugate(a: Array) -> Array:
    if a.shape[-1] == 0:
        return a
    u, s, v, turn = _factors(a)
    scaled = _swap(v) * (_others(s) * np.sign(turn)[..., None])[..., None, :]
    return np.asarray(scaled @ _swap(u))


def _adjugate_tangent(a: Array, e: Array) -> Array:
    """Derivative of the adjugate in direction e, exact whatever the rank.

    In the bases of the singular vectors a is diagonal, s, and e is f: then entry (i, j) is
    -f[i,j] * prod(s without i, j), and entry (i, i) the sum over k of f[k,k] * the same product.
    """
    n = a.shape[-1]
    u, s, v, turn = _factors(a)
    f = _swap(u) @ e @ _swap(v)
    spread = np.repeat(s[..., None, :], n, axis=-2)
    spread = np.where(np.eye(n, dtype=bool), 1, spread)
    pairs = np.where(np.eye(n, dtype=bool), 0, _others(spread)).astype(a.dtype, copy=False)
    inner = -f * pairs
    place = np.arange(n)
    inner[..., place, place] = np.einsum("...ik,...kk->...i", pairs, f)
    middle = inner * np.sign(turn)[..., None, None]
    return np.asarray(_swap(v) @ middle @ _swap(u))


adjugate: Custom = Custom(
    "adjugate",
    _adjugate,
    square_types("adjugate"),
    lambda node, g: [matrix_transpose(adjugate_tangent(node.inputs[0], matrix_transpose(g)))],
    doc="Transposed matrix of cofactors: det(a)*inv(a), also where a is singular.",
    domain="square matrices",
    box=(REGULAR,),
    kinks=(),
    samples=SQUARE,
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
    trace = _per_matrix(sum_(diagonal(h, 0), (-1,), False))
    bracket = unit * trace - h
    by_cofactors = matrix_product(bracket, matrix_transpose(e))
    through = matrix_transpose(adjugate_tangent(a, matrix_transpose(by_cofactors)))
    left = _per_matrix(
        sum_(diagonal(matrix_product(cofactors, e), 0), (-1,), False)
    ) * unit - matrix_product(cofactors, e)
    by_inverse = matrix_product(matrix_transpose(left), g)
    direct = -matrix_product(matrix_product(inverse, by_inverse), inverse)
    return [through + direct, back]


def identity(shape: Shape) -> Node:
    """The unit matrix for stacks of that shape (broadcasting)."""
    from gradcli.ops.family import build

    eye = OPS["eye"]
    assert isinstance(eye, Leaf)
    return build(eye, (), ((shape[-2], shape[-1]), 0))


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
)
