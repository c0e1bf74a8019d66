"""Norms, condition number and rank of matrices, and the functions that are also vectors' norms."""

from __future__ import annotations

from typing import Any

from gradcli.errors import ArgumentError, ShapeError
from gradcli.graph import Node
from gradcli.ops import linear
from gradcli.ops.binding import function
from gradcli.ops.custom import require_square
from gradcli.ops.elementwise import shape_text
from gradcli.ops.functions.reductions import vector_norm
from gradcli.ops.functions.systems import default_rtol
from gradcli.ops.rows import linalg, logic, reductions, spectral
from gradcli.ops.rows.arithmetic import absolute
from gradcli.ops.rows.linalg import per_matrix
from gradcli.ops.values import axes_of, axis_of, flag, static_number, tensor

INF = float("inf")
ORDERS = "'fro', 'nuc', 1, -1, 2, -2, inf or -inf"


def _order(ord: Any, what: str) -> Any:
    """An order of a matrix norm, as a word or a number."""
    order = ord if isinstance(ord, str) else static_number(ord, "ord")
    if order not in ("fro", "nuc", 1, -1, 2, -2, INF, -INF):
        raise ArgumentError(
            f"the order of `{what}` of a matrix is {ORDERS}, not {ord!r}",
            hint="`linalg.vector_norm` takes any order, over all elements",
        )
    return order


def _matrix_norm(x: Node, order: Any, row: int, column: int, keep: bool) -> Node:
    """The norm over two negative axes; order is one of those of `_order`."""
    both = tuple(sorted((row, column)))
    if order == "fro":
        return reductions.norm2(x, both, keep)
    if order in (1, -1, INF, -INF):
        summed, compared = (row, column) if abs(order) == 1 else (column, row)
        extreme = reductions.amax if order > 0 else reductions.amin
        sums = linear.sum_(absolute(x), (summed,), True)
        result: Node = extreme(sums, (compared,), True)
    else:
        rest = [axis for axis in range(-x.ndim, 0) if axis not in both]
        values = spectral.svdvals(linear.transpose(x, (*rest, row, column)), True)
        found = linear.sum_(values, (-1,), False) if order == "nuc" else _end(values, order > 0)
        result = linear.reshape(found, linear.reduced_shape(x.shape, both, True))
    return linear.reshape(result, linear.reduced_shape(x.shape, both, keep))


def _end(values: Node, first: bool) -> Node:
    """The largest or smallest singular value."""
    if not values.shape[-1]:
        raise ShapeError("a matrix without elements has no singular values")
    whole = [(None, None, None)] * (values.ndim - 1)
    return linear.index(values, (*whole, 0 if first else values.shape[-1] - 1))


@function("np+torch+jnp.linalg.norm", example="norm([[1., 2.], [3., -4.]], 'nuc')")
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: Any = False) -> Node:
    """Norm of vectors or matrices; without ord the root of the sum of squares.

    Of a vector any order, of a matrix 'fro', 'nuc' (sum of singular values), 2 and -2 (the largest
    and smallest), 1 and -1 (of sums of columns), inf and -inf (of rows).
    """
    x = tensor(x)
    keep = flag(keepdims, "keepdims")
    if axis is None and ord is not None and x.ndim not in (1, 2):
        raise ShapeError(
            f"`norm` with an order takes a vector or a matrix, not shape {shape_text(x.shape)}",
            hint="axis=... says over which one or two axes; `linalg.vector_norm` takes all",
        )
    axes = axes_of(axis, x.ndim)
    if ord is None:
        return reductions.norm2(x, axes, keep)
    if len(axes) == 1:
        if ord in ("fro", "nuc"):
            raise ArgumentError(f"a vector has no norm {ord!r}", hint="ord=2 is the Euclidean norm")
        return vector_norm(x, ord, axes, keep)
    if len(axes) != 2:
        raise ArgumentError(f"`norm` goes over one or two axes, not {len(axes)}")
    row, column = _pair(axis, x)
    return _matrix_norm(x, _order(ord, "norm"), row, column, keep)


def _pair(axis: Any, x: Node) -> tuple[int, int]:
    """Rows and columns: two axes in the order given."""
    items = (-2, -1) if axis is None else axis
    if not isinstance(items, (tuple, list)) or len(items) != 2 or x.ndim < 2:
        raise ShapeError(
            f"the norm of a matrix goes over two axes, not over {axis!r} of shape "
            f"{shape_text(x.shape)}"
        )
    first, second = [axis_of(item, x.ndim) for item in items]
    if first == second:
        raise ArgumentError("the norm of a matrix needs two different axes")
    return first, second


