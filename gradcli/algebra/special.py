"""Functions that formulas write by elementary ones, as textbooks do."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from gradcli.algebra.engine import rewrite
from gradcli.algebra.numbers import LARGEST
from gradcli.algebra.terms import Product
from gradcli.graph import OPS
from gradcli.ops.elementwise import broadcast_shape
from gradcli.ops.leaves import known_number

if TYPE_CHECKING:
    from gradcli.algebra.terms import Terms
    from gradcli.graph import Node


@rewrite(
    "Gaussian",
    "gaussian",
    {"gaussian(x)": "exp(-x**2)", "gaussian(x/sqrt(2.))": "exp(-0.5*x**2)"},
    formulas_only=True,
    value_only=True,
)
def gaussian(node: Node, terms: Terms) -> Node | None:
    """`exp(-x**2)`; the square of a root is what is under it."""
    whole = terms.product(node.inputs[0])
    squared = terms.raised(Product(1, whole.factors, whole.shape), 2)
    scale = float(whole.coef) ** 2
    near = Fraction(scale).limit_denominator(LARGEST)
    coef = near if abs(float(near) - scale) <= 1e-15 * scale else scale
    return OPS["exp"](terms.build(squared.scaled(-coef)))


@rewrite(
    "square of a hypotenuse",
    "multiply divide power square",
    {"x/hypot(x, y)**2": "x/(x**2 + y**2)", "hypot(x, y)*hypot(x, y)": "x**2 + y**2"},
    formulas_only=True,
)
def squared_hypotenuse(node: Node, terms: Terms) -> Node | None:
    """By Pythagoras."""
    whole = terms.product(node)
    for key, (base, exponent) in whole.factors.items():
        if base.op.name != "hypot" or not isinstance(exponent, Fraction) or exponent % 2:
            continue
        a, b = base.inputs
        total = terms.atom(_sum_of_squares(a, b, terms), exponent / 2)
        return terms.build(terms.times(whole.without(key), total, node.shape), node.shape)
    return None


@rewrite(
    "hypotenuse over a known side",
    "hypot",
    {"1/hypot(1., x)": "1/sqrt(1 + x**2)"},
    formulas_only=True,
)
def hypotenuse(node: Node, terms: Terms) -> Node | None:
    """The root, where a side is a number."""
    a, b = node.inputs
    if known_number(a) is None and known_number(b) is None:
        return None
    return OPS["sqrt"](_sum_of_squares(a, b, terms))


def _sum_of_squares(a: Node, b: Node, terms: Terms) -> Node:
    squares = [terms.raised(terms.product(x), 2) for x in (a, b)]
    shape = broadcast_shape([a.shape, b.shape], "+")
    return terms.build_sum(squares, shape)


@rewrite(
    "number times its sign",
    "multiply divide",
    {"x*sign(x)": "abs(x)", "x**2*sign(x)*y": "x*y*abs(x)"},
)
def signed(node: Node, terms: Terms) -> Node | None:
    """`x*sign(x)` is `abs(x)`."""
    whole = terms.product(node)
    for key, (base, exponent) in whole.factors.items():
        if base.op.name != "sign" or exponent != 1:
            continue
        x = base.inputs[0]
        own = whole.factors.get(terms.key(x))
        if own is None or not isinstance(own[1], Fraction) or own[1] < 1:
            continue
        rest = terms.times(whole.without(key), terms.atom(x, Fraction(-1)), node.shape)
        size = terms.atom(OPS["abs"](x))
        return terms.build(terms.times(rest, size, node.shape), node.shape)
    return None
