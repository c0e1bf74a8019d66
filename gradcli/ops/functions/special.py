"""Special functions that take a static order or a count: polygamma, Bessel functions, ..."""

from __future__ import annotations

import math
from typing import Any

from gradcli.errors import ArgumentError
from gradcli.graph import OPS, Node
from gradcli.ops.binding import function
from gradcli.ops.family import build
from gradcli.ops.leaves import constant
from gradcli.ops.linear import reshape, sum_
from gradcli.ops.rows import bessel, erf, gamma, hyperbolic
from gradcli.ops.rows.arithmetic import square
from gradcli.ops.rows.exponential import log
from gradcli.ops.rows.logic import equal, greater, greater_equal, logical_and, where
from gradcli.ops.values import shape_of, static_number, tensor, whole

MAX_ORDER = 150
"""Beyond it factorials leave no room in a double."""


def _whole_order(n: Any, what: str) -> Node:
    order = whole(n, "n")
    if not 0 <= order <= MAX_ORDER:
        raise ArgumentError(f"the order of `{what}` is between 0 and {MAX_ORDER}, not {order}")
    return constant(order)


@function(
    "torch.polygamma torch.special.polygamma scipy.special.polygamma "
    "jax.scipy.special.polygamma special.polygamma",
    example="polygamma(1, [0.7, 2.5])",
)
def polygamma(n: Any, x: Any) -> Node:
    """The n-th derivative of digamma."""
    return gamma.polygamma(_whole_order(n, "polygamma"), tensor(x))


@function("ierfcx", example="ierfcx(2, [0.7, 2.5])")
def ierfcx(n: Any, x: Any) -> Node:
    """exp(x**2) times the n-th repeated integral of erfc."""
    return erf.ierfcx(_whole_order(n, "ierfcx"), tensor(x))


@function("polygamma_difference", example="polygamma_difference(0, [0.7, 2.5], [0.1, 3.0])")
def polygamma_difference(n: Any, a: Any, b: Any) -> Node:
    """polygamma(n, a + b) - polygamma(n, a), without loss of digits."""
    order = _whole_order(n, "polygamma_difference")
    return gamma.polygamma_difference(order, tensor(a), tensor(b))


@function("i0e_derivative", example="i0e_derivative(1, [0.7, 2.5])")
def i0e_derivative(n: Any, x: Any) -> Node:
    """The n-th derivative of i0e at the size of x."""
    return bessel.i0e_derivative(_whole_order(n, "i0e_derivative"), tensor(x))


@function("sinc_derivative", example="sinc_derivative(2, [0.7, 2.5])")
def sinc_derivative(n: Any, x: Any) -> Node:
    """The n-th derivative of sinc."""
    return hyperbolic.sinc_derivative(_whole_order(n, "sinc_derivative"), tensor(x))


@function(
    "torch.mvlgamma torch.special.multigammaln scipy.special.multigammaln "
    "jax.scipy.special.multigammaln special.multigammaln multigammaln",
    example="multigammaln([2.5, 4.0], 3)",
)
def multigammaln(a: Any, d: Any) -> Node:
    """The logarithm of the multivariate gamma function of dimension d."""
    count = whole(d, "d")
    if count < 1:
        raise ArgumentError(f"the dimension of `multigammaln` must be at least 1, not {count}")
    x = tensor(a)
    halves = build(OPS["arange"], (), (shape_of((count,)), 0.0, 0.5, "real"))
    terms = gamma.lgamma(reshape(x, (*x.shape, 1)) - halves)
    return sum_(terms, (-1,), False) + 0.25 * count * (count - 1) * math.log(math.pi)


def _order(v: Any) -> Node:
    return constant(float(static_number(v, "the order v")))


@function("scipy.special.jv scipy.special.jn special.jv", example="jv(2, [0.7, 2.5])")
def jv(v: Any, x: Any) -> Node:
    """Bessel function of the first kind, of a fixed order v."""
    return bessel.jv(_order(v), tensor(x))


