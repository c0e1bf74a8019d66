"""Losses between numbers and numbers, as torch.nn.functional has them."""

from __future__ import annotations

import math
from typing import Any

from gradcli.errors import ArgumentError, ShapeError
from gradcli.graph import Node
from gradcli.ops.binding import function
from gradcli.ops.elementwise import broadcast_shape, shape_text
from gradcli.ops.functions.reductions import flat
from gradcli.ops.leaves import constant
from gradcli.ops.linear import reshape, sum_
from gradcli.ops.rows.arithmetic import absolute, detach, maximum, square
from gradcli.ops.rows.exponential import exp, log
from gradcli.ops.rows.logic import greater, less, where
from gradcli.ops.rows.powers import xlogy
from gradcli.ops.values import broadcast, flag, shown, static_number, tensor

PAIR = "[[1.0, 2.5, -0.5], [0.5, -1.0, 3.0]], [[0.4, 2.0, 0.7], [0.0, 0.3, 1.0]]"
REDUCTIONS = "'mean', 'sum' or 'none'"


def reduced(loss: Node, reduction: Any, over: Node | None = None) -> Node:
    """The losses of all elements as one number; `over`: what a mean divides by, if not a count."""
    if reduction == "none":
        return loss
    if reduction not in ("mean", "sum"):
        raise ArgumentError(f"reduction is {REDUCTIONS}, not {shown(reduction)}")
    total = sum_(flat(loss), (-1,), False)
    if reduction == "sum":
        return total
    return total / (constant(loss.size) if over is None else over)


def same_shape(what: str, *nodes: Node) -> None:
    """Raise ShapeError unless all have one shape."""
    for node in nodes[1:]:
        if node.shape != nodes[0].shape:
            raise ShapeError(
                f"`{what}` compares tensors of one shape, not {shape_text(nodes[0].shape)} and "
                f"{shape_text(node.shape)}"
            )


def _pair(what: str, input: Any, target: Any) -> tuple[Node, Node]:
    a, b = tensor(input), tensor(target)
    broadcast_shape([a.shape, b.shape], what)
    return a, b


def _weighted(what: str, loss: Node, weight: Any, reduction: Any, share: bool) -> Node:
    """Losses times weights; `share`: a mean divides by the sum of the weights."""
    if weight is None:
        return reduced(loss, reduction)
    w = tensor(weight)
    same_shape(what, loss, w)
    return reduced(loss * w, reduction, sum_(flat(w), (-1,), False) if share else None)


@function("F.mse_loss", example=f"mse_loss({PAIR})")
def mse_loss(input: Any, target: Any, *, reduction: Any = "mean", weight: Any = None) -> Node:
    """The squared difference."""
    a, b = _pair("mse_loss", input, target)
    return _weighted("mse_loss", square(a - b), weight, reduction, True)


@function("F.l1_loss", example=f"l1_loss({PAIR}, reduction='sum')")
def l1_loss(input: Any, target: Any, *, reduction: Any = "mean", weight: Any = None) -> Node:
    """The size of the difference."""
    a, b = _pair("l1_loss", input, target)
    return _weighted("l1_loss", absolute(a - b), weight, reduction, True)


@function("F.smooth_l1_loss", example=f"smooth_l1_loss({PAIR}, beta=0.8)")
def smooth_l1_loss(input: Any, target: Any, *, reduction: Any = "mean", beta: Any = 1.0) -> Node:
    """The size of the difference, and below beta a parabola."""
    a, b = _pair("smooth_l1_loss", input, target)
    step, width = absolute(a - b), tensor(beta)
    return reduced(
        where(less(step, width), 0.5 * square(a - b) / width, step - 0.5 * width), reduction
    )


@function("F.huber_loss", example=f"huber_loss({PAIR}, delta=0.8)")
def huber_loss(
    input: Any, target: Any, reduction: Any = "mean", delta: Any = 1.0, weight: Any = None
) -> Node:
    """Half the squared difference, and beyond delta a straight line."""
    a, b = _pair("huber_loss", input, target)
    step, width = absolute(a - b), tensor(delta)
    loss = where(less(step, width), 0.5 * square(a - b), width * (step - 0.5 * width))
    return _weighted("huber_loss", loss, weight, reduction, False)


@function("F.kl_div", example="kl_div([[-1.0, -0.5], [-2.0, -0.2]], [[0.3, 0.7], [0.6, 0.4]])")
def kl_div(input: Any, target: Any, *, reduction: Any = "mean", log_target: Any = False) -> Node:
    """target*(log(target) - input); 'batchmean' divides the sum by the size of the first axis."""
    q, p = _pair("kl_div", input, target)
    logs = flag(log_target, "log_target")
    loss = exp(p) * (p - q) if logs else xlogy(p, p) - p * q
    if reduction == "batchmean":
        return reduced(loss, "sum") / constant(loss.shape[0] if loss.ndim else 1)
    return reduced(loss, reduction)


@function(
    "F.poisson_nll_loss", example="poisson_nll_loss([1.0, 0.5, -0.4], [2.0, 0.3, 3.5], full=True)"
)
def poisson_nll_loss(
    input: Any,
    target: Any,
    log_input: Any = True,
    full: Any = False,
    *,
    eps: Any = 1e-08,
    reduction: Any = "mean",
) -> Node:
    """Of counts of a Poisson distribution whose rate, or its logarithm, is the input."""
    x, t = _pair("poisson_nll_loss", input, target)
    loss = exp(x) - t * x if flag(log_input, "log_input") else x - t * log(x + tensor(eps))
    if flag(full, "full"):
        # Stirling's approximation of log(t!), for counts above 1.
        stirling = t * log(t) - t + 0.5 * log(2 * math.pi * t)
        loss = loss + where(greater(t, 1.0), stirling, 0.0)
    return reduced(loss, reduction)


@function("F.gaussian_nll_loss", example=f"gaussian_nll_loss({PAIR}, [[0.5], [2.0]], full=True)")
def gaussian_nll_loss(
    input: Any,
    target: Any,
    var: Any,
    full: Any = False,
    eps: Any = 1e-06,
    reduction: Any = "mean",
) -> Node:
    """Of numbers of a normal distribution with mean `input` and variance `var`.

    The variance counts as at least eps; as in PyTorch its derivative does not know.
    """
    x, t = _pair("gaussian_nll_loss", input, target)
    spread = _variance(x, tensor(var))
    held = spread + detach(maximum(spread, static_number(eps, "eps")) - spread)
    loss = 0.5 * (log(held) + square(x - t) / held)
    if flag(full, "full"):
        loss = loss + 0.5 * math.log(2 * math.pi)
    return reduced(loss, reduction)


def _variance(x: Node, var: Node) -> Node:
    """One for each element, or one for each row: with the last axis missing, or of size 1."""
    if var.shape == x.shape[:-1] and x.ndim:
        var = reshape(var, (*var.shape, 1))
    elif var.ndim and var.shape != x.shape:
        fits = var.ndim == x.ndim and all(
            size in (1, extent) for size, extent in zip(var.shape, x.shape, strict=True)
        )
        if not fits:
            raise ShapeError(
                f"`gaussian_nll_loss` takes variances of shape {shape_text(x.shape)} or "
                f"{shape_text((*x.shape[:-1], 1))}, not {shape_text(var.shape)}"
            )
    return broadcast(var, x.shape)
