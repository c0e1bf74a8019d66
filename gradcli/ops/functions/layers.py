"""Linear and bilinear maps, attention, and distances between vectors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradcli.errors import ArgumentError, ShapeError
from gradcli.graph import Node
from gradcli.ops import linear
from gradcli.ops.binding import function
from gradcli.ops.contraction import contract
from gradcli.ops.elementwise import broadcast_shape, shape_text
from gradcli.ops.functions.arranging import repeat_interleave, require_few
from gradcli.ops.functions.norms import vector_norm_over
from gradcli.ops.functions.products import product
from gradcli.ops.leaves import array_constant, constant
from gradcli.ops.rows.arithmetic import maximum
from gradcli.ops.rows.linalg import matrix_transpose
from gradcli.ops.rows.logic import equal, where
from gradcli.ops.rows.reductions import amax, softmax
from gradcli.ops.values import axis_of, broadcast, flag, static_number, tensor

# --- linear maps -------------------------------------------------------------------------------


@function("F.linear", example="linear([1., 2.], [[1., 0.5], [3., -1.], [0., 2.]], [0.1, 0.2, 0.3])")
def linear_map(input: Any, weight: Any, bias: Any = None) -> Node:
    """The affine map input @ weight.T + bias."""
    x, w = tensor(input), tensor(weight)
    if not x.ndim or w.ndim not in (1, 2) or x.shape[-1] != w.shape[-1]:
        raise ShapeError(
            f"`linear` cannot combine an input of shape {shape_text(x.shape)} with a weight of "
            f"shape {shape_text(w.shape)}",
            hint="the weight is (out, in), and the input ends in an axis of size in",
        )
    result = product(x, linear.transpose(w, (-1, -2)) if w.ndim == 2 else w, "linear")
    return result if bias is None else result + tensor(bias)


@function(
    "F.bilinear torch.bilinear", example="bilinear([1., 2.], [3., 4.], [[[1., 0.5], [2., -1.]]])"
)
def bilinear(input1: Any, input2: Any, weight: Any, bias: Any = None) -> Node:
    """input1 @ weight[k] @ input2 + bias[k] for each k."""
    x, y, w = tensor(input1), tensor(input2), tensor(weight)
    fits = w.ndim == 3 and x.ndim and y.ndim and x.shape[:-1] == y.shape[:-1]
    if not fits or (x.shape[-1], y.shape[-1]) != w.shape[1:]:
        raise ShapeError(
            f"`bilinear` cannot combine shapes {shape_text(x.shape)} and {shape_text(y.shape)} "
            f"with a weight of shape {shape_text(w.shape)}",
            hint="the weight is (out, in1, in2), and the inputs end in axes of these sizes",
        )
    lead = tuple(range(3, x.ndim + 2))
    half = contract(x, w, (*lead, 1), (0, 1, 2), (*lead, 0, 2))
    result = contract(half, y, (*lead, 0, 2), (*lead, 2), (*lead, 0))
    return result if bias is None else result + tensor(bias)


# --- attention ---------------------------------------------------------------------------------


def _masked(scores: Node, attn_mask: Any, causal: bool) -> Node:
    rows, columns = scores.shape[-2:]
    if causal:
        if attn_mask is not None:
            raise ArgumentError("attention takes an `attn_mask` or `is_causal`, not both")
        allowed = array_constant(np.tri(int(rows), int(columns), dtype=np.bool_))
        return where(allowed, scores, -math.inf)
    if attn_mask is None:
        return scores
    mask = tensor(attn_mask)
    if broadcast_shape([scores.shape, mask.shape], "attention") != scores.shape:
        raise ShapeError(
            f"an attention mask of shape {shape_text(mask.shape)} does not fit scores of shape "
            f"{shape_text(scores.shape)}"
        )
    return where(mask, scores, -math.inf) if mask.kind == "bool" else scores + mask


def _weights(scores: Node) -> Node:
    """Softmax along the last axis; zeros where nothing may be looked at."""
    nothing = equal(amax(scores, (-1,), True), -math.inf)
    return where(nothing, 0.0, softmax(where(nothing, 0.0, scores), (-1,)))


@function(
    "F.scaled_dot_product_attention",
    example="scaled_dot_product_attention([[1., 2.], [0., 1.]], [[1., 0.], [2., 1.]], "
    "[[3., 1.], [1., 2.]], is_causal=True)",
)
def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: Any = 0.0,
    is_causal: Any = False,
    scale: Any = None,
    enable_gqa: Any = False,
) -> Node:
    """softmax(query @ key.mT * scale + mask) @ value; scale is 1/sqrt(size of a query) by default.

    A mask of booleans says what may be looked at, one of numbers is added to the scores.
    """
    q, k, v = tensor(query), tensor(key), tensor(value)
    if min(q.ndim, k.ndim, v.ndim) < 2 or q.shape[-1] != k.shape[-1] or k.shape[-2] != v.shape[-2]:
        raise ShapeError(
            f"attention cannot combine queries of shape {shape_text(q.shape)}, keys of shape "
            f"{shape_text(k.shape)} and values of shape {shape_text(v.shape)}",
            hint="queries and keys end in one size, keys and values have as many rows",
        )
    if static_number(dropout_p, "dropout_p") != 0:
        raise ArgumentError(
            "attention takes no dropout here", hint="a derivative is of a function, not of chance"
        )
    if flag(enable_gqa, "enable_gqa") and q.ndim > 2 and min(k.ndim, v.ndim) > 2:
        k = repeat_interleave(k, q.shape[-3] // k.shape[-3], -3)
        v = repeat_interleave(v, q.shape[-3] // v.shape[-3], -3)
    scores = product(q, matrix_transpose(k), "attention")
    factor = constant(1 / math.sqrt(q.shape[-1])) if scale is None else tensor(scale)
    weights = _weights(_masked(scores * factor, attn_mask, flag(is_causal, "is_causal")))
    return product(weights, v, "attention")


# --- distances ---------------------------------------------------------------------------------


@function(
    "F.pairwise_distance torch.pairwise_distance",
    example="pairwise_distance([[1., 2.], [3., 4.]], [[0., 1.], [5., 2.]])",
)
def pairwise_distance(
    x1: Any, x2: Any, p: Any = 2.0, eps: Any = 1e-6, keepdim: Any = False
) -> Node:
    """Norm of x1 - x2 + eps over the last axis."""
    difference = tensor(x1) - tensor(x2) + float(static_number(eps, "eps"))
    axes = (-1,) if difference.ndim else ()
    return vector_norm_over(difference, p, axes, flag(keepdim, "keepdim"))


@function("torch.cdist", example="cdist([[1., 2.], [3., 4.]], [[0., 1.], [5., 2.], [2., 2.]])")
def cdist(x1: Any, x2: Any, p: Any = 2.0, compute_mode: Any = None) -> Node:
    """Norms of the difference of every row of x1 with every row of x2; 0 at equal rows."""
    a, b = tensor(x1), tensor(x2)
    if a.ndim < 2 or b.ndim < 2 or a.shape[-1] != b.shape[-1]:
        raise ShapeError(
            f"`cdist` takes rows of one size, not shapes {shape_text(a.shape)} and "
            f"{shape_text(b.shape)}"
        )
    left = linear.reshape(a, (*a.shape[:-1], 1, a.shape[-1]))
    right = linear.reshape(b, (*b.shape[:-2], 1, *b.shape[-2:]))
    return vector_norm_over(left - right, p, (-1,), False)


@function("F.pdist torch.pdist", example="pdist([[1., 2.], [3., 4.], [0., 1.]])")
def pdist(input: Any, p: Any = 2.0) -> Node:
    """Norms of the differences of every two rows, as a vector."""
    x = tensor(input)
    if x.ndim != 2:
        raise ShapeError(f"`pdist` takes a matrix of rows, not shape {shape_text(x.shape)}")
    require_few(int(x.shape[0]) ** 2)
    first, second = np.triu_indices(int(x.shape[0]), 1)
    whole = (0, x.shape[1], 1)
    rows = [
        linear.index(x, (linear.Positions(np.ascontiguousarray(places)), whole))
        for places in (first, second)
    ]
    return vector_norm_over(rows[0] - rows[1], p, (-1,), False)


@function(
    "F.cosine_similarity torch.cosine_similarity",
    example="cosine_similarity([[1., 2.], [3., 4.]], [[0., 1.], [5., 2.]])",
)
def cosine_similarity(x1: Any, x2: Any, dim: Any = 1, eps: Any = 1e-8) -> Node:
    """Cosine of the angle between vectors along a dimension; lengths are at least eps."""
    a, b = tensor(x1), tensor(x2)
    shape = broadcast_shape([a.shape, b.shape], "cosine_similarity")
    a, b = broadcast(a, shape), broadcast(b, shape)
    axis = axis_of(dim, len(shape), "dim")
    least = constant(float(static_number(eps, "eps")))
    unit = [x / maximum(vector_norm_over(x, 2, (axis,), True), least) for x in (a, b)]
    return linear.sum_(unit[0] * unit[1], (axis,), False)
