"""Normalisation: layers, groups, instances and batches, root mean square, unit vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.errors import ArgumentError, ShapeError
from gradcli.graph import Node, Shape, size_of
from gradcli.ops import linear
from gradcli.ops.binding import function
from gradcli.ops.elementwise import shape_text
from gradcli.ops.functions.norms import vector_norm_over
from gradcli.ops.functions.torch import torch_axes
from gradcli.ops.leaves import constant
from gradcli.ops.rows.arithmetic import maximum, sqrt, square
from gradcli.ops.values import flag, static_number, tensor, whole

DOUBLE = float(np.finfo(np.float64).eps)


def _mean(x: Node, axes: tuple[int, ...]) -> Node:
    count = size_of(tuple([x.shape[axis] for axis in axes]))
    return linear.sum_(x, axes, True) / constant(count)


def _standardised(x: Node, axes: tuple[int, ...], eps: float) -> Node:
    """Less the mean, over the root of the mean square of what is left plus eps."""
    centred = x - _mean(x, axes)
    return centred / sqrt(_mean(square(centred), axes) + eps)


def _affine(what: str, x: Node, weight: Any, bias: Any, shape: Shape, rank: int) -> Node:
    """Scaled and shifted by numbers of `shape` that stand `rank` axes before the end."""
    for name, value in (("weight", weight), ("bias", bias)):
        if value is None:
            continue
        node = tensor(value)
        if node.shape != shape:
            raise ShapeError(
                f"the {name} of `{what}` has shape {shape_text(shape)} here, not "
                f"{shape_text(node.shape)}"
            )
        node = linear.reshape(node, (*shape, *[1] * rank))
        x = x * node if name == "weight" else x + node
    return x


def _last_axes(what: str, x: Node, normalized_shape: Any) -> Shape:
    items = normalized_shape if isinstance(normalized_shape, (tuple, list)) else [normalized_shape]
    shape = tuple([whole(item, "normalized_shape") for item in items])
    if not shape or x.shape[max(0, x.ndim - len(shape)) :] != shape:
        raise ShapeError(
            f"`{what}` over {shape_text(shape)} needs an input that ends in this shape, not "
            f"{shape_text(x.shape)}"
        )
    return shape


def _small(eps: Any) -> float:
    return float(static_number(eps, "eps"))


@function("F.layer_norm", example="layer_norm([[1., 2., 4.], [3., 5., 9.]], 3, [1., 2., 0.5])")
def layer_norm(
    input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: Any = 1e-5
) -> Node:
    """Mean 0 and variance 1 over the last axes, then weight and bias of their shape."""
    x = tensor(input)
    shape = _last_axes("layer_norm", x, normalized_shape)
    normal = _standardised(x, tuple(range(-len(shape), 0)), _small(eps))
    return _affine("layer_norm", normal, weight, bias, shape, 0)


@function("F.rms_norm torch.rms_norm", example="rms_norm([[1., 2., 4.], [3., 5., 9.]], 3)")
def rms_norm(input: Any, normalized_shape: Any, weight: Any = None, eps: Any = None) -> Node:
    """Mean square 1 over the last axes, then a weight of their shape."""
    x = tensor(input)
    shape = _last_axes("rms_norm", x, normalized_shape)
    small = DOUBLE if eps is None else _small(eps)
    root = sqrt(_mean(square(x), tuple(range(-len(shape), 0))) + small)
    return _affine("rms_norm", x / root, weight, None, shape, 0)


def _channels(what: str, x: Node, least: int) -> int:
    if x.ndim < least:
        raise ShapeError(
            f"`{what}` takes (batch, channels, ...), at least {least} axes, not shape "
            f"{shape_text(x.shape)}"
        )
    return x.shape[1]


@function("F.group_norm", example="group_norm([[[1., 2.], [4., 3.], [5., 9.], [7., 6.]]], 2)")
def group_norm(
    input: Any, num_groups: Any, weight: Any = None, bias: Any = None, eps: Any = 1e-5
) -> Node:
    """Mean 0 and variance 1 over groups of channels, then weight and bias of each channel."""
    x = tensor(input)
    channels, groups = _channels("group_norm", x, 2), whole(num_groups, "num_groups")
    if groups < 1 or channels % groups:
        raise ArgumentError(f"{int(channels)} channels cannot be put into {int(groups)} groups")
    split = linear.reshape(x, (x.shape[0], groups, channels // groups, *x.shape[2:]))
    normal = _standardised(split, tuple(range(2 - split.ndim, 0)), _small(eps))
    normal = linear.reshape(normal, x.shape)
    return _affine("group_norm", normal, weight, bias, (channels,), x.ndim - 2)


def _running(what: str, x: Node, mean: Any, var: Any, eps: float) -> Node:
    if mean is None or var is None:
        raise ArgumentError(f"`{what}` needs running_mean and running_var, or those of the input")
    shape = (x.shape[1],)
    spread = []
    for name, value in (("running_mean", mean), ("running_var", var)):
        node = tensor(value)
        if node.shape != shape:
            raise ShapeError(
                f"the {name} of `{what}` has shape {shape_text(shape)} here, not "
                f"{shape_text(node.shape)}"
            )
        spread.append(linear.reshape(node, (*shape, *[1] * (x.ndim - 2))))
    return (x - spread[0]) / sqrt(spread[1] + eps)


@function(
    "F.batch_norm", example="batch_norm([[1., 2.], [4., 3.], [5., 9.]], None, None, training=True)"
)
def batch_norm(
    input: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    training: Any = False,
    momentum: Any = 0.1,
    eps: Any = 1e-5,
) -> Node:
    """Each channel less its mean, over its deviation: the running ones, or (training) the batch's.

    The running ones are not changed.
    """
    x = tensor(input)
    channels = _channels("batch_norm", x, 2)
    if flag(training, "training"):
        axes = (-x.ndim, *range(2 - x.ndim, 0))
        normal = _standardised(x, axes, _small(eps))
    else:
        normal = _running("batch_norm", x, running_mean, running_var, _small(eps))
    return _affine("batch_norm", normal, weight, bias, (channels,), x.ndim - 2)


@function("F.instance_norm", example="instance_norm([[[1., 2., 4.], [5., 9., 6.]]])")
def instance_norm(
    input: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: Any = True,
    momentum: Any = 0.1,
    eps: Any = 1e-5,
) -> Node:
    """Mean 0 and variance 1 of each channel of each member of the batch."""
    x = tensor(input)
    channels = _channels("instance_norm", x, 3)
    if flag(use_input_stats, "use_input_stats"):
        normal = _standardised(x, tuple(range(2 - x.ndim, 0)), _small(eps))
    else:
        normal = _running("instance_norm", x, running_mean, running_var, _small(eps))
    return _affine("instance_norm", normal, weight, bias, (channels,), x.ndim - 2)


@function("F.normalize", example="normalize([[3., 4.], [1., 2.]])")
def normalize(input: Any, p: Any = 2.0, dim: Any = 1, eps: Any = 1e-12) -> Node:
    """Vectors along a dimension over their norm (or over eps, if that is larger)."""
    x = tensor(input)
    length = vector_norm_over(x, p, torch_axes(x, dim), True)
    return x / maximum(length, constant(_small(eps)))
