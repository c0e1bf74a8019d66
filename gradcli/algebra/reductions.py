"""Sums and means: what is constant comes out, repetition is counted, sums of sums are one."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from gradcli.algebra.engine import rewrite
from gradcli.algebra.match import filled, is_one
from gradcli.algebra.terms import ONE, Product, reach
from gradcli.graph import OPS, Dim, Node, size_of
from gradcli.ops.family import build
from gradcli.ops.leaves import constant

if TYPE_CHECKING:
    from gradcli.algebra.terms import Factors, Terms
    from gradcli.graph import Shape

    Axes = tuple[int, ...]
    Labels = tuple[int, ...]


@rewrite(
    "kept axes",
    "sum mean amax amin prod norm2 logsumexp",
    {
        "sum(A, axis=1, keepdims=True)": "sum(A, axis=1)[:, None]",
        "norm(x, axis=0, keepdims=True)": "norm(x)[None]",
    },
)
def kept_axes(node: Node, terms: Terms) -> Node | None:
    """A reduction that keeps its axes as one that does not, with axes of size 1 put in."""
    axes, keepdims = node.params
    if not keepdims:
        return None
    return OPS["reshape"](build(node.op, node.inputs, (axes, False)), node.shape)


@rewrite(
    "sum of a product",
    "sum",
    {
        "sum(broadcast_to(s, (3,)))": "3*s",
        "sum(2*x)": "2*sum(x)",
        "sum(A*x, axis=0)": "x*sum(A, axis=0)",
        "sum(broadcast_to(x, (3, 3)))": "3*sum(x)",
        "sum(broadcast_to(x, (2, 3)), axis=1)": "sum(x)*ones(2)",
        "sum(A*x[:, None], axis=1)": "x*sum(A, axis=1)",
        "sum(ones((2, 3)), axis=0)": "full((3,), 2)",
        "sum(x*y*s)": "s*sum(x*y)",
    },
)
def sum_of_product(node: Node, terms: Terms) -> Node | None:
    """Factors that are constant along the summed axes come out; repetitions are counted."""
    (x,), (axes, keepdims) = node.inputs, node.params
    if keepdims or node.kind != "real" or not axes:
        return None
    whole = terms.product(x)
    outer: list[tuple[Node, Fraction]] = []
    rest: Factors = {}
    for key, (base, exponent) in whole.factors.items():
        if isinstance(exponent, Fraction) and _constant_along(base, axes):
            outer.append((base, exponent))
        else:
            rest[key] = (base, exponent)
    if not outer and whole.coef == 1 and rest and reach(rest) == x.shape:
        return None
    total = Product(whole.coef, {}, ())
    for base, exponent in outer:
        total = terms.times(total, terms.atom(_without_axes(base, axes), exponent), node.shape)
    if rest:
        inner = terms.joined(rest)
        reduced, count = _summed(inner, axes, x.shape)
        total = terms.times(total, terms.product(reduced), node.shape)
    else:
        count = size_of(tuple([x.shape[axis] for axis in axes]))
    counted = terms.times(total, terms.product(constant(count)), node.shape)
    return terms.build(counted, node.shape)


def _constant_along(base: Node, axes: Axes) -> bool:
    return all(-axis > base.ndim or is_one(base.shape[axis]) for axis in axes)


def _without_axes(base: Node, axes: Axes) -> Node:
    """A node without axes, of size 1 each, as far as it has them."""
    gone = [axis for axis in axes if -axis <= base.ndim]
    if not gone:
        return base
    kept = [n for k, n in enumerate(base.shape) if k - base.ndim not in gone]
    return OPS["reshape"](base, tuple(kept))


def _summed(x: Node, axes: Axes, shape: Shape) -> tuple[Node, int]:
    """The sum over those axes that x has in full, and how often the others repeat it."""
    own = tuple([axis for axis in axes if -axis <= x.ndim and not _repeated(x, axis, shape)])
    others = [axis for axis in axes if axis not in own]
    count = size_of(tuple([shape[axis] for axis in others]))
    reduced = OPS["sum"](x, own, False) if own else x
    kept = [n for k, n in enumerate(x.shape) if k - x.ndim not in axes]
    return OPS["reshape"](reduced, tuple(kept)), count


def _repeated(x: Node, axis: int, shape: Shape) -> bool:
    return is_one(x.shape[axis]) and not is_one(shape[axis])


@rewrite(
    "sum of a sum with a mean",
    "sum",
    {
        "sum(x - mean(x))": "0",
        "sum(x - sum(x)/3)": "0",
        "sum(x - y)": "sum(x - y)",
        "sum(softmax(x))": "1",
        "sum(softmax(A, axis=1), axis=1)": "ones(3)",
    },
)
def sum_of_sum(node: Node, terms: Terms) -> Node | None:
    """Term by term where a term is a constant whose count cancels; probabilities add up to 1."""
    (x,), (axes, keepdims) = node.inputs, node.params
    if keepdims or node.kind != "real":
        return None
    if x.op.name == "softmax" and x.params == (axes,):
        return constant(1.0, node.shape)
    parts = terms.sum(x)
    if len(parts) < 2:
        return None
    count = terms.product(constant(size_of(tuple([x.shape[axis] for axis in axes]))))
    rest, moved = _split_constant(parts, axes, node, terms)
    moved = [terms.times(part, count, node.shape) for part in moved]
    if not moved or not rest:
        return None
    sums = [terms.product(sum_or_rest(terms, part, x, node)) for part in rest]
    opened = [terms.product(_mean_as_sum(terms.build(part, node.shape), terms)) for part in moved]
    found = terms.build_sum(terms.collected([*sums, *opened]), node.shape)
    return found if terms.cost(found) < terms.cost(node) - 1 else None


def sum_or_rest(terms: Terms, part: Product, x: Node, node: Node) -> Node:
    """The sum of one term of x."""
    inner = terms.joined(part.factors)
    reduced = OPS["sum"](filled(inner, x.shape), node.params[0], False)
    return terms.build(terms.times(Product(part.coef, {}, ()), terms.product(reduced), node.shape))


def _mean_as_sum(node: Node, terms: Terms) -> Node:
    return _times_count(node, terms) or node


@rewrite(
    "mean",
    "multiply divide",
    {
        "sum(x)/3": "mean(x)",
        "2*sum(A, axis=0)/3": "2*mean(A, axis=0)",
        "sum(x)/6": "0.5*mean(x)",
        "3*mean(x)": "sum(x)",
        "6*mean(x)": "2*sum(x)",
    },
)
def mean(node: Node, terms: Terms) -> Node | None:
    """A sum over its count; a mean times its count is the sum."""
    whole = terms.product(node)
    for key, (base, exponent) in whole.factors.items():
        if base.op.name != "sum" or exponent != 1 or base.kind != "real":
            continue
        (x,), (axes, keepdims) = base.inputs, base.params
        rest = _over_count(whole.without(key), x, axes, terms)
        if rest is not None:
            part = terms.atom(OPS["mean"](x, axes, keepdims))
            return terms.build(terms.times(rest, part, node.shape))
    return _times_count(node, terms)


def _over_count(rest: Product, x: Node, axes: Axes, terms: Terms) -> Product | None:
    """A product without the division by the number of summed elements that it holds, or None."""
    count = size_of(tuple([x.shape[axis] for axis in axes]))
    if isinstance(count, Dim):
        named = terms.product(constant(count))
        if all(rest.factors.get(k, (None, None))[1] == -ONE for k in named.factors):
            return terms.times(rest, named, rest.shape)
        return None
    if count > 1 and isinstance(rest.coef, Fraction) and rest.coef.denominator % count == 0:
        return rest.scaled(Fraction(count))
    return None


def _times_count(node: Node, terms: Terms) -> Node | None:
    """`n*mean(x)` is `sum(x)`."""
    whole = terms.product(node)
    for key, (base, exponent) in whole.factors.items():
        if base.op.name != "mean" or exponent != 1:
            continue
        (x,), (axes, keepdims) = base.inputs, base.params
        count = size_of(tuple([x.shape[axis] for axis in axes]))
        rest = whole.without(key)
        if isinstance(count, Dim):
            named = terms.product(constant(count))
            if not all(rest.factors.get(k, (None, None))[1] == 1 for k in named.factors):
                continue
            for k in named.factors:
                rest = rest.without(k)
        elif isinstance(rest.coef, Fraction) and rest.coef.numerator % count == 0 < count:
            rest = rest.scaled(Fraction(1, count))
        else:
            continue
        part = terms.atom(OPS["sum"](x, axes, keepdims))
        return terms.build(terms.times(rest, part, node.shape))
    return None


@rewrite(
    "sum of sums",
    "sum",
    {
        "sum(sum(A, axis=1))": "sum(A)",
        "sum(A.T)": "sum(A)",
        "sum(x[:, None])": "sum(x)",
        "sum(A.T, axis=0)": "sum(A, axis=1)",
        "sum(flip(x))": "sum(x)",
    },
)
def sum_of_sums(node: Node, terms: Terms) -> Node | None:
    """One sum over all axes; layout inside a sum over everything does not matter."""
    (x,), (axes, keepdims) = node.inputs, node.params
    if keepdims or node.kind != "real" or x.kind != "real" or not x.inputs:
        return None
    name, (inner, *_) = x.op.name, x.inputs
    if len(axes) == x.ndim and name in ("reshape", "transpose", "flip", "diag_embed"):
        return OPS["sum"](inner, tuple(range(-inner.ndim, 0)), False)
    if name == "transpose":
        perm = x.params[0]
        return _if_in_order(node, inner, tuple([perm[axis] for axis in axes]), x)
    if name == "sum" and not x.params[1]:
        left = [k for k in range(-inner.ndim, 0) if k not in x.params[0]]
        both = sorted([*x.params[0], *[left[axis] for axis in axes]])
        return OPS["sum"](inner, tuple(both), False)
    return None


def _if_in_order(node: Node, inner: Node, axes: Axes, x: Node) -> Node | None:
    """The sum of what was transposed, if the axes that remain are in their order."""
    remaining = [axis for axis in x.params[0] if axis not in axes]
    if remaining != sorted(remaining):
        return None
    return OPS["sum"](inner, tuple(sorted(axes)), False)


@rewrite(
    "mean of a sum",
    "mean",
    {"mean(x - mean(x))": "0", "mean(x + s)": "mean(x) + s", "mean(x - y)": "mean(x - y)"},
    after="mean",
)
def mean_of_sum(node: Node, terms: Terms) -> Node | None:
    """Terms that are constant along the axes stand outside."""
    (x,), (axes, keepdims) = node.inputs, node.params
    parts = terms.sum(x)
    if keepdims or len(parts) < 2:
        return None
    rest, moved = _split_constant(parts, axes, node, terms)
    if not moved:
        return None
    inner = terms.build_sum(rest, x.shape) if rest else constant(0.0, x.shape)
    reduced = terms.product(OPS["mean"](inner, axes, False))
    return terms.build_sum(terms.collected([reduced, *moved]), node.shape)


def _split_constant(
    parts: list[Product], axes: Axes, node: Node, terms: Terms
) -> tuple[list[Product], list[Product]]:
    """Terms that vary along axes, and those that do not, without the axes."""
    rest: list[Product] = []
    moved: list[Product] = []
    for part in parts:
        if not all(
            isinstance(e, Fraction) and _constant_along(base, axes)
            for base, e in part.factors.values()
        ):
            rest.append(part)
            continue
        total = Product(part.coef, {}, ())
        for base, exponent in part.factors.values():
            total = terms.times(total, terms.atom(_without_axes(base, axes), exponent), node.shape)
        moved.append(total)
    return rest, moved
