"""The contraction family: one bilinear row to which `@`, dot, outer and einsum lower.

A contraction has two operands whose axes carry labels: small integers, each at most once in an
operand or in the output, and each in at least two of the three. Then the derivative with respect to
an operand is again a contraction, of the cotangent with the other operand.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import ShapeError
from gradcli.graph import OPS, Kind, Node, Shape, builder
from gradcli.ops.cotangent import Cotangent, masked, nonzero, real
from gradcli.ops.elementwise import shape_text, size_text
from gradcli.ops.family import Array, Lead, Op, Types, build
from gradcli.ops.leaves import ones_like, storage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Labels = tuple[int, ...]

_SAMPLES = (
    (((2, 3), (3, 4)), ((0, 1), (1, 2), (0, 2))),
    (((3,), (3,)), ((0,), (0,), ())),
    (((2,), (3,)), ((0,), (1,), (1, 0))),
    (((2, 3, 4), (4, 2)), ((0, 1, 2), (2, 0), (0, 1))),
)


class Contraction(Op):
    """`out[...] = sum(a[...] * b[...])` over the labels that the output lacks."""

    family = "contraction"
    fresh = True
    reach = "summed"
    analytic = True

    def __call__(self, a: Node, b: Node, la: Labels, lb: Labels, lo: Labels) -> Node:
        return build(self, (a, b), (la, lb, lo))

    def infer(self, inputs: tuple[Node, ...], params: tuple[Any, ...]) -> Types:
        la, lb, lo = params
        a, b = inputs[-2:]
        sizes: dict[int, int] = dict(zip(la, a.shape, strict=True))
        for label, extent in zip(lb, b.shape, strict=True):
            if sizes.setdefault(label, extent) != extent:
                raise contraction_error("contraction", a, b, sizes[label], extent)
        whole = a.kind != "real" and b.kind != "real"
        kind: Kind = "int" if whole else "real"
        return ((tuple([sizes[label] for label in lo]), kind),)

    def vjp(
        self, node: Node, cotangents: list[Cotangent | None], wanted: Sequence[bool], strict: bool
    ) -> list[Cotangent | None]:
        assert cotangents[0] is not None
        g, mask = cotangents[0].settle()
        if not strict:
            # The value is zero where nothing is selected: products with what is finite need no
            # more, and where they meet what is not, NaN asks for the strict derivative.
            mask = None
        a, b = node.inputs
        la, lb, lo = node.params
        return [
            self._part(g, mask, b, (lo, lb, la)) if wanted[0] else None,
            self._part(g, mask, a, (lo, la, lb)) if wanted[1] else None,
        ]

    @staticmethod
    def _part(g: Node, mask: Node | None, other: Node, labels: tuple[Labels, ...]) -> Cotangent:
        if mask is None or builder().textbook:
            return Cotangent(contract(masked(g, mask), other, *labels))
        reached = nonzero(contract(real(mask), ones_like(other), *labels))
        value = masked(masked_contract(g, mask, other, *labels), reached)
        return Cotangent(value, reached)

    def jvp(self, node: Node, tangents: list[Node | None]) -> Node | None:
        a, b = node.inputs
        total: Node | None = None
        if tangents[0] is not None:
            total = contract(tangents[0], b, *node.params)
        if tangents[1] is not None:
            part = contract(a, tangents[1], *node.params)
            total = part if total is None else total + part
        return total

    def run(self, node: Node, arrays: list[Array], lead: Lead | None, dtype: Any) -> Array:
        held = storage(node.kind, dtype)
        a, b = [array.astype(held, copy=False) for array in arrays]
        return evaluate(a, b, *_batched_labels(node.params, lead))

    def kernel(self, node: Node, lead: Lead | None, dtype: Any) -> Callable[..., Any]:
        held = storage(node.kind, dtype)
        scalar = any(not operand.shape for operand in node.inputs)
        if lead is not None or scalar or any(storage(x.kind, dtype) != held for x in node.inputs):
            return super().kernel(node, lead, dtype)
        a, b = node.inputs
        return _matched(a.shape, b.shape, *node.params)

    def each(self, node: Node, arrays: list[Array], lead: Lead, dtype: Any) -> Any:
        """As a stack: one matrix product for each row, of the shape that it has alone."""
        la, lb, lo = node.params
        a, b = node.inputs
        matched = _stacked(a.shape, b.shape, la, lb, lo)
        if matched is None:
            return super().each(node, arrays, lead, dtype)
        held = storage(node.kind, dtype)
        rows = [
            (array if batched else array[None]).astype(held, copy=False)
            for array, batched in zip(arrays, lead, strict=True)
        ]
        return matched(*rows)

    def batched(self, node: Node, operands: tuple[Node, ...], lead: Lead, extent: int) -> Node:
        return build(self, operands, _batched_labels(node.params, lead))


class MaskedContraction(Op):
    """A contraction of (g, mask, b) that leaves out the terms whose mask is false.

    A plain contraction would add 0 * inf where an unselected element meets a non-finite one.
    """

    family = "contraction"
    fresh = True
    reach = "summed"

    def __call__(self, g: Node, mask: Node, b: Node, lg: Labels, lb: Labels, lo: Labels) -> Node:
        return build(self, (g, mask, b), (lg, lb, lo))

    def infer(self, inputs: tuple[Node, ...], params: tuple[Any, ...]) -> Types:
        return contract.infer((inputs[0], inputs[2]), params)

    def vjp(
        self, node: Node, cotangents: list[Cotangent | None], wanted: Sequence[bool], strict: bool
    ) -> list[Cotangent | None]:
        assert cotangents[0] is not None
        h, outer = cotangents[0].settle()
        g, mask, b = node.inputs
        lg, lb, lo = node.params
        results: list[Cotangent | None] = [None, None, None]
        if wanted[0]:
            part = Contraction._part(h, outer, b, (lo, lb, lg))
            assert part.value is not None
            chosen = mask if part.mask is None else OPS["logical_and"](mask, part.mask)
            results[0] = Cotangent(masked(part.value, mask), chosen)
        if wanted[2]:
            if outer is not None:
                h = masked(h, outer)
            reached = nonzero(contract(real(mask), ones_like(h), lg, lo, lb))
            value = masked_contract(g, mask, h, lg, lo, lb)
            results[2] = Cotangent(masked(value, reached), reached)
        return results

    def jvp(self, node: Node, tangents: list[Node | None]) -> Node | None:
        g, mask, b = node.inputs
        total: Node | None = None
        if tangents[0] is not None:
            total = masked_contract(tangents[0], mask, b, *node.params)
        if tangents[2] is not None:
            part = masked_contract(g, mask, tangents[2], *node.params)
            total = part if total is None else total + part
        return total

    def run(self, node: Node, arrays: list[Array], lead: Lead | None, dtype: Any) -> Array:
        g, mask, b = arrays
        held = storage(node.kind, dtype)
        g, b = g.astype(held, copy=False), b.astype(held, copy=False)
        pair: Lead | None = None
        if lead is not None:
            batch = lead[0] or lead[1]
            if batch and not (lead[0] and lead[1]):
                g, mask = np.broadcast_arrays(g, mask)
            pair = (batch, lead[2])
        labels = _batched_labels(node.params, pair)
        g = np.where(mask, g, 0)
        finite = np.isfinite(b)
        if finite.all():
            return evaluate(g, b, *labels)
        # Non-finite terms are counted by their sign apart from the finite sum, then put back.
        count = mask.astype(held)
        positive = (g > 0).astype(held)
        negative = (g < 0).astype(held)
        up, down = (b == np.inf).astype(held), (b == -np.inf).astype(held)
        still = count - positive - negative
        total = evaluate(g, np.where(finite, b, 0), *labels)
        rises = evaluate(positive, up, *labels) + evaluate(negative, down, *labels) > 0
        falls = evaluate(positive, down, *labels) + evaluate(negative, up, *labels) > 0
        unknown = evaluate(count, np.isnan(b).astype(held), *labels)
        unknown = unknown + evaluate(still, up + down, *labels) > 0
        total = np.where(rises, np.inf, np.where(falls, -np.inf, total))
        return np.where(unknown | (rises & falls), np.nan, total).astype(held)

    def batched(self, node: Node, operands: tuple[Node, ...], lead: Lead, extent: int) -> Node:
        g, mask, b = operands
        batch = lead[0] or lead[1]
        if batch and not lead[0]:
            g = OPS["broadcast_to"](g, (extent, *g.shape))
        if batch and not lead[1]:
            mask = OPS["broadcast_to"](mask, (extent, *mask.shape))
        return masked_contract(g, mask, b, *_batched_labels(node.params, (batch, lead[2])))


contract: Contraction = Contraction(
    "contract",
    doc="Sum of products over the axes that two tensors share and the result lacks.",
    domain="all real a, b (bilinear)",
    box=((-2.0, 2.0), (-2.0, 2.0)),
    kinks=(),
    samples=_SAMPLES,
)

masked_contract: MaskedContraction = MaskedContraction(
    "masked_contract",
    doc="A contraction that leaves out the terms that a mask does not select.",
    domain="all real a, b (bilinear)",
    box=((-2.0, 2.0), "mask", (-2.0, 2.0)),
    kinks=(),
    samples=((((2, 3), (2, 3), (3, 4)), ((0, 1), (1, 2), (0, 2))),),
)


def contraction_error(what: str, a: Node, b: Node, left: int, right: int) -> ShapeError:
    """The error for two axes that should have one size, with both operands' shapes."""
    hint = "the last axis of the left operand must match the second-last (or only) of the right"
    if a.ndim == b.ndim == 2 and a.shape[0] == b.shape[0]:
        hint += "; perhaps the left one should be transposed with `.T`"
    elif a.ndim >= 1 and b.ndim == 2 and a.shape[-1] == b.shape[1]:
        hint += "; perhaps the right one should be transposed with `.T`"
    return ShapeError(
        f"`{what}` cannot combine shapes {shape_text(a.shape)} and {shape_text(b.shape)}: "
        f"sizes {size_text(left)} and {size_text(right)} differ",
        hint=hint if what in ("@", "matmul", "dot") else "",
    )


