"""Which steps stand for themselves, and which are folded into the call or loop around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from gradcli.explanation.steps import (
        ExplainedOutput,
        Explanation,
        ForwardStep,
        Id,
        Passage,
    )
    from gradcli.pictures.groups import Group

MOST = 40
"""Steps up to which calls and loops are unfolded where no depth is asked for."""


class Fold:
    """A call or a loop as one item.

    numbers: of its steps; results: of those that others use. passages: its part of the way back.
    """

    def __init__(self, group: Group) -> None:
        self.group = group
        self.numbers: list[int] = []
        self.results: dict[int, None] = {}
        self.passages: list[Passage] = []

    @property
    def label(self) -> str:
        """As it is written."""
        return self.group.label

    @property
    def size(self) -> int:
        """How many steps it has."""
        return len(self.numbers)

    @property
    def number(self) -> str:
        """The numbers of its steps."""
        return f"[{min(self.numbers)}-{max(self.numbers)}]"

    def leaving(self) -> dict[Id, list[Any]]:
        """What goes to operands outside, by their ids."""
        inside = set(self.numbers)
        found: dict[Id, list[Any]] = {}
        for passage in self.passages:
            for sent in passage.sent:
                if sent.to not in inside:
                    found.setdefault(sent.to, []).append(sent.value)
        return found


class Folding:
    """What is folded at a depth: 0 folds all calls and loops, None as few as are readable."""

    def __init__(self, found: Explanation, depth: int | None) -> None:
        self._steps = found.steps
        self._outputs = {output.of for output in found.outputs}
        levels = sorted({group.level for step in found.steps for group in step.group})
        if depth is None:
            fitting = [
                k for k in range(len(levels) + 1) if len(set(self._keys(levels[k:]))) <= MOST
            ]
            depth = max(fitting, default=0)
        self._folded = set(levels[depth:])

    def _keys(self, folded: Sequence[int]) -> list[Any]:
        """For each step what stands for it where those levels are folded."""
        groups = [_outermost(step, folded) for step in self._steps]
        return [
            step.number if group is None else group.key
            for step, group in zip(self._steps, groups, strict=True)
        ]

    def _folds(self) -> dict[int, Fold]:
        """The folds by the numbers of their steps."""
        found: dict[int, Fold] = {}
        made: dict[str, Fold] = {}
        for step in self._steps:
            group = _outermost(step, self._folded)
            if group is not None:
                fold = found[step.number] = made.setdefault(group.key, Fold(group))
                fold.numbers.append(step.number)
        for step in self._steps:
            for of in step.operands:
                if isinstance(of, int) and of in found and found.get(step.number) is not found[of]:
                    found[of].results[of] = None
        for of in self._outputs:
            if isinstance(of, int) and of in found:
                found[of].results[of] = None
        return found

    def forward(self) -> list[ForwardStep | Fold]:
        """The steps in order; a fold stands where its last step does."""
        folds = self._folds()
        placed: list[ForwardStep | Fold] = []
        for step in self._steps:
            fold = folds.get(step.number)
            if fold is None:
                placed.append(step)
            elif step.number == fold.numbers[-1]:
                placed.append(fold)
        return placed

    def backward(self, output: ExplainedOutput) -> list[Passage | Fold]:
        """The way back in order; a fold stands where its last step does."""
        folds = self._folds()
        for passage in output.passages:
            if passage.step in folds:
                folds[passage.step].passages.append(passage)
        placed: list[Passage | Fold] = []
        for passage in output.passages:
            fold = folds.get(passage.step)
            if fold is None:
                placed.append(passage)
            elif fold.passages[-1] is passage:
                placed.append(fold)
        return placed


def _outermost(step: ForwardStep, folded: Container[int]) -> Group | None:
    """The outermost group of a step that is folded."""
    return next((group for group in step.group if group.level in folded), None)
