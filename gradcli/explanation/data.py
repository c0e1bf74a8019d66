"""An explanation as plain data, for JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.render.data import SCHEMA, json_parts, json_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradcli.explanation.steps import (
        Contribution,
        ExplainedOutput,
        Explanation,
        ForwardStep,
        Passage,
        Value,
    )


def explanation_object(found: Explanation, expr: str) -> dict[str, Any]:
    """The JSON object of an explanation: nothing is folded or elided in it."""
    head: dict[str, Any] = {
        "schema": SCHEMA,
        "command": "explain",
        "expr": expr,
        "mode": found.mode,
        "inputs": json_parts(found.inputs),
        "forward": [_step(step) for step in found.steps],
    }
    if found.mode == "forward":
        head["tangents"] = json_parts(found.tangents)
    parts = [_output(output, found.mode) for output in found.outputs]
    body = parts[0] if len(parts) == 1 else {"outputs": parts}
    if found.control_flow:
        body["control_flow"] = found.control_flow
    return {**head, **body, "warnings": found.warnings, "notes": found.notes}


def numbers(found: Explanation) -> int:
    """How many numbers there are in it."""

    def sizes() -> Iterator[int]:
        for step in found.steps:
            yield _size(step.value)
        for output in found.outputs:
            yield output.value.size * 2
            for passage in output.passages:
                yield _size(passage.arrived)
                yield sum(np.size(value) for _, value in passage.parts)
                for sent in passage.sent:
                    held = (sent.value, sent.factor, sent.product, sent.mask)
                    yield sum(_size(one) for one in held if one is not None)
                    yield _size(tuple(sent.jacobians or ()))

    return sum(sizes())


def _size(value: Value) -> int:
    parts = value if isinstance(value, tuple) else (value,)
    return sum(part.size for part in parts if part is not None)


def _numbers(value: Value) -> Any:
    if isinstance(value, tuple):
        return [None if part is None else json_value(part) for part in value]
    return json_value(value)


def _step(step: ForwardStep) -> dict[str, Any]:
    found: dict[str, Any] = {"step": step.number, "text": step.text, "op": step.op}
    if step.name:
        found["name"] = step.name
    if step.operation:
        found["operation"] = step.operation
    found |= {"operands": step.operands, "shape": list(step.shape)}
    found["values" if isinstance(step.value, tuple) else "value"] = _numbers(step.value)
    if step.repeated:
        found["repeated"] = [
            {"operand": of, "from": list(shape), "to": list(step.shape)}
            for of, shape in step.repeated
        ]
    if step.span is not None:
        found |= {"line": step.span.line, "column": step.span.column + 1}
    if step.group:
        found["within"] = [group.label for group in step.group]
    return found


def _output(output: ExplainedOutput, mode: str) -> dict[str, Any]:
    found: dict[str, Any] = {"value": json_value(output.value), "output": output.of}
    if mode == "forward":
        found["steps"] = [_passage(one, mode) for one in output.passages]
    else:
        found["seed"] = None if output.seed is None else json_value(output.seed)
        found["backward"] = [_passage(one, mode) for one in output.passages]
        found["sums"] = [
            {
                "input": total.of,
                "parts": [{"from": of, "value": json_value(value)} for of, value in total.parts],
                "total": json_value(total.total),
            }
            for total in output.totals
        ]
    if output.cut:
        found["cut"] = output.cut
    named: dict[str, Any] = json_parts(output.named())
    return found | named


def _passage(passage: Passage, mode: str) -> dict[str, Any]:
    several = isinstance(passage.arrived, tuple)
    word = "cotangent" if mode == "reverse" else "tangent"
    found: dict[str, Any] = {"step": passage.step}
    found[word + "s" if several else word] = _numbers(passage.arrived)
    if passage.mask is not None:
        found["selected"] = json_value(passage.mask)
    if passage.parts:
        found["parts"] = [{"from": of, "value": json_value(value)} for of, value in passage.parts]
    found["contributions"] = [_contribution(sent) for sent in passage.sent]
    if passage.stopped:
        found["stopped"] = [{"operand": of, "reason": why} for of, why in passage.stopped]
    if passage.kinks:
        found["kinks"] = [
            {
                "operand": kink.operand,
                "places": [list(place) for place in kink.places],
                "below": json_value(np.asarray(kink.below)),
                "used": json_value(np.asarray(kink.used)),
                "above": json_value(np.asarray(kink.above)),
                "rule": kink.rule,
            }
            for kink in passage.kinks
        ]
    return found


def _contribution(sent: Contribution) -> dict[str, Any]:
    found: dict[str, Any] = {"operand": sent.to, "place": sent.place}
    if sent.output is not None:
        found["output"] = sent.output
    if sent.formula:
        found["formula"] = sent.formula
    if sent.factor is not None:
        found["local"] = {"formula": sent.factor_formula, "factor": json_value(sent.factor)}
    elif sent.jacobians is not None:
        found["local"] = {"jacobians": _numbers(tuple(sent.jacobians))}
    if sent.product is not None:
        found["product"] = json_value(sent.product)
        found["summed_axes"] = list(sent.axes)
    if sent.mask is not None and not isinstance(sent.value, tuple):
        found["takes_part"] = json_value(np.broadcast_to(sent.mask, sent.value.shape))
    found["values" if isinstance(sent.value, tuple) else "value"] = _numbers(sent.value)
    return found
