"""Bessel functions of the first and second kind, plain, modified and exponentially scaled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.ops.elementwise import Elementwise
from gradcli.ops.forward import by_order, in_double, scipy_special, split
from gradcli.ops.rows.arithmetic import ALL, ANY, sign

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradcli.graph import Node

    Rule = Callable[..., Node | None]

Array = np.ndarray[Any, Any]

PLUS = (0.5, 3.0)


def _scaled_derivative(n: int, x: Array) -> Array:
    """The n-th derivative of exp(-x)*I0(x) for x >= 0: no term of it cancels another.

    It is the mean over a circle of (c - 1)**n*exp((c - 1)*x) with c the cosine, which equidistant
    points give to the last digit for moderate x; for large x its asymptotic series (Abramowitz and
    Stegun, 13.5.1, for the hypergeometric function that it is).
    """

    def near(x: Array) -> Array:
        points = 48
        total = np.zeros_like(x)
        for k in range(points // 2 + 1):
            weight = 1.0 if k in (0, points // 2) else 2.0
            bend = -2 * np.sin(np.pi * k / points) ** 2
            total += weight * bend**n * np.exp(bend * x)
        return total / points

    def far(x: Array) -> Array:
        term = (-1.0) ** n / np.sqrt(2 * np.pi * x)
        for k in range(n):
            term = term * (0.5 + k) / x
        total = np.zeros_like(x)
        for k in range(30):
            total += term
            term = term * ((n + 0.5 + k) * (0.5 + k) / (k + 1)) / (2 * x)
        return total

    return split(x, x > 20, far, near)


def _by_order(name: str, rule: Rule, doc: str, box: tuple[float, float]) -> Elementwise:
    return Elementwise(
        name,
        scipy_special(name),
        [None, rule],
        doc=doc,
        domain=ALL if box is ANY else "x > 0",
        box=("order", box),
        kinks=(),
        spell="",
        args="v x",
    )


jv: Elementwise = _by_order(
    "jv",
    lambda g, y, v, x: g * (0.5 * (jv(v - 1.0, x) - jv(v + 1.0, x))),
    "Bessel function of the first kind, of order v.",
    ANY,
)
yv: Elementwise = _by_order(
    "yv",
    lambda g, y, v, x: g * (0.5 * (yv(v - 1.0, x) - yv(v + 1.0, x))),
    "Bessel function of the second kind, of order v.",
    PLUS,
)
iv: Elementwise = _by_order(
    "iv",
    lambda g, y, v, x: g * (0.5 * (iv(v - 1.0, x) + iv(v + 1.0, x))),
    "Modified Bessel function of the first kind, of order v.",
    ANY,
)
kv: Elementwise = _by_order(
    "kv",
    lambda g, y, v, x: -(g * (0.5 * (kv(v - 1.0, x) + kv(v + 1.0, x)))),
    "Modified Bessel function of the second kind, of order v.",
    PLUS,
)


def _first(name: str, rule: Rule, doc: str, box: tuple[float, float], spell: str) -> Elementwise:
    return Elementwise(
        name,
        scipy_special(name),
        [rule],
        doc=doc,
        domain=ALL if box is ANY else "x > 0",
        box=(box,),
        kinks=(),
        spell=f"scipy.special.{name} {spell} special.{name} {name}",
    )


j0: Elementwise = _first(
    "j0",
    lambda g, y, x: -(g * j1(x)),
    "Bessel function of the first kind, of order 0.",
    ANY,
    "torch.special.bessel_j0",
)
j1: Elementwise = _first(
    "j1",
    lambda g, y, x: g * (0.5 * (j0(x) - jv(2, x))),
    "Bessel function of the first kind, of order 1.",
    ANY,
    "torch.special.bessel_j1",
)
y0: Elementwise = _first(
    "y0",
    lambda g, y, x: -(g * y1(x)),
    "Bessel function of the second kind, of order 0.",
    PLUS,
    "torch.special.bessel_y0",
)
y1: Elementwise = _first(
    "y1",
    lambda g, y, x: g * (0.5 * (y0(x) - yv(2, x))),
    "Bessel function of the second kind, of order 1.",
    PLUS,
    "torch.special.bessel_y1",
)
i0: Elementwise = _first(
    "i0",
    lambda g, y, x: g * i1(x),
    "Modified Bessel function of the first kind, of order 0.",
    ANY,
    "np+torch+jnp.i0 torch.special.i0 torch.special.modified_bessel_i0 jax.scipy.special.i0",
)
i1: Elementwise = _first(
    "i1",
    lambda g, y, x: g * (0.5 * (i0(x) + iv(2, x))),
    "Modified Bessel function of the first kind, of order 1.",
    ANY,
    "torch.special.i1 torch.special.modified_bessel_i1 jax.scipy.special.i1",
)
k0: Elementwise = _first(
    "k0",
    lambda g, y, x: -(g * k1(x)),
    "Modified Bessel function of the second kind, of order 0.",
    PLUS,
    "torch.special.modified_bessel_k0",
)
k1: Elementwise = _first(
    "k1",
    lambda g, y, x: -(g * (k0(x) + y / x)),
    "Modified Bessel function of the second kind, of order 1.",
    PLUS,
    "torch.special.modified_bessel_k1",
)

i0e_derivative: Elementwise = Elementwise(
    "i0e_derivative",
    in_double(by_order(lambda n, x: _scaled_derivative(n, np.abs(x)))),
    [None, lambda g, y, n, x: g * (sign(x) * i0e_derivative(n + 1.0, x))],
    doc="The n-th derivative of i0e at |x|.",
    domain=f"n = 0, 1, 2, ...; {ALL}",
    box=("order", (0.5, 3.0)),
    kinks=(),
    spell="",
    args="n x",
)

i0e: Elementwise = Elementwise(
    "i0e",
    scipy_special("i0e"),
    # Not i1e(x) - sign(x)*y, which has no digits left for large x.
    [lambda g, y, x: g * (sign(x) * i0e_derivative(1, x))],
    doc="exp(-|x|)*i0(x), without overflow.",
    domain=ALL,
    box=((0.5, 3.0),),
    kinks=(((0.0,), (0.0,)),),
    spell="scipy.special.i0e torch.special.i0e jax.scipy.special.i0e special.i0e i0e",
)

i1e: Elementwise = Elementwise(
    "i1e",
    scipy_special("i1e"),
    [lambda g, y, x: g * (i0e_derivative(1, x) + i0e_derivative(2, x))],
    doc="exp(-|x|)*i1(x), without overflow.",
    domain=ALL,
    box=((0.5, 3.0),),
    kinks=(((0.0,), (0.5,)),),
    spell="scipy.special.i1e torch.special.i1e jax.scipy.special.i1e special.i1e i1e",
)
