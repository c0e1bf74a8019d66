"""From a watched run to its explanation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import ArgumentError, NameProblem, did_you_mean
from gradcli.explanation.kinks import kinks_of
from gradcli.explanation.names import Names
from gradcli.explanation.steps import (
    Contribution,
    ExplainedOutput,
    Explanation,
    ForwardStep,
    Passage,
    Total,
)
from gradcli.graph import ancestors, dependents

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gradcli.explanation.steps import Id, Value
    from gradcli.graph import Node
    from gradcli.passages import Passages, Sent, Stage, Way
    from gradcli.pictures.rules import Rule
    from gradcli.run import Run

    Array = np.ndarray[Any, Any]


def explain(
    run: Run,
    seed: Any = None,
    wrt: Sequence[str] | str | None = None,
    *,
    tangents: Mapping[str, Any] | None = None,
    only: str | None = None,
) -> Explanation:
    """Every step of a run and of its derivative.

    seed, wrt: as `Run.evaluate` takes them. tangents: explain forward mode instead, the product
    of the Jacobian with that direction. only: an input or a variable of the program; the steps that
    do not lead from it are left out. Raises NameProblem where there is no such variable.
    """
    if tangents is None:
        result = _Builder(run.passages(seed, wrt), True, only).result()
        # The result itself: where arrays are large, steps that run together round otherwise.
        for mine, found in zip(result.outputs, run.evaluate(seed, wrt).outputs, strict=True):
            mine.value, mine.grad = found.value, found.grad
        return result
    if seed is not None or wrt is not None:
        raise ArgumentError("forward mode takes tangents, and neither seeds nor `wrt`")
    result = _Builder(run.passages_along(tangents), False, only).result()
    for mine, moved in zip(result.outputs, run.jvp(tangents).outputs, strict=True):
        if mine.tangent is not None and np.isnan(mine.tangent).any():
            # A zero met an infinite slope, or there is no derivative: `jvp` tells them apart.
            result.notes.append("there is NaN on the way: the result is found strictly, in reverse")
        mine.value, mine.tangent = moved.value, moved.tangent
    return result


class _Builder:
    def __init__(self, passages: Passages, back: bool, only: str | None) -> None:
        self.passages = passages
        self.back = back
        self.names = Names(passages)
        self._arriving = "dy" if "g" in passages.traced.inputs else "g"
        self.shown = None if only is None else self._leading_from(only)

    def result(self) -> Explanation:
        passages, names = self.passages, self.names
        traced = passages.traced
        inputs = {
            name: passages.values[node.serial]
            for name, node in traced.inputs.items()
            if node.serial in passages.values
        }
        steps = [self._step(entry.node) for entry in names.steps if self._is_shown(entry.node)]
        outputs = [self._output(way) for way in passages.ways]
        result = Explanation(
            "reverse" if self.back else "forward",
            inputs, steps, outputs, passages.warnings, passages.notes,
        )  # fmt: skip
        result.control_flow = passages.control_flow
        for name, node in traced.inputs.items():
            if node.serial in passages.tangents:
                result.tangents[name] = passages.tangents[node.serial]
        return result

    # --- what is shown ---------------------------------------------------------------------------

    def _leading_from(self, only: str) -> set[int]:
        """Serials of what depends on an input or a variable, itself included."""
        inputs = self.passages.traced.inputs
        sources = [inputs[only]] if only in inputs else []
        entries = self.names.entries.values()
        sources += [entry.node for entry in entries if entry.name == only]
        if not sources:
            known = [*inputs, *dict.fromkeys([one.name for one in entries if one.name])]
            hint = did_you_mean(only, known) or f"there are {', '.join(known)}"
            raise NameProblem(f"`{only}` is neither an input nor a variable", hint=hint)
        leading = dependents(self.passages.nodes, sources)
        return leading | {node.serial for node in sources}

    def _is_shown(self, node: Node) -> bool:
        return self.shown is None or node.serial in self.shown

    # --- forward ---------------------------------------------------------------------------------

    def _step(self, node: Node) -> ForwardStep:
        names = self.names
        entry = names.entries[node.serial]
        text, whole = names.text(node)
        operation = names.operation(node) if node.inputs else ""
        group = [] if entry.group is None else entry.group.chain()
        return ForwardStep(
            number=int(names.id(node)),
            text=text,
            name=entry.name,
            operation=operation if not whole else "",
            op=node.op.name,
            doc=node.op.doc,
            operands=[names.id(operand) for operand in node.inputs],
            shape=tuple([int(extent) for extent in node.shape]),
            value=self.passages.values[node.serial],
            repeated=[
                (names.id(operand), tuple(map(int, operand.shape)))
                for operand in node.inputs
                if node.op.reach == "aligned" and self._is_repeated(operand, node)
            ],
            span=entry.span,
            group=group,
        )

    def _is_repeated(self, operand: Node, node: Node) -> bool:
        """Whether broadcasting repeats it, and that is worth a word: not for a number."""
        return operand.shape != node.shape and not self.names.entries[operand.serial].number

    # --- the way ---------------------------------------------------------------------------------

    def _output(self, way: Way) -> ExplainedOutput:
        values, names = self.passages.values, self.names
        output = way.output
        passages = [self._passage(stage) for stage in way.stages if self._is_shown(stage.node)]
        value = values[output.serial]
        cut = ""
        if output.serial in self.passages.touched - self.passages.active:
            cut = self._reason(output)
        if not self.back:
            tangent = np.zeros(output.shape) if way.seed is None else values[way.seed.serial]
            return ExplainedOutput(
                value, names.id(output), None, passages, [], None, np.array(tangent), cut
            )
        seed = None if way.seed is None else np.asarray(values[way.seed.serial])
        totals = []
        for serial, node in way.reached.items():
            entry = names.entries[serial]
            if self._is_shown(entry.node):
                parts = [self._part(*part) for part in way.parts[serial]]
                totals.append(Total(names.id(entry.node), parts, values[node.serial]))
        wanted = self.passages.wanted
        grads = {one.label: self.passages.gradient(way, one) for one in wanted}
        return ExplainedOutput(value, names.id(output), seed, passages, totals, grads, None, cut)

    def _part(self, source: Node | None, value: Node) -> tuple[Id, Array]:
        of = "seed" if source is None else self.names.id(source)
        return of, self.passages.values[value.serial]

    def _passage(self, stage: Stage) -> Passage:
        values, names = self.passages.values, self.names
        node = stage.node
        arrays = [None if pair is None else values[pair[0].serial] for pair in stage.arrived]
        arrived: Value = tuple(arrays)
        mask = None
        if len(arrays) == 1 and arrays[0] is not None:
            arrived = arrays[0]
            pair = stage.arrived[0]
            if pair is not None and pair[1] is not None:
                mask = np.broadcast_to(values[pair[1].serial], node.shape)
        found = Passage(
            step=int(names.id(node)),
            arrived=arrived,
            mask=mask,
            parts=[self._part(*part) for part in stage.parts],
            sent=[],
        )
        rule = names.rule(node)
        rules = rule.sent(self._arriving) if self.back else [""] * len(node.inputs)
        for sent in stage.sent:
            operand = node.inputs[sent.place]
            if self._is_shown(operand):
                found.sent.append(self._contribution(node, sent, rule, rules[sent.place]))
                found.kinks += kinks_of(self.passages, node, sent, names, mask)
        found.stopped = self._stopped(node, stage.sent)
        return found

    def _contribution(self, node: Node, sent: Sent, rule: Rule, formula: str) -> Contribution:
        values, names = self.passages.values, self.names
        operand = node.inputs[sent.place]

        def array(one: Node | None) -> Any:
            return None if one is None else values[one.serial]

        sends = [array(one) for one in sent.value]
        factor = array(sent.factor)
        rank = node.ndim
        return Contribution(
            to=names.id(operand),
            place=sent.place,
            value=sends[0] if len(sends) == 1 else tuple(sends),
            output=sent.output,
            formula=formula,
            factor_formula="" if factor is None else rule.local(sent.place),
            factor=None if factor is None else np.broadcast_to(factor, node.shape),
            jacobians=sent.jacobians,
            product=array(sent.product),
            axes=tuple([int(axis) + rank for axis in sent.axes]),
            mask=array(sent.mask),
        )

    # --- what is cut -----------------------------------------------------------------------------

    def _stopped(self, node: Node, sent: Sequence[Sent]) -> list[tuple[Id, str]]:
        """Operands that depend on what is differentiated by, and get nothing."""
        reached = {node.inputs[one.place].serial for one in sent}
        passages = self.passages
        found: list[tuple[Id, str]] = []
        for operand in dict.fromkeys(node.inputs):
            inside = operand.serial in passages.touched and self._is_shown(operand)
            if not inside:
                continue
            if operand.serial not in passages.active:
                found.append((self.names.id(operand), self._reason(operand)))
            elif operand.serial not in reached:
                found.append((self.names.id(operand), "the derivative by it is 0 everywhere"))
        return found

    def _reason(self, operand: Node) -> str:
        """The first thing on the way down that no derivative passes."""
        passages = self.passages
        for node in reversed(ancestors([operand])):
            if node.serial in passages.active or node.serial not in passages.touched:
                continue
            if any(one.serial in passages.active for one in node.inputs):
                what = self.names.text(node)[0]
                if not node.carries:
                    return f"`{what}` is whole numbers or booleans, which carry no derivative"
                doc = node.op.doc[0].lower() + node.op.doc[1:].rstrip(".")
                return f"`{what}` passes no derivative: {doc}"
        return "it carries no derivative"
