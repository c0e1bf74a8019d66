"""Triangular systems, least squares and pseudo-inverses, over the last two axes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gradcli.errors import ArgumentError, ShapeError
from gradcli.graph import Node, size_of
from gradcli.ops import linear
from gradcli.ops.binding import function
from gradcli.ops.custom import require_square
from gradcli.ops.elementwise import shape_text
from gradcli.ops.functions.systems import as_vector, inv, sides_of, solve
from gradcli.ops.leaves import constant
from gradcli.ops.rows import factorisations, linalg, logic, reductions, spectral, triangular
from gradcli.ops.rows.arithmetic import square
from gradcli.ops.rows.linalg import matrix_product, matrix_transpose
from gradcli.ops.values import axis_of, broadcast, concrete, flag, static_number, tensor, whole

DOUBLE = float(np.finfo(np.float64).eps)


def _solve_triangle(a: Node, b: Node, lower: bool, unit: bool) -> Node:
    if b.ndim == 1:
        sides = sides_of("solve_triangular", a, b, True)
        return as_vector(triangular.solve_triangular(*sides, lower, unit))
    return triangular.solve_triangular(*sides_of("solve_triangular", a, b), lower, unit)


@function(
    "scipy.linalg.solve_triangular jax.scipy.linalg.solve_triangular",
    example="solve_triangular([[2., 0.], [1., 3.]], [1., 2.], lower=True)",
)
def solve_triangular(
    a: Any, b: Any, trans: Any = 0, lower: Any = False, unit_diagonal: Any = False
) -> Node:
    """The solution of a triangular system; the other triangle of a is not looked at."""
    x, y = tensor(a), tensor(b)
    require_square("solve_triangular", x.shape)
    if trans not in (0, 1, 2, "N", "T", "C"):
        raise ArgumentError("`trans` is 0, 1, 2, 'N', 'T' or 'C'")
    down, unit = flag(lower, "lower"), flag(unit_diagonal, "unit_diagonal")
    if trans not in (0, "N"):
        x, down = matrix_transpose(x), not down
    return _solve_triangle(x, y, down, unit)


@function(
    "torch.linalg.solve_triangular",
    example="torch.linalg.solve_triangular([[2., 0.], [1., 3.]], [[1.], [2.]], upper=False)",
)
def torch_solve_triangular(
    A: Any,
    B: Any,
    upper: Any = None,
    left: Any = True,
    unitriangular: Any = False,
) -> Node:
    """The solution of A @ x = B, or of x @ A = B, with A triangular."""
    a, b = tensor(A), tensor(B)
    require_square("solve_triangular", a.shape)
    if upper is None:
        raise ArgumentError("`torch.linalg.solve_triangular` needs `upper`", hint="upper=True")
    lower, unit = not flag(upper, "upper"), flag(unitriangular, "unitriangular")
    if flag(left, "left"):
        return _solve_triangle(a, b, lower, unit)
    if b.ndim < 2:
        raise ShapeError(f"`solve_triangular` takes matrices, not shape {shape_text(b.shape)}")
    turned = _solve_triangle(matrix_transpose(a), matrix_transpose(b), not lower, unit)
    return matrix_transpose(turned)


def _cholesky_solve(b: Node, factor: Node, upper: bool) -> Node:
    first = _solve_triangle(matrix_transpose(factor) if upper else factor, b, True, False)
    return _solve_triangle(factor if upper else matrix_transpose(factor), first, False, False)


@function("torch.cholesky_solve", example="cholesky_solve([[1.], [2.]], [[2., 0.], [1., 3.]])")
def cholesky_solve(B: Any, L: Any, upper: Any = False) -> Node:
    """The solution of a @ x = B, given the Cholesky factor L of a."""
    b, factor = tensor(B), tensor(L)
    require_square("cholesky_solve", factor.shape)
    if b.ndim < 2:
        raise ShapeError(f"`cholesky_solve` takes matrices, not shape {shape_text(b.shape)}")
    return _cholesky_solve(b, factor, flag(upper, "upper"))


@function(
    "scipy.linalg.cho_solve jax.scipy.linalg.cho_solve",
    example="cho_solve(([[2., 0.], [1., 3.]], True), [1., 2.])",
)
def cho_solve(c_and_lower: Any, b: Any) -> Node:
    """The solution of a @ x = b, given (the Cholesky factor of a, whether it is the lower one)."""
    if not isinstance(c_and_lower, tuple) or len(c_and_lower) != 2:
        raise ArgumentError("`cho_solve` takes a pair: the factor, and whether it is the lower one")
    factor, y = tensor(c_and_lower[0]), tensor(b)
    require_square("cho_solve", factor.shape)
    return _cholesky_solve(y, factor, not flag(c_and_lower[1], "lower"))


# --- least squares -----------------------------------------------------------------------------


def _pinv(x: Any, hermitian: Any, rtol: float, atol: float = 0.0) -> Node:
    a = tensor(x)
    spectral.require_matrix("pinv", a)
    rows = a.shape[-2]
    if flag(hermitian, "hermitian"):
        require_square("pinv", a.shape)
        a = 0.5 * (a + matrix_transpose(a))
    unit = broadcast(linalg.identity((rows, rows)), (*a.shape[:-2], rows, rows))
    return factorisations.lstsq(a, unit, (rtol, atol), True)


def default_rtol(x: Any, times: float = 1.0) -> float:
    """The rounding error of singular values, relative to the largest of them."""
    a = tensor(x)
    spectral.require_matrix("pinv", a)
    return times * max(a.shape[-2:]) * DOUBLE


@function("np.linalg.pinv", example="pinv([[1., 2.], [3., 4.], [5., 7.]])")
def pinv(x: Any, rcond: Any = None, hermitian: Any = False, rtol: Any = None) -> Node:
    """Pseudo-inverse; singular values up to rcond (1e-15) times the largest count as 0."""
    chosen = rtol if rcond is None else rcond
    default_rtol(x)
    return _pinv(x, hermitian, 1e-15 if chosen is None else static_number(chosen, "rcond"))


@function("jnp.linalg.pinv", example="jnp.linalg.pinv([[1., 2.], [3., 4.], [5., 7.]])")
def jax_pinv(a: Any, rtol: Any = None, hermitian: Any = False, rcond: Any = None) -> Node:
    """Pseudo-inverse; rtol is 10 times the larger side times the rounding error by default."""
    chosen = rcond if rtol is None else rtol
    default = default_rtol(a, 10.0)
    return _pinv(a, hermitian, default if chosen is None else static_number(chosen, "rtol"))


@function(
    "torch.linalg.pinv", example="torch.linalg.pinv([[1., 2.], [3., 4.], [5., 7.]], rtol=1e-12)"
)
def torch_pinv(A: Any, atol: Any = None, rtol: Any = None, hermitian: Any = False) -> Node:
    """Pseudo-inverse; rtol is the larger side times the rounding error by default.

    Singular values up to atol, or up to rtol times the largest, count as 0.
    """
    default = default_rtol(A) if atol is None else 0.0
    relative = default if rtol is None else static_number(rtol, "rtol")
    return _pinv(A, hermitian, relative, 0.0 if atol is None else static_number(atol, "atol"))


@function("torch.pinverse", example="torch.pinverse([[1., 2.], [3., 4.], [5., 7.]])")
def pinverse(input: Any, rcond: Any = 1e-15) -> Node:
    """Pseudo-inverse of matrices."""
    default_rtol(input)
    return _pinv(input, False, static_number(rcond, "rcond"))


class LeastSquares(NamedTuple):
    """What lstsq gives."""

    solution: Node
    residuals: Node
    rank: Node
    singular_values: Node


def _lstsq(x: Any, y: Any, rcond: Any, residuals: bool | None) -> LeastSquares:
    """The solution and what is known of it; residuals: None says only where they are not 0."""
    matrix, right = tensor(x), tensor(y)
    spectral.require_matrix("lstsq", matrix)
    rows, columns = matrix.shape[-2:]
    cut = default_rtol(matrix) if rcond is None else static_number(rcond, "rcond")
    a, b = sides_of("lstsq", matrix, right, right.ndim == 1)
    solution = factorisations.lstsq(a, b, (cut, 0.0), True)
    values = spectral.svdvals(a)
    largest = reductions.amax(values, (-1,), True)
    ones = logic.where(logic.greater(values, largest * cut), 1, 0)
    rank = linear.sum_(ones, (-1,), False)
    if residuals is None:
        residuals = rows > columns and bool(np.all(concrete(rank, "a rank") == columns))
    left = constant(0.0, (0,))
    if residuals:
        left = linear.sum_(square(b - matrix_product(a, solution)), (-2,), False)
    solved = as_vector(solution) if right.ndim == 1 else solution
    return LeastSquares(solved, left, rank, values)


@function(
    "np.linalg.lstsq torch.linalg.lstsq",
    example="lstsq([[1., 2.], [3., 4.], [5., 7.]], [[1.], [2.], [4.]])",
)
def lstsq(a: Any, b: Any, rcond: Any = None, driver: Any = None) -> LeastSquares:
    """Least squares: (solution, squared residuals, rank, singular values).

    The residuals are empty where a has no more rows than columns, or a deficient rank.
    """
    return _lstsq(a, b, rcond, None)


@function(
    "jnp.linalg.lstsq", example="jnp.linalg.lstsq([[1., 2.], [3., 4.], [5., 7.]], [1., 2., 4.])"
)
def jax_lstsq(a: Any, b: Any, rcond: Any = None, numpy_resid: Any = False) -> LeastSquares:
    """Least squares: (solution, squared residuals, rank, singular values)."""
    return _lstsq(a, b, rcond, None if flag(numpy_resid, "numpy_resid") else True)


@function("np+jnp.linalg.tensorsolve", example="tensorsolve([[2., 1.], [1., 3.]], [1., 2.])")
def tensorsolve(a: Any, b: Any, axes: Any = None) -> Node:
    """The x with tensordot(a, x, x.ndim) = b; axes names those of a to be moved to its end."""
    x, y = tensor(a), tensor(b)
    if axes is not None:
        items = axes if isinstance(axes, (tuple, list)) else [axes]
        moved = list(dict.fromkeys([axis_of(axis, x.ndim, "axes") for axis in items]))
        order = [k for k in range(-x.ndim, 0) if k not in moved] + moved
        x = linear.transpose(x, tuple(order))
    shape = x.shape[y.ndim :]
    side = size_of(shape)
    if x.size != side * side or y.size != side:
        raise ShapeError(
            f"`tensorsolve` cannot solve shape {shape_text(x.shape)} for shape "
            f"{shape_text(y.shape)}",
            hint="the axes of a that b has and those that it lacks must have as many elements",
        )
    matrix = linear.reshape(x, (side, side))
    return linear.reshape(solve(matrix, linear.reshape(y, (side,))), shape)


@function("np+torch+jnp.linalg.tensorinv", example="tensorinv([[2., 1.], [1., 3.]], 1)")
def tensorinv(a: Any, ind: Any = 2) -> Node:
    """The inverse for tensordot(_, _, ind): the first ind axes are one side of a matrix."""
    x, count = tensor(a), whole(ind, "ind")
    if not 0 < count <= x.ndim:
        raise ArgumentError(f"`tensorinv` takes 1 to {x.ndim} axes as one side, not {count}")
    left, right = x.shape[:count], x.shape[count:]
    side = size_of(left)
    if x.size != side * side:
        raise ShapeError(
            f"`tensorinv` needs two sides with as many elements, not {shape_text(left)} and "
            f"{shape_text(right)}"
        )
    return linear.reshape(inv(linear.reshape(x, (side, side))), (*right, *left))
