"""Losses that keep pairs apart or together, as torch.nn.functional has them."""

from __future__ import annotations

from typing import Any

from gradcli.errors import ShapeError
from gradcli.graph import Node
from gradcli.ops.binding import function
from gradcli.ops.elementwise import shape_text
from gradcli.ops.functions.losses import reduced
from gradcli.ops.functions.norms import vector_norm_over
from gradcli.ops.linear import sum_
from gradcli.ops.rows.arithmetic import minimum, relu, sqrt, square
from gradcli.ops.rows.exponential import softplus
from gradcli.ops.rows.logic import equal, where
from gradcli.ops.values import flag, static_number, tensor

ROWS = "[[1.0, 2.5, -0.5], [0.5, -1.0, 3.0]]"
OTHERS = "[[0.4, 2.0, 0.7], [0.0, 0.3, 1.0]]"


@function("F.hinge_embedding_loss", example="hinge_embedding_loss([0.3, 1.7, 0.6], [1, -1, -1])")
def hinge_embedding_loss(
    input: Any, target: Any, margin: Any = 1.0, *, reduction: Any = "mean"
) -> Node:
    """The input where the target is 1; what it lacks of the margin where the target is -1."""
    x, t = tensor(input), tensor(target)
    together = where(equal(t, -1.0), 0.0, x)
    apart = where(equal(t, 1.0), 0.0, relu(tensor(margin) - x))
    return reduced(together + apart, reduction)


@function(
    "F.margin_ranking_loss",
    example="margin_ranking_loss([0.3, 1.7, 0.6], [0.9, 1.2, 0.1], [1, -1, 1], margin=0.2)",
)
def margin_ranking_loss(
    input1: Any, input2: Any, target: Any, margin: Any = 0, *, reduction: Any = "mean"
) -> Node:
    """By how much the first fails to be above (target 1) or below (-1) the second."""
    a, b, t = tensor(input1), tensor(input2), tensor(target)
    return reduced(relu(-t * (a - b) + tensor(margin)), reduction)


@function("F.soft_margin_loss", example="soft_margin_loss([0.3, 1.7, -0.6], [1, -1, 1])")
def soft_margin_loss(input: Any, target: Any, *, reduction: Any = "mean") -> Node:
    """log(1 + exp(-target*input))."""
    return reduced(softplus(-(tensor(target) * tensor(input))), reduction)


def _distance(a: Node, b: Node, order: float, eps: float) -> Node:
    """The norm of a - b + eps along the last axis."""
    return vector_norm_over(a - b + eps, order, (-1,), False)


@function(
    "F.triplet_margin_loss",
    example=f"triplet_margin_loss({ROWS}, {OTHERS}, [[0.1, 2.0, 0.3], [0.9, 0.2, 1.5]], swap=True)",
)
def triplet_margin_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    margin: Any = 1.0,
    p: Any = 2,
    eps: Any = 1e-06,
    swap: Any = False,
    *,
    reduction: Any = "mean",
) -> Node:
    """By how much the positive is not nearer to the anchor than the negative, by the margin."""
    a, b, c = tensor(anchor), tensor(positive), tensor(negative)
    if not a.ndim == b.ndim == c.ndim or not a.ndim:
        raise ShapeError(
            f"`triplet_margin_loss` takes three tensors with as many axes, not "
            f"{shape_text(a.shape)}, {shape_text(b.shape)} and {shape_text(c.shape)}"
        )
    order, small = static_number(p, "p"), static_number(eps, "eps")
    near, far = _distance(a, b, order, small), _distance(a, c, order, small)
    if flag(swap, "swap"):
        far = minimum(far, _distance(b, c, order, small))
    return reduced(relu(near - far + tensor(margin)), reduction)


@function(
    "F.cosine_embedding_loss",
    example=f"cosine_embedding_loss({ROWS}, {OTHERS}, [1, -1], margin=0.1)",
)
def cosine_embedding_loss(
    input1: Any, input2: Any, target: Any, margin: Any = 0, *, reduction: Any = "mean"
) -> Node:
    """1 - cosine where the target is 1; what the cosine is above the margin where it is -1."""
    a, b, t = tensor(input1), tensor(input2), tensor(target)
    if a.ndim != t.ndim + 1 or a.shape != b.shape:
        raise ShapeError(
            f"`cosine_embedding_loss` takes two vectors or rows, and a target for each, not shapes "
            f"{shape_text(a.shape)}, {shape_text(b.shape)} and {shape_text(t.shape)}"
        )
    # As in PyTorch the squares are kept away from 0, so that a vector of zeros has a cosine.
    lengths = sqrt(
        (sum_(square(a), (-1,), False) + 1e-12) * (sum_(square(b), (-1,), False) + 1e-12)
    )
    cosine = sum_(a * b, (-1,), False) / lengths
    together = where(equal(t, 1.0), 1.0 - cosine, 0.0)
    apart = where(equal(t, -1.0), relu(cosine - tensor(margin)), 0.0)
    return reduced(together + apart, reduction)
