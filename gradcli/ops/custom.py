"""The custom family: a row gives forward, shape and a VJP graph; the JVP is two VJPs.

Forward functions take negative axes, so that NumPy's leading axes batch them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import ShapeError
from gradcli.graph import OPS, Node, Shape, builder
from gradcli.ops.cotangent import Cotangent, masked, nonzero, real
from gradcli.ops.elementwise import shape_text
from gradcli.ops.family import Array, Box, Kinks, Lead, Op, Sample, Types, all_batched, build
from gradcli.ops.leaves import storage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Custom(Op):
    """An op with rules of its own.

    forward(*arrays, *params) -> array, or a tuple of them for several outputs.
    types(inputs, *params) -> ((shape, kind), ...). vjp(node, *cotangents) -> a node, a Cotangent
    (where the op selects) or None for each operand; None for the whole rule: no derivative.
    lane(node, mask, place) -> the mask of an operand that an output's mask amounts to, up to
    broadcasting; by default everything counts where any element of the output does. span: the same
    for all values that the operands may have, where the lanes depend on them. textbook: the same
    VJP as a textbook writes it, for formulas, where the row's own is built for edge cases.
    """

    family = "custom"
    pushed_by_vjps = True

    def __init__(
        self,
        name: str,
        forward: Callable[..., Any],
        types: Callable[..., Types],
        vjp: Callable[..., Sequence[Node | Cotangent | None]] | None,
        *,
        doc: str,
        domain: str,
        box: Box,
        kinks: Kinks,
        samples: tuple[Sample, ...],
        lane: Callable[[Node, Node, int], Node] | None = None,
        span: Callable[[Node, Node, int], Node] | None = None,
        textbook: Callable[..., Sequence[Node | Cotangent | None]] | None = None,
    ) -> None:
        super().__init__(name, doc=doc, domain=domain, box=box, kinks=kinks, samples=samples)
        self.forward = forward
        self.types = types
        self.rule = vjp
        self.lane = lane
        self.span = span or lane
        self.textbook = textbook
        self.differentiable = vjp is not None

    def __call__(self, *args: Any) -> Node:
        count = len(self.box)
        return build(self, args[:count], args[count:])

    def infer(self, inputs: tuple[Node, ...], params: tuple[Any, ...]) -> Types:
        return self.types(*inputs, *params)

    def parameters(self) -> tuple[str, ...]:
        code = getattr(self.forward, "__code__", self.types.__code__)
        names: tuple[str, ...] = code.co_varnames[len(self.box) : code.co_argcount]
        return names

    def vjp(
        self, node: Node, cotangents: list[Cotangent | None], wanted: Sequence[bool], strict: bool
    ) -> list[Cotangent | None]:
        assert self.rule is not None
        written = builder().textbook
        rule = self.textbook if written and self.textbook is not None else self.rule
        settled = [None if c is None else c.settle() for c in cotangents]
        values = [None if pair is None else pair[0] for pair in settled]
        # What came from an output without a mask counts everywhere.
        present = [pair[1] for pair in settled if pair is not None]
        masks = [mask for mask in present if mask is not None]
        if len(masks) < len(present) or written:
            masks = []
        parts = rule(node, *values)
        results: list[Cotangent | None] = []
        for place, (part, want) in enumerate(zip(parts, wanted, strict=True)):
            if part is None or not want:
                results.append(None)
                continue
            cotangent = part if isinstance(part, Cotangent) else Cotangent(part)
            if masks:
                reached = self._reached(node, masks[0], place)
                for mask in masks[1:]:
                    reached = OPS["logical_or"](reached, self._reached(node, mask, place))
                value, own = cotangent.settle()
                chosen = reached if own is None else OPS["logical_and"](own, reached)
                cotangent = Cotangent(masked(value, chosen), chosen)
            results.append(cotangent)
        return results

    def _reached(self, node: Node, mask: Node, place: int) -> Node:
        """The mask of an operand that one output's mask amounts to."""
        reached = _any(mask) if self.lane is None else self.lane(node, mask, place)
        reached_: Node = OPS["broadcast_to"](reached, node.inputs[place].shape)
        return reached_

    def run(self, node: Node, arrays: list[Array], lead: Lead | None, dtype: Any) -> Any:
        arrays = [
            array.astype(dtype) if operand.kind != node.kind == "real" else array
            for array, operand in zip(arrays, node.inputs, strict=True)
        ]
        result = self.forward(*all_batched(arrays, lead), *node.params)
        if isinstance(result, tuple):
            return tuple(
                [
                    np.asarray(part, storage(kind, dtype))
                    for part, (_, kind) in zip(result, node.types, strict=True)
                ]
            )
        return np.asarray(result, storage(node.kind, dtype))


def _any(mask: Node) -> Node:
    """One boolean: whether any element is selected."""
    axes = tuple(range(-mask.ndim, 0))
    return nonzero(OPS["sum"](real(mask), axes, False))


def square_types(what: str) -> Callable[..., Types]:
    """Types of an op from square matrices to matrices of the same shape."""

    def types(a: Node, *rest: Any) -> Types:
        require_square(what, a.shape)
        return ((a.shape, "real"),)

    return types


def require_square(what: str, shape: Shape) -> None:
    """Raise ShapeError unless the last two axes are a square matrix."""
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise ShapeError(f"`{what}` needs square matrices, not shape {shape_text(shape)}")
