"""Diagonals and triangles of matrices."""

from __future__ import annotations

from typing import Any

from gradcli.errors import ArgumentError, ShapeError
from gradcli.graph import OPS, Node
from gradcli.ops import linear
from gradcli.ops.binding import function
from gradcli.ops.elementwise import shape_text
from gradcli.ops.leaves import constant
from gradcli.ops.values import axis_of, shape_of, tensor, whole


@function("np+torch+jnp.diagonal", example="diagonal([[1., 2.], [3., 4.]])")
def diagonal(x: Any, offset: Any = 0, axis1: Any = 0, axis2: Any = 1) -> Node:
    """The diagonal of two axes, as the last axis."""
    x = tensor(x)
    if x.ndim < 2:
        raise ShapeError(f"`diagonal` needs a matrix, not shape {shape_text(x.shape)}")
    first, second = axis_of(axis1, x.ndim), axis_of(axis2, x.ndim)
    if first == second:
        raise ArgumentError("`diagonal` needs two different axes")
    rest = [axis for axis in range(-x.ndim, 0) if axis not in (first, second)]
    return _taken(linear.transpose(x, (*rest, first, second)), offset)


def _taken(x: Node, offset: Any) -> Node:
    """A diagonal of the last two axes; one beyond them is empty."""
    rows, columns = x.shape[-2:]
    return linear.diagonal(x, max(-int(rows), min(int(columns), int(whole(offset, "offset")))))


@function(
    "np+torch+jnp.linalg.diagonal", example="linalg.diagonal([[[1., 2.], [3., 4.]]], offset=1)"
)
def linalg_diagonal(x: Any, offset: Any = 0, dim1: Any = -2, dim2: Any = -1) -> Node:
    """The diagonal of the last two axes, as the last axis."""
    return diagonal(x, offset, dim1, dim2)


@function("np+torch+jnp.diag", example="diag([1., 2.])")
def diag(x: Any, k: Any = 0) -> Node:
    """The diagonal of a matrix, or a matrix with a vector on its diagonal."""
    x = tensor(x)
    offset = whole(k, "k")
    if x.ndim == 1:
        side = x.shape[0] + abs(offset)
        return linear.diag_embed(x, offset, side, side)
    if x.ndim != 2:
        raise ShapeError(f"`diag` takes a vector or a matrix, not shape {shape_text(x.shape)}")
    return _taken(x, offset)


@function("np+jnp.trace", example="trace([[1., 2.], [3., 4.]])")
def trace(x: Any, offset: Any = 0, axis1: Any = 0, axis2: Any = 1) -> Node:
    """Sum of the diagonal of two axes, the first two by default."""
    return linear.sum_(diagonal(x, offset, axis1, axis2), (-1,), False)


@function("torch.trace", example="torch.trace([[1., 2.], [3., 4.]])")
def torch_trace(input: Any) -> Node:
    """Sum of the diagonal of a matrix."""
    x = tensor(input)
    if x.ndim != 2:
        raise ShapeError(f"`trace` takes a matrix, not shape {shape_text(x.shape)}")
    return trace(x)


@function("np+jnp.linalg.trace", example="linalg.trace([[[1., 2.], [3., 4.]]])")
def linalg_trace(x: Any, offset: Any = 0) -> Node:
    """Sum of the diagonal of the last two axes."""
    return trace(x, offset, -2, -1)


@function("np+jnp.diagflat torch.diagflat", example="diagflat([[1., 2.], [3., 4.]])")
def diagflat(v: Any, k: Any = 0) -> Node:
    """A matrix with all elements of a tensor on a diagonal."""
    x = tensor(v)
    return diag(linear.reshape(x, (x.size,)), k)


@function("torch.diag_embed", example="diag_embed([[1., 2.], [3., 4.]])")
def diag_embed(input: Any, offset: Any = 0, dim1: Any = -2, dim2: Any = -1) -> Node:
    """Matrices with the last axis on a diagonal; dim1 and dim2 are their rows and columns."""
    x = tensor(input)
    if not x.ndim:
        raise ShapeError("`diag_embed` takes vectors, not a scalar")
    rank = x.ndim + 1
    first, second = axis_of(dim1, rank, "dim1"), axis_of(dim2, rank, "dim2")
    if first == second:
        raise ArgumentError("`diag_embed` needs two different axes")
    shift = whole(offset, "offset")
    side = x.shape[-1] + abs(shift)
    embedded = linear.diag_embed(x, shift, side, side)
    order = list(range(-rank, -2))
    for place, axis in sorted([(first, -2), (second, -1)]):
        order.insert(place + rank, axis)
    return linear.transpose(embedded, tuple(order))


@function("np+jnp.tril torch.tril", example="tril([[1., 2.], [3., 4.]])")
def tril(m: Any, k: Any = 0) -> Node:
    """The lower triangle, up to the k-th diagonal; zeros elsewhere."""
    return OPS["tril"](x := _matrices("tril", m), _diagonal_of(x, k))


@function("np+jnp.triu torch.triu", example="triu([[1., 2.], [3., 4.]])")
def triu(m: Any, k: Any = 0) -> Node:
    """The upper triangle, from the k-th diagonal; zeros elsewhere."""
    return OPS["triu"](x := _matrices("triu", m), _diagonal_of(x, k))


def _diagonal_of(x: Node, k: Any) -> int:
    """A diagonal's number; all of those beyond the matrix are one."""
    reach = int(max(x.shape[-2:]))
    return max(-reach, min(reach, int(whole(k, "k"))))


def _matrices(what: str, m: Any) -> Node:
    x = tensor(m)
    if x.ndim < 2:
        raise ShapeError(f"`{what}` needs a matrix, not shape {shape_text(x.shape)}")
    return x


@function("np+jnp.tri", example="tri(2)")
def tri(N: Any, M: Any = None, k: Any = 0) -> Node:
    """Ones in a lower triangle, zeros elsewhere."""
    rows = whole(N, "N")
    columns = rows if M is None else whole(M, "M")
    return tril(constant(1.0, shape_of((rows, columns))), k)
