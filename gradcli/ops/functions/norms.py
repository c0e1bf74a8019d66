"""Norms of vectors and matrices, in each library's reading of `ord` and `axis`."""

from __future__ import annotations

from typing import Any

from gradcli.errors import ArgumentError
from gradcli.graph import OPS, Node
from gradcli.ops.binding import function
from gradcli.ops.functions.reductions import SAMPLE, Axes
from gradcli.ops.functions.torch import torch_axes
from gradcli.ops.linear import reduced_shape, reshape, sum_, transpose
from gradcli.ops.rows import arithmetic, logic
from gradcli.ops.rows import reductions as red
from gradcli.ops.values import axes_of, axis_of, flag, shown, static_number, tensor

INF = float("inf")
ORDERS = "1, -1, 2, -2, inf, -inf, 'fro' or 'nuc'"


def vector_norm_over(x: Node, ord: Any, axes: Axes, keep: bool) -> Node:
    """(sum |x|**ord)**(1/ord), its limits, and for 0 the count of what is not 0."""
    order = static_number(ord, "ord")
    if order == 2:
        return red.norm2(x, axes, keep)
    size = arithmetic.absolute(x)
    if order == INF:
        return red.amax(size, axes, keep)
    if order == -INF:
        return red.amin(size, axes, keep)
    if order == 1:
        return sum_(size, axes, keep)
    if order == 0:
        return sum_(logic.where(logic.equal(x, 0), 0.0, 1.0), axes, keep)
    return red.norm_p(x, axes, keep, order)


def matrix_norm_over(x: Node, ord: Any, axes: tuple[int, int], keep: bool) -> Node:
    """The norm of the matrices that two axes (rows, columns) hold."""
    rows, columns = axes
    both = tuple(sorted(axes))
    if ord == "fro":
        return red.norm2(x, both, keep)
    order = 0.0 if isinstance(ord, str) else static_number(ord, "ord")
    extreme = red.amax if order > 0 else red.amin
    if order in (1, -1, INF, -INF):
        inner, outer = (rows, columns) if order in (1, -1) else (columns, rows)
        found = extreme(sum_(arithmetic.absolute(x), (inner,), True), (outer,), True)
    elif order in (2, -2) or ord == "nuc":
        rest = [axis for axis in range(-x.ndim, 0) if axis not in axes]
        values = OPS["svdvals"](transpose(x, (*rest, rows, columns)))
        each = sum_(values, (-1,), False) if ord == "nuc" else extreme(values, (-1,), False)
        found = reshape(each, reduced_shape(x.shape, both, True))
    else:
        raise ArgumentError(f"the norm of a matrix takes ord {ORDERS}, not {shown(ord)}")
    return found if keep else reshape(found, reduced_shape(x.shape, both, False))


def _pair(x: Node, axis: Any, what: str) -> tuple[int, int]:
    """Two different axes, in the order given."""
    items = axis if isinstance(axis, (tuple, list)) else (axis,)
    axes = [axis_of(item, x.ndim, what) for item in items]
    if len(axes) != 2 or axes[0] == axes[1]:
        raise ArgumentError(
            f"the norm of matrices needs two different axes, not {what}={shown(axis)}"
        )
    return axes[0], axes[1]


@function("np+jnp+scipy.linalg.norm", example=f"linalg.norm({SAMPLE}, 1, axis=1)")
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: Any = False) -> Node:
    """Norm of a vector or a matrix, over one or two axes; with neither ord nor axis, of all."""
    x = tensor(x)
    keep = flag(keepdims, "keepdims")
    if axis is None and ord is None:
        return red.norm2(x, axes_of(None, x.ndim), keep)
    if axis is None:
        axis = tuple(range(-x.ndim, 0))
    axes = axes_of(axis, x.ndim)
    if len(axes) == 1:
        if isinstance(ord, str):
            raise ArgumentError(f"the norm of a vector takes a number as ord, not {shown(ord)}")
        return vector_norm_over(x, 2 if ord is None else ord, axes, keep)
    if len(axes) != 2:
        raise ArgumentError(
            f"`norm` with ord={shown(ord)} is of vectors or matrices: name one or two axes",
            hint="`linalg.vector_norm` takes any number of axes together",
        )
    return matrix_norm_over(x, "fro" if ord is None else ord, _pair(x, axis, "axis"), keep)


@function("torch.linalg.norm", example=f"torch.linalg.norm({SAMPLE}, 'nuc')")
def torch_norm(input: Any, ord: Any = None, dim: Any = None, keepdim: Any = False) -> Node:
    """With no dim, an order is of a vector or a matrix; with neither, of all elements."""
    x = tensor(input)
    if x.ndim and (ord is not None or dim is not None):
        return norm(x, ord, dim, keepdim)
    return vector_norm_over(x, 2, torch_axes(x, dim), flag(keepdim, "keepdim"))


@function("np+jnp.linalg.vector_norm", example=f"linalg.vector_norm({SAMPLE}, axis=1, ord=3)")
def vector_norm(x: Any, *, axis: Any = None, keepdims: Any = False, ord: Any = 2) -> Node:
    """Norm of all elements together, or over axes, as of one vector."""
    x = tensor(x)
    return vector_norm_over(x, ord, axes_of(axis, x.ndim), flag(keepdims, "keepdims"))


@function("torch.linalg.vector_norm", example=f"torch.linalg.vector_norm({SAMPLE}, 3, dim=1)")
def torch_vector_norm(x: Any, ord: Any = 2, dim: Any = None, keepdim: Any = False) -> Node:
    """Norm of all elements together, or over dims, as of one vector."""
    x = tensor(x)
    return vector_norm_over(x, ord, torch_axes(x, dim), flag(keepdim, "keepdim"))


@function("np+jnp.linalg.matrix_norm", example=f"linalg.matrix_norm({SAMPLE}, ord='nuc')")
def matrix_norm(x: Any, *, keepdims: Any = False, ord: Any = "fro") -> Node:
    """Norm of the matrices in the last two axes."""
    x = tensor(x)
    return matrix_norm_over(x, ord, _pair(x, (-2, -1), "axis"), flag(keepdims, "keepdims"))


@function("torch.linalg.matrix_norm", example=f"torch.linalg.matrix_norm({SAMPLE}, ord=2)")
def torch_matrix_norm(x: Any, ord: Any = "fro", dim: Any = (-2, -1), keepdim: Any = False) -> Node:
    """Norm of the matrices that two dims hold."""
    x = tensor(x)
    return matrix_norm_over(x, ord, _pair(x, dim, "dim"), flag(keepdim, "keepdim"))


@function("torch.dist", example=f"torch.dist({SAMPLE}, [0.3, 0.6, 0.2], p=3)")
def dist(input: Any, other: Any, p: Any = 2) -> Node:
    """The norm of the difference of all elements."""
    step = tensor(input) - tensor(other)
    return vector_norm_over(step, p, axes_of(None, step.ndim), False)


@function("torch.norm", example=f"torch.norm({SAMPLE}, p=3, dim=1)")
def old_norm(input: Any, p: Any = "fro", dim: Any = None, keepdim: Any = False) -> Node:
    """The norm of all elements as a vector, for every p but 'nuc'."""
    x = tensor(input)
    if p == "nuc":
        axes = _pair(x, (-2, -1) if dim is None else dim, "dim")
        return matrix_norm_over(x, "nuc", axes, flag(keepdim, "keepdim"))
    order = 2 if p == "fro" or p is None else p
    return vector_norm_over(x, order, torch_axes(x, dim), flag(keepdim, "keepdim"))
