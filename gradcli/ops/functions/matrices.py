"""Matrices made from others: powers, chains, sums with products, Kronecker, blocks, Vandermonde."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from gradcli.errors import ArgumentError, ShapeError
from gradcli.graph import OPS, Node
from gradcli.ops import linear
from gradcli.ops.binding import function
from gradcli.ops.contraction import contract
from gradcli.ops.custom import require_square
from gradcli.ops.elementwise import broadcast_shape, shape_text
from gradcli.ops.family import build
from gradcli.ops.functions.products import mm, mv, outer_of_vectors, product
from gradcli.ops.leaves import constant
from gradcli.ops.linear import Positions, index
from gradcli.ops.rows import linalg
from gradcli.ops.rows.exponential import power
from gradcli.ops.values import axis_of, broadcast, flag, shape_of, tensor, whole

# --- powers and chains -------------------------------------------------------------------------


@function(
    "np+torch+jnp.linalg.matrix_power torch.matrix_power",
    example="matrix_power([[1., 2.], [0.5, 1.]], 3)",
)
def matrix_power(a: Any, n: Any) -> Node:
    """Product of n copies of a square matrix; of its inverse where n is negative."""
    x, exponent = tensor(a), whole(n, "n")
    require_square("matrix_power", x.shape)
    if exponent == 0:
        return broadcast(linalg.identity(x.shape), x.shape)
    if exponent < 0:
        x, exponent = linalg.inv(x), -exponent
    result: Node | None = None
    while exponent:
        if exponent & 1:
            result = x if result is None else product(result, x)
        exponent >>= 1
        if exponent:
            x = product(x, x)
    assert result is not None
    return result


@function(
    "np+torch+jnp.linalg.multi_dot",
    example="multi_dot([[[1., 2.], [3., 4.]], [[1., 0.], [2., 1.]], [[1.], [2.]]])",
)
def multi_dot(arrays: Any) -> Node:
    """Product of a chain of matrices, in the order that costs least; its ends may be vectors."""
    if not isinstance(arrays, (list, tuple)) or not arrays:
        raise ArgumentError("`multi_dot` takes a list of matrices", hint="`multi_dot([a, b, c])`")
    return _chain([tensor(item) for item in arrays])


@function("torch.chain_matmul", example="chain_matmul([[1., 2.], [3., 4.]], [[1., 0.], [2., 1.]])")
def chain_matmul(*matrices: Any) -> Node:
    """Product of a chain of matrices, in the order that costs least."""
    return multi_dot(list(matrices))


def _chain(parts: list[Node]) -> Node:
    if len(parts) == 1:
        return parts[0]
    ends = [part.ndim == 1 for part in (parts[0], parts[-1])]
    if ends[0]:
        parts[0] = linear.reshape(parts[0], (1, *parts[0].shape))
    if ends[1]:
        parts[-1] = linear.reshape(parts[-1], (*parts[-1].shape, 1))
    for left, right in pairwise(parts):
        if left.ndim != 2 or right.ndim != 2 or left.shape[1] != right.shape[0]:
            raise ShapeError(
                f"`multi_dot` cannot multiply shapes {shape_text(left.shape)} and "
                f"{shape_text(right.shape)}",
                hint="a chain is of matrices that fit; its ends may be vectors",
            )
    result = _bracketed(parts)
    kept = [n for n, gone in zip(result.shape, ends, strict=True) if not gone]
    return linear.reshape(result, tuple(kept))


def _bracketed(parts: list[Node]) -> Node:
    """The product, bracketed as dynamic programming finds it cheapest."""
    sides = [int(parts[0].shape[0]), *[int(part.shape[1]) for part in parts]]
    count = len(parts)
    best: dict[tuple[int, int], tuple[int, int]] = {(k, k): (0, k) for k in range(count)}
    for length in range(1, count):
        for start in range(count - length):
            stop = start + length
            best[start, stop] = min(
                (
                    best[start, cut][0]
                    + best[cut + 1, stop][0]
                    + sides[start] * sides[cut + 1] * sides[stop + 1],
                    cut,
                )
                for cut in range(start, stop)
            )
    done: dict[tuple[int, int], Node] = {(k, k): part for k, part in enumerate(parts)}
    todo = [(0, count - 1)]
    while todo:
        start, stop = todo[-1]
        cut = best[start, stop][1]
        halves = [(start, cut), (cut + 1, stop)]
        missing = [half for half in halves if half not in done]
        if start == stop or not missing:
            todo.pop()
            if start != stop:
                done[start, stop] = product(done[halves[0]], done[halves[1]])
        todo += missing if start != stop else []
    return done[0, count - 1]


# --- a sum with a product ----------------------------------------------------------------------


def _scaled(x: Node, factor: Any) -> Node:
    return x if isinstance(factor, (int, float)) and factor == 1 else x * tensor(factor)


def _added(what: str, input: Any, term: Node, beta: Any, alpha: Any) -> Node:
    """beta*input + alpha*term, in the term's shape; with beta = 0 the input is not looked at."""
    first, term = tensor(input), _scaled(term, alpha)
    if broadcast_shape([first.shape, term.shape], what) != term.shape:
        raise ShapeError(
            f"`{what}` cannot add shape {shape_text(first.shape)} to a product of shape "
            f"{shape_text(term.shape)}"
        )
    if isinstance(beta, (int, float)) and beta == 0:
        return term
    return _scaled(first, beta) + term