@function("scipy.special.yv scipy.special.yn special.yv", example="yv(2, [0.7, 2.5])")
def yv(v: Any, x: Any) -> Node:
    """Bessel function of the second kind, of a fixed order v."""
    return bessel.yv(_order(v), tensor(x))


@function("scipy.special.iv special.iv", example="iv(2, [0.7, 2.5])")
def iv(v: Any, x: Any) -> Node:
    """Modified Bessel function of the first kind, of a fixed order v."""
    return bessel.iv(_order(v), tensor(x))


@function("scipy.special.kv scipy.special.kn special.kv", example="kv(2, [0.7, 2.5])")
def kv(v: Any, x: Any) -> Node:
    """Modified Bessel function of the second kind, of a fixed order v."""
    return bessel.kv(_order(v), tensor(x))


def _relative_entropy(x: Node, y: Node) -> Node:
    """x*log(x/y): 0 where x is 0, infinite where either is negative."""
    both = logical_and(greater(x, 0.0), greater(y, 0.0))
    nothing = logical_and(equal(x, 0.0), greater_equal(y, 0.0))
    return where(both, x * log(x / y), where(nothing, 0.0, float("inf")))


@function(
    "scipy.special.rel_entr jax.scipy.special.rel_entr special.rel_entr",
    example="rel_entr([0.4, 0.6], [0.3, 0.9])",
)
def rel_entr(x: Any, y: Any) -> Node:
    """Elementwise x*log(x/y): 0 where x is 0, infinite where either is negative."""
    return _relative_entropy(tensor(x), tensor(y))


@function(
    "scipy.special.kl_div jax.scipy.special.kl_div special.kl_div",
    example="special.kl_div([0.4, 0.6], [0.3, 0.9])",
)
def elementwise_kl_div(x: Any, y: Any) -> Node:
    """x*log(x/y) - x + y."""
    a, b = tensor(x), tensor(y)
    return _relative_entropy(a, b) - a + b


# --- the normal distribution -------------------------------------------------------------------

NORM = "scipy.stats.norm.{0} jax.scipy.stats.norm.{0}"


@function(NORM.format("pdf"), example="scipy.stats.norm.pdf([0.7, -1.5], 0.5, [2.0])")
def norm_pdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Node:
    """Density of the normal distribution of a mean and a standard deviation."""
    return erf.norm_pdf((tensor(x) - tensor(loc)) / tensor(scale)) / tensor(scale)


@function(NORM.format("logpdf"), example="scipy.stats.norm.logpdf([0.7, -1.5], 0.5, [2.0])")
def norm_logpdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Node:
    """Logarithm of the density of the normal distribution."""
    standard = (tensor(x) - tensor(loc)) / tensor(scale)
    return -0.5 * square(standard) - (log(tensor(scale)) + 0.5 * math.log(2 * math.pi))


@function(NORM.format("cdf"), example="scipy.stats.norm.cdf([0.7, -1.5], 0.5, [2.0])")
def norm_cdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Node:
    """Distribution function of the normal distribution."""
    return erf.ndtr((tensor(x) - tensor(loc)) / tensor(scale))


@function(NORM.format("logcdf"), example="scipy.stats.norm.logcdf([0.7, -1.5], 0.5, [2.0])")
def norm_logcdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Node:
    """Logarithm of the distribution function of the normal distribution."""
    return erf.log_ndtr((tensor(x) - tensor(loc)) / tensor(scale))


@function(NORM.format("ppf"), example="scipy.stats.norm.ppf([0.7, 0.2], 0.5, [2.0])")
def norm_ppf(q: Any, loc: Any = 0.0, scale: Any = 1.0) -> Node:
    """Quantile of the normal distribution."""
    return erf.ndtri(tensor(q)) * tensor(scale) + tensor(loc)
