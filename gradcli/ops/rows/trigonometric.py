"""Trigonometric functions and their inverses; angles are in radians."""

from __future__ import annotations

import numpy as np

from gradcli.ops.elementwise import Elementwise
from gradcli.ops.rows.arithmetic import ALL, ANY, sqrt, square

INNER = (-0.8, 0.8)

sin: Elementwise = Elementwise(
    "sin",
    np.sin,
    [lambda g, y, x: g * cos(x)],
    doc="Sine.",
    domain=ALL,
    box=(ANY,),
    kinks=(),
    spell="np+torch+jnp+math.sin",
)

cos: Elementwise = Elementwise(
    "cos",
    np.cos,
    [lambda g, y, x: -(g * sin(x))],
    doc="Cosine.",
    domain=ALL,
    box=(ANY,),
    kinks=(),
    spell="np+torch+jnp+math.cos",
)

tan: Elementwise = Elementwise(
    "tan",
    np.tan,
    [lambda g, y, x: g * (1.0 + square(y))],
    doc="Tangent.",
    domain="x other than pi/2 + k*pi",
    box=((-1.0, 1.0),),
    kinks=(),
    spell="np+torch+jnp+math.tan",
)

asin: Elementwise = Elementwise(
    "asin",
    np.arcsin,
    # (1 - x)(1 + x) keeps its digits near 1, where 1 - x**2 loses them.
    [lambda g, y, x: g / sqrt((1.0 - x) * (1.0 + x))],
    doc="Inverse sine.",
    domain="-1 <= x <= 1",
    box=(INNER,),
    kinks=(((1.0,), (np.inf,)), ((-1.0,), (np.inf,))),
    spell="np+torch+jnp.asin np+torch+jnp.arcsin math.asin",
)

acos: Elementwise = Elementwise(
    "acos",
    np.arccos,
    [lambda g, y, x: -(g / sqrt((1.0 - x) * (1.0 + x)))],
    doc="Inverse cosine.",
    domain="-1 <= x <= 1",
    box=(INNER,),
    kinks=(((1.0,), (-np.inf,)), ((-1.0,), (-np.inf,))),
    spell="np+torch+jnp.acos np+torch+jnp.arccos math.acos",
)

atan: Elementwise = Elementwise(
    "atan",
    np.arctan,
    [lambda g, y, x: g / (1.0 + square(x))],
    doc="Inverse tangent.",
    domain=ALL,
    box=(ANY,),
    kinks=(),
    spell="np+torch+jnp.atan np+torch+jnp.arctan math.atan",
)
