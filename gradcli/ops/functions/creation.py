"""Constants: zeros, ones, eye, arange, linspace, full, and random draws."""

from __future__ import annotations

import math
from typing import Any

from gradcli.errors import ArgumentError
from gradcli.graph import OPS, Node, Shape, builder
from gradcli.ops.binding import function
from gradcli.ops.family import build
from gradcli.ops.functions.layout import broadcast_to
from gradcli.ops.leaves import constant, known_number, random_draw
from gradcli.ops.values import shape_of, static_number, tensor, whole


@function("np+torch+jnp.zeros", example="zeros((2, 3))")
def zeros(*shape: Any) -> Node:
    return constant(0.0, shape_of(shape))


@function("np+torch+jnp.ones", example="ones((2, 3))")
def ones(*shape: Any) -> Node:
    return constant(1.0, shape_of(shape))


def _filled(value: Any, shape: Shape) -> Node:
    node = tensor(value)
    number = known_number(node)
    if number is not None:
        return constant(number, shape)
    return broadcast_to(node, shape)


@function("np+torch+jnp.full", example="full((2, 3), 1.5)")
def full(shape: Any, fill_value: Any) -> Node:
    return _filled(fill_value, shape_of((shape,)))


@function("np+torch+jnp.zeros_like", example="zeros_like([1., 2.])")
def zeros_like(x: Any) -> Node:
    return constant(0.0, tensor(x).shape)


@function("np+torch+jnp.ones_like", example="ones_like([1., 2.])")
def ones_like(x: Any) -> Node:
    return constant(1.0, tensor(x).shape)


@function("np+torch+jnp.full_like", example="full_like([1., 2.], 1.5)")
def full_like(x: Any, fill_value: Any) -> Node:
    return _filled(fill_value, tensor(x).shape)


@function("np+jnp.eye torch.eye np+jnp.identity", example="eye(2)")
def eye(n: Any, m: Any = None, k: Any = 0) -> Node:
    rows = whole(n, "n")
    columns = rows if m is None else whole(m, "m")
    shape_of((rows, columns))
    return build(OPS["eye"], (), ((rows, columns), whole(k, "k")))


@function("np+torch+jnp.arange", example="arange(1, 4, 0.5)")
def arange(start: Any, stop: Any = None, step: Any = 1) -> Node:
    first, last = (0, start) if stop is None else (start, stop)
    low = static_number(first, "start")
    high = static_number(last, "stop")
    stride = static_number(step, "step")
    if stride == 0 or not all(math.isfinite(number) for number in (low, high, stride)):
        raise ArgumentError("`arange` needs finite bounds and a step other than 0")
    span = (high - low) / stride
    if not math.isfinite(span):
        raise ArgumentError("`arange` would have no end")
    (count,) = shape_of((max(0, math.ceil(span)),))
    whole_steps = low == int(low) and stride == int(stride) and _whole(start, stop, step)
    kind = "int" if whole_steps else "real"
    return build(OPS["arange"], (), ((count,), low, stride, kind))


def _whole(*values: Any) -> bool:
    return all(value is None or type(value) is not float for value in values)


@function("np+torch+jnp.linspace", example="linspace(0, 1, 5)")
def linspace(start: Any, stop: Any, num: Any = 50, endpoint: Any = True) -> Node:
    count = whole(num, "num")
    shape_of((count,))
    if isinstance(start, Node) or isinstance(stop, Node):
        low, high = tensor(start), tensor(stop)
        if low.ndim or high.ndim:
            raise ArgumentError("`linspace` takes scalars as start and stop")
        steps = max(1, count - 1 if endpoint else count)
        grid = build(OPS["arange"], (), ((count,), 0.0, 1.0, "real")) / constant(float(steps))
        return low * (1.0 - grid) + high * grid
    low_, high_ = static_number(start, "start"), static_number(stop, "stop")
    return build(OPS["linspace"], (), ((count,), float(low_), float(high_), bool(endpoint)))


@function("np+jnp.array torch.tensor", example="array([1., 2.])")
def array(x: Any) -> Node:
    return tensor(x)


@function("np+torch+jnp.asarray torch.as_tensor torch.from_numpy", example="asarray([1., 2.])")
def asarray(x: Any) -> Node:
    return tensor(x)


def _random(shape: Any, distribution: str) -> Node:
    size = shape_of(shape) if shape else ()
    return random_draw(size, distribution, builder().next_draw())


@function("torch.rand np.random.rand np.random.random rand")
def rand(*shape: Any) -> Node:
    return _random(shape, "uniform")


@function("torch.randn np.random.randn np.random.standard_normal randn")
def randn(*shape: Any) -> Node:
    return _random(shape, "normal")
