"""How an examination looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.errors import shortened
from gradcli.render.layout import result_lines
from gradcli.render.text import printable
from gradcli.results import Evaluation, Output
from gradcli.trust.kinks import told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradcli.render.layout import Line, Look
    from gradcli.trust.examining import Examination, Step

MOST = 40


def doctor_lines(result: Examination, look: Look) -> Iterator[Line]:
    """Value and gradient, the digits of each step, and the kinks."""
    shown: Any = Evaluation([Output(one.value, one.grad) for one in result.outputs], [], [])
    yield from result_lines(shown, look)
    steps = result.steps
    if len(steps) > MOST:
        steps = sorted(steps, key=lambda step: -step.lost)[:MOST]
    if steps:
        count = f"{len(steps)} of {len(result.steps)}" if steps is not result.steps else ""
        yield [("digits", "label"), (f"  {count}", "note")]
    texts = [printable(shortened(step.text, 60)) for step in steps]
    widest = max(map(len, texts), default=0)
    for text, step in zip(texts, steps, strict=True):
        yield [("  ", ""), (text.ljust(widest), "axis"), *_digits(step)]
    for name, known in result.grad_digits.items():
        if known is not None:
            yield [("  ", ""), (f"grad {name}".ljust(widest), "axis"), (f"  {known:>2}", "number")]
    for note in told(result.kinks):
        yield [("kink", "label"), (f"  {printable(note)}", "")]


def _digits(step: Step) -> Line:
    if step.digits is None:
        return [("   ?", "note")]
    line: Line = [(f"  {step.digits:>2}", "number")]
    if step.lost > 2:
        line.append((f"  {step.lost} lost", "warning"))
        if step.cure:
            line.append((f": {printable(step.cure)}", "hint"))
    return line
