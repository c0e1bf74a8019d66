"""How near matrices are to singular ones: condition number and rank."""

from __future__ import annotations

from typing import Any

from gradcli.errors import ShapeError
from gradcli.graph import Node
from gradcli.ops import linear
from gradcli.ops.binding import function
from gradcli.ops.custom import require_square
from gradcli.ops.functions.norms import INF, matrix_norm_over
from gradcli.ops.functions.squares import default_rtol
from gradcli.ops.rows import linalg, logic, reductions, spectral
from gradcli.ops.rows.arithmetic import absolute
from gradcli.ops.rows.linalg import per_matrix
from gradcli.ops.values import axes_of, flag, static_number, tensor


def _end(values: Node, first: bool) -> Node:
    """The largest or smallest singular value."""
    if not values.shape[-1]:
        raise ShapeError("a matrix without elements has no singular values")
    whole = [(None, None, None)] * (values.ndim - 1)
    return linear.index(values, (*whole, 0 if first else values.shape[-1] - 1))


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
    order = p if isinstance(p, str) else static_number(p, "p")
    require_square("cond", x.shape)
    singular = logic.equal(linalg.det(x), 0.0)
    regular = logic.where(per_matrix(singular), linalg.identity(x.shape), x)
    norms = [matrix_norm_over(one, order, (-2, -1), False) for one in (x, linalg.inv(regular))]
    return norms[0] * logic.where(singular, INF, norms[1])


def _rank(x: Any, rtol: float, atol: float, hermitian: Any) -> Node:
    a = tensor(x)
    if a.ndim < 2:
        anything: Node = reductions.amax(absolute(a), axes_of(None, a.ndim), False)
        return logic.where(logic.equal(anything, 0.0), 0, 1)
    if flag(hermitian, "hermitian"):
        require_square("matrix_rank", a.shape)
        a = 0.5 * (a + linalg.matrix_transpose(a))
    values = spectral.svdvals(a)
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
