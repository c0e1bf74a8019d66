"""Reductions with derivatives of their own: extremes, products, norms, softmax and its kin.

All take negative axes as a tuple, and whether to keep them with size 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import ShapeError
from gradcli.graph import builder, size_of
from gradcli.ops.cotangent import Cotangent, nonzero, real
from gradcli.ops.custom import Custom
from gradcli.ops.family import build
from gradcli.ops.leaves import constant, eye_
from gradcli.ops.linear import (
    add_up,
    broadcast_to,
    concatenate,
    flip,
    index,
    inverse_permutation,
    keep_reduced,
    reduced_shape,
    reshape,
    sum_,
    transpose,
)
from gradcli.ops.rows.arithmetic import ALL, ANY, absolute, sign
from gradcli.ops.rows.exponential import power
from gradcli.ops.rows.logic import equal, guarded, leaves_out, logical_or, not_equal, where

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradcli.graph import Node
    from gradcli.ops.family import Types

Array = np.ndarray[Any, Any]
Axes = tuple[int, ...]

_REDUCED = (
    (((5,),), ((-1,), False)),
    (((3, 4),), ((-2,), True)),
    (((2, 3, 2),), ((-3, -1), False)),
)


def _reduced(x: Node, axes: Axes, keepdims: bool) -> Types:
    return ((reduced_shape(x.shape, axes, keepdims), "real"),)


def _reduction_lane(node: Node, mask: Node, place: int) -> Node:
    x = node.inputs[0]
    return broadcast_to(keep_reduced(mask, x, node.params[0]), x.shape)


def _along_lane(node: Node, mask: Node, place: int) -> Node:
    hit = nonzero(sum_(real(mask), node.params[0], True))
    return broadcast_to(hit, mask.shape)


# --- extremes ----------------------------------------------------------------------------------


def _extreme_types(x: Node, axes: Axes, keepdims: bool) -> Types:
    if size_of(tuple([x.shape[axis] for axis in axes])) == 0:
        raise ShapeError("the largest or smallest of no elements does not exist")
    return ((reduced_shape(x.shape, axes, keepdims), x.kind),)


def _extreme_vjp(node: Node, g: Node) -> list[Cotangent]:
    """Ties share evenly; elements that are not extreme are masked, as `where` would."""
    (x,), (axes, _) = node.inputs, node.params
    # A NaN among the elements is the extreme, and equal to nothing.
    hit = logical_or(equal(x, keep_reduced(node, x, axes)), not_equal(x, x))
    share = keep_reduced(g, x, axes) / sum_(real(hit), axes, True)
    return [Cotangent(where(hit, share, 0.0), hit)]


def _extreme_textbook(node: Node, g: Node) -> list[Cotangent]:
    """The same where one element alone is the extreme."""
    (x,), (axes, _) = node.inputs, node.params
    hit = equal(x, keep_reduced(node, x, axes))
    if leaves_out(not_equal(sum_(real(hit), axes, False), 1.0)):
        return [Cotangent(where(hit, keep_reduced(g, x, axes), 0.0), hit)]
    return _extreme_vjp(node, g)


def _extreme(name: str, forward: Callable[..., Array], word: str) -> Custom:
    return Custom(
        name,
        lambda x, axes, keepdims: forward(x, axis=axes, keepdims=keepdims),
        _extreme_types,
        _extreme_vjp,
        doc=f"The {word} element; ties share the derivative evenly.",
        domain=ALL,
        box=(ANY,),
        kinks=(((1.0,), (1.0,)),),
        samples=_REDUCED,
        lane=_reduction_lane,
        textbook=_extreme_textbook,
    )


amax = _extreme("amax", np.amax, "largest")
amin = _extreme("amin", np.amin, "smallest")


def _position_types(x: Node, axis: int, keepdims: bool) -> Types:
    shape = _extreme_types(x, (axis,), keepdims)[0][0]
    return ((shape, "int"),)


def _arg_extreme(name: str, forward: Callable[..., Array], word: str) -> Custom:
    return Custom(
        name,
        lambda x, axis, keepdims: forward(x, axis=axis, keepdims=keepdims),
        _position_types,
        None,
        doc=f"Position of the first {word} element along an axis; it has no derivative.",
        domain=ALL,
        box=(ANY,),
        kinks=(),
        samples=((((3, 4),), (-1, False)),),
    )


argmax = _arg_extreme("argmax", np.argmax, "largest")
argmin = _arg_extreme("argmin", np.argmin, "smallest")

# --- products ----------------------------------------------------------------------------------


def _products_before(x: Node) -> Node:
    """Along the last axis, the product of all earlier elements, in a logarithm of steps."""
    extent = int(x.shape[-1])
    lead = x.shape[:-1]
    if not extent:
        return x
    whole = [(0, n, 1) for n in lead]
    one = constant(1.0, (*lead, 1))
    result = concatenate([one, index(x, (*whole, (0, extent - 1, 1)))], -1)
    step = 1
    while step < extent:
        ones = constant(1.0, (*lead, step))
        shifted = concatenate([ones, index(result, (*whole, (0, extent - step, 1)))], -1)
        result = result * shifted
        step *= 2
    return result


def _prod_vjp(node: Node, g: Node) -> list[Node]:
    """The product of all other elements, without division: exact where elements are zero."""
    (x,), (axes, _) = node.inputs, node.params
    rest = tuple([axis for axis in range(-x.ndim, 0) if axis not in axes])
    perm = rest + axes
    moved = transpose(x, perm)
    kept = tuple([x.shape[axis] for axis in rest])
    flat = reshape(moved, (*kept, size_of(tuple([x.shape[axis] for axis in axes]))))
    after = flip(_products_before(flip(flat, (-1,))), (-1,))
    others = reshape(_products_before(flat) * after, moved.shape)
    return [keep_reduced(g, x, axes) * transpose(others, inverse_permutation(perm))]


def _prod_textbook(node: Node, g: Node) -> list[Node]:
    """`prod(x)/x`, where no element is 0; to compute with, the products of all other elements."""
    (x,), (axes, _) = node.inputs, node.params
    if builder().left_out is None and x.ndim == 1:
        size = x.shape[0]
        others = where(not_equal(build(eye_, (), ((size, size), 0)), 0.0), 1.0, x)
        return [keep_reduced(g, x, axes) * prod(others, (-1,), False)]
    quotient = keep_reduced(node, x, axes) / x
    return [keep_reduced(g, x, axes) * guarded(equal(x, 0.0), float("nan"), quotient)]


prod: Custom = Custom(
    "prod",
    lambda x, axes, keepdims: np.prod(x, axis=axes, keepdims=keepdims),
    _reduced,
    _prod_vjp,
    doc="Product over axes.",
    domain=ALL,
    box=(ANY,),
    kinks=(),
    samples=_REDUCED,
    lane=_reduction_lane,
    textbook=_prod_textbook,
)

# --- norm, standard deviation and log-sum-exp -------------------------------------------------


def _norm2(x: Array, axes: Axes, keepdims: bool) -> Array:
    plain = np.sqrt(add_up(x * x, axis=axes, keepdims=keepdims))
    tiny = np.finfo(x.dtype).tiny ** 0.5
    if np.all((plain > tiny / np.finfo(x.dtype).eps) & np.isfinite(plain)):
        return np.asarray(plain)
    # Scaled by the largest element, where squares overflow or vanish.
    largest = np.amax(np.abs(x), axis=axes, keepdims=True, initial=0)
    scale = np.where((largest > 0) & np.isfinite(largest), largest, 1)
    scaled = x / scale
    total = np.sqrt(add_up(scaled * scaled, axis=axes, keepdims=True)) * scale
    return np.asarray(total if keepdims else np.squeeze(total, axis=axes))


def _norm2_vjp(node: Node, g: Node) -> list[Node]:
    (x,), (axes, _) = node.inputs, node.params
    length = keep_reduced(node, x, axes)
    return [guarded(equal(length, 0.0), 0.0, keep_reduced(g, x, axes) * (x / length))]


norm2: Custom = Custom(
    "norm2",
    _norm2,
    _reduced,
    _norm2_vjp,
    doc="Euclidean norm over axes, without overflow; its derivative at 0 is 0.",
    domain=ALL,
    box=(ANY,),
    kinks=(((0.0,), (0.0,)),),
    samples=_REDUCED,
    lane=_reduction_lane,
)


def _norm_p(x: Array, axes: Axes, keepdims: bool, order: float) -> Array:
    """Scaled by the largest element, so that no power overflows or vanishes."""
    size = np.abs(x)
    largest = np.amax(size, axis=axes, keepdims=True, initial=0)
    scale = np.where((largest > 0) & np.isfinite(largest), largest, 1)
    total = add_up(np.power(size / scale, order), axis=axes, keepdims=True)
    root = (np.power(total, 1 / order) * scale).astype(x.dtype, copy=False)
    return np.asarray(root if keepdims else np.squeeze(root, axis=axes))


def _norm_p_vjp(node: Node, g: Node) -> list[Node]:
    (x,), (axes, _, order) = node.inputs, node.params
    ratio = absolute(x) / keep_reduced(node, x, axes)
    slope = sign(x) * power(ratio, order - 1.0)
    return [guarded(equal(x, 0.0), 0.0, keep_reduced(g, x, axes) * slope)]


norm_p: Custom = Custom(
    "norm_p",
    _norm_p,
    lambda x, axes, keepdims, order: _reduced(x, axes, keepdims),
    _norm_p_vjp,
    doc="sum(|x|**p)**(1/p) over axes, without overflow; where x is 0 its derivative is 0.",
    domain="p other than 0",
    box=(ANY,),
    kinks=(((0.0,), (0.0,)),),
    samples=(
        (((4,),), ((-1,), False, 3.0)),
        (((2, 3),), ((-1,), True, 0.5)),
        (((2, 3),), ((-2, -1), False, -1.5)),
    ),
    lane=_reduction_lane,
)


def _std(x: Array, axes: Axes, keepdims: bool, ddof: float) -> Array:
    # Shifted by an element first, so that equal elements deviate by an exact zero.
    first = tuple([slice(0, 1) if k - x.ndim in axes else slice(None) for k in range(x.ndim)])
    shifted = x - x[first]
    count = float(np.prod([x.shape[axis] for axis in axes]))
    centred = shifted - add_up(shifted, axis=axes, keepdims=True) / x.dtype.type(count)
    return np.asarray(_norm2(centred, axes, keepdims) / x.dtype.type(max(count - ddof, 0)) ** 0.5)


def _std_vjp(node: Node, g: Node) -> list[Node]:
    (x,), (axes, _, ddof) = node.inputs, node.params
    count = size_of(tuple([x.shape[axis] for axis in axes]))
    centred = x - sum_(x, axes, True) / constant(count)
    degrees = constant(count) if ddof == 0 else constant(count) - float(ddof)
    spread = keep_reduced(node, x, axes)
    part = keep_reduced(g, x, axes) * (centred / (degrees * spread))
    return [guarded(equal(spread, 0.0), 0.0, part)]


std: Custom = Custom(
    "std",
    _std,
    lambda x, axes, keepdims, ddof: _reduced(x, axes, keepdims),
    _std_vjp,
    doc="Root of the mean squared deviation from the mean, with n - ddof for n.",
    domain="more than ddof elements",
    box=(ANY,),
    kinks=(),
    samples=(
        *[(shapes, (*params, 0)) for shapes, params in _REDUCED],
        (((4,),), ((-1,), False, 1)),
    ),
    lane=_reduction_lane,
)


def _shift(x: Array, axes: Axes) -> Array:
    largest = np.amax(x, axis=axes, keepdims=True, initial=-np.inf)
    return np.where(np.isfinite(largest), largest, 0).astype(x.dtype, copy=False)


def _log_total(x: Array, axes: Axes) -> tuple[Array, Array]:
    """The largest element, and log(sum(exp(x - largest))): exact where one element is all of it."""
    top = np.amax(x, axis=axes, keepdims=True, initial=-np.inf)
    hit = x == top
    rest = np.where(hit, 0, np.exp(x - _shift(x, axes))).astype(x.dtype, copy=False)
    count = np.maximum(add_up(hit, axis=axes, keepdims=True, dtype=x.dtype), 1)
    return top, np.log(count) + np.log1p(add_up(rest, axis=axes, keepdims=True) / count)


def _logsumexp(x: Array, axes: Axes, keepdims: bool) -> Array:
    top, rest = _log_total(x, axes)
    total = top + rest
    return np.asarray(total if keepdims else np.squeeze(total, axis=axes))


def _softmax(x: Array, axes: Axes) -> Array:
    # An infinite largest element leaves NaN: its share of the whole is not known.
    raised = np.exp(x - np.amax(x, axis=axes, keepdims=True, initial=-np.inf))
    return np.asarray(raised / add_up(raised, axis=axes, keepdims=True))


def _log_softmax(x: Array, axes: Axes) -> Array:
    top, rest = _log_total(x, axes)
    return np.asarray(x - top - rest)


def _logsumexp_vjp(node: Node, g: Node) -> list[Node]:
    (x,), (axes, _) = node.inputs, node.params
    # Of elements that are all -inf none has a share.
    nothing = equal(keep_reduced(node, x, axes), -np.inf)
    return [guarded(nothing, 0.0, keep_reduced(g, x, axes) * softmax(x, axes))]


def _softmax_vjp(node: Node, g: Node) -> list[Node]:
    (axes,) = node.params
    return [node * (g - sum_(g * node, axes, True))]


def _log_softmax_vjp(node: Node, g: Node) -> list[Node]:
    (x,), (axes,) = node.inputs, node.params
    return [g - softmax(x, axes) * sum_(g, axes, True)]


logsumexp: Custom = Custom(
    "logsumexp",
    _logsumexp,
    _reduced,
    _logsumexp_vjp,
    doc="log(sum(exp(x))) over axes, without overflow.",
    domain=ALL,
    box=(ANY,),
    kinks=(),
    samples=_REDUCED,
    lane=_reduction_lane,
)

_ALONG = ((((5,),), ((-1,),)), (((3, 4),), ((-2,),)))


def _along_types(x: Node, axes: Axes) -> Types:
    return ((x.shape, "real"),)


softmax: Custom = Custom(
    "softmax",
    _softmax,
    _along_types,
    _softmax_vjp,
    doc="exp(x)/sum(exp(x)) along axes, without overflow.",
    domain=ALL,
    box=(ANY,),
    kinks=(),
    samples=_ALONG,
    lane=_along_lane,
)

log_softmax: Custom = Custom(
    "log_softmax",
    _log_softmax,
    _along_types,
    _log_softmax_vjp,
    doc="log(softmax(x)) along axes, without a loss of digits.",
    domain=ALL,
    box=(ANY,),
    kinks=(),
    samples=_ALONG,
    lane=_along_lane,
)
