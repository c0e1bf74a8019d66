"""The contraction family: one bilinear row to which `@`, dot, outer and einsum lower.

A contraction has two operands whose axes carry labels: small integers, each at most once in an
operand or in the output, and each in at least two of the three. Then the derivative with respect to
an operand is again a contraction, of the cotangent with the other operand.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import ShapeError
from gradcli.graph import OPS, Kind, Node, Shape, builder
from gradcli.ops.cotangent import Cotangent, masked, nonzero, real
from gradcli.ops.elementwise import shape_text, size_text
from gradcli.ops.family import Array, Lead, Op, Types, build
from gradcli.ops.leaves import ones_like, storage

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    reach = "summed"

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

    def batched(self, node: Node, operands: tuple[Node, ...], lead: Lead, extent: int) -> Node:
        return build(self, operands, _batched_labels(node.params, lead))


class MaskedContraction(Op):
    """A contraction of (g, mask, b) that leaves out the terms whose mask is false.

    A plain contraction would add 0 * inf where an unselected element meets a non-finite one.
    """

    family = "contraction"
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
    shared = [label for label in la if label in lb]
    batch = [label for label in lo if label in shared]
    summed = [label for label in shared if label not in lo]
    if not summed:
        return _outer(a, b, la, lb, lo)
    free_a = [label for label in lo if label in la and label not in lb]
    free_b = [label for label in lo if label in lb and label not in la]
    if batch and not free_a and not free_b:
        # Nothing to multiply as matrices; einsum wants labels counted from 0.
        small = {label: place for place, label in enumerate(dict.fromkeys([*la, *lb]))}
        first, second, out = [[small[label] for label in labels] for labels in (la, lb, lo)]
        return np.asarray(np.einsum(a, first, b, second, out))
    sizes: dict[int, int] = {**dict(zip(la, a.shape, strict=True))}
    sizes.update(zip(lb, b.shape, strict=True))
    left = _ordered(a, la, batch, free_a, summed, sizes)
    right = _ordered(b, lb, batch, summed, free_b, sizes)
    product = np.matmul(left, right)
    order = batch + free_a + free_b
    shaped = product.reshape([sizes[label] for label in order])
    return np.asarray(shaped.transpose([order.index(label) for label in lo]))


def _ordered(
    array: Array,
    labels: Labels,
    batch: list[int],
    rows: list[int],
    columns: list[int],
    sizes: dict[int, int],
) -> Array:
    """The operand as a stack of matrices: (batch, rows, columns)."""
    moved = array.transpose([labels.index(label) for label in batch + rows + columns])
    lead = [sizes[label] for label in batch]
    height = math.prod([sizes[label] for label in rows])
    width = math.prod([sizes[label] for label in columns])
    return moved.reshape([*lead, height, width])


def _outer(a: Array, b: Array, la: Labels, lb: Labels, lo: Labels) -> Array:
    """A contraction that sums nothing: a broadcast product."""

    def spread(array: Array, labels: Labels) -> Array:
        moved = array.transpose([labels.index(label) for label in lo if label in labels])
        extents = iter(moved.shape)
        shape: Shape = tuple([next(extents) if label in labels else 1 for label in lo])
        return moved.reshape(shape)

    return np.multiply(spread(a, la), spread(b, lb))