def _batched_labels(params: tuple[Labels, ...], lead: Lead | None) -> tuple[Labels, ...]:
    """The labels with one for the batch axis in front, where an operand has it."""
    la, lb, lo = params
    if lead is None:
        return la, lb, lo
    batch = max((*la, *lb, *lo), default=-1) + 1
    return (
        (batch, *la) if lead[0] else la,
        (batch, *lb) if lead[1] else lb,
        (batch, *lo),
    )


def evaluate(a: Array, b: Array, la: Labels, lb: Labels, lo: Labels) -> Array:
    """Contract two arrays by matrix products where there is something to multiply."""
    return _matched(a.shape, b.shape, la, lb, lo)(a, b)


@lru_cache(maxsize=4096)
def _matched(
    shape_a: Shape, shape_b: Shape, la: Labels, lb: Labels, lo: Labels
) -> Callable[[Array, Array], Array]:
    """How to contract arrays of such shapes: the work of finding it out is done once."""
    shared = [label for label in la if label in lb]
    batch = [label for label in lo if label in shared]
    summed = [label for label in shared if label not in lo]
    if not summed:
        return _outer(la, lb, lo)
    free_a = [label for label in lo if label in la and label not in lb]
    free_b = [label for label in lo if label in lb and label not in la]
    if batch and not free_a and not free_b:
        # Nothing to multiply as matrices; einsum wants labels counted from 0.
        small = {label: place for place, label in enumerate(dict.fromkeys([*la, *lb]))}
        first, second, out = [[small[label] for label in labels] for labels in (la, lb, lo)]
        return lambda a, b: np.asarray(np.einsum(a, first, b, second, out))
    products = _products(shape_a, shape_b, la, lb, lo, (batch, free_a, free_b, summed))
    return products(0)