@function(
    "torch.addmm",
    example="addmm([1., 2.], [[1., 2.], [3., 4.]], [[1., 0.], [2., 1.]], beta=0.5, alpha=2)",
)
def addmm(input: Any, mat1: Any, mat2: Any, beta: Any = 1, alpha: Any = 1) -> Node:
    """beta*input + alpha*(mat1 @ mat2)."""
    return _added("addmm", input, mm(mat1, mat2), beta, alpha)


@function("torch.addmv", example="addmv([1., 2.], [[1., 2.], [3., 4.]], [1., -1.])")
def addmv(input: Any, mat: Any, vec: Any, beta: Any = 1, alpha: Any = 1) -> Node:
    """beta*input + alpha*(mat @ vec)."""
    return _added("addmv", input, mv(mat, vec), beta, alpha)


@function("torch.addr", example="addr([[1., 2.], [3., 4.]], [1., -1.], [2., 0.5], alpha=3)")
def addr(input: Any, vec1: Any, vec2: Any, beta: Any = 1, alpha: Any = 1) -> Node:
    """beta*input + alpha*outer(vec1, vec2)."""
    return _added("addr", input, outer_of_vectors(vec1, vec2), beta, alpha)


def _stacks(what: str, batch1: Any, batch2: Any) -> tuple[Node, Node]:
    a, b = tensor(batch1), tensor(batch2)
    if a.ndim != 3 or b.ndim != 3 or a.shape[0] != b.shape[0] or a.shape[2] != b.shape[1]:
        raise ShapeError(
            f"`{what}` takes two stacks of matrices that fit, not shapes {shape_text(a.shape)} and "
            f"{shape_text(b.shape)}"
        )
    return a, b


@function(
    "torch.baddbmm", example="baddbmm([1., 2.], [[[1.], [2.]]], [[[3., 4.]]], beta=0.5, alpha=2)"
)
def baddbmm(input: Any, batch1: Any, batch2: Any, beta: Any = 1, alpha: Any = 1) -> Node:
    """beta*input + alpha*(batch1 @ batch2), matrix by matrix."""
    a, b = _stacks("baddbmm", batch1, batch2)
    return _added("baddbmm", input, product(a, b), beta, alpha)


@function("torch.addbmm", example="addbmm([1., 2.], [[[1.], [2.]]], [[[3., 4.]]])")
def addbmm(input: Any, batch1: Any, batch2: Any, beta: Any = 1, alpha: Any = 1) -> Node:
    """beta*input + alpha*(the sum of the products of two stacks of matrices)."""
    a, b = _stacks("addbmm", batch1, batch2)
    return _added("addbmm", input, contract(a, b, (0, 1, 2), (0, 2, 3), (1, 3)), beta, alpha)


# --- products that are no sums -----------------------------------------------------------------


@function("np+torch+jnp.kron", example="kron([[1., 2.], [3., 4.]], [1., -1.])")
def kron(a: Any, b: Any) -> Node:
    """Kronecker product: every element of a times the whole of b, as blocks."""
    x, y = tensor(a), tensor(b)
    rank = max(x.ndim, y.ndim)
    x = linear.reshape(x, (*[1] * (rank - x.ndim), *x.shape))
    y = linear.reshape(y, (*[1] * (rank - y.ndim), *y.shape))
    left, right = tuple(range(0, 2 * rank, 2)), tuple(range(1, 2 * rank, 2))
    blocks = contract(x, y, left, right, tuple(range(2 * rank)))
    return linear.reshape(blocks, tuple([m * n for m, n in zip(x.shape, y.shape, strict=True)]))


def _last(x: Node, axis: Any) -> Node:
    place = axis_of(axis, x.ndim)
    return linear.transpose(x, (*[k for k in range(-x.ndim, 0) if k != place], place))


def _component(x: Node, place: int) -> Node:
    return index(x, (*[(None, None, None)] * (x.ndim - 1), place))


def _no_vectors(a: Node, b: Node) -> ShapeError:
    return ShapeError(
        f"`cross` takes vectors of 3 components, not shapes {shape_text(a.shape)} and "
        f"{shape_text(b.shape)}",
        hint="axis=... says which axis holds the components",
    )


def _cross(a: Node, b: Node, planar: bool) -> Node:
    """Cross product over the last axis: a vector there, or, of two vectors in the plane, none."""
    sizes = [int(x.shape[-1]) for x in (a, b)]
    if any(size != 3 and not (planar and size == 2) for size in sizes):
        raise _no_vectors(a, b)
    broadcast_shape([a.shape[:-1], b.shape[:-1]], "cross")
    if sizes == [2, 2]:
        return _component(a, 0) * _component(b, 1) - _component(a, 1) * _component(b, 0)
    a, b = [
        x if x.shape[-1] == 3 else linear.concatenate([x, constant(0.0, (*x.shape[:-1], 1))], -1)
        for x in (a, b)
    ]
    next_, after = Positions(np.array([1, 2, 0])), Positions(np.array([2, 0, 1]))

    def turned(x: Node, places: Positions) -> Node:
        return index(x, (*[(None, None, None)] * (x.ndim - 1), places))

    return turned(a, next_) * turned(b, after) - turned(a, after) * turned(b, next_)


