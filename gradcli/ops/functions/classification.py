"""Losses between scores and classes or probabilities, as torch.nn.functional has them."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.errors import ArgumentError, ShapeError
from gradcli.graph import Node
from gradcli.ops.binding import function
from gradcli.ops.elementwise import broadcast_shape, shape_text
from gradcli.ops.functions.losses import reduced, same_shape
from gradcli.ops.leaves import array_constant, constant
from gradcli.ops.linear import broadcast_to, reshape, sum_
from gradcli.ops.rows.arithmetic import maximum, relu
from gradcli.ops.rows.exponential import log, log1p, power, softplus
from gradcli.ops.rows.logic import equal, logical_and, where
from gradcli.ops.rows.ordering import put_along, take_along
from gradcli.ops.rows.reductions import log_softmax
from gradcli.ops.values import concrete, static_number, tensor, whole

SCORES = "[[1.0, 2.5, -0.5], [0.5, -1.0, 3.0]]"
ZEROS_AND_ONES = "[[0, 1, 1], [1, 0, 0]]"


@function(
    "F.binary_cross_entropy",
    example=f"binary_cross_entropy([[0.2, 0.9, 0.5], [0.7, 0.4, 0.1]], {ZEROS_AND_ONES})",
)
def binary_cross_entropy(
    input: Any, target: Any, weight: Any = None, *, reduction: Any = "mean"
) -> Node:
    """Of probabilities; a logarithm counts as at least -100."""
    x, t = tensor(input), tensor(target)
    same_shape("binary_cross_entropy", x, t)
    loss = -(t * maximum(log(x), -100.0) + (1.0 - t) * maximum(log1p(-x), -100.0))
    return reduced(loss if weight is None else loss * tensor(weight), reduction)


@function(
    "F.binary_cross_entropy_with_logits",
    example=f"binary_cross_entropy_with_logits({SCORES}, {ZEROS_AND_ONES}, pos_weight=[2.0, 1.0, "
    "0.5])",
)
def binary_cross_entropy_with_logits(
    input: Any,
    target: Any,
    weight: Any = None,
    *,
    reduction: Any = "mean",
    pos_weight: Any = None,
) -> Node:
    """Of scores whose logistic function is the probability, without loss of digits."""
    x, t = tensor(input), tensor(target)
    same_shape("binary_cross_entropy_with_logits", x, t)
    hit = t if pos_weight is None else t * tensor(pos_weight)
    loss = hit * softplus(-x) + (1.0 - t) * softplus(x)
    return reduced(loss if weight is None else loss * tensor(weight), reduction)


def class_axis(x: Node, what: str) -> int:
    """The axis of the classes, from the end: the only one of a vector, else the second."""
    if not x.ndim:
        raise ShapeError(f"`{what}` needs an axis of classes, not a scalar")
    axis = -1 if x.ndim == 1 else 1 - x.ndim
    if not x.shape[axis]:
        raise ShapeError(f"`{what}` needs at least one class, not shape {shape_text(x.shape)}")
    return axis


def classes(target: Node, x: Node, what: str, ignored: int | None = None) -> Any:
    """Class numbers as an array; raises ArgumentError for what is none of the classes."""
    axis = class_axis(x, what)
    count = int(x.shape[axis])
    expected = tuple([n for k, n in enumerate(x.shape) if k - x.ndim != axis])
    if target.shape != expected:
        raise ShapeError(
            f"`{what}` of scores of shape {shape_text(x.shape)} takes class numbers of shape "
            f"{shape_text(expected)}, not {shape_text(target.shape)}"
        )
    found = np.asarray(concrete(target, "class numbers", static=True), np.float64)
    counted = found if ignored is None else found[found != ignored]
    wrong = counted[(counted != np.floor(counted)) | (counted < 0) | (counted >= count)]
    if wrong.size:
        raise ArgumentError(
            f"`{what}` has classes 0 to {count - 1}, and {wrong.flat[0]:g} is none of them",
            hint="class numbers are whole numbers from 0"
            + ("; ignore_index names one that is left out" if ignored is not None else ""),
        )
    return found.astype(np.int64)


def _weights(weight: Any, x: Node, axis: int) -> Node:
    """Weights of classes, along their axis."""
    w = constant(1.0) if weight is None else tensor(weight)
    if w.ndim and w.shape != (x.shape[axis],):
        raise ShapeError(
            f"{int(x.shape[axis])} classes take as many weights, not shape {shape_text(w.shape)}"
        )
    full = reshape(w, (*w.shape, *[1] * (-axis - 1))) if w.ndim else w
    return broadcast_to(full, x.shape)


class Labelled:
    """Log-probabilities with class numbers: what each observation loses, and what it weighs."""

    def __init__(self, x: Node, target: Node, how: tuple[str, Any, int]) -> None:
        what, weight, ignored = how
        self.axis = class_axis(x, what)
        found = classes(target, x, what, ignored)
        valid = found != ignored
        self.valid = array_constant(valid)
        place = np.expand_dims(np.where(valid, found, 0), self.axis)
        self.place = array_constant(place)
        self.shape = target.shape
        self.spread = _weights(weight, x, self.axis)
        self.weights = where(self.valid, self._at(self.spread), 0.0)
        self.losses = where(self.valid, -(self._at(x) * self._at(self.spread)), 0.0)

    def _at(self, x: Node) -> Node:
        return reshape(take_along(x, self.place, self.axis), self.shape)

    def total_weight(self) -> Node:
        axes = tuple(range(-self.weights.ndim, 0))
        return sum_(self.weights, axes, False)


@function("F.nll_loss", example=f"nll_loss({SCORES}, [2, 0], weight=[1.0, 0.5, 2.0])")
def nll_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    *,
    ignore_index: Any = -100,
    reduction: Any = "mean",
) -> Node:
    """Minus the log-probability of the class; a mean is weighted as the classes are."""
    how = ("nll_loss", weight, whole(ignore_index, "ignore_index"))
    each = Labelled(tensor(input), tensor(target), how)
    return reduced(each.losses, reduction, each.total_weight())


def _smoothing(value: Any) -> float:
    share = static_number(value, "label_smoothing")
    if not 0 <= share <= 1:
        raise ArgumentError(f"label_smoothing is between 0 and 1, not {share}")
    return share


@function(
    "F.cross_entropy",
    example=f"cross_entropy({SCORES}, [2, 0], weight=[1.0, 0.5, 2.0], label_smoothing=0.1)",
)
def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    *,
    ignore_index: Any = -100,
    reduction: Any = "mean",
    label_smoothing: Any = 0.0,
) -> Node:
    """Of scores, with class numbers or with the probabilities of all classes as the target."""
    x, t = tensor(input), tensor(target)
    axis = class_axis(x, "cross_entropy")
    logs = log_softmax(x, (axis,))
    share = _smoothing(label_smoothing)
    count = int(x.shape[axis])
    if t.shape == x.shape:
        return _of_probabilities(logs, t * (1.0 - share) + share / count, weight, reduction)
    how = ("cross_entropy", weight, whole(ignore_index, "ignore_index"))
    each = Labelled(logs, t, how)
    if not share:
        return reduced(each.losses, reduction, each.total_weight())
    even = where(each.valid, -sum_(logs * each.spread, (axis,), False), 0.0)
    loss = (1.0 - share) * each.losses + share / count * even
    return reduced(loss, reduction, each.total_weight())


def _of_probabilities(logs: Node, p: Node, weight: Any, reduction: Any) -> Node:
    axis = class_axis(logs, "cross_entropy")
    # An impossible class that is not asked for costs nothing.
    idle = logical_and(equal(p, 0.0), equal(logs, -float("inf")))
    each = where(idle, 0.0, logs * p * _weights(weight, logs, axis))
    return reduced(-sum_(each, (axis,), False), reduction)


@function("F.multi_margin_loss", example=f"multi_margin_loss({SCORES}, [2, 0], margin=0.9)")
def multi_margin_loss(
    input: Any,
    target: Any,
    p: Any = 1,
    margin: Any = 1.0,
    weight: Any = None,
    *,
    reduction: Any = "mean",
) -> Node:
    """The mean over the other classes of what they come too near to the right one, to the p."""
    x, order = tensor(input), whole(p, "p")
    if order not in (1, 2) or x.ndim not in (1, 2):
        raise ArgumentError("`multi_margin_loss` takes p = 1 or 2, and a vector or rows of scores")
    place = array_constant(classes(tensor(target), x, "multi_margin_loss")[..., None])
    right = take_along(x, place, -1)
    near = relu(tensor(margin) - right + x)
    costs = near if order == 1 else power(near, 2.0)
    if weight is not None:
        costs = costs * take_along(_weights(weight, x, -1), place, -1)
    chosen = put_along(constant(1.0, right.shape), place, -1, int(x.shape[-1]))
    others = where(equal(chosen, 1.0), 0.0, costs)
    return reduced(sum_(others, (-1,), False) / constant(x.shape[-1]), reduction)


@function(
    "F.multilabel_margin_loss",
    example=f"multilabel_margin_loss({SCORES}, [[2, 0, -1], [1, -1, 0]])",
)
def multilabel_margin_loss(input: Any, target: Any, *, reduction: Any = "mean") -> Node:
    """Class numbers up to the first -1 are the right ones: the others should stay 1 below each."""
    x, t = tensor(input), tensor(target)
    same_shape("multilabel_margin_loss", x, t)
    class_axis(x, "multilabel_margin_loss")
    found = np.asarray(concrete(t, "class numbers", static=True), np.float64)
    listed = np.logical_and.accumulate(found != -1, axis=-1)
    count = x.shape[-1]
    if ((found[listed] < 0) | (found[listed] >= count)).any():
        raise ArgumentError(f"`multilabel_margin_loss` has classes 0 to {int(count) - 1}")
    place = np.where(listed, found, 0).astype(np.int64)
    chosen = np.zeros(found.shape, np.bool_)
    rows = np.indices(found.shape)[:-1]
    chosen[(*[part[listed] for part in rows], place[listed])] = True
    right = take_along(x, array_constant(place), -1)
    gaps = reshape(right, (*x.shape, 1)) - reshape(x, (*x.shape[:-1], 1, count))
    counted = array_constant(listed[..., :, None] & ~chosen[..., None, :])
    losses = where(counted, relu(1.0 - gaps), 0.0)
    return reduced(sum_(losses, (-2, -1), False) / constant(count), reduction)


@function(
    "F.multilabel_soft_margin_loss",
    example=f"multilabel_soft_margin_loss({SCORES}, {ZEROS_AND_ONES}, weight=[1.0, 0.5, 2.0])",
)
def multilabel_soft_margin_loss(
    input: Any, target: Any, weight: Any = None, *, reduction: Any = "mean"
) -> Node:
    """The mean over classes of binary cross-entropies of scores."""
    x, t = tensor(input), tensor(target)
    same_shape("multilabel_soft_margin_loss", x, t)
    class_axis(x, "multilabel_soft_margin_loss")
    loss = t * softplus(-x) + (1.0 - t) * softplus(x)
    if weight is not None:
        broadcast_shape([x.shape, tensor(weight).shape], "multilabel_soft_margin_loss")
        loss = loss * tensor(weight)
    return reduced(sum_(loss, (-1,), False) / constant(x.shape[-1]), reduction)