@function(
    "torch.linalg.matrix_norm np+jnp.linalg.matrix_norm",
    example="linalg.matrix_norm([[1., 2.], [3., -4.]], 2)",
)
def matrix_norm(x: Any, ord: Any = "fro", axis: Any = (-2, -1), keepdims: Any = False) -> Node:
    """Norm of matrices: 'fro', 'nuc', 1, -1, 2, -2, inf or -inf."""
    x = tensor(x)
    row, column = _pair(axis, x)
    return _matrix_norm(x, _order(ord, "matrix_norm"), row, column, flag(keepdims, "keepdims"))


@function("torch.norm", example="torch.norm([[1., 2.], [3., -4.]], 'nuc')")
def torch_norm(input: Any, p: Any = "fro", dim: Any = None, keepdim: Any = False) -> Node:
    """Norm over all elements, or over dim; 'nuc' is a matrix's sum of singular values."""
    x = tensor(input)
    if p == "nuc":
        row, column = _pair(dim if dim is not None or x.ndim != 2 else (0, 1), x)
        return _matrix_norm(x, "nuc", row, column, flag(keepdim, "keepdim"))
    return vector_norm(x, 2 if p == "fro" or p is None else p, dim, keepdim)


@function("np+torch+jnp.linalg.cond", example="cond([[2., 1.], [1., 3.]])")
def cond(x: Any, p: Any = None) -> Node:
    """Condition number: the norm of x times that of its inverse; inf for a singular matrix."""
    x = tensor(x)
    if p is None or p in (2, -2):
        spectral.require_matrix("cond", x)
        # Near a singular matrix the derivative grows beyond bounds: it is not 0 there.
        values = spectral.svdvals(x, False)
        ends = (_end(values, True), _end(values, False))
        return ends[1] / ends[0] if p == -2 else ends[0] / ends[1]
    order = _order(p, "cond")
    require_square("cond", x.shape)
    singular = logic.equal(linalg.det(x), 0.0)
    regular = logic.where(per_matrix(singular), linalg.identity(x.shape), x)
    norms = [_matrix_norm(one, order, -2, -1, False) for one in (x, linalg.inv(regular))]
    return norms[0] * logic.where(singular, INF, norms[1])


def _rank(x: Any, rtol: float, atol: float, hermitian: Any) -> Node:
    a = tensor(x)
    if a.ndim < 2:
        anything: Node = reductions.amax(absolute(a), axes_of(None, a.ndim), False)
        return logic.where(logic.equal(anything, 0.0), 0, 1)
    if flag(hermitian, "hermitian"):
        require_square("matrix_rank", a.shape)
        a = 0.5 * (a + linalg.matrix_transpose(a))
    values = spectral.svdvals(a, True)
    cut = reductions.amax(values, (-1,), True) * rtol
    cut = logic.where(logic.less(cut, atol), atol, cut)
    return linear.sum_(logic.where(logic.greater(values, cut), 1, 0), (-1,), False)


@function("np+jnp.linalg.matrix_rank", example="linalg.matrix_rank([[1., 2.], [2., 4.]])")
def matrix_rank(A: Any, tol: Any = None, hermitian: Any = False, rtol: Any = None) -> Node:
    """How many singular values are above tol, or rtol times the largest; without derivative."""
    if tol is not None:
        return _rank(A, 0.0, static_number(tol, "tol"), hermitian)
    a = tensor(A)
    default = default_rtol(a) if a.ndim > 1 else 0.0
    return _rank(a, default if rtol is None else static_number(rtol, "rtol"), 0.0, hermitian)


@function("torch.linalg.matrix_rank", example="torch.linalg.matrix_rank([[1., 2.], [2., 5.]])")
def torch_matrix_rank(
    A: Any,
    tol: Any = None,
    hermitian: Any = False,
    atol: Any = None,
    rtol: Any = None,
) -> Node:
    """How many singular values are above atol and rtol times the largest."""
    least = tol if atol is None else atol
    default = default_rtol(A) if least is None else 0.0
    relative = default if rtol is None else static_number(rtol, "rtol")
    return _rank(A, relative, 0.0 if least is None else static_number(least, "atol"), hermitian)
