"""The explanation of a run as plain data: what the text, Markdown and JSON of it are made of.

Steps are numbered in the order of the forward pass; inputs go by their names. An `Id` is either.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from gradcli.results import Found, Result

if TYPE_CHECKING:
    from gradcli.errors import Span
    from gradcli.pictures.groups import Group

Array = np.ndarray[Any, Any]
Value = Array | tuple[Array | None, ...]
"""An array; of a node with several outputs one for each, None where nothing flows."""

Id = int | str
Mode = Literal["reverse", "forward"]


@dataclass
class ForwardStep:
    """One operation. text: in the words of the source; name: of the variable it was assigned to.

    operation: the same over steps and inputs, where the words of the source stand for several.
    operands: of each its id, or what a constant is. repeated: operands that broadcasting repeats,
    with their shapes. span: where it was written. group: the calls and loops that it belongs to,
    the outermost first.
    """

    number: int
    text: str
    name: str
    operation: str
    op: str
    doc: str
    operands: list[Id]
    shape: tuple[int, ...]
    value: Value
    repeated: list[tuple[Id, tuple[int, ...]]]
    span: Span | None
    group: list[Group]


@dataclass
class Contribution:
    """What a step sends to one of its operands, backward or forward.

    to, place: the operand's id, and its place among the operands (forward: where it comes from).
    output: which of the operand's outputs it belongs to, where it has several. formula: of what is
    sent, over g, what arrives; factor_formula: of the local derivative. factor: the local
    derivative element by element, of the step's shape; jacobians: where it is none such, of each
    output's shape + the operand's, if small. product: g times the factor, before the sum over
    `axes`, along which broadcasting had repeated the operand. mask: the elements of the operand
    that take part, where the step selects.
    """

    to: Id
    place: int
    value: Value
    output: int | None = None
    formula: str = ""
    factor_formula: str = ""
    factor: Array | None = None
    jacobians: list[Array | None] | None = None
    product: Array | None = None
    axes: tuple[int, ...] = ()
    mask: Array | None = None


@dataclass
class Kink:
    """Elements where the local derivative is a convention: what it is on both sides, and here."""

    operand: Id
    places: list[tuple[int, ...]]
    below: float
    used: float
    above: float
    rule: str


@dataclass
class Passage:
    """One step of the way back (or, in forward mode, of the way along).

    arrived: the cotangent that arrives (forward: the tangent that leaves). mask: the elements that
    a selection further on let through. parts: the contributions that add up to it, with the ids
    that they come from. stopped: operands that depend on what is differentiated by, but get
    nothing, with the reason.
    """

    step: int
    arrived: Value
    mask: Array | None
    parts: list[tuple[Id, Array]]
    sent: list[Contribution]
    stopped: list[tuple[Id, str]] = field(default_factory=list)
    kinks: list[Kink] = field(default_factory=list)


@dataclass
class Total:
    """What reaches an input (forward: the output), part by part. A part from "seed" is the seed."""

    of: Id
    parts: list[tuple[Id, Array]]
    total: Array


class ExplainedOutput(Found):
    """One output: its value, the step that it is, what was started from, the way back.

    seed: the cotangent to start with. grad: by what was asked for; `tangent` in forward mode. cut:
    why no derivative leads from it, where what it is made of depends on what is asked for.
    """

    def __init__(
        self,
        value: Array,
        of: Id,
        seed: Array | None,
        passages: list[Passage],
        totals: list[Total],
        grad: dict[str, Array] | None = None,
        tangent: Array | None = None,
        cut: str = "",
    ) -> None:
        super().__init__(value)
        self.cut = cut
        self.of = of
        self.seed = seed
        self.passages = passages
        self.totals = totals
        self.grad = grad
        self.tangent = tangent

    def named(self) -> dict[str, Any]:
        if self.grad is not None:
            return {"grad": self.grad}
        return {"tangent": self.tangent}


class Explanation(Result[ExplainedOutput]):
    """What `explain` found. inputs: those of the program by name; steps: the forward pass.

    labels: short words for steps by number. tangents: in forward mode, of the inputs that move.
    """

    def __init__(
        self,
        mode: Mode,
        inputs: dict[str, Array],
        steps: list[ForwardStep],
        outputs: list[ExplainedOutput],
        warnings: list[str],
        notes: list[str],
    ) -> None:
        super().__init__(outputs, warnings, notes)
        self.mode = mode
        self.inputs = inputs
        self.steps = steps
        self.tangents: dict[str, Array] = {}
