"""Cotangents: what flows backward, with the masks that keep unselected branches out of it.

A cotangent is a structural zero (None where one is expected) or a value. A mask, from `where` and
its like, says at which elements the value was selected: elsewhere the value is zero, and stays zero
even where a local derivative is infinite or NaN. Contributions made by indexing wait as pending
scatters and merge into a single one, so that a loop over `x[i]` stays linear. A node with several
outputs receives a bundle of cotangents, one for each. Formulas (a builder that is `textbook`) keep
masks as far as elements only move: past a sum they say nothing that the zeros do not.
"""

from __future__ import annotations

from typing import Any

from gradcli.graph import OPS, Node, Shape, builder
from gradcli.ops.leaves import constant


class Cotangent:
    """The derivative of the result with respect to one node, shape for shape.

    value: None only while all contributions are pending. mask: a boolean node of the value's shape,
    or None where every element counts. pending: (index items, value, mask) to be scattered into
    `shape`.
    """

    __slots__ = ("mask", "pending", "shape", "value")

    def __init__(self, value: Node, mask: Node | None = None) -> None:
        self.value: Node | None = value
        self.mask = mask
        self.shape = value.shape
        self.pending: list[tuple[Any, Node, Node | None]] = []

    @classmethod
    def scattered(cls, shape: Shape, items: Any, value: Node, mask: Node | None) -> Cotangent:
        """A contribution to the elements that `items` select of a node of that shape."""
        self = cls.__new__(cls)
        self.value = self.mask = None
        self.shape = shape
        self.pending = [(items, value, mask)]
        return self

    def outputs(self) -> list[Cotangent | None]:
        """One for each output of the node: this one, where the node has a single output."""
        return [self]

    def copy(self) -> Cotangent:
        """A cotangent of its own that holds the same."""
        other = Cotangent.__new__(Cotangent)
        other.value, other.mask, other.shape = self.value, self.mask, self.shape
        other.pending = list(self.pending)
        return other

    def add(self, other: Cotangent) -> None:
        """Take in another contribution to the same node (this object is changed)."""
        if other.value is not None:
            if self.value is None:
                self.value, self.mask = other.value, other.mask
            else:
                both = self.mask is not None and other.mask is not None
                self.mask = OPS["logical_or"](self.mask, other.mask) if both else None
                self.value = self.value + other.value
        self.pending.extend(other.pending)

    def settle(self) -> tuple[Node, Node | None]:
        """Value and mask, with the pending contributions merged into one scatter."""
        if self.pending:
            scatter = OPS["scatter"]
            items = tuple([item for item, _, _ in self.pending])
            values = [value for _, value, _ in self.pending]
            merged = Cotangent(scatter(values, self.shape, items))
            if all(mask is not None for _, _, mask in self.pending) and not builder().textbook:
                hits = [real(mask) for _, _, mask in self.pending if mask is not None]
                merged.mask = nonzero(scatter(hits, self.shape, items))
            self.pending = []
            self.add(merged)
        assert self.value is not None
        return self.value, self.mask


class Bundle:
    """The cotangents of a node with several outputs, one for each; None where nothing arrived."""

    __slots__ = ("parts",)

    def __init__(self, parts: list[Cotangent | None]) -> None:
        self.parts = parts

    def outputs(self) -> list[Cotangent | None]:
        """One for each output of the node."""
        return self.parts

    def copy(self) -> Bundle:
        """A bundle of its own that holds the same."""
        return Bundle([None if part is None else part.copy() for part in self.parts])

    def add(self, other: Bundle) -> None:
        """Take in the contributions of another bundle (this object is changed)."""
        for place, part in enumerate(other.parts):
            present = self.parts[place]
            if present is None:
                self.parts[place] = part
            elif part is not None:
                present.add(part)


def real(mask: Node) -> Node:
    """A mask as ones and zeros."""
    return OPS["where"](mask, constant(1.0), constant(0.0))


def nonzero(value: Node) -> Node:
    """Where a count of selected elements is not zero."""
    return OPS["not_equal"](value, constant(0.0))


def masked(value: Node, mask: Node | None) -> Node:
    """`value` where it was selected, an exact zero elsewhere."""
    return value if mask is None else OPS["where"](mask, value, constant(0.0))


def unbroadcast(value: Node, shape: Shape) -> Node:
    """The adjoint of broadcasting to `value.shape`: the sum over the axes that it repeated."""
    if value.shape == shape:
        return value
    repeated = repeated_axes(shape, value.shape)
    total = OPS["sum"](value, repeated, False) if repeated else value
    return OPS["reshape"](total, shape)


def repeated_axes(shape: Shape, whole: Shape) -> tuple[int, ...]:
    """The (negative) axes along which broadcasting from `shape` to `whole` repeats elements."""
    extra = len(whole) - len(shape)
    return tuple(
        [
            axis - len(whole)
            for axis in range(len(whole))
            if axis < extra or (shape[axis - extra] == 1 and whole[axis] != 1)
        ]
    )


def unbroadcast_cotangent(value: Node, mask: Node | None, shape: Shape) -> Cotangent:
    """Value and mask of a cotangent, un-broadcast to an operand's shape."""
    if mask is not None and value.shape != shape and builder().textbook:
        mask = None
    if mask is not None and value.shape != shape:
        mask = nonzero(unbroadcast(real(OPS["broadcast_to"](mask, value.shape)), shape))
    return Cotangent(unbroadcast(value, shape), mask)
