"""`doctor`: the health of a computation: births, kinks, and digits lost on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.doctor.births import Births
from gradcli.doctor.cures import patterns_at
from gradcli.results import Found, Result
from gradcli.trust.condition import MOST_DIGITS, digits, extended
from gradcli.trust.kinks import Kink, kinks_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.graph import Node
    from gradcli.run import Run

    Array = np.ndarray[Any, Any]

NOTED = 2
"""Digits that a step may lose without a word."""


class Step:
    """A step of the program: to how many digits its value is right, and how many it lost.

    digits: None where they are not known. lost: beside the worst of its operands. cure: what keeps
    them, where something is known to.
    """

    def __init__(self, text: str, place: tuple[int, int], count: int | None, lost: int) -> None:
        self.text = text
        self.line, self.column = place
        self.digits = count
        self.lost = lost
        self.cure = ""

    def described(self) -> dict[str, Any]:
        """What JSON has of it."""
        whole: dict[str, Any] = {
            "text": self.text, "line": self.line, "column": self.column,
            "digits": self.digits, "lost": self.lost,
        }  # fmt: skip
        return {**whole, "cure": self.cure} if self.cure else whole


class Examined(Found):
    """One output's value and gradient, with the steps, the kinks and the digits of the run."""

    def __init__(self, value: Array, grad: dict[str, Array]) -> None:
        super().__init__(value)
        self.grad = grad
        self.about: dict[str, Any] = {}

    def named(self) -> dict[str, Any]:
        return {"grad": self.grad}

    def facts(self) -> dict[str, Any]:
        return self.about


class Examination(Result[Examined]):
    """What `doctor` found.

    grad_digits: by input to how many digits its gradient is right (None: not known).
    """

    steps: list[Step]
    kinks: list[Kink]
    grad_digits: dict[str, int | None]

    def facts(self) -> dict[str, Any]:
        return {
            "steps": [step.described() for step in self.steps],
            "kinks": [kink.described() for kink in self.kinks],
            "grad_digits": self.grad_digits,
        }


def examine(run: Run, seed: Any = None, wrt: Sequence[str] | str | None = None) -> Examination:
    """Run with everything kept, and look at each step.

    seed: as for `evaluate`, "ones" where there is none. Raises LimitError where so much does not
    fit into memory.
    """
    seed = "ones" if seed is None else seed
    evaluation = run.evaluate(seed, wrt)
    recording = run.recorded(seed, wrt, True)
    births = Births(recording)
    outputs = [Examined(one.value, one.grad or {}) for one in evaluation.outputs]
    found = Examination(outputs, evaluation.warnings, evaluation.notes)
    found.control_flow = evaluation.control_flow
    found.kinks = kinks_of(births)
    backward = recording.backward
    order = [*recording.nodes, *([] if backward is None else backward.nodes)]
    wide = extended(order, recording.values)
    found.steps = _steps(births, wide)
    found.grad_digits = {}
    for one in run.wanted(wrt):
        node = None if backward is None else backward.gradients.get(one.node.serial)
        if node is not None:
            known = digits(recording.values[node.serial], wide.get(node.serial))
            found.grad_digits[one.label] = None if known is None else known[0]
    if len(outputs) == 1:
        outputs[0].about = found.facts()
    return found


def _steps(births: Births, wide: dict[int, Any]) -> list[Step]:
    steps = []
    counts: dict[int, int] = {}
    seen: set[tuple[str, tuple[int, int]]] = set()
    for node in births.recording.nodes:
        if not node.inputs or node.kind != "real":
            continue
        known = digits(births.values[node.serial], wide.get(node.serial))
        count = None if known is None else known[0]
        if count is not None:
            counts[node.serial] = count
        before = [counts.get(operand.serial, MOST_DIGITS) for operand in node.inputs]
        lost = 0 if count is None else max(0, min(before) - count)
        site: Any = births.traced.site(node.serial)
        place = (0, 0) if site is None else (site.lineno, site.col_offset + 1)
        step = Step(births.text(node), place, count, lost)
        if lost > NOTED:
            step.cure = _cure(births, node)
        if (step.text, place) in seen and lost <= NOTED:
            continue
        seen.add((step.text, place))
        steps.append(step)
    return steps


def _cure(births: Births, node: Node) -> str:
    """What keeps the digits that a step loses: of the patterns around it, the widest."""
    for outer in births.above(node):
        for found in patterns_at(outer):
            if found.cure.loses and node.serial in found.inside:
                names = {name: births.text(one) for name, one in found.operands.items()}
                return f"`{found.text(names)}` in place of `{births.text(outer)}` keeps them"
    return ""
