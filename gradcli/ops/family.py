"""What every row of the op table is: a name, its documentation, and the contract of its family.

Families own the mechanics (shapes, broadcasting, VJP, JVP, batching); rows own the mathematics.
A row is constructed once, at import, and enters the table by that; a row without its
documentation, domain, test box and kinks does not construct.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from gradcli.graph import OPS, Kind, Node, Shape, make

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradcli.ops.cotangent import Bundle, Cotangent
    from gradcli.ops.notation.formula import Formula

Array = np.ndarray[Any, Any]
Types = tuple[tuple[Shape, Kind], ...]
Lead = tuple[bool, ...]
"""For each operand of a batched run, whether its array has the leading batch axis."""

Interval = tuple[float, float]
Box = tuple[Interval | str, ...]
"""For each operand the interval it is tested on, or a word: "regular" (a well-conditioned square
matrix), "mask" (booleans), "order" (whole numbers from 0, without a derivative).
"""

Tangent = Node | tuple[Node | None, ...]
"""What flows forward: of a node with several outputs, one for each (None: a structural zero)."""

Reach = Literal["aligned", "summed", "dense"]
"""Which elements of its operands an element of a node depends on: the corresponding ones, those
that a sum with coefficients of one sign takes, or all of them."""

Sample = tuple[tuple[Shape, ...], tuple[Any, ...]]
"""Operand shapes and parameters that the generated tests run a row on."""

Kinks = tuple[tuple[tuple[float, ...], tuple[float, ...]], ...]
"""Points where the derivative is a convention: ((operands), (partial for each operand))."""


class Op:
    """A primitive operation; one instance a row.

    doc: what it computes, one sentence. domain: where it has a real value, in words. box, samples:
    where the generated tests run it. kinks: the points with a conventional derivative, scalar by
    scalar (an empty tuple says there are none).
    """

    family = ""
    differentiable = True
    pushed_by_vjps = False
    """Whether the JVP is two VJPs (see autodiff/forward.py), for want of a rule of its own."""
    sparse_adjoint = False
    """Whether the adjoint leaves structural zeros (an index reaches some elements only)."""
    view = False
    """Whether the output may share memory with the first operand in NumPy or PyTorch."""
    cheap = False
    """Whether it takes an instruction for an element: less than to read one from memory."""
    fresh = False
    """Whether its result is an array of its own, which shares memory with no operand."""
    fuses = False
    """Whether each element of the output is computed from the corresponding ones alone."""
    reduces: np.ufunc | None = None
    """Of a reduction (axes and keepdims are its parameters): the ufunc that it reduces by."""
    cuts = False
    """Whether it makes a constant of what varies, so that its derivative is zero on request."""
    analytic = False
    """Whether its forward function continues to complex numbers, and the derivative with it."""
    alike = False
    """Whether a batched run gives each row, to the bit, what a run of it alone gives."""
    reach: Reach = "dense"
    """What a family knows of its dependence; autodiff/structure.py follows it through a graph."""

    def __init__(
        self,
        name: str,
        *,
        doc: str,
        domain: str,
        box: Box,
        kinks: Kinks,
        samples: tuple[Sample, ...] = (),
    ) -> None:
        if not doc or not domain:
            raise ValueError(f"row {name}: documentation and domain are part of a row")
        if name in OPS:
            raise ValueError(f"row {name}: the table has one already")
        self.name = name
        self.doc = doc
        self.domain = domain
        self.box = box
        self.kinks = kinks
        self.samples = samples
        self.module = _module_of_row()
        OPS[name] = self

    def __call__(self, *args: Any) -> Node:
        raise TypeError(f"{self.name} has no builder")

    def __repr__(self) -> str:
        return f"<{self.family} {self.name}>"

    def key(self, params: tuple[Any, ...]) -> Any:
        """What tells two parameter tuples apart, hashable."""
        return params

    def is_view(self, node: Node) -> bool:
        """Whether this node may share memory with its first operand in NumPy or PyTorch."""
        return self.view

    def infer(self, inputs: tuple[Node, ...], params: tuple[Any, ...]) -> Types:
        """Type of each output; raises ShapeError where the operands do not go together."""
        raise TypeError(f"{self.name} cannot infer a type")

    def vjp(
        self, node: Node, cotangents: list[Cotangent | None], wanted: Sequence[bool], strict: bool
    ) -> Sequence[Cotangent | Bundle | None]:
        """Cotangents of the operands, given one for each output; None is a structural zero.

        `wanted` says which operands need theirs. `strict` asks that structural zeros carry masks,
        so that a non-finite local derivative meets no zero.
        """
        return [None] * len(node.inputs)

    def spread(
        self, node: Node, cotangents: list[Cotangent | None], wanted: Sequence[bool]
    ) -> list[Cotangent | None]:
        """Of an op that broadcasts, cotangents of its operands as they were repeated.

        They have the node's shape: `vjp` adds up what belongs to copies of one element. None where
        nothing flows, and throughout for an op that does not broadcast.
        """
        return [None] * len(node.inputs)

    def jvp(self, node: Node, tangents: list[Any]) -> Node | None:
        """Tangent of the (only) output; None in and out is a structural zero.

        Not asked of ops that are `pushed_by_vjps`, as are all that have several outputs.
        """
        return None

    def parameters(self) -> tuple[str, ...]:
        """Names of the static parameters of its nodes."""
        return ()

    def write(self, node: Node, operands: Sequence[Formula]) -> Formula:
        """How a formula writes the node (see ops/notation/)."""
        from gradcli.ops.notation import write

        return write(node, operands)

    def expand(self, node: Node, operands: Sequence[Node]) -> Node | None:
        """The node by other rows, for libraries without a name for it; None if no other way."""
        from gradcli.ops.notation import expanded

        return expanded(node, operands)

    def run(self, node: Node, arrays: list[Array], lead: Lead | None, dtype: Any) -> Any:
        """The output's array (a tuple of them for several outputs).

        In a batched run `lead` says which operands have the leading batch axis, and the output has
        it too.
        """
        raise TypeError(f"{self.name} cannot run")

    def kernel(self, node: Node, lead: Lead | None, dtype: Any) -> Callable[..., Any]:
        """`run` as a function of the operands' arrays, with what is known beforehand worked out.

        Operands and results without axes may be NumPy's scalars.
        """

        def compute(*arrays: Array) -> Any:
            return self.run(node, [unscalar(array) for array in arrays], lead, dtype)

        return compute

    def each(self, node: Node, arrays: list[Array], lead: Lead, dtype: Any) -> Any:
        """A batched run that gives each row, to the bit, what a run of it alone gives."""
        kernel = self.kernel(node, None, dtype)
        count = len(arrays[lead.index(True)])
        rows = [
            kernel(*[array[row] if batched else array for array, batched in zip(arrays, lead)])  # noqa: B905
            for row in range(count)
        ]
        if len(node.types) > 1:
            return tuple([np.stack(parts) for parts in zip(*rows, strict=True)])
        return np.stack(rows)

    def elements(self, node: Node, dtype: Any) -> Callable[..., Any]:
        """Of an op that `fuses`: what computes elements from operands that line up.

        A ufunc, where one will do.
        """
        return self.kernel(node, None, dtype)

    def batched(self, node: Node, operands: tuple[Node, ...], lead: Lead, extent: int) -> Node:
        """The node for many values of its operands: those flagged in `lead` have a leading axis.

        So has the result, of size `extent`. By default the node runs as it does in a batched run;
        families that can say the same in plain nodes do.
        """
        return OPS["batched"](node, operands, lead, extent)


def _module_of_row() -> str:
    """The module whose row is being constructed: its subject."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_name == "__init__":
        frame = frame.f_back
    name: str = frame.f_globals["__name__"]
    return name


def build(op: Op, inputs: tuple[Node, ...], params: tuple[Any, ...] = ()) -> Node:
    """Make a node of `op` with the builder at work."""
    return make(op, inputs, params)


def unscalar(value: Any) -> Any:
    """NumPy's scalars as arrays without axes; anything else as it is."""
    return np.asarray(value) if isinstance(value, np.generic) else value


def all_batched(arrays: list[Array], lead: Lead | None) -> list[Array]:
    """Operands of a batched run, all of them with the batch axis."""
    if lead is None or all(lead):
        return arrays
    batch = arrays[lead.index(True)].shape[:1]
    return [
        array if batched else np.broadcast_to(array, batch + array.shape)
        for array, batched in zip(arrays, lead, strict=True)
    ]
