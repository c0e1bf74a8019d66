"""QR, logarithm of the determinant, least squares and the matrix exponential."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import ComputationError, ShapeError
from gradcli.graph import Node
from gradcli.ops.custom import Custom, require_square, square_types
from gradcli.ops.elementwise import shape_text
from gradcli.ops.leaves import constant
from gradcli.ops.linear import concatenate, index
from gradcli.ops.rows.linalg import (
    INVERTIBLE,
    REGULAR,
    SQUARE,
    inv,
    matrix_lane,
    matrix_product,
    matrix_transpose,
    per_matrix,
)
from gradcli.ops.rows.spectral import WHOLE, require_matrix, thin_columns
from gradcli.ops.rows.triangular import solve_triangular, tril
from gradcli.ops.several import outputs

if TYPE_CHECKING:
    from gradcli.ops.family import Types

Array = np.ndarray[Any, Any]

# --- QR ----------------------------------------------------------------------------------------


def _qr_types(a: Node, complete: bool) -> Types:
    k = require_matrix("qr", a)
    *lead, m, n = a.shape
    inner = m if complete else k
    return ((*lead, m, inner), "real"), ((*lead, inner, n), "real")


def _full_rank(r: Array) -> Array:
    # Each pivot beside the length of its own column, so that scales do not matter.
    pivots = np.abs(np.diagonal(r, axis1=-2, axis2=-1))
    lengths = np.sqrt(np.square(r).sum(axis=-2))
    if np.any(pivots <= 4 * r.shape[-1] * np.finfo(r.dtype).eps * lengths):
        raise ComputationError(
            "the derivative of `qr` does not exist here",
            hint="the first columns of the matrix, as many as it has rows at most, are not "
            "independent: they do not determine an orthonormal basis",
        )
    return r


full_rank: Custom = Custom(
    "full_rank",
    _full_rank,
    square_types("full_rank"),
    lambda node, g: [g],
    doc="A triangle as it is; an error if it is singular.",
    domain="triangles without zeros on the diagonal",
    box=(REGULAR,),
    kinks=(),
    samples=SQUARE,
    lane=matrix_lane,
)


def _block(x: Node, rows: tuple[Any, ...], columns: tuple[Any, ...]) -> Node:
    return index(x, (*[WHOLE] * (x.ndim - 2), rows, columns))


def _qr_vjp(node: Node, gq: Node | None, gr: Node | None) -> list[Node]:
    """S. Walter, L. Lehmann, "Algorithmic differentiation of linear algebra functions" (2010).

    Of a wide matrix the square beginning x = q @ r1 determines q, and the rest y is q @ r2.
    """
    (a,) = node.inputs
    m, n = a.shape[-2:]
    k = min(m, n)
    q_all, r_all = outputs(node)
    q, gq = thin_columns(q_all, gq, k)
    r = full_rank(_block(r_all, (0, k, 1), (0, k, 1)))
    g_rest = None
    if gr is not None:
        gr, whole = _block(gr, (0, k, 1), (0, k, 1)), gr
        if n > k:
            g_right = _block(whole, (0, k, 1), (k, n, 1))
            right = _block(a, WHOLE, (k, n, 1))
            g_rest = matrix_product(q, g_right)
            turned = matrix_product(right, matrix_transpose(g_right))
            gq = turned if gq is None else gq + turned
    # m = r gr.T - gq.T q; its lower triangle, mirrored, is what rotations of q contribute.
    middle = None if gr is None else matrix_product(r, matrix_transpose(gr))
    if gq is not None:
        by_q = matrix_product(matrix_transpose(gq), q)
        middle = -by_q if middle is None else middle - by_q
    assert middle is not None
    inner = matrix_product(q, tril(middle, 0) + matrix_transpose(tril(middle, -1)))
    inner = inner if gq is None else gq + inner
    left = matrix_transpose(solve_triangular(r, matrix_transpose(inner), False, False))
    if n == k:
        return [left]
    if g_rest is None:
        g_rest = constant(0.0, (*a.shape[:-1], n - k))
    return [concatenate([left, g_rest], -1)]


qr: Custom = Custom(
    "qr",
    lambda a, complete: tuple(np.linalg.qr(a, "complete" if complete else "reduced")),
    _qr_types,
    _qr_vjp,
    doc="QR factorisation: a = q @ r, with orthonormal columns and an upper triangle.",
    domain="matrices; the derivative wants the first min(m, n) columns to be independent",
    box=(REGULAR,),
    kinks=(),
    samples=(
        (((3, 3),), (False,)),
        (((2, 3, 2),), (False,)),
        (((2, 3),), (False,)),
        (((3, 2),), (True,)),
        (((2, 3),), (True,)),
    ),
    lane=matrix_lane,
)

# --- determinant -------------------------------------------------------------------------------


def _slogdet_types(a: Node) -> Types:
    require_square("slogdet", a.shape)
    return (a.shape[:-2], "real"), (a.shape[:-2], "real")


def _slogdet_vjp(node: Node, g_sign: Node | None, g_log: Node | None) -> list[Node | None]:
    if g_log is None:
        return [None]
    return [per_matrix(g_log) * matrix_transpose(inv(node.inputs[0]))]


slogdet: Custom = Custom(
    "slogdet",
    lambda a: tuple(np.linalg.slogdet(a)),
    _slogdet_types,
    _slogdet_vjp,
    doc="Sign of the determinant, and logarithm of its size (-inf at a singular matrix).",
    domain=INVERTIBLE,
    box=(REGULAR,),
    kinks=(),
    samples=SQUARE,
    lane=matrix_lane,
)

# --- least squares -----------------------------------------------------------------------------


Cut = tuple[float, float]
"""Singular values up to the first number times the largest, or up to the second, count as 0."""


def _lstsq(a: Array, b: Array, cut: Cut, deficient: bool) -> Array:
    try:
        u, s, vh = np.linalg.svd(a, full_matrices=False)
    except np.linalg.LinAlgError:
        raise ComputationError(
            "`lstsq` finds no solution here", hint="the matrix holds NaN or an infinity"
        ) from None
    rtol, atol = cut
    small = s <= np.maximum(atol, rtol * s.max(axis=-1, keepdims=True, initial=0))
    if np.any(small) and not deficient:
        raise ComputationError(
            "the derivative of `lstsq` and `pinv` by a matrix of deficient rank does not exist",
            hint="at these inputs its columns (or rows, if it is wide) are not independent",
        )
    inverse = np.where(small, 0, 1 / np.where(small, 1, s))
    inner = inverse[..., None] * (u.swapaxes(-1, -2) @ b)
    return np.asarray(vh.swapaxes(-1, -2) @ inner)


def _lstsq_types(a: Node, b: Node, cut: Cut, deficient: bool) -> Types:
    require_matrix("lstsq", a)
    if a.shape[:-1] != b.shape[:-1]:
        raise ShapeError(
            f"`lstsq` cannot combine a matrix of shape {shape_text(a.shape)} with right sides of "
            f"shape {shape_text(b.shape)}"
        )
    return (((*a.shape[:-2], a.shape[-1], b.shape[-1]), "real"),)


def _lstsq_vjp(node: Node, g: Node) -> list[Node]:
    """G. Golub, V. Pereyra, "The differentiation of pseudo-inverses" (1973), for full rank.

    x = p b with the pseudo-inverse p of a. Where a is tall, what b leaves outside its columns
    counts too; where a is wide, what g has outside its rows.
    """
    (a, b), (cut, deficient) = node.inputs, node.params
    back = matrix_transpose(a)
    g_b = lstsq(back, g, cut, deficient)
    strict = g_b if not deficient else lstsq(back, g, cut, False)
    g_a = -matrix_product(strict, matrix_transpose(node))
    rows, columns = a.shape[-2:]
    if rows > columns:
        residual = b - matrix_product(a, node)
        g_a = g_a + matrix_product(residual, matrix_transpose(lstsq(a, strict, cut, False)))
    elif rows < columns:
        outside = g - matrix_product(back, strict)
        y = lstsq(back, node, cut, False)
        g_a = g_a + matrix_product(y, matrix_transpose(outside))
    return [g_a, g_b]


lstsq: Custom = Custom(
    "lstsq",
    _lstsq,
    _lstsq_types,
    _lstsq_vjp,
    doc="The shortest x for which a @ x is nearest to b, for one or more right sides as columns.",
    domain="matrices; the derivative by a wants full rank",
    box=(REGULAR, (-2.0, 2.0)),
    kinks=(),
    samples=(
        (((3, 3), (3, 2)), ((1e-15, 0.0), True)),
        (((2, 3, 2), (2, 3, 1)), ((1e-15, 0.0), True)),
        (((2, 3), (2, 1)), ((1e-15, 0.0), False)),
    ),
    lane=matrix_lane,
)

# --- exponential -------------------------------------------------------------------------------


def _scipy_linalg() -> Any:
    """`scipy.linalg`, imported when it is first called for."""
    return import_module("scipy.linalg")


def _expm(a: Array) -> Array:
    return np.asarray(_scipy_linalg().expm(a))


def _expm_frechet(a: Array, e: Array) -> Array:
    frechet = _scipy_linalg().expm_frechet
    n = a.shape[-1]
    result = np.zeros(e.shape, e.dtype)
    pairs = zip(a.reshape(-1, n, n), e.reshape(-1, n, n), strict=True)
    for place, (one, direction) in enumerate(pairs):
        if np.isfinite(one).all() and np.isfinite(direction).all():
            found = frechet(one, direction, compute_expm=False)
        else:
            found = np.nan
        result.reshape(-1, n, n)[place] = found
    return result


matrix_exp: Custom = Custom(
    "matrix_exp",
    _expm,
    square_types("matrix_exp"),
    lambda node, g: [matrix_exp_frechet(matrix_transpose(node.inputs[0]), g)],
    doc="Exponential of a square matrix: the sum of a^k/k!.",
    domain="square matrices",
    box=((-1.0, 1.0),),
    kinks=(),
    samples=SQUARE,
    lane=matrix_lane,
)


def _corners(a: Node, e: Node) -> Node:
    """The matrix of blocks [[a, e], [0, a]]."""
    upper = concatenate([a, e], -1)
    return concatenate([upper, concatenate([constant(0.0, a.shape), a], -1)], -2)


def _frechet_vjp(node: Node, g: Node) -> list[Node]:
    """The derivative of the upper right block of exp([[a, e], [0, a]])."""
    a, e = node.inputs
    n = a.shape[-1]
    first, last = (0, n, 1), (n, 2 * n, 1)
    nothing = constant(0.0, a.shape)
    upper = concatenate([nothing, g], -1)
    seed = concatenate([upper, constant(0.0, upper.shape)], -2)
    whole = matrix_exp_frechet(matrix_transpose(_corners(a, e)), seed)
    by_a = _block(whole, first, first) + _block(whole, last, last)
    return [by_a, matrix_exp_frechet(matrix_transpose(a), g)]


matrix_exp_frechet: Custom = Custom(
    "matrix_exp_frechet",
    _expm_frechet,
    lambda a, e: square_types("matrix_exp")(a),
    _frechet_vjp,
    doc="Derivative of the matrix exponential of a in the direction e.",
    domain="square matrices",
    box=((-1.0, 1.0), (-1.0, 1.0)),
    kinks=(),
    samples=((((3, 3), (3, 3)), ()),),
    lane=matrix_lane,
)
