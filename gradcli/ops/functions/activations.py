"""Activations: compositions, and rows with the defaults of the libraries."""

from __future__ import annotations

import math
from typing import Any

from gradcli.errors import ArgumentError, ShapeError
from gradcli.graph import Node
from gradcli.ops.binding import function
from gradcli.ops.elementwise import shape_text
from gradcli.ops.functions.torch import functional_softmax
from gradcli.ops.linear import index, reshape
from gradcli.ops.rows import activations, erf, powers
from gradcli.ops.rows.arithmetic import absolute, clip, sign, sqrt, square
from gradcli.ops.rows.exponential import exp, expm1, log, log1p, sigmoid, softplus, tanh
from gradcli.ops.rows.logic import greater, greater_equal, less, less_equal, where
from gradcli.ops.values import axis_of, flag, shown, tensor

X = "[-1.5, -0.4, 0.6, 2.0]"


@function(
    "F.logsigmoid jax.nn.log_sigmoid scipy.special.log_expit special.log_expit",
    example=f"logsigmoid({X})",
)
def logsigmoid(x: Any) -> Node:
    """The logarithm of the logistic function."""
    return -softplus(-tensor(x))


@function("F.leaky_relu jax.nn.leaky_relu", example=f"leaky_relu({X}, negative_slope=0.2)")
def leaky_relu(x: Any, negative_slope: Any = 0.01) -> Node:
    """The number where it is positive, a small multiple of it elsewhere."""
    return activations.leaky_relu(tensor(x), tensor(negative_slope))


@function("torch.prelu F.prelu", example="prelu([[-1.5, 0.6], [-0.4, 2.0]], [0.1, 0.3])")
def prelu(input: Any, weight: Any) -> Node:
    """Leaky relu with a learned slope, one for all or one for each element along axis 1."""
    x, slope = tensor(input), tensor(weight)
    channels = x.shape[1] if x.ndim > 1 else 1
    if slope.ndim > 1 or slope.size not in (1, channels):
        raise ShapeError(
            f"`prelu` takes one slope or {int(channels)} for an input of shape "
            f"{shape_text(x.shape)}, not shape {shape_text(slope.shape)}"
        )
    if slope.size == channels != 1:
        slope = reshape(slope, (channels, *[1] * (x.ndim - 2)))
    else:
        slope = reshape(slope, ())
    return activations.leaky_relu(x, slope)


@function("F.elu jax.nn.elu", example=f"elu({X}, alpha=0.7)")
def elu(x: Any, alpha: Any = 1.0) -> Node:
    """The number where it is positive, alpha*(exp(x) - 1) elsewhere."""
    return activations.elu(tensor(x), tensor(alpha))


@function("torch.celu F.celu jax.nn.celu", example=f"celu({X}, alpha=0.7)")
def celu(x: Any, alpha: Any = 1.0) -> Node:
    """The number where it is positive, alpha*(exp(x/alpha) - 1) elsewhere."""
    return activations.celu(tensor(x), tensor(alpha))


@function("torch.selu F.selu jax.nn.selu", example=f"selu({X})")
def selu(x: Any) -> Node:
    """A scaled elu that keeps mean 0 and variance 1."""
    return 1.0507009873554805 * activations.elu(tensor(x), 1.6732632423543772)


@function("F.hardtanh", example=f"hardtanh({X})")
def hardtanh(input: Any, min_val: Any = -1.0, max_val: Any = 1.0) -> Node:
    """Kept between two bounds, with slope 0 at the bounds themselves."""
    x, low, high = tensor(input), tensor(min_val), tensor(max_val)
    return where(less_equal(x, low), low, where(greater_equal(x, high), high, x))


@function("jax.nn.hard_tanh", example=f"jax.nn.hard_tanh({X})")
def hard_tanh(x: Any) -> Node:
    """Kept between -1 and 1."""
    return hardtanh(x)


@function("F.relu6 jax.nn.relu6", example=f"relu6({X})")
def relu6(x: Any) -> Node:
    """Kept between 0 and 6."""
    return hardtanh(x, 0.0, 6.0)


@function("F.hardsigmoid jax.nn.hard_sigmoid", example=f"hardsigmoid({X})")
def hardsigmoid(x: Any) -> Node:
    """A straight line from 0 at -3 to 1 at 3."""
    return relu6(tensor(x) + 3.0) / 6.0


@function("F.hardswish jax.nn.hard_swish jax.nn.hard_silu", example=f"hardswish({X})")
def hardswish(input: Any) -> Node:
    """The number times its hardsigmoid."""
    x = tensor(input)
    return x * hardsigmoid(x)


@function("F.silu jax.nn.silu jax.nn.swish swish", example=f"silu({X})")
def silu(input: Any) -> Node:
    """The number times its logistic function."""
    x = tensor(input)
    return x * sigmoid(x)


