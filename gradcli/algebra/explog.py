"""Exponentials and logarithms, what is made of them, and trigonometric identities."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from gradcli.algebra.engine import rewrite
from gradcli.algebra.terms import ONE, Product
from gradcli.graph import OPS

if TYPE_CHECKING:
    from gradcli.algebra.terms import Terms
    from gradcli.graph import Node

PRODUCTS = "multiply divide power"
SUMS = "add subtract"
MINUS = Fraction(-1)


@rewrite(
    "inverse functions",
    "log exp",
    {
        "log(exp(x))": "x",
        "exp(log(x))": "x",
        "exp(log_softmax(x))": "softmax(x)",
        "log(softmax(x))": "log_softmax(x)",
        "log(sigmoid(x))": "-softplus(-x)",
        "log(sum(exp(x)))": "logsumexp(x)",
        "log(sum(exp(A), axis=1))": "logsumexp(A, axis=1)",
        "exp(x - logsumexp(x))": "softmax(x)",
        "log(1 + exp(x))": "softplus(x)",
    },
)
def inverse(node: Node, terms: Terms) -> Node | None:
    """A logarithm and an exponential that undo one another, or have a function of their own."""
    (x,) = node.inputs
    name = x.op.name
    if node.op.name == "exp":
        if name == "log":
            return x.inputs[0]
        if name == "log_softmax":
            return OPS["softmax"](x.inputs[0], *x.params)
        return _softmax_of_difference(x, terms)
    if name == "exp":
        return x.inputs[0]
    if name == "softmax":
        return OPS["log_softmax"](x.inputs[0], *x.params)
    if name == "sigmoid":
        return -OPS["softplus"](-x.inputs[0])
    if name == "sum" and x.inputs[0].op.name == "exp":
        return OPS["logsumexp"](x.inputs[0].inputs[0], *x.params)
    raised = _one_plus_exp(x, terms)
    return None if raised is None else OPS["softplus"](raised)


def _softmax_of_difference(x: Node, terms: Terms) -> Node | None:
    """`exp(x - logsumexp(x))` over all axes."""
    if x.op.name != "subtract" or x.inputs[1].op.name != "logsumexp":
        return None
    a, total = x.inputs
    axes, _ = total.params
    if len(axes) == a.ndim and terms.key(a) == terms.key(total.inputs[0]):
        return OPS["softmax"](a, axes)
    return None


def _one_plus_exp(node: Node, terms: Terms) -> Node | None:
    """The v of `1 + exp(v)`."""
    if node.op.name != "add":
        return None
    parts = terms.sum(node)
    if len(parts) != 2 or any(part.coef != 1 for part in parts):
        return None
    for one, other in (parts, parts[::-1]):
        if not one.factors and len(other.factors) == 1:
            ((base, exponent),) = other.factors.values()
            if base.op.name == "exp" and exponent == 1 and base.shape == node.shape:
                return base.inputs[0]
    return None


@rewrite(
    "powers of exponentials",
    PRODUCTS,
    {
        "exp(x)**2": "exp(2*x)",
        "1/exp(x)": "exp(-x)",
        "y/exp(-x)": "y*exp(x)",
        "exp(x)*exp(-x)*y": "y",
        "exp(x + y)*exp(-y)": "exp(x)",
    },
)
def exponentials(node: Node, terms: Terms) -> Node | None:
    """One exponential of a sum where that is shorter than several."""
    whole = terms.product(node)
    found = [
        (key, base, e)
        for key, (base, e) in whole.factors.items()
        if base.op.name == "exp" and isinstance(e, Fraction)
    ]
    for key, base, exponent in found:
        if exponent != 1:
            argument = terms.build(terms.product(base.inputs[0]).scaled(exponent))
            raised = terms.atom(OPS["exp"](argument))
            return terms.build(terms.times(whole.without(key), raised, node.shape))
    if len(found) < 2:
        return None
    (first, a, _), (second, b, _) = found[:2]
    shape = a.shape if len(a.shape) >= len(b.shape) else b.shape
    if (a.inputs[0] + b.inputs[0]).shape != shape:
        return None
    both = terms.collected([*terms.sum(a.inputs[0]), *terms.sum(b.inputs[0])])
    argument = terms.build_sum(both, shape)
    if terms.cost(argument) >= terms.cost(a) + terms.cost(b) - 2:
        return None
    rest = whole.without(first).without(second)
    joined = OPS["exp"](argument)
    return terms.build(terms.times(rest, terms.product(joined), node.shape))


@rewrite(
    "sigmoid",
    PRODUCTS,
    {
        "1/(1 + exp(-x))": "sigmoid(x)",
        "exp(x)/(1 + exp(x))": "sigmoid(x)",
        "y*exp(-x)/(1 + exp(-x))**2": "y*sigmoid(x)*sigmoid(-x)",
        "exp(x)*sigmoid(-x)": "sigmoid(x)",
    },
)
def sigmoid(node: Node, terms: Terms) -> Node | None:
    """`1/(1 + exp(-x))`, and what an exponential makes of one sigmoid."""
    whole = terms.product(node)
    for key, (base, exponent) in whole.factors.items():
        if not isinstance(exponent, Fraction):
            continue
        raised = _one_plus_exp(base, terms) if exponent < 0 else None
        if raised is not None:
            part = terms.atom(OPS["sigmoid"](_negated(raised, terms)), -exponent)
            return terms.build(terms.times(whole.without(key), part, node.shape))
        if base.op.name != "sigmoid" or exponent < 1:
            continue
        other = terms.key(OPS["exp"](_negated(base.inputs[0], terms)))
        partner = whole.factors.get(other)
        if partner is not None and isinstance(partner[1], Fraction) and partner[1] >= 1:
            down = terms.times(terms.atom(base, MINUS), terms.atom(partner[0], MINUS), node.shape)
            turned = terms.atom(OPS["sigmoid"](_negated(base.inputs[0], terms)))
            exchanged = terms.times(down, turned, node.shape)
            return terms.build(terms.times(whole, exchanged, node.shape))
    return None


def _negated(node: Node, terms: Terms) -> Node:
    """-node, built as rewrites build it."""
    return terms.build(terms.product(node).scaled(MINUS))


@rewrite(
    "one minus sigmoid",
    SUMS,
    {
        "1 - sigmoid(x)": "sigmoid(-x)",
        "2 - 2*sigmoid(-x)": "2*sigmoid(x)",
        "y*sigmoid(x) - y*sigmoid(x)**2": "y*sigmoid(x)*sigmoid(-x)",
        "y*sigmoid(-x) - (1 - y)*sigmoid(x)": "y - sigmoid(x)",
    },
)
def one_minus_sigmoid(node: Node, terms: Terms) -> Node | None:
    """`1 - sigmoid(x)`; where sigmoid(x) and sigmoid(-x) meet, one of them, if that is shorter."""
    from gradcli.algebra.sums_of_products import candidates

    parts = terms.sum(node)
    options = [node]
    for place, part in enumerate(parts):
        for base, _ in part.factors.values():
            if base.op.name != "sigmoid":
                continue
            # p - p*sigmoid(u) is p*sigmoid(-u).
            rest = terms.times(part, terms.atom(base, MINUS), part.shape).scaled(MINUS)
            for k, other in enumerate(parts):
                if k != place and terms.term_key(other) == terms.term_key(rest):
                    if other.coef == rest.coef:
                        turned = terms.atom(OPS["sigmoid"](_negated(base.inputs[0], terms)))
                        both = terms.times(other, turned, node.shape)
                        left = [p for n, p in enumerate(parts) if n not in (k, place)]
                        options.append(terms.build_sum([*left, both], node.shape))
    seen = {k: base for part in parts for k, (base, _) in part.factors.items()}
    for key, base in seen.items():
        if base.op.name != "sigmoid":
            continue
        opposite = OPS["sigmoid"](_negated(base.inputs[0], terms))
        other_key = terms.key(opposite)
        if other_key not in seen or other_key == key:
            continue
        replaced: list[Product] = []
        for part in parts:
            factor = part.factors.get(other_key)
            if factor is not None and factor[1] == 1:
                rest = part.without(other_key)
                replaced.append(rest)
                replaced.append(terms.times(rest.scaled(MINUS), terms.atom(base), part.shape))
            else:
                replaced.append(part)
        options += [found for found, _ in candidates(terms.collected(replaced), node.shape, terms)]
    best = min(options, key=terms.cost)
    return best if best is not node else None


@rewrite(
    "softplus of opposites",
    SUMS,
    {"softplus(x) - softplus(-x)": "x", "y*softplus(-x) - y*softplus(x) + s": "s - y*x"},
)
def softplus_opposites(node: Node, terms: Terms) -> Node | None:
    """`softplus(u) - softplus(-u)` is u."""
    parts = terms.sum(node)
    for place, part in enumerate(parts):
        for key, (base, exponent) in part.factors.items():
            if base.op.name != "softplus" or exponent != 1:
                continue
            (u,) = base.inputs
            rest = part.without(key)
            turned = terms.atom(OPS["softplus"](_negated(u, terms)))
            other = terms.times(rest.scaled(MINUS), turned, part.shape)
            for k, candidate in enumerate(parts):
                same = terms.term_key(candidate) == terms.term_key(other)
                if same and candidate.coef == other.coef and k > place:
                    left = [p for n, p in enumerate(parts) if n not in (k, place)]
                    joined = terms.times(rest, terms.product(u), node.shape)
                    return terms.build_sum(terms.collected([*left, joined]), node.shape)
    return None


RATIOS = (("sinh", "cosh", "tanh"), ("sin", "cos", "tan"))


@rewrite(
    "ratios",
    PRODUCTS,
    {
        "sin(x)/cos(x)": "tan(x)",
        "y*sinh(x)**2/cosh(x)**2": "y*tanh(x)**2",
        "sech(x)*cosh(x)*y": "y",
    },
)
def ratios(node: Node, terms: Terms) -> Node | None:
    """`sin(x)/cos(x)` and `sinh(x)/cosh(x)`; sech and cosh cancel."""
    whole = terms.product(node)
    for key, (base, exponent) in whole.factors.items():
        for above, below, name in RATIOS:
            if base.op.name != above or not isinstance(exponent, Fraction) or exponent < 0:
                continue
            under = terms.key(OPS[below](base.inputs[0]))
            if under in whole.factors and whole.factors[under][1] == -exponent:
                part = terms.atom(OPS[name](base.inputs[0]), exponent)
                rest = whole.without(key).without(under)
                return terms.build(terms.times(rest, part, node.shape))
        if base.op.name == "sech":
            other = terms.key(OPS["cosh"](base.inputs[0]))
            if other in whole.factors and whole.factors[other][1] == exponent:
                return terms.build(whole.without(key).without(other), node.shape)
    return None


SQUARES = (("sin", "cos", 1), ("tanh", "sech", 1), ("cosh", "sinh", -1))
"""f(x)**2 + sign*g(x)**2 is 1."""


@rewrite(
    "sums of squares that are 1",
    SUMS,
    {
        "sin(x)**2 + cos(x)**2": "ones(3)",
        "2*y*sin(x)**2 + 2*y*cos(x)**2": "2*y",
        "1 - tanh(x)**2": "sech(x)**2",
        "cosh(x)**2 - sinh(x)**2": "ones(3)",
        "1 - sin(x)**2": "cos(x)**2",
    },
)
def pythagorean(node: Node, terms: Terms) -> Node | None:
    """`sin(x)**2 + cos(x)**2`, `cosh(x)**2 - sinh(x)**2`, `tanh(x)**2 + sech(x)**2`."""
    parts = terms.sum(node)
    for place, part in enumerate(parts):
        for key, (base, exponent) in part.factors.items():
            if exponent != 2:
                continue
            for first, second, sign in SQUARES:
                if base.op.name not in (first, second):
                    continue
                name = second if base.op.name == first else first
                other = OPS[name](base.inputs[0])
                rest = part.without(key)
                partner = terms.times(rest, terms.atom(other, Fraction(2)), part.shape)
                # f**2 + s*g**2 = 1, so a lone 1 - f**2 is s*g**2.
                wanted = terms.term_key(partner)
                alone = terms.term_key(rest)
                for k, candidate in enumerate(parts):
                    if k == place:
                        continue
                    others = [p for n, p in enumerate(parts) if n not in (k, place)]
                    value: Product | None = None
                    if terms.term_key(candidate) == wanted and candidate.coef == sign * part.coef:
                        value = rest.scaled(ONE if base.op.name == first or sign == 1 else MINUS)
                    elif terms.term_key(candidate) == alone and candidate.coef == -part.coef:
                        if base.op.name == first or sign == 1:
                            value = partner.scaled(MINUS * sign)
                    if value is not None:
                        return terms.build_sum(terms.collected([*others, value]), node.shape)
    return None


@rewrite(
    "softmax",
    PRODUCTS,
    {
        "exp(x)/sum(exp(x))": "softmax(x)",
        "y*exp(A)/sum(exp(A), axis=1)[:, None]": "y*softmax(A, axis=1)",
    },
)
def softmax(node: Node, terms: Terms) -> Node | None:
    """`exp(x)/sum(exp(x))`."""
    whole = terms.product(node)
    for key, (base, exponent) in whole.factors.items():
        total = base.inputs[0] if base.op.name == "reshape" else base
        if exponent != -1 or total.op.name != "sum" or total.inputs[0].op.name != "exp":
            continue
        raised = total.inputs[0]
        own = terms.key(raised)
        axes = total.params[0]
        if whole.factors.get(own, (None, None))[1] != 1:
            continue
        kept = tuple([1 if k - raised.ndim in axes else n for k, n in enumerate(raised.shape)])
        if base.shape == kept or (len(axes) == raised.ndim and not base.shape):
            part = terms.atom(OPS["softmax"](raised.inputs[0], axes))
            rest = whole.without(own).without(key)
            return terms.build(terms.times(rest, part, node.shape))
    return None
