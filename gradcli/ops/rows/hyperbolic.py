"""Inverse hyperbolic functions, and sines of multiples of pi."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.ops.elementwise import Elementwise
from gradcli.ops.forward import by_order, in_double
from gradcli.ops.rows.arithmetic import ALL, ANY, sqrt
from gradcli.ops.rows.powers import hypot

Array = np.ndarray[Any, Any]

asinh: Elementwise = Elementwise(
    "asinh",
    np.arcsinh,
    [lambda g, y, x: g / hypot(1.0, x)],
    doc="Inverse hyperbolic sine.",
    domain=ALL,
    box=(ANY,),
    kinks=(),
    spell="np+torch+jnp.asinh np+torch+jnp.arcsinh math.asinh",
)

acosh: Elementwise = Elementwise(
    "acosh",
    np.arccosh,
    [lambda g, y, x: g / (sqrt(x - 1.0) * sqrt(x + 1.0))],
    doc="Inverse hyperbolic cosine.",
    domain="x >= 1",
    box=((1.5, 3.0),),
    kinks=(((1.0,), (np.inf,)),),
    spell="np+torch+jnp.acosh np+torch+jnp.arccosh math.acosh",
)

atanh: Elementwise = Elementwise(
    "atanh",
    np.arctanh,
    [lambda g, y, x: g / ((1.0 - x) * (1.0 + x))],
    doc="Inverse hyperbolic tangent.",
    domain="-1 < x < 1",
    box=((-0.8, 0.8),),
    kinks=(((1.0,), (np.inf,)), ((-1.0,), (np.inf,))),
    spell="np+torch+jnp.atanh np+torch+jnp.arctanh math.atanh",
)


def _sinpi(x: Array) -> Any:
    """The nearest half is taken off before pi rounds anything; so zeros are exact."""
    halves = np.rint(2 * x)
    angle = np.pi * (x - 0.5 * halves)
    turn = np.mod(halves, 4)
    value = np.where(turn % 2 == 0, np.sin(angle), np.cos(angle))
    return np.where(turn >= 2, -value, value)


def _cospi(x: Array) -> Any:
    halves = np.rint(2 * x)
    angle = np.pi * (x - 0.5 * halves)
    turn = np.mod(halves, 4)
    value = np.where(turn % 2 == 0, np.cos(angle), np.sin(angle))
    return np.where((turn == 1) | (turn == 2), -value, value)


sinpi: Elementwise = Elementwise(
    "sinpi",
    in_double(_sinpi),
    [lambda g, y, x: g * (np.pi * cospi(x))],
    doc="sin(pi*x), exact for large x.",
    domain=ALL,
    box=(ANY,),
    kinks=(),
    spell="sinpi",
)

cospi: Elementwise = Elementwise(
    "cospi",
    in_double(_cospi),
    [lambda g, y, x: -(g * (np.pi * sinpi(x)))],
    doc="cos(pi*x), exact for large x.",
    domain=ALL,
    box=(ANY,),
    kinks=(),
    spell="cospi",
)


def _sinc_derivative(n: int, x: Array) -> Array:
    """From x*f = sin(pi*x)/pi: x*f(n) = sine(n)/pi - n*f(n-1); near 0 by its series."""
    angle = np.pi * x
    near = np.abs(angle) < n + 1
    inner = np.where(near, angle, 0)
    series, term = np.zeros_like(x), np.ones_like(x)
    # d^n/du^n of u**(2k)*(-1)**k/(2k+1)!: terms (-1)**k*u**(2k-n)/((2k-n)!*(2k+1)).
    first = (n + 1) // 2
    term = (-1.0) ** first * (inner if n % 2 else np.ones_like(x))
    for k in range(first, first + 14 + n):
        series += term / (2 * k + 1)
        step = 2 * k - n
        term = -term * inner * inner / ((step + 1) * (step + 2))
    outer = np.where(near, 1, x)
    sine, cosine = _sinpi(outer), _cospi(outer)
    waves = (sine, cosine, -sine, -cosine)
    value = sine / (np.pi * outer)
    for k in range(1, n + 1):
        value = (np.pi ** (k - 1) * waves[k % 4] - k * value) / outer
    return np.where(near, np.pi**n * series, value)


sinc_derivative: Elementwise = Elementwise(
    "sinc_derivative",
    in_double(by_order(_sinc_derivative)),
    [None, lambda g, y, n, x: g * sinc_derivative(n + 1.0, x)],
    doc="The n-th derivative of sinc.",
    domain=f"n = 0, 1, 2, ...; {ALL}",
    box=("order", ANY),
    kinks=(),
    spell="",
    args="n x",
)

sinc: Elementwise = Elementwise(
    "sinc",
    in_double(lambda x: _sinc_derivative(0, x)),
    [lambda g, y, x: g * sinc_derivative(1, x)],
    doc="sin(pi*x)/(pi*x), and 1 at 0; smooth there, to any order.",
    domain=ALL,
    box=(ANY,),
    kinks=(),
    spell="np+torch+jnp.sinc torch.special.sinc scipy.special.sinc",
)
