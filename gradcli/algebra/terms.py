"""Views of nodes that rewrites work on: products of powers, sums of products, keys and costs.

A `Product` is a coefficient times powers of other nodes; a sum is a list of products. Keys are
equal for nodes that differ only in the order and the grouping of sums and products. All views are
made operands first, without recursion, and remembered by serial number.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.algebra.costs import weight
from gradcli.algebra.numbers import Coefficient, coefficient, is_decimal
from gradcli.graph import OPS, Dim, Node, Shape
from gradcli.ops.elementwise import broadcast_shape
from gradcli.ops.leaves import constant

if TYPE_CHECKING:
    from collections.abc import Iterable

Exponent = Fraction | Node
Factor = tuple[Node, Exponent]
Factors = dict[int, Factor]
"""Key of a base -> (base, exponent), in the order of their appearance."""

MOST = 40
"""Factors of a product, and terms of a sum, that are looked at together."""

ONE = Fraction(1)
HALF = Fraction(1, 2)


class Product:
    """coef * product of base**exponent, broadcast to a shape."""

    __slots__ = ("coef", "factors", "powers", "shape")

    def __init__(self, coef: Coefficient, factors: Factors, shape: Shape) -> None:
        self.coef = coef
        self.factors = factors
        self.shape = shape
        self.powers: frozenset[Any] | None = None
        """Bases with their exponents, by keys; made when they are first asked for."""

    def scaled(self, by: Coefficient) -> Product:
        return Product(self.coef * by, self.factors, self.shape)

    def without(self, key: int) -> Product:
        """The product without one of its bases."""
        rest = {k: factor for k, factor in self.factors.items() if k != key}
        return Product(self.coef, rest, self.shape)


class Terms:
    """The views, remembered as long as a graph is simplified."""

    def __init__(self) -> None:
        self._ids: dict[Any, int] = {}
        self._keys: dict[int, int] = {}
        self._products: dict[int, Product] = {}
        self._sums: dict[int, list[Product]] = {}
        self._costs: dict[int, float] = {}
        self._orders: dict[frozenset[Any], list[int]] = {}
        self.as_written: set[int] = set()
        """Keys of the sums that a person wrote: their terms stay in order."""
        self.asked: set[int] = set()
        """Keys of the conditions that a person wrote."""
        self.traced: set[int] = set()
        """Keys of all conditions in the program, those inside functions among them."""

    def _settle(self, node: Node, known: dict[int, Any], make: Any) -> Any:
        """`make(node)` for the node, after that for its operands."""
        stack = [node]
        while stack:
            top = stack[-1]
            missing = [x for x in top.inputs if x.serial not in known]
            if top.serial in known or not missing:
                if top.serial not in known:
                    known[top.serial] = make(top)
                stack.pop()
            else:
                stack.extend(missing)
        return known[node.serial]

    def _id(self, key: Any) -> int:
        return self._ids.setdefault(key, len(self._ids))

    # --- keys ------------------------------------------------------------------------------------

    def key(self, node: Node) -> int:
        """Equal for nodes that are equal up to the order and grouping of sums and products."""
        found: int = self._settle(node, self._keys, self._key)
        return found

    def _key(self, node: Node) -> int:
        name = node.op.name
        if node.kind == "real" and name in ("add", "subtract"):
            return self.sum_key(self.sum(node), node.shape)
        if node.kind == "real" and name in MULTIPLICATIVE:
            return self.product_key(self._view(node))
        operands = [self._keys[x.serial] for x in node.inputs]
        params = node.op.key(node.params)
        if name == "contract":
            return self._id(("contract", _contraction_key(operands, node.params)))
        if name in COMMUTATIVE:
            operands.sort()
        return self._id((name, params, *operands))

    def product_key(self, product: Product) -> int:
        """The key of what `build` makes of a product."""
        if product.coef == 1 and len(product.factors) == 1:
            ((key, (base, exponent)),) = product.factors.items()
            if exponent == 1 and base.shape == product.shape:
                return key
        return self._id(("product", float(product.coef), self._powers(product), product.shape))

    def _powers(self, product: Product) -> frozenset[Any]:
        if product.powers is not None:
            return product.powers
        # An exponent that is a node is known by its own key.
        product.powers = frozenset(
            [
                (key, e if isinstance(e, Fraction) else ("node", self.key(e)))
                for key, (_, e) in product.factors.items()
            ]
        )
        return product.powers

    def sum_key(self, terms: list[Product], shape: Shape) -> int:
        """The key of a sum of products."""
        if len(terms) == 1 and terms[0].shape == shape:
            return self.product_key(terms[0])
        parts = frozenset([(self.term_key(term), float(term.coef)) for term in terms])
        return self._id(("sum", parts, shape))

    def term_key(self, term: Product) -> int:
        """The key of a term without its coefficient and the shape it is broadcast to."""
        return self._id(("term", self._powers(term)))

    # --- products --------------------------------------------------------------------------------

    def product(self, node: Node) -> Product:
        """A node as a product of powers; what is none is one power of itself."""
        self.key(node)  # settles the keys of its operands first
        return self._view(node)

    def _view(self, node: Node) -> Product:
        found = self._products.get(node.serial)
        if found is None:
            found = self._products[node.serial] = self._product(node)
        return found

    def atom(self, node: Node, exponent: Exponent = ONE) -> Product:
        return Product(ONE, {self.key(node): (node, exponent)}, node.shape)

    def _own(self, node: Node) -> Product:
        """The node as one base, when its key is not known yet."""
        key = self._id(
            (node.op.name, node.op.key(node.params), *[self.key(x) for x in node.inputs])
        )
        return Product(ONE, {key: (node, ONE)}, node.shape)

    def _product(self, node: Node) -> Product:
        name = node.op.name
        if node.kind != "real" and name != "full":
            return self.atom(node)
        if name == "full":
            value = node.params[1]
            times, size = _counted(value)
            if times > 1:
                sized = self.atom(constant(size))
                return Product(Fraction(times), sized.factors, node.shape)
            if isinstance(value, (Dim, bool)) or not np.isfinite(value):
                return self._own(node)
            return Product(coefficient(value), {}, node.shape)
        if name in ("multiply", "divide"):
            a, b = [self._view(x) for x in node.inputs]
            if len(a.factors) + len(b.factors) > MOST:
                a, b = [self.atom(x) for x in node.inputs]
            if name == "divide":
                if b.coef == 0:
                    return self._own(node)
                b = self.raised(b, -1)
            return self.times(a, b, node.shape)
        if name == "negative":
            return self._view(node.inputs[0]).scaled(Fraction(-1))
        if name == "broadcast_to":
            inner = self._view(node.inputs[0])
            return Product(inner.coef, inner.factors, node.shape)
        if name in ("power", "square", "sqrt"):
            return self._power(node)
        return self.atom(node)

    def _power(self, node: Node) -> Product:
        base = node.inputs[0]
        exponent: Exponent = Fraction(2) if node.op.name == "square" else HALF
        if node.op.name == "power":
            given = self._view(node.inputs[1])
            if given.factors or not isinstance(given.coef, Fraction):
                exponent = node.inputs[1]
            else:
                exponent = given.coef
        inner = self._view(base)
        if isinstance(exponent, Fraction) and exponent.denominator == 1 and inner.coef == 1:
            # (x**a)**k is x**(a*k) for whole k; of several factors only quotients are opened.
            single = len(inner.factors) == 1
            powers = [e for _, e in inner.factors.values()]
            quotient = any(isinstance(e, Fraction) and e < 0 for e in powers)
            if (single and isinstance(powers[0], Fraction)) or exponent in (1, -1) or quotient:
                if all(isinstance(e, Fraction) for e in powers):
                    raised = self.raised(inner, int(exponent))
                    return Product(raised.coef, raised.factors, node.shape)
        if not inner.factors and inner.coef == 0:
            return self._own(node)
        found = self.atom(base, exponent)
        return Product(ONE, found.factors, node.shape)

    def raised(self, product: Product, exponent: int) -> Product:
        """A product to a whole power."""
        factors = {
            key: (base, e * exponent if isinstance(e, Fraction) else e * float(exponent))
            for key, (base, e) in product.factors.items()
        }
        coef = product.coef
        if isinstance(coef, Fraction):
            return Product(coef**exponent, factors, product.shape)
        return Product(float(coef) ** exponent, factors, product.shape)

    def times(self, a: Product, b: Product, shape: Shape) -> Product:
        """The product of two; powers of one base are merged."""
        factors = dict(a.factors)
        for key, (base, exponent) in b.factors.items():
            if key in factors:
                total = _added(factors[key][1], exponent)
                if total == 0:
                    del factors[key]
                else:
                    factors[key] = (factors[key][0], total)
            else:
                factors[key] = (base, exponent)
        return Product(a.coef * b.coef, factors, shape)

    # --- sums ------------------------------------------------------------------------------------

    def sum(self, node: Node) -> list[Product]:
        """A node as a sum of products, like terms collected."""
        found = self._sums.get(node.serial)
        if found is not None:
            return found
        stack = [node]
        while stack:
            top = stack[-1]
            parts = _summands(top)
            missing = [x for x, _ in parts if x.serial not in self._sums]
            if missing:
                stack.extend(missing)
                continue
            stack.pop()
            if top.serial not in self._sums:
                self._sums[top.serial] = self._sum(top, parts)
        return self._sums[node.serial]

    def _sum(self, node: Node, parts: list[tuple[Node, int]]) -> list[Product]:
        if not parts:
            return [self.product(node)]
        terms: list[Product] = []
        for operand, sign in parts:
            inner = self._sums[operand.serial]
            if len(terms) + len(inner) > MOST:
                inner = [self.atom(operand)]
            terms += [term.scaled(Fraction(sign)) for term in inner]
        return self.collected(terms)

    def collected(self, terms: Iterable[Product]) -> list[Product]:
        """Like terms added up, terms of coefficient 0 left out."""
        found: dict[int, Product] = {}
        for term in terms:
            key = self.term_key(term)
            if key in found:
                total = found[key].coef + term.coef
                found[key] = Product(total, found[key].factors, found[key].shape)
            else:
                found[key] = term
        return [term for term in found.values() if term.coef != 0]

    # --- building --------------------------------------------------------------------------------

    def build(self, product: Product, shape: Shape | None = None) -> Node:
        """The node of a product, in the order and with the signs that people write."""
        shape = product.shape if shape is None else shape
        if product.coef == 0:
            return constant(0.0, shape)
        factors = self._in_order(product)
        coef = product.coef
        if coef < 0:
            flipped = self._flipped(factors)
            if flipped is not None:
                factors, coef = flipped, -coef
        above = [(base, e) for base, e in factors if not _is_below(e)]
        below: list[Factor] = [
            (base, -e) for base, e in factors if isinstance(e, Fraction) and e < 0
        ]
        size = -coef if coef < 0 else coef
        high, low = _split(size, bool(below))
        top = _chain(high, above)
        if below or low != 1:
            bottom = _chain(low, below)
            top = (constant(1.0) if top is None else top) / _number(bottom)
        result = constant(1.0) if top is None else top
        if coef < 0:
            result = -result
        return _shaped(result, shape)

    def note_order(self, node: Node) -> None:
        """Keep the order of the names in a product that a person wrote."""
        product = self.product(node)
        ranks = [_rank(*factor)[:2] for factor in product.factors.values()]
        if len(ranks) > 1 and len(set(ranks)) == 1 and ranks[0][1] == 0:
            self._orders.setdefault(self._powers(product), list(product.factors))

    def _in_order(self, product: Product) -> list[Factor]:
        """The factors, scalars first, names before functions, else as they were made or written."""
        written = self._orders.get(self._powers(product)) if self._orders else None
        if written is not None:
            return [product.factors[key] for key in written]
        return sorted(product.factors.values(), key=lambda factor: _rank(*factor))

    def joined(self, factors: Factors, coef: Coefficient = ONE) -> Node:
        """The node of a product in the shape that its factors have together."""
        return self.build(Product(coef, factors, reach(factors)))

    def _flipped(self, factors: list[Factor]) -> list[Factor] | None:
        """The factors with a sign taken into a difference: `-(a - b)` is `b - a`."""
        for place, (base, exponent) in enumerate(factors):
            if exponent in (1, -1) and base.op.name in ("subtract", "add"):
                terms = self.sum(base)
                signs = [term.coef < 0 for term in terms]
                if len(terms) == 2 and sum(signs) == 1:
                    turned = self.build_sum([t.scaled(Fraction(-1)) for t in terms], base.shape)
                    return [*factors[:place], (turned, exponent), *factors[place + 1 :]]
        return None

    def build_sum(self, terms: list[Product], shape: Shape) -> Node:
        """The node of a sum: a polynomial by degree, other terms in their order.

        The first term is a positive one, if any is.
        """
        if not terms:
            return constant(0.0, shape)
        if len(terms) > 2 and self.sum_key(terms, shape) not in self.as_written:
            degrees = [_degree(term) for term in terms]
            if None not in degrees:
                order = sorted(range(len(terms)), key=lambda k: -(degrees[k] or 0))
                terms = [terms[k] for k in order]
        first = next((k for k, term in enumerate(terms) if term.coef > 0), 0)
        ordered = [terms[first], *terms[:first], *terms[first + 1 :]]
        total = self._term(ordered[0])
        for term in ordered[1:]:
            if term.coef < 0:
                total = total - self._term(term.scaled(Fraction(-1)))
            else:
                total = total + self._term(term)
        return _shaped(total, shape)

    def _term(self, term: Product) -> Node:
        """A term in its own shape; numbers as scalars."""
        return self.build(term, reach(term.factors))

    # --- costs -----------------------------------------------------------------------------------

    def cost(self, node: Node) -> float:
        """About how long the node's formula is."""
        found: float = self._settle(node, self._costs, self._cost)
        return found

    def _cost(self, node: Node) -> float:
        return weight(node) + sum([self._costs[x.serial] for x in node.inputs])


