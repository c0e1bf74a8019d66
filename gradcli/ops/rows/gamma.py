"""The gamma function, its logarithm and derivatives, and the beta function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.ops.elementwise import Elementwise
from gradcli.ops.forward import by_order, horner, in_double, scipy_special, split

if TYPE_CHECKING:
    from gradcli.graph import Node

Array = np.ndarray[Any, Any]

NO_POLE = "real x other than 0, -1, -2, ..."
POSITIVE = (0.5, 3.0)

# (-1)**k*(zeta(k) - 1)/k for k = 2, 3, ...: the series of lgamma(2 + d) is its sum over d**k, and
# (1 - Euler's constant)*d.
_ZETA = (
    0.32246703342411322, -0.067352301053198095, 0.020580808427784548, -0.0073855510286739853,
    0.0028905103307415232, -0.0011927539117032610, 0.00050966952474304242, -0.00022315475845357938,
    9.9457512781808534e-05, -4.4926236738133142e-05, 2.0507212775670692e-05,
    -9.4394882752683959e-06, 4.3748667899074878e-06, -2.0392157538013663e-06,
    9.5514121304074198e-07, -4.4924691987645660e-07, 2.1207184805554666e-07,
    -1.0043224823968100e-07, 4.7698101693639806e-08, -2.2711094608943165e-08,
    1.0838659214896952e-08, -5.1834750419700466e-09, 2.4836745438024783e-09,
    -1.1921401405860912e-09, 5.7313672416788620e-10,
)  # fmt: skip
_ONE_MINUS_EULER = 0.42278433509846714

# Stirling's remainder: lgamma(x) = (x - 1/2)*log(x) - x + log(2*pi)/2 + S(1/x**2)/x.
_STIRLING = (
    1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400,
)  # fmt: skip
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798)
_SHIFT = 12
"""From this far right on, asymptotic series in 1/x give every digit."""


def _near_two(d: Array) -> Array:
    """lgamma(2 + d) for small d."""
    return np.asarray(_ONE_MINUS_EULER * d + d * d * horner(_ZETA, d))


def _lgamma(x: Array) -> Array:
    # At the zeros 1 and 2 the logarithm of a rounded number would have no digits.
    def near_one(x: Array) -> Array:
        return np.asarray(_near_two(x - 1) - np.log1p(x - 1))

    def away(x: Array) -> Array:
        return split(x, np.abs(x - 2) < 0.3, lambda x: _near_two(x - 2), scipy_special("gammaln"))

    return split(x, np.abs(x - 1) < 0.3, near_one, away)


def _cot(x: Array) -> Array:
    """cot(pi*x): the whole part is taken off before pi rounds it."""
    angle = np.pi * (x - np.rint(x))
    return np.asarray(np.cos(angle) / np.sin(angle))


def _digamma(x: Array) -> Array:
    psi = scipy_special("digamma")
    left = (x < 0) & (x != np.rint(x))
    return split(x, left, lambda x: np.asarray(psi(1 - x) - np.pi * _cot(x)), psi)


def _factorial(n: int) -> float:
    return float(np.prod(np.arange(1.0, n + 1)))


def _polygamma(n: int, x: Array) -> Array:
    if n == 0:
        return _digamma(x)
    scale = (-1.0) ** (n + 1) * _factorial(n)
    order = np.asarray(n + 1.0)

    def right(x: Array) -> Array:
        return np.asarray(scale * scipy_special("zeta")(order, x))

    def reflected(x: Array) -> Array:
        # The n-th derivative of cot is a polynomial in cot.
        polynomial = np.polynomial.Polynomial([0.0, np.pi])
        for _ in range(n):
            polynomial = -np.pi * polynomial.deriv() * np.polynomial.Polynomial([1.0, 0.0, 1.0])
        return np.asarray((-1.0) ** n * right(1 - x) - polynomial(_cot(x)))

    return split(x, x < -20, reflected, right)


def _power_difference(x: Array, step: Array, p: int) -> Array:
    """(x + step)**-p - x**-p, all of whose digits count however small the step."""
    return np.asarray(x**-p * np.expm1(-p * np.log1p(step / x)))


def _polygamma_difference(n: int, a: Array, b: Array) -> Array:
    """Shifted to the right by the recurrence, there by the asymptotic series; term by term."""
    log_step = np.log1p(b / (a + _SHIFT))
    total = np.zeros(np.broadcast_shapes(a.shape, b.shape))
    for k in range(_SHIFT):
        total = total + _power_difference(a + k, b, n + 1)
    total *= _factorial(n)
    high = a + _SHIFT
    # (-1)**(n + 1) polygamma(n, x) has only positive terms; digamma's first is -log(x).
    total += -log_step if n == 0 else _factorial(n - 1) * _power_difference(high, b, n)
    total += 0.5 * _factorial(n) * _power_difference(high, b, n + 1)
    for k, bernoulli in enumerate(_BERNOULLI, 1):
        factor = bernoulli * _factorial(2 * k + n - 1) / _factorial(2 * k)
        total += factor * _power_difference(high, b, 2 * k + n)
    return (-1.0) ** (n + 1) * total


def _stirling(x: Array) -> Array:
    inverse = 1 / x
    return np.asarray(inverse * horner(_STIRLING, inverse * inverse))


def _gamma_ratio(a: Array, b: Array) -> Array:
    """log(gamma(b)/gamma(a + b)) for b >= 10."""
    change = a * (1 - np.log(b)) - (b - 0.5 + a) * np.log1p(a / b)
    return np.asarray(change + _stirling(b) - _stirling(a + b))


def _betaln_of_large(a: Array, b: Array) -> Array:
    """For 10 <= a <= b: Stirling's formula three times, its logarithms combined."""
    rest = _stirling(a) + _stirling(b) - _stirling(a + b) + 0.5 * np.log(2 * np.pi / b)
    return np.asarray(rest - b * np.log1p(a / b) - (a - 0.5) * np.log1p(b / a))


