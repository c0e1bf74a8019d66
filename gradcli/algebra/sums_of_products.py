"""Ways to write one sum of products: opened, factored, over one denominator."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from gradcli.algebra.terms import ONE, Product
from gradcli.ops.linear import transpose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradcli.algebra.terms import Terms
    from gradcli.graph import Node, Shape

    Labels = tuple[int, ...]


OPENED = 12
"""Terms that a product may be opened into, and factors that it may have for that."""

MARGIN = 1.0
"""What opening a product must spare: `p*(1 - p)` is not `p - p*p`."""


def candidates(parts: list[Product], shape: Shape, terms: Terms) -> Iterator[tuple[Node, float]]:
    """Nodes of the same sum, each with the same value, and what they must spare besides."""
    yield terms.build_sum(parts, shape), 0.0
    flat = all_opened(parts, shape, terms)
    if flat is not None:
        yield terms.build_sum(flat, shape), MARGIN
    for margin, version in ((0.0, parts), (MARGIN, flat)):
        if version is None or not 2 <= len(version) <= OPENED:
            continue
        for rewritten in (_factored, over_one, _common_operand):
            found = rewritten(version, shape, terms)
            if found is not None:
                yield found, margin


def opened(factor: Product, summands: list[Product], shape: Shape, terms: Terms) -> list[Product]:
    """Factor * (sum), as a sum."""
    return terms.collected([terms.times(factor, term, shape) for term in summands])


def all_opened(parts: list[Product], shape: Shape, terms: Terms) -> list[Product] | None:
    """Every product with one sum among its factors as a sum; None where there is none."""
    result: list[Product] = []
    changed = False
    for part in parts:
        key = _sum_factor(part) if len(part.factors) <= OPENED else None
        if key is None:
            result.append(part)
            continue
        summands = terms.sum(part.factors[key][0])
        result += opened(part.without(key), summands, part.shape, terms)
        changed = True
        if len(result) > OPENED:
            return None
    return terms.collected(result) if changed else None


def _sum_factor(part: Product) -> int | None:
    for key, (base, exponent) in part.factors.items():
        if exponent == 1 and base.op.name in ("add", "subtract"):
            return key
    return None


def _factored(parts: list[Product], shape: Shape, terms: Terms) -> Node | None:
    """What all terms share, times the sum of the rest."""
    coef = _common_coefficient(parts)
    common: dict[int, tuple[Node, Fraction]] = {}
    for key, (base, exponent) in parts[0].factors.items():
        exponents = [part.factors.get(key, (base, Fraction(0)))[1] for part in parts]
        if not all(isinstance(e, Fraction) for e in [exponent, *exponents]):
            if all(isinstance(e, type(exponent)) and e == exponent for e in exponents):
                common[key] = (base, exponent)  # type: ignore[assignment]
            continue
        whole = [e for e in exponents if isinstance(e, Fraction)]
        least = min(whole, key=abs)
        same_sign = all(e * least > 0 for e in whole)
        # A polynomial stays one: x**2 + 2*x is not x*(x + 2).
        plain = not base.inputs or base.op.name == "index"
        if same_sign and not (plain and any(e != least for e in whole)):
            common[key] = (base, least)
    if not common and coef == 1:
        return None
    rest: list[Product] = []
    for part in parts:
        left = dict(part.factors)
        for key, (base, exponent) in common.items():
            own = left[key][1]
            if own == exponent:
                del left[key]
            else:
                left[key] = (base, own - exponent)  # type: ignore[operator]
        rest.append(Product(part.coef / coef, left, part.shape))
    inner = terms.build_sum(terms.collected(rest), shape)
    outer = Product(coef, dict(common), shape)
    product = terms.product(inner)
    if len(terms.sum(inner)) > 1:
        product = terms.atom(inner)
    return terms.build(terms.times(outer, product, shape))


def _common_coefficient(parts: list[Product]) -> Fraction:
    """The coefficient that all terms share up to their signs, else 1."""
    sizes = {abs(part.coef) for part in parts}
    if len(sizes) == 1:
        (size,) = sizes
        if isinstance(size, Fraction):
            return size
    return ONE


def over_one(parts: list[Product], shape: Shape, terms: Terms) -> Node | None:
    """The sum over its common denominator."""
    below: dict[int, tuple[Node, Fraction]] = {}
    for part in parts:
        for key, (base, exponent) in part.factors.items():
            if isinstance(exponent, Fraction) and exponent < 0:
                if key not in below or exponent < below[key][1]:
                    below[key] = (base, exponent)
    if not below:
        return None
    up = Product(ONE, {k: (base, -e) for k, (base, e) in below.items()}, shape)
    raised = [terms.times(part, up, shape) for part in parts]
    flat = all_opened(raised, shape, terms)
    tops = [terms.build_sum(terms.collected(raised), shape)]
    if flat is not None:
        tops.append(terms.build_sum(flat, shape))
    top = min(tops, key=terms.cost)
    down = Product(ONE, dict(below), shape)
    product = terms.atom(top) if len(terms.sum(top)) > 1 else terms.product(top)
    return terms.build(terms.times(product, down, shape))


# --- contractions ------------------------------------------------------------------------------


def _common_operand(parts: list[Product], shape: Shape, terms: Terms) -> Node | None:
    """Matrix products that share their left or their right operand: `A @ x + B @ x`."""
    singles = [(part, node) for part in parts if (node := _single_contraction(part)) is not None]
    for n, (_, first) in enumerate(singles):
        for place in (1, 0):
            shared, labels = first.inputs[place], _standard(first.params, place)
            key = terms.key(shared)
            alike = [
                (part, other)
                for part, node in singles[n:]
                if (other := _aligned(node, key, place, labels, terms)) is not None
            ]
            if len(alike) < 2:
                continue
            coef = _common_coefficient([part for part, _ in alike])
            if all(part.coef < 0 for part, _ in alike):
                coef = -coef
            scaled = [
                terms.times(Product(part.coef / coef, {}, ()), terms.product(other), other.shape)
                for part, other in alike
            ]
            scaled.sort(key=_is_transposed)
            total = terms.build_sum(terms.collected(scaled), alike[0][1].shape)
            operands = (total, shared) if place else (shared, total)
            merged = terms.atom(first.op(*operands, *labels)).scaled(coef)
            used = [part for part, _ in alike]
            rest = [merged if part is used[0] else part for part in parts]
            rest = [part for part in rest if part is merged or part not in used]
            return terms.build_sum(rest, shape)
    return None


def _standard(params: tuple[Labels, ...], place: int) -> tuple[Labels, ...]:
    """Labels with those of the operand beside `place` in the order of a matrix product."""
    own, out = params[1 - place], params[2]
    kept = tuple([label for label in out if label in own])
    summed = tuple([label for label in own if label not in out])
    # The left operand of a product has the first label of the result; a vector stands right.
    left = out[:1] == kept[:1] or len(params[place]) == 1
    ordered = kept + summed if left else summed + kept
    return (ordered, params[1], out) if place else (params[0], ordered, out)


def _is_transposed(part: Product) -> bool:
    return any(base.op.name == "transpose" for base, _ in part.factors.values())


def _single_contraction(part: Product) -> Node | None:
    """The contraction that a term is, up to its coefficient."""
    if len(part.factors) != 1:
        return None
    ((base, exponent),) = part.factors.values()
    return base if exponent == 1 and base.op.name == "contract" else None


def _aligned(
    node: Node, key: int, place: int, labels: tuple[Labels, ...], terms: Terms
) -> Node | None:
    """The operand beside the shared one, its axes in the order that `labels` say."""
    for mine in (place, 1 - place):
        if terms.key(node.inputs[mine]) != key:
            continue
        own, other = node.params[mine], node.params[1 - mine]
        ranks = (len(own), len(other), len(node.params[2]))
        if ranks != (len(labels[place]), len(labels[1 - place]), len(labels[2])):
            continue
        names = dict(zip(own, labels[place], strict=True))
        for label, target in zip(node.params[2], labels[2], strict=True):
            if names.setdefault(label, target) != target:
                break
        else:
            renamed = [names.get(label) for label in other]
            wanted = labels[1 - place]
            if sorted(map(str, renamed)) == sorted(map(str, wanted)):
                operand = node.inputs[1 - mine]
                perm = tuple([renamed.index(label) - len(wanted) for label in wanted])
                return operand if perm == tuple(range(-len(perm), 0)) else transpose(operand, perm)
    return None
