"""How checks and claims look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.ops.elementwise import shape_text
from gradcli.render.layout import result_lines
from gradcli.results import Result

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradcli.render.layout import Line, Look
    from gradcli.trust.checking import Block, Checked, CheckedOutput
    from gradcli.trust.claims import Verdict

MOST_KINKS = 5
LARGEST = 64
"""Elements of a derivative that is printed beside its check; of a larger one, `eval` prints it."""


class _Bare:
    """An output without facts, for the lines that every result has."""

    def __init__(self, output: CheckedOutput) -> None:
        self.value = output.value
        self._named = output.named()

    def named(self) -> dict[str, Any]:
        return self._named if all(part.size <= LARGEST for part in _arrays(self._named)) else {}

    def facts(self) -> dict[str, Any]:
        return {}


def _arrays(part: Any) -> Iterator[Any]:
    if isinstance(part, dict):
        for inner in part.values():
            yield from _arrays(inner)
    else:
        yield part


def check_lines(result: Checked, look: Look) -> Iterator[Line]:
    """Value and derivative, how well the sources agree, kinks, and what became of the claims."""
    several = len(result.outputs) > 1
    shown: Result[Any] = Result([_Bare(output) for output in result.outputs], [], [])
    yield from result_lines(shown, look)
    for place, output in enumerate(result.outputs):
        end = f" of output {place}" if several else ""
        for block in output.blocks:
            yield from _block_lines(block, end, output.kind, look)
        for verdict in output.claims:
            yield from _claim_lines(verdict, output.kind, end, look)
    word = "ok" if result.ok else "failed"
    yield [("result", "label"), (f"  {word}", "hint" if result.ok else "error")]


def _block_lines(block: Block, end: str, kind: str, look: Look) -> Iterator[Line]:
    name = " ".join(block.labels)
    count = len(block.chosen)
    size = int(np.prod(block.tail, dtype=int))
    many = f"{count} of {size:,} elements" if count < size else _counted(count, "element")
    yield [(f"check {name}", "label"), (f"  {many}{end}", "note")]
    widest = max(map(len, block.sources), default=0)
    for source, found in block.sources.items():
        line: Line = [(f"  {source.ljust(widest)}  ", "axis")]
        if found.digits is None:
            line.append(("nothing to compare", "note"))
        else:
            line.append((f"{found.digits} digits", "number"))
        if found.worst is not None:
            place = block.place(*found.worst)
            ours = look.number(block.ours[place])
            where = _element(block, place, kind)
            line.append((f", worst {where}: {look.number(found.found)} for {ours}", "note"))
        if found.differs:
            line.append((f"  {_counted(found.differs, 'element')} differ", "error"))
        if found.unsure:
            line.append((f"  {_counted(found.unsure, 'element')} undecided", "warning"))
        yield line
    for kink in block.kinks[:MOST_KINKS]:
        place = tuple(kink["index"])
        left, right = look.number(kink["left"]), look.number(kink["right"])
        sides = f"{left} from the left, {right} from the right"
        given = look.number(kink["given"])
        what = "" if kink["between"] else ", not between them"
        yield [
            (f"  kink at {_element(block, place, kind)}  ", "axis"),
            (f"{sides}; given {given}{what}", "" if kink["between"] else "error"),
        ]
    if len(block.kinks) > MOST_KINKS:
        yield [(f"  kinks at {len(block.kinks) - MOST_KINKS} more elements", "note")]


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"


def _element(block: Block, place: tuple[int, ...], kind: str) -> str:
    """The name of an element: `x[1]`, `out[0] by x[1]`, `x[0] by x[1]`."""

    def named(label: str, index: tuple[int, ...]) -> str:
        return f"{label}[{','.join(map(str, index))}]" if index else label

    head, tail = place[: len(block.head)], place[len(block.head) :]
    last = named(block.labels[-1], tail)
    if kind == "grad":
        return last
    first = "out" if kind == "jacobian" else block.labels[0]
    return f"{named(first, head)} by {last}"


def _claim_lines(verdict: Verdict, kind: str, end: str, look: Look) -> Iterator[Line]:
    ours = {"grad": "grad"}.get(kind, kind)
    rule = f"|claim - {ours}| <= {verdict.atol:.6g} + {verdict.rtol:.6g}*|{ours}|"
    head: Line = [(f"claim {verdict.name}", "label")]
    if verdict.ok:
        yield [*head, ("  holds", "hint"), (f"{end}: {rule}", "note")]
    elif not verdict.same_shape:
        claimed, right = shape_text(verdict.claim.value.shape), shape_text(verdict.ours.shape)
        yield [*head, ("  does not hold", "error"), (f"{end}: shape {claimed}, not {right}", "")]
    else:
        count = f"{len(verdict.wrong)} of {_counted(verdict.ours.size, 'element')}"
        yield [*head, ("  does not hold", "error"), (f"{end}: {count} break {rule}", "")]
        for place in verdict.wrong[:5]:
            name = f"[{','.join(map(str, place))}]" if place else verdict.name
            claimed = look.number(verdict.claim.value[place])
            yield [(f"  {name}  ", "axis"), (f"claimed {claimed}", "number"),
                   (f", is {look.number(verdict.ours[place])}", "number")]  # fmt: skip
    if verdict.between:
        places = ", ".join(f"[{','.join(map(str, place))}]" for place in verdict.between[:5])
        yield [("  at a kink  ", "axis"), (f"{places}: between the one-sided derivatives", "note")]
    for text in verdict.likely:
        yield [("  likely  ", "hint"), (text, "")]
