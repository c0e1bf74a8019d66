"""What every row of the op table is: a name, its documentation, and the contract of its family.

Families own the mechanics (shapes, broadcasting, VJP, JVP, batching); rows own the mathematics.
A row is constructed once, at import, and enters the table by that; a row without its
documentation, domain, test box and kinks does not construct.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.graph import OPS, Kind, Node, Shape, make

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradcli.ops.cotangent import Cotangent
    from gradcli.ops.formula import Formula

    Form = Callable[..., Formula]
    """form(node, *operands): how a formula writes a node, where the default will not do."""

    Expansion = Callable[..., Node]
    """expand(*operands, *params): the same value by other rows, as a graph."""

Array = np.ndarray[Any, Any]
Types = tuple[tuple[Shape, Kind], ...]
Lead = tuple[bool, ...]
"""For each operand of a batched run, whether its array has the leading batch axis."""

Interval = tuple[float, float]
Box = tuple[Interval | str, ...]
"""For each operand the interval it is tested on, or "regular": a well-conditioned square matrix."""

Sample = tuple[tuple[Shape, ...], tuple[Any, ...]]
"""Operand shapes and parameters that the generated tests run a row on."""

Kinks = tuple[tuple[tuple[float, ...], tuple[float, ...]], ...]
"""Points where the derivative is a convention: ((operands), (partial for each operand))."""


class Op:
    """A primitive operation; one instance a row.

    doc: what it computes, one sentence. domain: where it has a real value, in words. box, samples:
    where the generated tests run it. kinks: the points with a conventional derivative, scalar by
    scalar (an empty tuple says there are none). form, latex: how formulas write it, where the
    family's default will not do (see ops/formula.py). expand: the same by other rows, for libraries
    that have no name for it.
    """

    family = ""
    differentiable = True
    pushed_by_vjps = False
    """Whether the JVP is two VJPs (see autodiff/forward.py), for want of a rule of its own."""
    sparse_adjoint = False
    """Whether the adjoint leaves structural zeros (an index reaches some elements only)."""

    def __init__(
        self,
        name: str,
        *,
        doc: str,
        domain: str,
        box: Box,
        kinks: Kinks,
        samples: tuple[Sample, ...] = (),
        form: Form | None = None,
        latex: str = "",
        expand: Expansion | None = None,
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
        self.form = form
        self.latex = latex
        self.expand = expand
        OPS[name] = self

    def __call__(self, *args: Any) -> Node:
        raise TypeError(f"{self.name} has no builder")

    def __repr__(self) -> str:
        return f"<{self.family} {self.name}>"

    def key(self, params: tuple[Any, ...]) -> Any:
        """What tells two parameter tuples apart, hashable."""
        return params

    def infer(self, inputs: tuple[Node, ...], params: tuple[Any, ...]) -> Types:
        """Type of each output; raises ShapeError where the operands do not go together."""
        raise TypeError(f"{self.name} cannot infer a type")

    def vjp(
        self, node: Node, cotangents: list[Cotangent | None], wanted: Sequence[bool], strict: bool
    ) -> list[Cotangent | None]:
        """Cotangents of the operands, given one for each output; None is a structural zero.

        `wanted` says which operands need theirs. `strict` asks that structural zeros carry masks,
        so that a non-finite local derivative meets no zero.
        """
        return [None] * len(node.inputs)

    def jvp(self, node: Node, tangents: list[Node | None]) -> Node | None:
        """Tangent of the (only) output; None in and out is a structural zero.

        Not asked of ops that are `pushed_by_vjps`.
        """
        return None

    def parameters(self) -> tuple[str, ...]:
        """Names of the static parameters of its nodes."""
        return ()

    def write(self, node: Node, operands: Sequence[Formula]) -> Formula:
        """How a formula writes the node: as its row says, else a call of the row's name."""
        if self.form is not None:
            return self.form(node, *operands)
        from gradcli.ops.binding import call_of

        return call_of(node, operands)

    def lift(self, node: Node, operands: Sequence[Node], lead: Shape) -> Node | None:
        """The node for operands with the axes `lead` in front; None where no graph does that.

        Operands of the rank that they have in `node` lack those axes.
        """
        return None

    def run(self, node: Node, arrays: list[Array], lead: Lead | None, dtype: Any) -> Any:
        """The output's array (a tuple of them for several outputs).

        In a batched run `lead` says which operands have the leading batch axis, and the output has
        it too.
        """
        raise TypeError(f"{self.name} cannot run")


def build(op: Op, inputs: tuple[Node, ...], params: tuple[Any, ...] = ()) -> Node:
    """Make a node of `op` with the builder at work."""
    return make(op, inputs, params)