def _moved_from_last(x: Node, axis: Any) -> Node:
    place = axis_of(axis, x.ndim)
    order = list(range(-x.ndim, -1))
    order.insert(place + x.ndim, -1)
    return linear.transpose(x, tuple(order))


@function("np+jnp.cross", example="cross([1., 2., 3.], [0.5, -1., 2.])")
def cross(
    a: Any, b: Any, axisa: Any = -1, axisb: Any = -1, axisc: Any = -1, axis: Any = None
) -> Node:
    """Vector product; of two vectors in the plane the component that stands on it."""
    if axis is not None:
        axisa = axisb = axisc = axis
    result = _cross(_last(tensor(a), axisa), _last(tensor(b), axisb), True)
    planar = tensor(a).shape[axis_of(axisa, tensor(a).ndim)] == 2
    if planar and tensor(b).shape[axis_of(axisb, tensor(b).ndim)] == 2:
        return result
    return _moved_from_last(result, axisc)


@function("np+torch+jnp.linalg.cross", example="linalg.cross([1., 2., 3.], [0.5, -1., 2.])")
def linalg_cross(x1: Any, x2: Any, axis: Any = -1) -> Node:
    """Vector product of vectors of three components."""
    a, b = tensor(x1), tensor(x2)
    shape = broadcast_shape([a.shape, b.shape], "cross")
    place = axis_of(axis, len(shape))
    if any(-place > x.ndim or x.shape[place] != 3 for x in (a, b)):
        raise _no_vectors(a, b)
    a, b = _last(broadcast(a, shape), place), _last(broadcast(b, shape), place)
    return _moved_from_last(_cross(a, b, False), place)


@function("torch.cross", example="torch.cross([1., 2., 3.], [0.5, -1., 2.], dim=0)")
def torch_cross(input: Any, other: Any, dim: Any = None) -> Node:
    """Vector product; along the first axis of size 3 where dim is not given."""
    a, b = tensor(input), tensor(other)
    if dim is None:
        shape = broadcast_shape([a.shape, b.shape], "cross")
        threes = [axis - len(shape) for axis, extent in enumerate(shape) if extent == 3]
        if not threes:
            raise ShapeError(f"`cross` finds no axis of size 3 in shape {shape_text(shape)}")
        dim = threes[0]
    return linalg_cross(a, b, dim)


# --- made from parts ---------------------------------------------------------------------------


def _vander(x: Node, columns: Any, increasing: bool) -> Node:
    count = int(x.shape[-1]) if columns is None else whole(columns, "N")
    if count < 0:
        raise ArgumentError(f"a matrix has no {count} columns")
    shape_of((*x.shape, count))
    start, step = (0.0, 1.0) if increasing else (count - 1.0, -1.0)
    exponents = build(OPS["arange"], (), ((count,), start, step, "real"))
    return power(linear.reshape(x, (*x.shape, 1)), exponents)


@function("np+torch+jnp.vander", example="vander([1., 2., 3.], 3)")
def vander(x: Any, N: Any = None, increasing: Any = False) -> Node:
    """Powers of the elements of a vector as rows, falling unless `increasing`."""
    node = tensor(x)
    if node.ndim != 1:
        raise ShapeError(f"`vander` takes a vector, not shape {shape_text(node.shape)}")
    return _vander(node, N, flag(increasing, "increasing"))


@function("torch.linalg.vander", example="torch.linalg.vander([1., 2., 3.], 3)")
def linalg_vander(x: Any, N: Any = None) -> Node:
    """Powers of the elements along the last axis, rising."""
    node = tensor(x)
    if not node.ndim:
        raise ShapeError("`vander` takes vectors, not a scalar")
    return _vander(node, N, True)


@function(
    "scipy.linalg.block_diag jax.scipy.linalg.block_diag torch.block_diag",
    example="block_diag([[1., 2.], [3., 4.]], [5.], 6.)",
)
def block_diag(*arrs: Any) -> Node:
    """Matrices along the diagonal of a larger one, zeros elsewhere; a vector is a row."""
    parts = [tensor(item) for item in arrs] or [constant(0.0, (1, 0))]
    lead = broadcast_shape([part.shape[:-2] for part in parts], "block_diag")
    blocks = []
    for part in parts:
        shape = (*[1] * (2 - part.ndim), *part.shape)
        blocks.append(broadcast(linear.reshape(part, shape), (*lead, *shape[-2:])))
    whole_axes = [(0, extent, 1) for extent in lead]
    items, row, column = [], 0, 0
    for block in blocks:
        below, right = row + block.shape[-2], column + block.shape[-1]
        items.append((*whole_axes, (row, below, 1), (column, right, 1)))
        row, column = below, right
    return linear.scatter(blocks, (*lead, row, column), tuple(items))
