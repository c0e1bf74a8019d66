"""Products and sums: like factors, like terms, signs, common factors, fractions."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from gradcli.algebra.engine import rewrite
from gradcli.algebra.match import is_sum
from gradcli.algebra.numbers import power as number_power
from gradcli.algebra.terms import ONE, Product
from gradcli.graph import OPS
from gradcli.ops.leaves import constant

if TYPE_CHECKING:
    from gradcli.algebra.terms import Terms
    from gradcli.graph import Node, Shape

PRODUCTS = "multiply divide negative power square sqrt"
MINUS = Fraction(-1)


@rewrite(
    "product",
    PRODUCTS,
    {
        "x*x**2": "x**3",
        "(2*x)*(3*y)": "6*x*y",
        "x/(x*y)": "1/y",
        "-(-x*y)": "x*y",
        "x*exp(y)/x**3": "exp(y)/x**2",
        "exp(y)*x*2": "2*x*exp(y)",
        "sqrt(x)*sqrt(x)": "x",
        "x/sqrt(x)": "sqrt(x)",
        "square(x)": "x**2",
        "(x**2)**3": "x**6",
        "-(x - y)": "y - x",
        "-2*exp(x)*(s - y)": "2*(y - s)*exp(x)",
        "1/(2*x)*3": "3/(2*x)",
        "x/3": "x/3",
        "x/4": "0.25*x",
        "x*x**y": "x**(1 + y)",
        "s*broadcast_to(t, (3,))*x": "s*t*x",
        "1/(1/x)": "x",
    },
)
def product(node: Node, terms: Terms) -> Node | None:
    """One product of powers, in the order that people write."""
    return terms.build(terms.product(node), node.shape)


@rewrite(
    "power of a product with a number",
    "power square",
    {"(2*x)**2": "4*x**2", "(-x)**3": "-x**3", "(-x)**2": "x**2", "(x/3)**2": "x**2/9"},
)
def numbered_power(node: Node, terms: Terms) -> Node | None:
    """`(2*x)**2` is `4*x**2`, for whole powers."""
    inner = terms.product(node.inputs[0])
    whole = _whole_exponent(node, terms)
    if whole is None or inner.coef == 1 or not inner.factors:
        return None
    coef = number_power(inner.coef, whole)
    if coef is None or coef == 0:
        return None
    rest = terms.build(Product(ONE, inner.factors, inner.shape))
    raised = terms.atom(rest, Fraction(whole))
    return terms.build(raised.scaled(coef), node.shape)


def _whole_exponent(node: Node, terms: Terms) -> int | None:
    if node.op.name == "square":
        return 2
    exponent = terms.product(node.inputs[1])
    if exponent.factors or not isinstance(exponent.coef, Fraction):
        return None
    return int(exponent.coef) if exponent.coef.denominator == 1 else None


@rewrite(
    "power of a product that meets its factors",
    "multiply divide",
    {"(x*y)**2/x": "x*y**2", "x**2*(s*x)**3": "s**3*x**5"},
)
def opened_power(node: Node, terms: Terms) -> Node | None:
    """`(x*y)**2/x`: the power is opened where a factor of it stands outside too."""
    whole = terms.product(node)
    for key, (base, exponent) in whole.factors.items():
        if not isinstance(exponent, Fraction) or exponent.denominator != 1:
            continue
        inner = terms.product(base)
        if len(inner.factors) > 1 and any(k in whole.factors for k in inner.factors):
            if all(isinstance(e, Fraction) for _, e in inner.factors.values()):
                opened = terms.raised(inner, int(exponent))
                return terms.build(terms.times(whole.without(key), opened, node.shape))
    return None


@rewrite(
    "square root of a square",
    "sqrt",
    {"sqrt(x**2)": "abs(x)", "sqrt(x**4)": "x**2", "sqrt(x**2*s**2)": "abs(s)*abs(x)"},
)
def root_of_square(node: Node, terms: Terms) -> Node | None:
    """Even powers under a root, all of them or none."""
    inner = terms.product(node.inputs[0])
    if inner.coef != 1 or not inner.factors:
        return None
    result: Node | None = None
    for base, exponent in inner.factors.values():
        if not isinstance(exponent, Fraction) or exponent % 2 != 0:
            return None
        half = exponent / 2
        part = base ** constant(float(half)) if half != 1 else base
        part = OPS["abs"](base) ** constant(float(half)) if half % 2 != 0 else part
        result = part if result is None else result * part
    return result


@rewrite(
    "signs and absolute values",
    PRODUCTS,
    {
        "sign(x)*abs(x)": "x",
        "x*sign(x)": "abs(x)",
        "x/abs(x)": "sign(x)",
        "sign(x)*sign(x)": "ones(3)",
        "abs(x)**2*y": "x**2*y",
        "sign(x)*x**2*abs(x)": "x**3",
    },
    formulas_only=True,
)
def signs(node: Node, terms: Terms) -> Node | None:
    """Products of x, abs(x) and sign(x) as fewest of them, where x is not 0."""
    whole = terms.product(node)
    for key, (base, exponent) in whole.factors.items():
        if base.op.name not in ("sign", "abs") or not isinstance(exponent, Fraction):
            continue
        if exponent.denominator != 1:
            continue
        (x,) = base.inputs
        own = terms.key(x)
        rest = whole.without(key)
        if base.op.name == "sign" and abs(exponent) > 1:
            # sign(x)**2 is 1.
            left = Product(ONE, {key: (base, exponent % 2)} if exponent % 2 else {}, whole.shape)
            return _filled(terms.build(terms.times(rest, left, node.shape)), node.shape)
        if base.op.name == "abs" and exponent % 2 == 0:
            even = Product(ONE, {own: (x, exponent)}, whole.shape)
            return terms.build(terms.times(rest, even, node.shape))
        pair = _partner(base, whole, terms)
        if pair is not None:
            # sign(x)*abs(x) is x.
            both = Product(ONE, {own: (x, ONE)}, whole.shape)
            return terms.build(terms.times(rest.without(pair), both, node.shape))
        other = whole.factors.get(own)
        if other is None or not isinstance(other[1], Fraction):
            continue
        if base.op.name == "sign" and other[1] % 2 == 1:
            size = OPS["abs"](x)
            outer = rest.without(own)
            return terms.build(terms.times(outer, terms.atom(size, other[1]), node.shape))
        if base.op.name == "abs" and exponent == -1 and other[1] == 1:
            return terms.build(
                terms.times(rest.without(own), terms.atom(OPS["sign"](x)), node.shape)
            )
    return None


def _partner(base: Node, whole: Product, terms: Terms) -> int | None:
    """The key of abs(x) beside sign(x) to the power 1, or the other way round."""
    wanted = "abs" if base.op.name == "sign" else "sign"
    for key, (other, exponent) in whole.factors.items():
        if other.op.name == wanted and exponent == 1:
            if terms.key(other.inputs[0]) == terms.key(base.inputs[0]):
                mine = whole.factors[terms.key(base)][1]
                return key if mine == 1 else None
    return None


def _filled(node: Node, shape: Shape) -> Node:
    return node if node.shape == shape else OPS["broadcast_to"](node, shape)


# --- sums --------------------------------------------------------------------------------------


@rewrite(
    "sum",
    "add subtract",
    {
        "2*x + 3*x": "5*x",
        "x - x": "zeros(3)",
        "x + y - x": "y",
        "x*y + y*x": "2*x*y",
        "3 + x - 3": "x",
        "-x + y": "y - x",
        "x + -2*y": "x - 2*y",
        "x*(y + s) - x*y": "s*x",
        "2*x + 2*y": "2*(x + y)",
        "x*exp(y) + exp(y)": "(x + 1)*exp(y)",
        "x**2 + 2*x": "x**2 + 2*x",
        "1/x**2 - log(x)/x**2": "(1 - log(x))/x**2",
        "1/(1 + x) - x/(1 + x)**2": "1/(1 + x)**2",
        "1/(x + 1) - (x - 1)/(x + 1)**2": "2/(x + 1)**2",
        "0.5*(A @ x) + 0.5*(B @ x)": "0.5*(A + B) @ x",
        "x @ A + A @ x": "(A + A.T) @ x",
        "A @ B + C @ B": "(A + C) @ B",
        "A @ B + A @ C": "A @ (B + C)",
        "x + (y + 1) - 1": "x + y",
        "s + x*0": "s*ones(3)",
    },
)
def collected_sum(node: Node, terms: Terms) -> Node | None:
    """The shortest of a sum as it is collected, opened, factored, and over one denominator."""
    from gradcli.algebra.sums_of_products import candidates

    written = terms.key(node) in terms.as_written
    options = [(terms.cost(node), -1 if written else 1, node)]
    for place, (option, margin) in enumerate(candidates(terms.sum(node), node.shape, terms)):
        options.append((terms.cost(option) + margin, 2 * place, option))
    return min(options, key=lambda found: found[:2])[2]


@rewrite(
    "fraction in a denominator",
    "multiply divide power",
    {
        "1/(x*(1 + (y/x)**2))": "x/(x**2 + y**2)",
        "s/(1 + s/x)": "s*x/(x + s)",
        "1/(1 + x)": "1/(1 + x)",
    },
)
def compound_fraction(node: Node, terms: Terms) -> Node | None:
    """A sum of fractions below the line over their common denominator, if that is shorter."""
    from gradcli.algebra.sums_of_products import over_one

    whole = terms.product(node)
    for key, (base, exponent) in whole.factors.items():
        if not isinstance(exponent, Fraction) or exponent > 0 or exponent.denominator != 1:
            continue
        if not is_sum(base):
            continue
        fraction = over_one(terms.sum(base), base.shape, terms)
        if fraction is None:
            continue
        raised = terms.raised(terms.product(fraction), int(exponent))
        found = terms.build(terms.times(whole.without(key), raised, node.shape))
        if terms.cost(found) <= terms.cost(node):
            return found
    return None


@rewrite(
    "product over a sum",
    "multiply divide",
    {
        "x*(y/x + 1)": "y + x",
        "(y/x - (1 - y)/s)*x*s": "s*y - x*(1 - y)",
        "2*(0.5*x + y)": "x + 2*y",
        "(1 - x)*(1 + x)": "1 - x**2",
        "x*(1 - x)": "x*(1 - x)",
    },
    formulas_only=True,
)
def distributed(node: Node, terms: Terms) -> Node | None:
    """A factor taken into a sum where that is shorter."""
    from gradcli.algebra.sums_of_products import MARGIN, OPENED, all_opened, opened

    whole = terms.product(node)
    sums = [base for base, e in whole.factors.values() if e == 1 and is_sum(base)]
    if len(whole.factors) > OPENED or len(sums) > 3:
        return None
    for key, (base, exponent) in whole.factors.items():
        if exponent == 1 and is_sum(base):
            if len(terms.sum(base)) > OPENED:
                continue
            parts = opened(whole.without(key), terms.sum(base), node.shape, terms)
            for _ in range(2):
                found = terms.build_sum(parts, node.shape)
                if terms.cost(found) < terms.cost(node) - MARGIN:
                    return found
                parts = all_opened(parts, node.shape, terms) or parts
    return None