@lru_cache(maxsize=1024)
def _stacked(
    shape_a: Shape, shape_b: Shape, la: Labels, lb: Labels, lo: Labels
) -> Callable[[Array, Array], Array] | None:
    """The same for many pairs along a leading axis; None where rows would not stay what they are.

    An operand that is one for all has a leading axis of size 1.
    """
    shared = [label for label in la if label in lb]
    batch = [label for label in lo if label in shared]
    summed = [label for label in shared if label not in lo]
    if not summed:
        alone = max((*la, *lb), default=-1) + 1
        return _outer((alone, *la), (alone, *lb), (alone, *lo))
    free_a = [label for label in lo if label in la and label not in lb]
    free_b = [label for label in lo if label in lb and label not in la]
    if batch and not free_a and not free_b:
        return None
    return _products(shape_a, shape_b, la, lb, lo, (batch, free_a, free_b, summed))(1)


def _products(
    shape_a: Shape,
    shape_b: Shape,
    la: Labels,
    lb: Labels,
    lo: Labels,
    kinds: tuple[list[int], list[int], list[int], list[int]],
) -> Callable[[int], Callable[[Array, Array], Array]]:
    """Contraction by matrix products, for a number of axes in front that all arrays have."""
    batch, free_a, free_b, summed = kinds
    sizes: dict[int, int] = {**dict(zip(la, shape_a, strict=True))}
    sizes.update(zip(lb, shape_b, strict=True))
    swapped = [*batch, *free_b, *free_a] == list(lo)
    if swapped:
        # b.T @ a.T is the transpose of a @ b, and lies in memory as the output should.
        la, lb, free_a, free_b = lb, la, free_b, free_a
    order = batch + free_a + free_b
    shape = [sizes[label] for label in order]
    reshaped = len(batch) > 1 or len(free_a) != 1 or len(free_b) != 1
    final = None if order == list(lo) else [order.index(label) for label in lo]

    stacked = [sizes[label] for label in batch]
    stacked += [math.prod([sizes[label] for label in free]) for free in (free_a, free_b)]

    def products(front: int) -> Callable[[Array, Array], Array]:
        left = _ordered(la, batch, free_a, summed, sizes, front)
        right = _ordered(lb, batch, summed, free_b, sizes, front)
        moved = final if final is None else [*range(front), *[front + axis for axis in final]]

        def multiply(a: Array, b: Array, make: Callable[..., Array] | None = None) -> Array:
            if swapped:
                a, b = b, a
            out = None if make is None or front else make(stacked, a.dtype)
            product = np.matmul(left(a), right(b), out=out)
            if reshaped:
                product = product.reshape([*product.shape[:front], *shape])
            return np.asarray(product if moved is None else product.transpose(moved))

        # Who runs it may hold memory for the result.
        multiply.makes = multiply  # type: ignore[attr-defined]
        return multiply

    return products