MULTIPLICATIVE = frozenset(
    ["multiply", "divide", "negative", "power", "square", "sqrt", "full", "broadcast_to"]
)
COMMUTATIVE = frozenset(["equal", "not_equal", "logical_and", "logical_or", "maximum", "minimum"])


def _contraction_key(operands: list[int], params: tuple[Any, ...]) -> Any:
    """Labels renamed in the order of their appearance, for the better of both operand orders."""
    la, lb, lo = params
    both = []
    for first, second, lf, ls in ((*operands, la, lb), (*operands[::-1], lb, la)):
        names = {label: k for k, label in enumerate(dict.fromkeys((*lf, *ls)))}
        labels = tuple([tuple([names[label] for label in part]) for part in (lf, ls, lo)])
        both.append((first, second, labels))
    return min(both)


def _added(a: Exponent, b: Exponent) -> Exponent:
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return a + b
    return _number(a) + _number(b)


def _number(value: Coefficient | Node | None) -> Node:
    if isinstance(value, Node):
        return value
    return constant(1.0 if value is None else float(value))


def _summands(node: Node) -> list[tuple[Node, int]]:
    """Operands of a sum with their signs; empty for what is no sum."""
    name = node.op.name
    if node.kind != "real":
        return []
    if name == "add":
        return [(node.inputs[0], 1), (node.inputs[1], 1)]
    if name == "subtract":
        return [(node.inputs[0], 1), (node.inputs[1], -1)]
    if name == "negative" and node.inputs[0].op.name in ("add", "subtract"):
        return [(node.inputs[0], -1)]
    if name == "broadcast_to" and node.inputs[0].op.name in ("add", "subtract"):
        return [(node.inputs[0], 1)]
    return []