def _betaln(a: Array, b: Array) -> Array:
    """A. Didonato and A. Morris, "Algorithm 708" (1992): differences of lgamma without loss."""
    small, large = np.minimum(a, b), np.maximum(a, b)
    both = _betaln_of_large(np.maximum(small, 10), np.maximum(large, 10))
    low, tail = np.clip(small, 0, 10), np.minimum(large, 10)
    one = _lgamma(low) + _gamma_ratio(low, np.maximum(large, 10))
    neither = _lgamma(low) + (_lgamma(tail) - _lgamma(low + tail))
    result = np.where(small >= 10, both, np.where(large >= 10, one, neither))
    return np.where(small > 0, result, scipy_special("betaln")(a, b))


def _beta(a: Array, b: Array) -> Array:
    small, large = np.minimum(a, b), np.maximum(a, b)
    both = np.exp(_betaln_of_large(np.maximum(small, 10), np.maximum(large, 10)))
    # gamma(small)*gamma(large)/gamma(small + large), the larger one moved up to 10 and beyond.
    low = np.clip(small, 0, 10)
    ratio = np.exp(_gamma_ratio(low, np.where(large < 10, large + 10, large)))
    for k in range(10):
        ratio *= 1 + np.where(large < 10, low / (large + k), 0)
    result = np.where(small >= 10, both, scipy_special("gamma")(low) * ratio)
    return np.where(small > 0, result, scipy_special("beta")(a, b))


gamma: Elementwise = Elementwise(
    "gamma",
    scipy_special("gamma"),
    [lambda g, y, x: g * (y * digamma(x))],
    doc="The gamma function: (x - 1)! for whole x.",
    domain=NO_POLE,
    box=(POSITIVE,),
    kinks=(),
    spell="scipy.special.gamma jax.scipy.special.gamma special.gamma gamma math.gamma",
)

lgamma: Elementwise = Elementwise(
    "lgamma",
    in_double(_lgamma),
    [lambda g, y, x: g * digamma(x)],
    doc="Logarithm of the size of gamma(x), exact near its zeros 1 and 2.",
    domain=NO_POLE,
    box=(POSITIVE,),
    kinks=(),
    spell="torch.lgamma scipy.special.gammaln torch.special.gammaln jax.scipy.special.gammaln "
    "jax.lax.lgamma special.gammaln gammaln special.lgamma lgamma math.lgamma",
)

digamma: Elementwise = Elementwise(
    "digamma",
    in_double(_digamma),
    [lambda g, y, x: g * polygamma(1, x)],
    doc="Derivative of the logarithm of gamma.",
    domain=NO_POLE,
    box=(POSITIVE,),
    kinks=(),
    spell="torch.digamma scipy.special.digamma torch.special.digamma jax.scipy.special.digamma "
    "jax.lax.digamma special.digamma digamma scipy.special.psi torch.special.psi special.psi psi",
)

polygamma: Elementwise = Elementwise(
    "polygamma",
    in_double(by_order(_polygamma)),
    [None, lambda g, y, n, x: g * polygamma(n + 1.0, x)],
    doc="The n-th derivative of digamma.",
    domain=f"n = 0, 1, 2, ...; {NO_POLE}",
    box=("order", POSITIVE),
    kinks=(),
    spell="",
    args="n x",
)

polygamma_difference: Elementwise = Elementwise(
    "polygamma_difference",
    in_double(by_order(_polygamma_difference)),
    [
        None,
        lambda g, y, n, a, b: g * polygamma_difference(n + 1.0, a, b),
        lambda g, y, n, a, b: g * polygamma(n + 1.0, a + b),
    ],
    doc="polygamma(n, a + b) - polygamma(n, a), exact however small b is beside a.",
    domain="n = 0, 1, 2, ...; a > 0 and a + b > 0",
    box=("order", POSITIVE, POSITIVE),
    kinks=(),
    spell="",
    args="n a b",
)


def _betaln_rule(g: Node, y: Node, a: Node, b: Node) -> Node:
    return -(g * polygamma_difference(0, a, b))


betaln: Elementwise = Elementwise(
    "betaln",
    in_double(_betaln),
    [_betaln_rule, lambda g, y, a, b: _betaln_rule(g, y, b, a)],
    doc="Logarithm of beta(a, b), exact for large a and b too.",
    domain="a > 0 and b > 0",
    box=(POSITIVE, POSITIVE),
    kinks=(),
    spell="scipy.special.betaln jax.scipy.special.betaln special.betaln betaln",
    args="a b",
)

beta: Elementwise = Elementwise(
    "beta",
    in_double(_beta),
    [
        lambda g, y, a, b: -(g * (y * polygamma_difference(0, a, b))),
        lambda g, y, a, b: -(g * (y * polygamma_difference(0, b, a))),
    ],
    doc="The beta function gamma(a)*gamma(b)/gamma(a + b).",
    domain="a > 0 and b > 0",
    box=(POSITIVE, POSITIVE),
    kinks=(),
    spell="scipy.special.beta jax.scipy.special.beta special.beta beta",
    args="a b",
)