def _ordered(
    labels: Labels,
    batch: list[int],
    rows: list[int],
    columns: list[int],
    sizes: dict[int, int],
    front: int,
) -> Callable[[Array], Array]:
    """From an operand to a stack of matrices: (batch, rows, columns), a view where one will do.

    front: axes before those.
    """
    moved = [front + labels.index(label) for label in batch + rows + columns]
    moved = [*range(front), *moved]
    lead = [sizes[label] for label in batch]
    height = math.prod([sizes[label] for label in rows])
    width = math.prod([sizes[label] for label in columns])
    shape = [*lead, height, width]
    still = moved == list(range(len(moved)))
    if len(rows) == len(columns) == 1:
        return (lambda array: array) if still else (lambda array: array.transpose(moved))
    if not front:
        return lambda array: (array if still else array.transpose(moved)).reshape(shape)
    return lambda array: (array if still else array.transpose(moved)).reshape(
        [*array.shape[:front], *shape]
    )


def _outer(la: Labels, lb: Labels, lo: Labels) -> Callable[[Array, Array], Array]:
    """A contraction that sums nothing: a broadcast product."""

    def spread(labels: Labels) -> Callable[[Array], Array]:
        moved = [labels.index(label) for label in lo if label in labels]
        added = tuple([slice(None) if label in labels else None for label in lo])
        return lambda array: array.transpose(moved)[added]

    first, second = spread(la), spread(lb)
    return lambda a, b: np.asarray(np.multiply(first(a), second(b)))