def _counted(value: Any) -> tuple[int, int]:
    """A size as a whole number times one with a name: `2*n` is 2 and n."""
    parts = value.name.split("*") if isinstance(value, Dim) else []
    names = [part for part in parts if not part.isdigit()]
    if not names or not all(part.isalnum() for part in parts):
        return 1, value
    times = math.prod([int(part) for part in parts if part.isdigit()])
    return times, Dim(int(value) // times, "*".join(names))


def _rank(base: Node, exponent: Exponent) -> tuple[int, int, int]:
    """Where a factor stands: scalars, then tensors; names in their order, sums, functions."""
    name = base.op.name
    if name in ("input", "full", "index", "reshape"):
        kind = 0 if isinstance(exponent, Fraction) else 1
    elif name in ("add", "subtract"):
        kind = 2
    else:
        kind = 3
    serial = base.inputs[0].serial if name == "index" else base.serial
    return int(base.ndim > 0), kind, 0 if name == "reshape" else serial


def _degree(term: Product) -> float | None:
    """The degree of a product of powers of names, None for what is none."""
    degree = Fraction(0)
    for base, exponent in term.factors.values():
        named = base.op.name in ("input", "index")
        if not named or not isinstance(exponent, Fraction) or exponent < 0:
            return None
        degree += exponent
    return float(degree)


def _is_below(exponent: Exponent) -> bool:
    return isinstance(exponent, Fraction) and exponent < 0


def _split(size: Coefficient, fraction: bool) -> tuple[Coefficient, Coefficient]:
    """A positive coefficient as what stands above and below the line."""
    if not isinstance(size, Fraction):
        return size, ONE
    if fraction or not is_decimal(size):
        return Fraction(size.numerator), Fraction(size.denominator)
    return size, ONE


def _chain(coef: Coefficient, factors: list[Factor]) -> Node | None:
    """coef*a*b**2*..., or None for 1."""
    result = None if coef == 1 else constant(float(coef))
    for base, exponent in factors:
        part = _powered(base, exponent)
        result = part if result is None else result * part
    return result


def _powered(base: Node, exponent: Exponent) -> Node:
    if not isinstance(exponent, Fraction):
        return base**exponent
    if exponent == 1:
        return base
    if exponent == HALF:
        return OPS["sqrt"](base)
    return base ** constant(float(exponent))


def _shaped(node: Node, shape: Shape) -> Node:
    return node if node.shape == shape else OPS["broadcast_to"](node, shape)


def reach(factors: Factors) -> Shape:
    """The shape that factors have together."""
    shapes: list[Shape] = [()]
    for base, exponent in factors.values():
        shapes.append(base.shape)
        if isinstance(exponent, Node):
            shapes.append(exponent.shape)
    return broadcast_shape(shapes, "")