@function("F.mish jax.nn.mish", example=f"mish({X})")
def mish(input: Any) -> Node:
    """The number times tanh(softplus(x))."""
    x = tensor(input)
    return x * tanh(softplus(x))


def _gelu_tanh(x: Node) -> Node:
    # 0.5*(1 + tanh(u)) is sigmoid(2u); beyond 50 it is 0 or 1, and powers of x would overflow.
    held = clip(x, -50.0, 50.0)
    inner = 2.0 * math.sqrt(2.0 / math.pi) * (held * (1.0 + 0.044715 * square(held)))
    return x * sigmoid(inner)


@function("F.gelu", example=f"gelu({X}, approximate='tanh')")
def gelu(input: Any, approximate: Any = "none") -> Node:
    """The number times the normal distribution function, or its approximation by tanh."""
    x = tensor(input)
    if approximate == "tanh":
        return _gelu_tanh(x)
    if approximate != "none":
        raise ArgumentError(f"approximate is 'none' or 'tanh', not {shown(approximate)}")
    return x * erf.ndtr(x)


@function("jax.nn.gelu", example=f"jax.nn.gelu({X}, approximate=False)")
def jax_gelu(x: Any, approximate: Any = True) -> Node:
    """The number times the normal distribution function, by tanh unless told."""
    return gelu(x, "tanh" if flag(approximate, "approximate") else "none")


@function("F.softshrink", example=f"softshrink({X})")
def softshrink(input: Any, lambd: Any = 0.5) -> Node:
    """The number moved towards 0 by a bound, and 0 within it."""
    x, bound = tensor(input), tensor(lambd)
    return where(less_equal(absolute(x), bound), 0.0, x - bound * sign(x))


@function("torch.hardshrink F.hardshrink", example=f"hardshrink({X})")
def hardshrink(input: Any, lambd: Any = 0.5) -> Node:
    """The number outside a bound, 0 within it."""
    x = tensor(input)
    return where(less_equal(absolute(x), tensor(lambd)), 0.0, x)


@function("torch.threshold F.threshold", example=f"threshold({X}, 0.1, 20)")
def threshold(input: Any, threshold: Any, value: Any) -> Node:
    """The number where it is above a threshold, a value elsewhere."""
    x = tensor(input)
    return where(less_equal(x, tensor(threshold)), tensor(value), x)


def halves(x: Node, axis: Any) -> tuple[Node, Node]:
    """The two halves of x along an axis; raises ShapeError where its size is odd."""
    place = axis_of(axis, x.ndim)
    extent = x.shape[place]
    if extent % 2:
        raise ShapeError(f"`glu` halves an axis of even size, not shape {shape_text(x.shape)}")
    items: list[Any] = [(0, size, 1) for size in x.shape]
    items[place] = (0, extent // 2, 1)
    first = index(x, tuple(items))
    items[place] = (extent // 2, extent, 1)
    return first, index(x, tuple(items))


@function("F.glu jax.nn.glu", example=f"glu({X})")
def glu(x: Any, axis: Any = -1) -> Node:
    """The first half times the logistic function of the second."""
    first, second = halves(tensor(x), axis)
    return first * sigmoid(second)


@function("F.softmin", example=f"F.softmin({X}, dim=0)")
def softmin(input: Any, dim: Any = None) -> Node:
    """Softmax of the negative numbers along a dim."""
    return functional_softmax(-tensor(input), dim)


@function("jax.nn.squareplus", example=f"squareplus({X})")
def squareplus(x: Any, b: Any = 4.0) -> Node:
    """(x + sqrt(x**2 + b))/2: a smooth relu."""
    x, b = tensor(x), tensor(b)
    length = powers.hypot(x, sqrt(b))
    # For negative x the sum would cancel.
    return where(less(x, 0.0), 0.5 * b / (length - x), 0.5 * (x + length))


@function("jax.nn.sparse_plus", example=f"sparse_plus({X})")
def sparse_plus(x: Any) -> Node:
    """0 below -1, x above 1, a parabola between."""
    x = tensor(x)
    middle = 0.25 * square(x + 1.0)
    return where(less_equal(x, -1.0), 0.0, where(greater_equal(x, 1.0), x, middle))


@function("jax.nn.sparse_sigmoid", example=f"sparse_sigmoid({X})")
def sparse_sigmoid(x: Any) -> Node:
    """A straight line from 0 at -1 to 1 at 1."""
    return 0.5 * hardtanh(tensor(x) + 1.0, 0.0, 2.0)


@function("jax.nn.log1mexp", example="log1mexp([0.3, 2.0])")
def log1mexp(x: Any) -> Node:
    """log(1 - exp(-x)) for positive x, without loss of digits."""
    x = tensor(x)
    near = log(-expm1(-x))
    return where(greater(x, math.log(2.0)), log1p(-exp(-x)), near)
