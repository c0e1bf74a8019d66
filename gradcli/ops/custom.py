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
from gradcli.ops.family import Array, Box, Kinks, Lead, Op, Sample, Types, build
from gradcli.ops.formula import Item
from gradcli.ops.leaves import storage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradcli.ops.family import Expansion, Form
    from gradcli.ops.formula import Formula


class Custom(Op):
    """An op with rules of its own.

    forward(*arrays, *params) -> array, or a tuple of them for several outputs.
    types(inputs, *params) -> ((shape, kind), ...). vjp(node, *cotangents) -> a node, a Cotangent
    (where the op selects) or None for each operand; None for the whole rule: no derivative.
    lane(node, mask, place) -> the mask of an operand that an output's mask amounts to, up to
    broadcasting; by default everything counts where any element of the output does. textbook: the
    same VJP as a textbook writes it, for formulas, where the row's own is built for edge cases.
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
        textbook: Callable[..., Sequence[Node | Cotangent | None]] | None = None,
        form: Form | None = None,
        latex: str = "",
        expand: Expansion | None = None,
    ) -> None:
        super().__init__(
            name, doc=doc, domain=domain, box=box, kinks=kinks, samples=samples, form=form,
            latex=latex, expand=expand,
        )  # fmt: skip
        self.forward = forward
        self.types = types
        self.rule = vjp
        self.textbook = textbook
        self.lane = lane
        self.differentiable = vjp is not None

    def __call__(self, *args: Any) -> Node:
        count = len(self.box)
        return build(self, args[:count], args[count:])

    def infer(self, inputs: tuple[Node, ...], params: tuple[Any, ...]) -> Types:
        return self.types(*inputs, *params)

    def parameters(self) -> tuple[str, ...]:
        code = self.types.__code__
        return code.co_varnames[len(self.box) : code.co_argcount]

    def lift(self, node: Node, operands: Sequence[Node], lead: Shape) -> Node | None:
        whole = [
            OPS["broadcast_to"](x, lead + own.shape) if x.ndim == own.ndim else x
            for x, own in zip(operands, node.inputs, strict=True)
        ]
        return build(self, tuple(whole), node.params)

    def vjp(
        self, node: Node, cotangents: list[Cotangent | None], wanted: Sequence[bool], strict: bool
    ) -> list[Cotangent | None]:
        assert self.rule is not None
        settled = [None if c is None else c.settle() for c in cotangents]
        values = [None if pair is None else pair[0] for pair in settled]
        masks = [None if pair is None else pair[1] for pair in settled]
        written = self.textbook is not None and builder().textbook
        parts = (self.textbook if written and self.textbook else self.rule)(node, *values)
        mask = masks[0] if len(masks) == 1 and not builder().textbook else None
        results: list[Cotangent | None] = []
        for place, (part, want) in enumerate(zip(parts, wanted, strict=True)):
            if part is None or not want:
                results.append(None)
                continue
            cotangent = part if isinstance(part, Cotangent) else Cotangent(part)
            if mask is not None:
                reached = _any(mask) if self.lane is None else self.lane(node, mask, place)
                reached = OPS["broadcast_to"](reached, cotangent.shape)
                value, own = cotangent.settle()
                chosen = reached if own is None else OPS["logical_and"](own, reached)
                cotangent = Cotangent(masked(value, chosen), chosen)
            results.append(cotangent)
        return results

    def run(self, node: Node, arrays: list[Array], lead: Lead | None, dtype: Any) -> Any:
        arrays = [
            array.astype(dtype) if operand.kind != node.kind == "real" else array
            for array, operand in zip(arrays, node.inputs, strict=True)
        ]
        if lead is not None and not all(lead):
            batch = arrays[lead.index(True)].shape[:1]
            arrays = [
                array if batched else np.broadcast_to(array, batch + array.shape)
                for array, batched in zip(arrays, lead, strict=True)
            ]
        result = self.forward(*arrays, *node.params)
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


class Projection(Op):
    """One output of a node that has several."""

    family = "projection"
    pushed_by_vjps = True

    def __call__(self, node: Node, place: int) -> Node:
        return build(self, (node,), (place,))

    def infer(self, inputs: tuple[Node, ...], params: tuple[Any, ...]) -> Types:
        return (inputs[0].types[params[0]],)

    def write(self, node: Node, operands: Sequence[Formula]) -> Formula:
        return Item(operands[0], (node.params[0],), node.ndim)

    def run(self, node: Node, arrays: list[Array], lead: Lead | None, dtype: Any) -> Array:
        array: Array = arrays[0][node.params[0]]
        return array


project = Projection(
    "project",
    doc="One output of an operation that has several.",
    domain="all",
    box=((-1.0, 1.0),),
    kinks=(),
)


def outputs(node: Node) -> tuple[Node, ...]:
    """The outputs of a node, each as a node of its own."""
    if len(node.types) == 1:
        return (node,)
    return tuple([project(node, place) for place in range(len(node.types))])


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
