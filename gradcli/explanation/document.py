"""An explanation in words, which text and Markdown lay out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.explanation.folding import MOST, Fold, Folding
from gradcli.explanation.phrases import (
    TOLD,
    bracketed,
    compact,
    elements,
    is_number,
    place_of,
    sentence,
    shape_or_nothing,
    times,
)
from gradcli.explanation.sections import Card, Document, Item, Part, Row
from gradcli.ops.elementwise import shape_text
from gradcli.pictures.words import DOTS, elided, value_text

if TYPE_CHECKING:
    from gradcli.explanation.steps import (
        Contribution,
        ExplainedOutput,
        Explanation,
        ForwardStep,
        Id,
        Kink,
        Passage,
    )
    from gradcli.render.layout import Look

LABEL_ROOM = 32
"""Signs of what a step is called where another refers to it."""

FORMULA_ROOM = 64
"""Signs up to which a rule is told as a formula."""

REPEATED = 28
"""Signs up to which numbers stand again where they enter a product."""


class Writer:
    """Writes an explanation down. room: signs that an array may take. depth: see `Folding`."""

    def __init__(self, found: Explanation, look: Look, room: int, depth: int | None = None) -> None:
        self.found = found
        self.look = look
        self.room = room
        self.back = found.mode == "reverse"
        self.steps = {step.number: step for step in found.steps}
        self.folding = Folding(found, depth)
        self.whole = depth is not None
        self.g = "g" if "g" not in found.inputs else "dy"

    def document(self) -> Document:
        """The whole of it."""
        inputs = []
        for name, value in self.found.inputs.items():
            text = self.array(value)
            if name in self.found.tangents:
                text += f", moving along {self.array(self.found.tangents[name])}"
            inputs.append((name, text))
        rows: list[Row] = []
        inside = ""
        for item in self._readable(self.folding.forward()):
            if isinstance(item, int):
                rows.append(Row("", self._left_out(item), "", ""))
                continue
            within = self._within(item)
            if within != inside:
                rows.append(Row("", f"in {within}" if within else "after that", "", ""))
                inside = within
            rows.append(self._row(item))
        outputs = self.found.outputs
        parts = [self._part(output, k, len(outputs) > 1) for k, output in enumerate(outputs)]
        return Document(inputs, rows, parts)

    def _readable(self, items: list[Any]) -> list[Any]:
        """The items, or as many as are read, with how many are left out between them."""
        if self.whole or len(items) <= 2 * MOST:
            return items
        return [*items[:MOST], len(items) - 2 * MOST, *items[-MOST:]]

    def _left_out(self, count: int) -> str:
        return f"{self.look.dots} {count} more steps: --only NAME, --depth N, --json"

    # --- words -----------------------------------------------------------------------------------

    def array(self, value: Any, room: int | None = None) -> str:
        """Numbers, within the room."""
        if isinstance(value, tuple):
            shown = [("0" if part is None else self.array(part)) for part in value]
            return f"({', '.join(shown)})"
        return value_text(np.asarray(value), room or self.room, self.look)

    def _factor(self, value: Any) -> str:
        """Numbers as an operand of a sum or product: negative ones in brackets."""
        text = self.array(value, max(self.room * 2 // 3, 16))
        return f"({text})" if text.startswith("-") else text

    def label(self, of: Id) -> str:
        """An input's name; a step by its number and what it is."""
        if isinstance(of, str):
            return of
        step = self.steps.get(of)
        if step is None:
            return f"[{of}]"
        return f"[{of}] {step.name or elided(step.text, LABEL_ROOM)}"

    # --- forward ---------------------------------------------------------------------------------

    def _within(self, item: ForwardStep | Fold) -> str:
        """The calls and loops that a step, or what is folded, is part of."""
        if isinstance(item, Fold):
            groups = [] if item.group.outer is None else item.group.outer.chain()
        else:
            groups = item.group
        labels = [elided(one.label, LABEL_ROOM) for one in groups if one.kind != "library"]
        return ", ".join(labels)

    def _row(self, item: ForwardStep | Fold) -> Row:
        if isinstance(item, Fold):
            values = [self.steps[number] for number in item.results]
            shown = ", ".join([self.array(step.value, self.room // max(len(values), 1))
                               for step in values])  # fmt: skip
            shape = shape_text(values[0].shape) if len(values) == 1 else ""
            return Row(
                item.number,
                item.label,
                shape_or_nothing(shape),
                shown,
                [f"{item.size} steps, folded"],
            )
        text = f"{item.name} = {item.text}" if item.name else item.text
        remarks = []
        if item.operation:
            remarks.append(f"that is {item.operation}")
        for of, before in item.repeated:
            remarks.append(
                f"{self.label(of)} is repeated from shape {shape_text(before)} "
                f"to {shape_text(item.shape)}"
            )
        if not self.back:
            remarks += self._tangent(item.number)
        shape = "" if isinstance(item.value, tuple) else shape_or_nothing(shape_text(item.shape))
        return Row(f"[{item.number}]", text, shape, self.array(item.value), remarks)

    def _tangent(self, number: int) -> list[str]:
        """What moves a step, in forward mode."""
        passages = [one for output in self.found.outputs for one in output.passages]
        passage = next((one for one in passages if one.step == number), None)
        if passage is None:
            return []
        lines = []
        for sent in passage.sent:
            moved = self._moved(passage, sent)
            lines.append(f"<- {self.label(sent.to)}: {moved}")
        total = self.array(passage.arrived)
        if len(passage.sent) > 1:
            parts = " + ".join([self._factor(sent.value) for sent in passage.sent])
            lines.append(f"tangent {parts} = {total}")
        else:
            lines.append(f"tangent {total}")
        lines += [self._kink(kink) for kink in passage.kinks]
        lines += [f"{self.label(of)} adds nothing: {reason}" for of, reason in passage.stopped]
        return lines

    def _moved(self, passage: Passage, sent: Contribution) -> str:
        tangent = self._tangent_of(sent.to)
        if sent.factor is None:
            return (
                f"{self._jacobian(sent) or 'its derivative'} along {self._factor(tangent)} = "
                + (self.array(sent.value))
            )
        formula = self._local(sent)
        return f"{formula}, times {self._factor(tangent)} = {self.array(sent.value)}"

    def _tangent_of(self, of: Id) -> Any:
        if isinstance(of, str):
            return self.found.tangents[of]
        for output in self.found.outputs:
            for passage in output.passages:
                if passage.step == of:
                    return passage.arrived
        return np.zeros(())

    # --- backward --------------------------------------------------------------------------------

    def _part(self, output: ExplainedOutput, place: int, several: bool) -> Part:
        title = "backward" if self.back else "forward"
        title += f" from output {place}" if several else ""
        if not self.back:
            return Part(title, "", [], [])
        cards = [
            Card("", self._left_out(item), "") if isinstance(item, int) else self._card(item)
            for item in self._readable(self.folding.backward(output))
        ]
        return Part(title, self._start(output), cards, self._sums(output))

    def _start(self, output: ExplainedOutput) -> str:
        """What the seed selects."""
        if output.cut:
            return f"nothing flows back: {output.cut}"
        seed = output.seed
        if seed is None:
            return "there is nothing to differentiate by"
        if not output.passages and not output.totals:
            return "no input leads to this output: nothing flows back"
        out = self.label(output.of)
        weights = seed.ravel()
        if seed.size == 1:
            if weights[0] == 1:
                return f"it starts with 1, the derivative of {out} by itself"
            return f"the seed {self.array(seed)} counts {out} so many times"
        if (weights == 1).all():
            return (
                f"the seed is {self.array(seed)}: every element of {out} counts once, "
                "as in their sum"
            )
        told = np.flatnonzero(weights)
        places = [place_of(index, seed.shape) for index in told[:TOLD]]
        if len(told) == 1 and weights[told[0]] == 1:
            return f"the seed {self.array(seed)} selects element {places[0]} of {out}, and no other"
        if len(told) > TOLD:
            return f"the seed {self.array(seed)} weighs the elements of {out}"
        terms = [
            f"{self.look.number(weights[index])} * {out}{place}"
            for index, place in zip(told, places, strict=True)
        ]
        return f"the seed {self.array(seed)} weighs the elements: " + " + ".join(
            terms or ["nothing"]
        )

    def _card(self, item: Passage | Fold) -> Card:
        if isinstance(item, Fold):
            return self._folded(item)
        step = self.steps[item.step]
        card = Card(f"[{item.step}]", step.name or step.text, f"{self.g} = {self._arrives(item)}")
        if item.mask is not None and not item.mask.all():
            card.remarks.append(
                f"only {elements(item.mask)} of it was selected further on; "
                "the rest stays 0, whatever the local derivative"
            )
        for sent in item.sent:
            card.items.append(Item(self.label(sent.to), self._lines(step, item, sent)))
        for of, reason in item.stopped:
            card.items.append(Item(self.label(of), [f"nothing: {reason}"]))
        card.remarks += [self._kink(kink) for kink in item.kinks]
        return card

    def _arrives(self, item: Passage) -> str:
        total = self.array(item.arrived)
        if len(item.parts) < 2:
            return total
        parts = " + ".join([self._from(of, value) for of, value in item.parts])
        return f"{parts} = {total}, for it is used {times(len(item.parts))}"

    def _from(self, of: Id, value: Any) -> str:
        source = "seed" if of == "seed" else f"[{of}]"
        return f"{self._factor(value)} from {source}"

    def _lines(self, step: ForwardStep, item: Passage, sent: Contribution) -> list[str]:
        """What goes to one operand."""
        if sent.factor is None:
            local = self._jacobian(sent)
            short = 0 < len(sent.formula) <= FORMULA_ROOM
            rule = (
                sent.formula if short else f"by the rule of {step.op}" + f", {local}" * bool(local)
            )
            lines = [f"{rule} = {self.array(sent.value)}"]
            if local and short:
                lines.append(local)
            if not short:
                lines.append(f"{step.op}: {sentence(step.doc)}")
        else:
            product = sent.value if sent.product is None else sent.product
            local = self._local(sent)
            times = self._product(item.arrived, sent, product)
            lines = [local, times] if "=" in local else [f"{local}: {times}"]
            if sent.axes:
                one = len(sent.axes) == 1
                axes = f"{'axis' if one else 'axes'} {', '.join(map(str, sent.axes))}"
                lines.append(
                    f"it was repeated along {axes} to shape {shape_text(step.shape)}, and each "
                    f"copy counts: the sum over {axes} is {self.array(sent.value)}"
                )
            elif sent.product is not None:
                lines.append(f"in the shape that it has: {self.array(sent.value)}")
        if sent.mask is not None and not sent.mask.all():
            lines.append(f"takes part: {elements(sent.mask)}")
        return lines

    def _product(self, arrived: Any, sent: Contribution, product: Any) -> str:
        """What arrives times the local derivative; what is long was told, and is not repeated."""
        g = self._factor(arrived)
        factor = self._factor(compact(sent.factor))
        g = g if len(g) <= REPEATED else self.g
        by = f"* {factor}" if len(factor) <= REPEATED else "times that"
        return f"{g} {by} = {self.array(product)}"

    def _local(self, sent: Contribution) -> str:
        """The local derivative as a formula and as numbers."""
        factor = self.array(compact(sent.factor))
        formula = sent.factor_formula
        same = not formula or formula == factor or is_number(formula)
        return f"local derivative {factor}" if same else f"local derivative {formula} = {factor}"

    def _jacobian(self, sent: Contribution) -> str:
        """A local Jacobian in words, where it is known and says more than the formula."""
        known = [one for one in sent.jacobians or [] if one is not None]
        if len(known) != 1:
            return ""
        (matrix,) = known
        whole = not isinstance(sent.value, tuple) and matrix.ndim == sent.value.ndim
        if whole and matrix.size and (matrix == 1).all():
            count = matrix.size
            return (
                f"each of its {count} elements counts once, and gets all of it" if count > 1 else ""
            )
        text = self.array(matrix)
        return "" if DOTS in text or not matrix.size else f"local Jacobian {text}"

    def _kink(self, kink: Kink) -> str:
        places = ", ".join([bracketed(place) for place in kink.places[:TOLD] if place])
        more = ", ..." if len(kink.places) > TOLD else ""
        at = f"at {places}{more} " if places else ""
        number = self.look.number
        sides = f"the slope by {self.label(kink.operand)} is {number(kink.below)} on one side and "
        sides += f"{number(kink.above)} on the other, {number(kink.used)} is used"
        return f"kink: {at}{sides}: {kink.rule}"

    def _folded(self, fold: Fold) -> Card:
        arrived = [
            f"{self.g}[{one.step}] = {self.array(one.arrived)}"
            for one in fold.passages
            if one.step in fold.results
        ]
        card = Card(fold.number, f"back through {fold.label}", ", ".join(arrived) or "folded")
        for of, values in fold.leaving().items():
            total = values[0]
            for value in values[1:]:
                total = total + value
            line = self.array(total)
            if 1 < len(values) <= 4:
                line = " + ".join([self._factor(value) for value in values]) + f" = {line}"
            elif len(values) > 4:
                line += f", the sum of {len(values)} contributions"
            card.items.append(Item(self.label(of), [line]))
        card.remarks.append(f"{len(fold.passages)} steps, folded")
        return card

    def _sums(self, output: ExplainedOutput) -> list[str]:
        """How contributions to the inputs add up."""
        lines = []
        for total in output.totals:
            whole = self.array(total.total)
            if len(total.parts) == 1:
                of = total.parts[0][0]
                source = "it is the seed itself" if of == "seed" else f"all of it from [{of}]"
                lines.append(f"{total.of} is used once: {whole}, {source}")
                continue
            shown = [self._from(of, value) for of, value in total.parts[:TOLD]]
            if len(total.parts) > TOLD:
                shown.append(f"{len(total.parts) - TOLD} more")
            parts = " + ".join(shown)
            lines.append(f"{total.of} is used {times(len(total.parts))}: {parts} = {whole}")
        return lines
