"""The error function, the normal distribution and what is made of them.

Where SciPy's function loses digits in a tail, the tail is written by `erfcx`, which loses none, and
a Gaussian whose exponent is squared in two pieces.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.ops.elementwise import Elementwise
from gradcli.ops.forward import by_order, in_double, scipy_special, split
from gradcli.ops.rows.arithmetic import ALL, ANY, absolute, minimum, square
from gradcli.ops.rows.exponential import exp
from gradcli.ops.rows.logic import equal, less, where

if TYPE_CHECKING:
    from gradcli.graph import Node

Array = np.ndarray[Any, Any]

SQRT2, PI = 1.4142135623730951, 3.141592653589793
TWO_OVER_SQRT_PI = 1.1283791670955126
SQRT_TWO_OVER_PI = 0.7978845608028654
INVERSE_SQRT_TWO_PI = 0.3989422804014327
HALF_SQRT_PI = 0.886226925452758
SQRT_TWO_PI = 2.5066282746310002


def _exp_square(x: Array, scale: float) -> Array:
    """exp(scale*x**2): the high half of x squares without rounding, the rest is small."""
    x = np.clip(x, -40, 40)
    high = (x.view(np.int64) & -(1 << 27)).view(np.float64)
    return np.asarray(np.exp(scale * high * high) * np.exp(scale * (x - high) * (x + high)))


_scipy_erfc, _scipy_erfcx, _scipy_ndtr = map(scipy_special, ("erfc", "erfcx", "ndtr"))


def _erfcx(x: Array) -> Array:
    def left(x: Array) -> Array:
        raised = _exp_square(x, 1)
        return np.where(x < -1, 2 * raised - _scipy_erfcx(-x), raised * _scipy_erfc(x))

    return split(x, x < 0.5, left, _scipy_erfcx)


def _erfc(x: Array) -> Array:
    return split(x, x > 1, lambda x: _exp_square(x, -1) * _scipy_erfcx(x), _scipy_erfc)


def _norm_pdf(x: Array) -> Array:
    return INVERSE_SQRT_TWO_PI * _exp_square(x, -0.5)


def _ndtr(x: Array) -> Array:
    def tail(x: Array) -> Array:
        return 0.5 * _exp_square(x, -0.5) * _scipy_erfcx(-x / SQRT2)

    return split(x, x < -1, tail, _scipy_ndtr)


def _log_ndtr(x: Array) -> Array:
    def tail(x: Array) -> Array:
        return np.asarray(np.log(0.5 * _scipy_erfcx(-x / SQRT2)) - 0.5 * x * x)

    return split(x, x < -1, tail, lambda x: np.log1p(-_ndtr(-x)))


def _inverse_mills(x: Array) -> Array:
    def left(x: Array) -> Array:
        return SQRT_TWO_OVER_PI / _erfcx(-x / SQRT2)

    return split(x, x < 0, left, lambda x: _norm_pdf(x) / _scipy_ndtr(x))


def _ierfcx(n: int, x: Array) -> Array:
    """By the recurrence 2n h(n) = h(n-2) - 2x h(n-1), which is stable downwards for x > 0.

    W. Gautschi, "Computational aspects of three-term recurrence relations" (1967): downwards as a
    continued fraction for the ratios h(k)/h(k-1).
    """

    def falling(x: Array, steps: int = 150) -> Array:
        # Far out neighbouring ratios are equal.
        start = n + steps
        product, ratio = _erfcx(x), 1 / (x + np.sqrt(x * x + 2 * start))
        for k in range(start, 0, -1):
            ratio = 1 / (2 * x + 2 * (k + 1) * ratio)
            if k <= n:
                product = product * ratio
        return product

    def rising(x: Array) -> Array:
        before, last = np.full_like(x, TWO_OVER_SQRT_PI), _erfcx(x)
        for k in range(1, n + 1):
            before, last = last, (before - 2 * x * last) / (2 * k)
        return last

    def near(x: Array) -> Array:
        # Upwards a digit is lost at 1, and downwards more steps are needed the nearer 0 is.
        return split(x, x > 0.5, lambda x: falling(x, 1000), rising)

    return split(x, x > 1, falling, near)


erf: Elementwise = Elementwise(
    "erf",
    scipy_special("erf"),
    [lambda g, y, x: g * (2.0 * gaussian(x) / PI**0.5)],
    doc="The error function, 2/sqrt(pi) times the integral of exp(-t**2) from 0 to x.",
    domain=ALL,
    box=(ANY,),
    kinks=(),
    spell="scipy.special.erf torch.erf torch.special.erf jax.scipy.special.erf jax.lax.erf "
    "special.erf erf math.erf",
)

erfc: Elementwise = Elementwise(
    "erfc",
    in_double(_erfc),
    [lambda g, y, x: -(g * (2.0 * gaussian(x) / PI**0.5))],
    doc="1 - erf(x), exact where erf is near 1.",
    domain=ALL,
    box=(ANY,),
    kinks=(),
    spell="scipy.special.erfc torch.erfc torch.special.erfc jax.scipy.special.erfc jax.lax.erfc "
    "special.erfc erfc math.erfc",
)

erfcx: Elementwise = Elementwise(
    "erfcx",
    in_double(_erfcx),
    [lambda g, y, x: -(g * (2.0 * ierfcx(1, x)))],
    doc="exp(x**2)*erfc(x), which neither vanishes nor overflows for large x.",
    domain=ALL,
    box=(ANY,),
    kinks=(),
    spell="scipy.special.erfcx torch.special.erfcx jax.scipy.special.erfcx special.erfcx erfcx",
)

ierfcx: Elementwise = Elementwise(
    "ierfcx",
    in_double(by_order(_ierfcx)),
    # Written with the next integral: 2*x*y - ierfcx(n - 1, x) has no digits left for large x.
    [None, lambda g, y, n, x: -(g * (2.0 * (n + 1.0) * ierfcx(n + 1.0, x)))],
    doc="exp(x**2) times the n-th repeated integral of erfc from x to infinity.",
    domain="n = 0, 1, 2, ...; all real x",
    box=("order", ANY),
    kinks=(),
    spell="",
    args="n x",
)

gaussian: Elementwise = Elementwise(
    "gaussian",
    in_double(lambda x: _exp_square(x, -1)),
    [lambda g, y, x: -(g * (2.0 * x * y))],
    doc="exp(-x**2), exact in its tails too.",
    domain=ALL,
    box=(ANY,),
    kinks=(),
    spell="gaussian",
)


def _erfinv_rule(g: Node, y: Node, x: Node) -> Node:
    # exp(y**2) is erfcx(y)/erfc(y): so it keeps its digits where y is large.
    size = absolute(x)
    tail = where(equal(size, 1.0), np.inf, erfcx(absolute(y)) / (1.0 - size))
    return g * (HALF_SQRT_PI * where(less(size, 0.5), exp(square(y)), tail))


erfinv: Elementwise = Elementwise(
    "erfinv",
    scipy_special("erfinv"),
    [_erfinv_rule],
    doc="The number whose error function is x.",
    domain="-1 <= x <= 1",
    box=((-0.7, 0.7),),
    kinks=(((1.0,), (np.inf,)), ((-1.0,), (np.inf,))),
    spell="scipy.special.erfinv torch.erfinv torch.special.erfinv jax.scipy.special.erfinv "
    "special.erfinv erfinv",
)

erfcinv: Elementwise = Elementwise(
    "erfcinv",
    scipy_special("erfcinv"),
    [lambda g, y, x: -(g * (HALF_SQRT_PI * (erfcx(y) / x)))],
    doc="The number whose erfc is x.",
    domain="0 <= x <= 2",
    box=((0.4, 1.6),),
    kinks=(),
    spell="scipy.special.erfcinv special.erfcinv erfcinv",
)

norm_pdf: Elementwise = Elementwise(
    "norm_pdf",
    in_double(_norm_pdf),
    [lambda g, y, x: -(g * (x * y))],
    doc="Density of the standard normal distribution.",
    domain=ALL,
    box=(ANY,),
    kinks=(),
    spell="norm_pdf",
)

ndtr: Elementwise = Elementwise(
    "ndtr",
    in_double(_ndtr),
    [lambda g, y, x: g * norm_pdf(x)],
    doc="Distribution function of the standard normal distribution.",
    domain=ALL,
    box=(ANY,),
    kinks=(),
    spell="scipy.special.ndtr torch.special.ndtr jax.scipy.special.ndtr special.ndtr ndtr",
)

log_ndtr: Elementwise = Elementwise(
    "log_ndtr",
    in_double(_log_ndtr),
    [lambda g, y, x: g * inverse_mills(x)],
    doc="log(ndtr(x)), without underflow.",
    domain=ALL,
    box=(ANY,),
    kinks=(),
    spell="scipy.special.log_ndtr torch.special.log_ndtr jax.scipy.special.log_ndtr "
    "special.log_ndtr log_ndtr",
)


def _inverse_mills_rule(g: Node, y: Node, x: Node) -> Node:
    # x + y cancels where x is very negative: there it is a ratio of integrals.
    z = minimum(x, 0.0) / -SQRT2
    excess = where(less(x, 0.0), SQRT2 * (ierfcx(1, z) / erfcx(z)), x + y)
    return -(g * (y * excess))


inverse_mills: Elementwise = Elementwise(
    "inverse_mills",
    in_double(_inverse_mills),
    [_inverse_mills_rule],
    doc="norm_pdf(x)/ndtr(x), the derivative of log_ndtr, without underflow.",
    domain=ALL,
    box=(ANY,),
    kinks=(),
    spell="inverse_mills",
)


def _ndtri_rule(g: Node, y: Node, x: Node) -> Node:
    nearer = minimum(x, 1.0 - x)
    tail = where(equal(nearer, 0.0), np.inf, 0.5 * erfcx(absolute(y) / SQRT2) / nearer)
    middle = less(absolute(x - 0.5), 0.25)
    return g * (SQRT_TWO_PI * where(middle, exp(0.5 * square(y)), tail))


ndtri: Elementwise = Elementwise(
    "ndtri",
    scipy_special("ndtri"),
    [_ndtri_rule],
    doc="Quantile of the standard normal distribution.",
    domain="0 <= x <= 1",
    box=((0.2, 0.4),),
    kinks=(((0.0,), (np.inf,)), ((1.0,), (np.inf,))),
    spell="scipy.special.ndtri torch.special.ndtri jax.scipy.special.ndtri special.ndtri ndtri",
)
