"""The elementwise family: a ufunc and one rule per argument; all else is derived here.

A rule is `rule(g, y, *x)`: the partial derivative of y = f(x) for that argument, times g, written
as graph-building code. It is linear in g, and diagonal, so the same rule is the VJP (g a cotangent)
and the JVP (g a tangent). Writing `g / x` rather than `g * (1 / x)` spares a rounding. A rule is
None, or returns None, where the derivative is zero everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from gradcli.errors import ShapeError
from gradcli.graph import OPS, Kind, Node, Shape, make
from gradcli.ops.cotangent import Cotangent, masked, unbroadcast_cotangent
from gradcli.ops.family import Array, Box, Kinks, Lead, Op, Types, build, unscalar
from gradcli.ops.leaves import node_of, storage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Rule = "Callable[..., Node | None] | None"
KindRule = Literal["real", "bool", "promote", "join", "select"]


class Elementwise(Op):
    """A function of corresponding elements, with NumPy's broadcasting.

    symbol: the sign that spells it in the language, for messages. kind: the output's kind; real and
    bool, "promote" (whole numbers stay whole), "join" (and booleans booleans), or "select" (the
    same, of all operands but the first).
    selects: for each argument, a function of the arguments to the mask of the elements it passes
    on, where the op selects between its arguments. spell: its names in the libraries, where they
    are not all the row's own (see ops/binding.py). args: the arguments' names, where not x, y, z.
    scalar: the same, to the bit, for NumPy's scalars, where Python has a sign for it: far quicker.
    """

    family = "elementwise"
    fuses = True
    alike = True
    reach = "aligned"

    def __init__(
        self,
        name: str,
        ufunc: Callable[..., Array],
        rules: Sequence[Callable[..., Node | None] | None],
        *,
        doc: str,
        domain: str,
        box: Box,
        kinks: Kinks,
        symbol: str = "",
        kind: KindRule = "real",
        selects: Sequence[Callable[..., Node] | None] = (),
        spell: str | None = None,
        args: str = "x y z",
        scalar: Callable[..., Any] | None = None,
    ) -> None:
        super().__init__(name, doc=doc, domain=domain, box=box, kinks=kinks)
        if len(box) != len(rules):
            raise ValueError(f"row {name}: one rule and one interval per argument")
        self.ufunc = ufunc
        self.rules = rules
        self.arity = len(rules)
        self.args = tuple(args.split()[: self.arity])
        self.symbol = symbol
        self.scalar = scalar
        self.cheap = scalar is not None
        self.output_kind = kind
        self.spell = f"np+torch+jnp.{name}" if spell is None else spell
        self.selects = selects or (None,) * len(rules)
        self.differentiable = any(rule is not None for rule in rules)
        self.analytic = self.differentiable and not kinks and _continues(ufunc)

    def __call__(self, *args: Node | float) -> Node:
        return make(self, tuple([a if type(a) is Node else node_of(a) for a in args]))

    def infer(self, inputs: tuple[Node, ...], params: tuple[Any, ...]) -> Types:
        shape = inputs[0].shape
        for operand in inputs:
            if operand.shape != shape:
                shape = broadcast_shape([node.shape for node in inputs], self.symbol or self.name)
                break
        return ((shape, self._kind(inputs)),)

    def _kind(self, inputs: tuple[Node, ...]) -> Kind:
        rule = self.output_kind
        if rule == "real" or rule == "bool":
            return rule
        if inputs[-1].kind == "real":
            return "real"
        kinds = {node.kind for node in (inputs[1:] if rule == "select" else inputs)}
        if "real" in kinds:
            return "real"
        return "bool" if rule in ("join", "select") and kinds == {"bool"} else "int"

    def vjp(
        self, node: Node, cotangents: list[Cotangent | None], wanted: Sequence[bool], strict: bool
    ) -> list[Cotangent | None]:
        results: list[Cotangent | None] = []
        for operand, part in zip(node.inputs, self.spread(node, cotangents, wanted), strict=True):
            if part is None or part.shape == operand.shape:
                results.append(part)
            else:
                assert part.value is not None
                results.append(unbroadcast_cotangent(part.value, part.mask, operand.shape))
        return results

    def spread(
        self, node: Node, cotangents: list[Cotangent | None], wanted: Sequence[bool]
    ) -> list[Cotangent | None]:
        assert cotangents[0] is not None
        arrived = cotangents[0]
        value, mask = arrived.settle() if arrived.pending else (arrived.value, arrived.mask)
        assert value is not None
        shape = node.shape
        results: list[Cotangent | None] = []
        for want, rule, select in zip(wanted, self.rules, self.selects, strict=True):
            part = rule(value, node, *node.inputs) if want and rule is not None else None
            if part is None:
                results.append(None)
                continue
            passed = mask
            if select is not None:
                chosen = select(*node.inputs)
                passed = chosen if mask is None else OPS["logical_and"](mask, chosen)
            elif part is not value and mask is not None:
                part = masked(part, mask)
            if part.shape != shape:
                part = OPS["broadcast_to"](part, shape)
            if passed is not None and passed.shape != shape:
                passed = OPS["broadcast_to"](passed, shape)
            results.append(Cotangent(part, passed))
        return results

    def jvp(self, node: Node, tangents: list[Node | None]) -> Node | None:
        total: Node | None = None
        for rule, tangent in zip(self.rules, tangents, strict=True):
            if rule is None or tangent is None:
                continue
            part = rule(tangent, node, *node.inputs)
            if part is not None:
                total = part if total is None else total + part
        if total is not None and total.shape != node.shape:
            total = OPS["broadcast_to"](total, node.shape)
        return total

    def run(self, node: Node, arrays: list[Array], lead: Lead | None, dtype: Any) -> Array:
        if lead is not None:
            arrays = align(node, arrays, lead)
        # Kinds are stored in different types: one op computes in one of them.
        wanted = storage(node.kind, dtype)
        if node.kind == "bool":
            wanted = np.result_type(*arrays)
        arrays = [
            array
            if array.dtype == wanted or (self.output_kind == "select" and place == 0)
            else array.astype(wanted)
            for place, array in enumerate(arrays)
        ]
        result = np.asarray(self.ufunc(*arrays))
        # Whole numbers are kept as floats (see storage), and have no zero with a sign.
        return result + 0.0 if node.kind == "int" else result

    def elements(self, node: Node, dtype: Any) -> Callable[..., Any]:
        if node.kind == "real" and all([operand.kind == "real" for operand in node.inputs]):
            return self.ufunc
        held = [storage(operand.kind, dtype) for operand in node.inputs]
        if self.output_kind == "select":
            held = held[1:]
        wanted = storage(node.kind, dtype) if node.kind != "bool" else held[0]
        if any(one != wanted for one in held):
            return super().kernel(node, None, dtype)
        return self.ufunc

    def kernel(self, node: Node, lead: Lead | None, dtype: Any) -> Callable[..., Any]:
        if lead is not None:
            for operand, flag in zip(node.inputs, lead, strict=True):
                if flag and operand.ndim < node.ndim:
                    return super().kernel(node, lead, dtype)
        if self.scalar is not None and lead is None and not node.shape:
            if node.kind == "real" and all([x.kind == "real" for x in node.inputs]):
                return self.scalar
        compute = self.elements(node, dtype)
        if isinstance(compute, np.ufunc):
            return compute
        if node.shape:
            return compute
        return lambda *arrays: compute(*[unscalar(array) for array in arrays])

    def batched(self, node: Node, operands: tuple[Node, ...], lead: Lead, extent: int) -> Node:
        lined = [
            lined_up(operand, node.ndim, extent) if flag else operand
            for operand, flag in zip(operands, lead, strict=True)
        ]
        return build(self, tuple(lined), node.params)


def _continues(ufunc: Callable[..., Array]) -> bool:
    """Whether NumPy computes it of complex numbers, with complex results."""
    loops: list[str] = getattr(ufunc, "types", [])
    return any(set(loop.replace("->", "")) == {"D"} for loop in loops)


def lined_up(x: Node, rank: int, extent: int) -> Node:
    """A batched node with unit axes behind its batch axis, so that it has `rank` axes beside it."""
    if x.ndim > rank:
        return x
    inner = x.shape[1:]
    return OPS["reshape"](x, (extent, *[1] * (rank - len(inner)), *inner))


def align(node: Node, arrays: list[Array], lead: Lead) -> list[Array]:
    """Batched operands with unit axes behind their batch axis, up to the output's rank."""
    rank = node.ndim
    return [
        array.reshape(array.shape[:1] + (1,) * (rank - operand.ndim) + array.shape[1:])
        if batched and operand.ndim < rank
        else array
        for operand, array, batched in zip(node.inputs, arrays, lead, strict=True)
    ]


def broadcast_shape(shapes: Sequence[Shape], what: str) -> Shape:
    """The shape that NumPy broadcasts `shapes` to; names of sizes are kept.

    Raises ShapeError, naming `what` and the shapes, where they do not go together.
    """
    rank = max(len(shape) for shape in shapes)
    result: list[int] = []
    for axis in range(-rank, 0):
        extent = 1
        for shape in shapes:
            size = shape[axis] if -axis <= len(shape) else 1
            if size == 1 or size == extent:
                continue
            if extent != 1:
                clash = " and ".join(shape_text(shape) for shape in shapes)
                raise ShapeError(
                    f"`{what}` cannot combine shapes {clash}",
                    hint=f"sizes {size_text(extent)} and {size_text(size)} meet on axis {axis}: "
                    "they must be equal, or one of them 1 (`x[:, None]` adds such an axis)",
                )
            extent = size
        result.append(extent)
    return tuple(result)


def size_text(size: int) -> str:
    """A size by its name, where it has one."""
    return getattr(size, "name", str(int(size)))


def shape_text(shape: Shape) -> str:
    """A shape as Python prints it, names of sizes kept."""
    return f"({', '.join(size_text(n) for n in shape)}{',' * (len(shape) == 1)})"
