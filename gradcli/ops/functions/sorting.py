"""Sorting, the largest and smallest elements, and search in sorted vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.errors import ArgumentError, ShapeError
from gradcli.graph import Node
from gradcli.ops import linear
from gradcli.ops.binding import function
from gradcli.ops.elementwise import shape_text
from gradcli.ops.functions.arranging import along
from gradcli.ops.functions.selecting import take_at, whole_numbers
from gradcli.ops.rows import ordering
from gradcli.ops.rows.logic import greater, where
from gradcli.ops.several import Picked, outputs
from gradcli.ops.values import axis_of, flag, shown, tensor, whole


def _sorted(x: Any, axis: Any, descending: Any = False) -> Picked:
    """Along an axis, or of all elements as a vector where it is None."""
    node = tensor(x)
    if axis is None:
        node, axis = linear.reshape(node, (node.size,)), -1
    if not node.ndim:
        return Picked(node, tensor(0))
    place = axis_of(axis, node.ndim)
    values, order = outputs(ordering.sort(node, place, flag(descending, "descending")))
    return Picked(values, order)


@function("np.sort", example="sort([3., 1., 2.])")
def sort(a: Any, axis: Any = -1, kind: Any = None, order: Any = None, stable: Any = None) -> Node:
    """Elements in ascending order along an axis; all of them as a vector where it is None."""
    return _sorted(a, axis).values


@function("jnp.sort", example="jnp.sort([3., 1., 2.], descending=True)")
def jax_sort(
    a: Any,
    axis: Any = -1,
    kind: Any = None,
    order: Any = None,
    stable: Any = True,
    descending: Any = False,
) -> Node:
    """Elements in order along an axis; all of them as a vector where it is None."""
    return _sorted(a, axis, descending).values


@function("torch.sort", example="torch.sort([3., 1., 2.])")
def torch_sort(input: Any, dim: Any = -1, descending: Any = False, stable: Any = False) -> Picked:
    """(elements in order along a dimension, where they were)."""
    return _sorted(input, dim, descending)


@function("torch.msort", example="msort([[3., 1.], [1., 2.]])")
def msort(input: Any) -> Node:
    """Elements in ascending order along the first dimension."""
    return _sorted(input, 0).values


@function("np.argsort", example="argsort([3., 1., 2.])")
def argsort(
    a: Any, axis: Any = -1, kind: Any = None, order: Any = None, stable: Any = None
) -> Node:
    """Where the elements in ascending order are; equal ones keep their order."""
    return _sorted(a, axis).indices


@function("jnp.argsort", example="jnp.argsort([3., 1., 2.])")
def jax_argsort(
    a: Any,
    axis: Any = -1,
    kind: Any = None,
    order: Any = None,
    stable: Any = True,
    descending: Any = False,
) -> Node:
    """Where the elements in order are; equal ones keep their order."""
    return _sorted(a, axis, descending).indices


@function("torch.argsort", example="torch.argsort([3., 1., 2.], descending=True)")
def torch_argsort(input: Any, dim: Any = -1, descending: Any = False, stable: Any = False) -> Node:
    """Where the elements in order are; equal ones keep their order."""
    return _sorted(input, dim, descending).indices


# --- the largest and the smallest --------------------------------------------------------------


def _at_end(x: Node, dim: Any, k: Any, largest: bool) -> Picked:
    """The k largest or smallest along a dimension, those first that are more so."""
    if not x.ndim:
        x = linear.reshape(x, (1,))
    axis, count = axis_of(-1 if dim is None else dim, x.ndim, "dim"), whole(k, "k")
    if not 0 <= count <= x.shape[axis]:
        raise ArgumentError(
            f"`topk` finds no {count} elements along axis {axis + x.ndim} of shape "
            f"{shape_text(x.shape)}"
        )
    both = _sorted(x, axis, largest)
    first = (0, int(count), 1)
    return Picked(along(both.values, axis, first), along(both.indices, axis, first))


@function("torch.topk", example="topk([3., 1., 2.], 2)")
def topk(
    input: Any,
    k: Any,
    dim: Any = None,
    largest: Any = True,
    sorted: Any = True,
) -> Picked:
    """(the k largest, or smallest, elements along a dimension, where they were)."""
    x = tensor(input)
    found = _at_end(x, dim, k, flag(largest, "largest"))
    return found if x.ndim else Picked(*[linear.reshape(part, ()) for part in found])


@function("jax.lax.top_k", example="jax.lax.top_k([3., 1., 2.], 2)")
def top_k(operand: Any, k: Any, axis: Any = -1) -> Picked:
    """(the k largest elements along an axis, where they were)."""
    return _at_end(tensor(operand), axis, k, True)


@function("torch.kthvalue", example="kthvalue([3., 1., 2.], 2)")
def kthvalue(input: Any, k: Any, dim: Any = None, keepdim: Any = False) -> Picked:
    """(the k-th smallest element along a dimension, where it was); k counts from 1."""
    x = tensor(input)
    node = x if x.ndim else linear.reshape(x, (1,))
    axis, count = axis_of(-1 if dim is None else dim, node.ndim, "dim"), whole(k, "k")
    if not 1 <= count <= node.shape[axis]:
        raise ArgumentError(
            f"`kthvalue` finds no element {count} along axis {axis + node.ndim} of shape "
            f"{shape_text(node.shape)}"
        )
    both = _sorted(node, axis)
    place: tuple[int, int, int] | int = int(count) - 1
    if flag(keepdim, "keepdim"):
        place = (int(count) - 1, int(count), 1)
    found = Picked(along(both.values, axis, place), along(both.indices, axis, place))
    return found if x.ndim else Picked(*[linear.reshape(part, ()) for part in found])


# --- search ------------------------------------------------------------------------------------


def _searched(rows: Node, values: Node, right: bool, sorter: Any) -> Node:
    if sorter is not None:
        order = whole_numbers(sorter, "sorter")
        if np.any((order < 0) | (order >= rows.shape[-1])) or order.ndim != rows.ndim:
            raise ArgumentError("`sorter` holds the positions that sort the rows")
        rows = take_at("searchsorted", rows, order, -1)
    if rows.ndim > 1 and rows.shape[:-1] != values.shape[:-1]:
        raise ShapeError(
            f"`searchsorted` cannot look for shape {shape_text(values.shape)} in rows of shape "
            f"{shape_text(rows.shape)}",
            hint="all axes but the last must agree",
        )
    return ordering.searchsorted(rows, values, right)


def _side(side: Any, right: Any = False) -> bool:
    if side is None:
        return flag(right, "right")
    if side not in ("left", "right"):
        raise ArgumentError(f"`side` is 'left' or 'right', not {shown(side)}")
    return bool(side == "right")


@function("np+jnp.searchsorted", example="searchsorted([1., 2., 3.], 2.5)")
def searchsorted(
    a: Any, v: Any, side: Any = "left", sorter: Any = None, method: Any = None
) -> Node:
    """Where values belong in a sorted vector: before equal ones, or after them."""
    rows = tensor(a)
    if rows.ndim != 1:
        raise ShapeError(f"`searchsorted` takes a vector, not shape {shape_text(rows.shape)}")
    return _searched(rows, tensor(v), _side(side), sorter)


@function("torch.searchsorted", example="torch.searchsorted([1., 2., 3.], [2.5], right=True)")
def torch_searchsorted(
    sorted_sequence: Any,
    input: Any,
    out_int32: Any = False,
    right: Any = False,
    side: Any = None,
    sorter: Any = None,
) -> Node:
    """Where values belong in sorted rows, each in the row that has its leading positions."""
    rows = tensor(sorted_sequence)
    if not rows.ndim:
        raise ShapeError("`searchsorted` takes sorted rows, not a scalar")
    return _searched(rows, tensor(input), _side(side, right), sorter)


@function("torch.bucketize", example="bucketize([0.5, 2.5], [1., 2., 3.])")
def bucketize(input: Any, boundaries: Any, out_int32: Any = False, right: Any = False) -> Node:
    """The number of the interval between boundaries that each value lies in."""
    return torch_searchsorted(boundaries, input, right=right)


@function("np+jnp.digitize", example="digitize([0.5, 2.5], [1., 2., 3.])")
def digitize(x: Any, bins: Any, right: Any = False, method: Any = None) -> Node:
    """The number of the bin that each value lies in; bins may ascend or descend."""
    edges, values = tensor(bins), tensor(x)
    if edges.ndim != 1:
        raise ShapeError(f"`digitize` takes a vector of bins, not shape {shape_text(edges.shape)}")
    closed = flag(right, "right")
    upward = _searched(edges, values, not closed, None)
    count = int(edges.shape[0])
    if count < 2:
        return upward
    downward = count - _searched(linear.flip(edges, (-1,)), values, closed, None)
    ends = [along(edges, -1, place) for place in (0, count - 1)]
    return where(greater(*ends), downward, upward)
