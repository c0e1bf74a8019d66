"""`where` and comparisons: branches that agree, conditions turned round, points left out."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from gradcli.algebra.engine import rewrite
from gradcli.algebra.match import filled
from gradcli.algebra.terms import Product
from gradcli.graph import OPS, Node
from gradcli.ops.leaves import constant, known_number

if TYPE_CHECKING:
    from gradcli.algebra.terms import Terms

OPPOSITES = {
    "less": "greater_equal",
    "less_equal": "greater",
    "greater": "less_equal",
    "greater_equal": "less",
    "equal": "not_equal",
    "not_equal": "equal",
}
MIRRORED = {
    "less": "greater",
    "less_equal": "greater_equal",
    "greater": "less",
    "greater_equal": "less_equal",
}
ORDERS = " ".join(MIRRORED)


@rewrite(
    "larger of equals",
    "maximum minimum",
    {"maximum(x*y, y*x)": "x*y", "minimum(x, x)": "x"},
)
def larger_of_equals(node: Node, terms: Terms) -> Node | None:
    """`maximum(x, x)` is x, and has one derivative."""
    a, b = node.inputs
    return filled(a, node.shape) if terms.key(a) == terms.key(b) else None


@rewrite(
    "negated condition",
    "logical_not equal",
    {
        "where(~(x < y), x, y)": "where(x >= y, x, y)",
        "where(~~(x < y), x, y)": "where(x < y, x, y)",
        "where((x < y) == 0, x, y)": "where(x >= y, x, y)",
    },
)
def negated(node: Node, terms: Terms) -> Node | None:
    """`~(x < y)` is `x >= y`, but for NaN."""
    x = node.inputs[0]
    if node.op.name == "equal":
        nothing = x.kind == "bool" and known_number(node.inputs[1]) == 0
        return filled(OPS["logical_not"](x), node.shape) if nothing else None
    if x.op.name == "logical_not" and x.inputs[0].kind == "bool":
        return x.inputs[0]
    opposite = OPPOSITES.get(x.op.name)
    return None if opposite is None else OPS[opposite](*x.inputs)


@rewrite(
    "condition turned round",
    ORDERS,
    {"where(0 < x, y, x)": "where(x > 0, y, x)", "where(x < inf, y, x)": "y"},
)
def turned(node: Node, terms: Terms) -> Node | None:
    """A number to the right of its comparison; infinity is beyond everything."""
    a, b = node.inputs
    if known_number(a) is not None and known_number(b) is None:
        return OPS[MIRRORED[node.op.name]](b, a)
    limit = known_number(b)
    if limit is None or not np.isinf(limit):
        return None
    below = node.op.name in ("less", "less_equal")
    return constant(below == (limit > 0), node.shape, "bool")


@rewrite(
    "two conditions on the same numbers",
    "logical_and",
    {
        "where((x <= y) & (x < y), x, y)": "where(x < y, x, y)",
        "where((x > y) & (y <= x), x, y)": "where(x > y, x, y)",
    },
)
def both(node: Node, terms: Terms) -> Node | None:
    """Of `x <= y` and `x < y` the second says it all."""
    for one, other in (node.inputs, node.inputs[::-1]):
        if one.op.name not in ("less", "greater") or other.op.name not in MIRRORED:
            continue
        mirrored = OPS[MIRRORED[other.op.name]](*other.inputs[::-1])
        implied = OPS[f"{one.op.name}_equal"](*one.inputs)
        if terms.key(implied) in (terms.key(other), terms.key(mirrored)):
            return filled(one, node.shape)
    return None


@rewrite(
    "condition on a difference",
    f"{ORDERS} equal not_equal",
    {
        "where(1 - x > 0, y, x)": "where(x < 1, y, x)",
        "where(x - y > 0, y, x)": "where(x > y, y, x)",
        "where(-x < 0, y, x)": "where(x > 0, y, x)",
        "where(2*x > 0, y, x)": "where(x > 0, y, x)",
    },
)
def difference(node: Node, terms: Terms) -> Node | None:
    """`1 - x > 0` is `x < 1`."""
    a, b = node.inputs
    if known_number(b) != 0 or a.kind != "real":
        return None
    parts = terms.sum(a)
    if len(parts) == 1 and parts[0].factors and parts[0].coef not in (0, 1):
        same = parts[0].coef > 0 or node.op.name not in MIRRORED
        name = node.op.name if same else MIRRORED[node.op.name]
        return filled(OPS[name](terms.joined(parts[0].factors), b), node.shape)
    if len(parts) != 2 or (parts[0].coef < 0) == (parts[1].coef < 0):
        return None
    up, down = parts if parts[0].coef > 0 else parts[::-1]
    left = terms.joined(up.factors, up.coef)
    right = terms.joined(down.factors, -down.coef)
    return filled(OPS[node.op.name](left, right), node.shape)


# --- where --------------------------------------------------------------------------------------


@rewrite(
    "where",
    "where",
    {
        "where(x > y, s*x, s*x)": "s*x",
        "where(x > 0, where(x > 0, y, s), x)": "where(x > 0, y, x)",
        "where(x > 0, y, where(x > 0, s, x))": "where(x > 0, y, x)",
        "where(x > 0, 2*where(x > 0, y, s), -where(x <= 0, x, s))": "where(x > 0, 2*y, -x)",
        "where(x > 0, 0, y)": "where(x <= 0, y, 0)",
        "where(x > 0, 2*y, 0)": "2*where(x > 0, y, 0)",
        "where(x > 0, -s*y, 0)": "-s*where(x > 0, y, 0)",
        "where(s > 0, x/s, 0)": "where(s > 0, x/s, 0)",
        "where(x > 0, where(y > 0, x, 0), 0)": "where((x > 0) & (y > 0), x, 0)",
    },
)
def where(node: Node, terms: Terms) -> Node | None:
    """Branches that agree or ask again; zeros second; common factors outside."""
    condition, a, b = node.inputs
    if terms.key(a) == terms.key(b):
        return filled(a, node.shape)
    known = (_assuming(a, condition, 1, terms), _assuming(b, condition, 2, terms))
    if known != (None, None):
        return filled(OPS["where"](condition, known[0] or a, known[1] or b), node.shape)
    if condition.kind != "bool":
        return None
    if known_number(a) == 0 and known_number(b) != 0:
        return OPS["where"](OPS["logical_not"](condition), b, a)
    if known_number(b) != 0:
        return None
    if a.op.name == "where" and known_number(a.inputs[2]) == 0 and a.inputs[0].kind == "bool":
        # Zero outside both.
        both = OPS["logical_and"](condition, a.inputs[0])
        return OPS["where"](both, a.inputs[1], b)
    if node.kind != "real":
        return None
    whole = terms.product(a)
    # A quotient stays in the branch that protects it.
    scalars = {
        k: f
        for k, f in whole.factors.items()
        if f[0].op.name == "input" and f[0].ndim == 0 and isinstance(f[1], Fraction) and f[1] > 0
    }
    if not node.ndim:
        scalars = {}
    rest = {k: f for k, f in whole.factors.items() if k not in scalars}
    if (not scalars and abs(whole.coef) == 1 and whole.coef > 0) or whole.coef == 0:
        return None
    if not rest and not scalars and whole.coef > 0:
        return None
    inner = OPS["where"](condition, terms.joined(rest), 0.0)
    outer = Product(whole.coef, scalars, node.shape)
    return terms.build(terms.times(outer, terms.product(inner), node.shape))


def _assuming(x: Node, condition: Node, place: int, terms: Terms) -> Node | None:
    """A branch in which the condition holds (1) or does not (2), where it asks for it again."""
    if condition.kind != "bool":
        return None
    own, other = terms.key(condition), terms.key(opposite(condition))
    if x.op.name == "where":
        asked = terms.key(x.inputs[0])
        return x.inputs[place] if asked == own else x.inputs[3 - place] if asked == other else None
    parts = terms.sum(x)
    for k, part in enumerate(parts):
        for key, (base, exponent) in part.factors.items():
            taken = _assuming(base, condition, place, terms) if base.op.name == "where" else None
            if taken is not None and isinstance(exponent, Fraction):
                powered = terms.atom(taken, exponent) if exponent != 1 else terms.product(taken)
                new = terms.times(part.without(key), powered, part.shape)
                return terms.build_sum([*parts[:k], new, *parts[k + 1 :]], x.shape)
    return None


@rewrite(
    "selections by a condition and its opposite",
    "add subtract",
    {
        "where(x > 0, y, 0) + where(x <= 0, s, 0)": "where(x > 0, y, s)",
        "2*where(x > 0, x, 0) - where(x <= 0, y, 0)": "where(x > 0, 2*x, -y)",
        "where(x > 0, x, 0) + where(x > 0, y, 0)": "where(x > 0, x + y, 0)",
    },
)
def joined(node: Node, terms: Terms) -> Node | None:
    """Two terms that select by one condition as one of them."""
    parts = terms.sum(node)
    chosen: list[tuple[int, Node, Product]] = []
    for place, part in enumerate(parts):
        for key, (base, exponent) in part.factors.items():
            if base.op.name == "where" and exponent == 1 and known_number(base.inputs[2]) == 0:
                rest = part.without(key)
                inner = terms.times(rest, terms.product(base.inputs[1]), base.shape)
                chosen.append((place, base.inputs[0], inner))
                break
    for n, (first, condition, a) in enumerate(chosen):
        own = terms.key(condition)
        against = terms.key(opposite(condition))
        for second, other, b in chosen[n + 1 :]:
            found: Node | None = None
            if terms.key(other) == against:
                up, down = terms.joined(a.factors, a.coef), terms.joined(b.factors, b.coef)
                found = OPS["where"](condition, up, down)
            elif terms.key(other) == own:
                both = terms.build_sum(terms.collected([a, b]), node.shape)
                found = OPS["where"](condition, both, 0.0)
            if found is not None:
                left = [p for k, p in enumerate(parts) if k not in (first, second)]
                return terms.build_sum([*left, terms.product(found)], node.shape)
    return None


def opposite(condition: Node) -> Node:
    """The condition that holds where this one does not."""
    name = OPPOSITES.get(condition.op.name)
    if name is not None:
        return OPS[name](*condition.inputs)
    if condition.op.name == "logical_not":
        return condition.inputs[0]
    return OPS["logical_not"](condition)


@rewrite(
    "product with a selected one",
    "multiply",
    {
        "y*where(x > 0, 1, 0)": "where(x > 0, y, 0)",
        "2*where(x > 0, 1, 0)/s": "2*where(x > 0, 1, 0)/s",
    },
)
def selected(node: Node, terms: Terms) -> Node | None:
    """What multiplies `where(c, 1, 0)` stands in it; scalars outside, beside tensors."""
    whole = terms.product(node)
    for key, (base, exponent) in whole.factors.items():
        if base.op.name != "where" or exponent != 1:
            continue
        condition, one, nothing = base.inputs
        if known_number(one) != 1 or known_number(nothing) != 0 or condition.kind != "bool":
            continue
        inner = {
            k: f for k, f in whole.factors.items() if k != key and f[0].ndim >= min(node.ndim, 1)
        }
        if inner:
            chosen = OPS["where"](condition, terms.joined(inner), 0.0)
            outer = {k: f for k, f in whole.factors.items() if k != key and k not in inner}
            part = Product(whole.coef, outer, ())
            return terms.build(terms.times(part, terms.atom(chosen), node.shape))
    return None


@rewrite(
    "number kept between bounds",
    "where",
    {
        "where(x > 0, relu(x), 0)": "relu(x)",
        "where(x > 0, y*relu(x), 0)": "where(x > 0, x*y, 0)",
        "where((x >= 0) & (x <= s), clip(x, 0, s), 0)": "where((x >= 0) & (x <= s), x, 0)",
    },
)
def kept_between(node: Node, terms: Terms) -> Node | None:
    """Where a number is between the bounds of `relu` or `clip`, it is what they give."""
    condition, a, b = node.inputs
    whole = terms.product(a)
    for key, (base, exponent) in whole.factors.items():
        if base.op.name not in ("relu", "clip"):
            continue
        x, *bounds = base.inputs
        if not _within(condition, x, bounds, terms):
            continue
        if a is base and not bounds and known_number(b) == 0:
            return a
        taken = terms.times(whole.without(key), terms.atom(x, exponent), a.shape)
        return filled(OPS["where"](condition, terms.build(taken, a.shape), b), node.shape)
    return None


def _within(condition: Node, x: Node, bounds: list[Node], terms: Terms) -> bool:
    """Whether a condition says that x is between bounds, or above 0 where there are none."""
    if bounds:
        inside = OPS["greater_equal"](x, bounds[0]), OPS["less_equal"](x, bounds[1])
        return terms.key(OPS["logical_and"](*inside)) == terms.key(condition)
    if condition.op.name != "greater" or known_number(condition.inputs[1]) != 0:
        return False
    return terms.key(condition.inputs[0]) == terms.key(x)


@rewrite(
    "layout of a mask",
    "not_equal",
    {
        "where(where(x > 0, 1., 0.)[:, None] != 0, A, 0)": "where((x > 0)[:, None], A, 0)",
        "where(where(x > 0, 1., 0.) != 0, x, 0)": "where(x > 0, x, 0)",
    },
)
def mask_layout(node: Node, terms: Terms) -> Node | None:
    """Ones and zeros that were only moved and repeated are the mask, moved and repeated."""
    x, zero = node.inputs
    if known_number(zero) != 0:
        return None
    moves = []
    while x.op.name in ("reshape", "transpose", "broadcast_to", "flip", "index"):
        moves.append(x)
        (x,) = x.inputs
    if x.op.name != "where" or known_number(x.inputs[1]) != 1 or known_number(x.inputs[2]) != 0:
        return None
    condition = x.inputs[0]
    if condition.kind != "bool":
        return None
    mask = filled(condition, x.shape)
    for move in reversed(moves):
        mask = move.op(mask, *move.params)
    return filled(mask, node.shape)


@rewrite(
    "cut out of differentiation",
    "detach",
    {"detach(x)*y": "x*y"},
    value_only=True,
)
def detached(node: Node, terms: Terms) -> Node | None:
    """`detach(x)` has the value of x; where nothing is differentiated any more, it is x."""
    return node.inputs[0]
