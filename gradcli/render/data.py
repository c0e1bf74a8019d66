"""Results for programs: their arrays by name, and JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import GradcliError, Span, UsageError, did_you_mean
from gradcli.ops.values import NONFINITE
from gradcli.results import FlatJacobian, FlatOutput

if TYPE_CHECKING:
    from gradcli.results import Evaluation, Jacobian
    from gradcli.results import Result as AnyResult

    Array = np.ndarray[Any, Any]
    Result = Evaluation | Jacobian | FlatJacobian

SCHEMA = 1
# How JSON spells what it lacks, by how Python prints it.
SPELLED = {str(value): name for name, value in NONFINITE.items()}


def json_value(array: Array) -> Any:
    """An array as nested lists; NaN and infinities as strings, so that the JSON is valid."""
    if array.dtype.kind == "f":
        if array.dtype != np.float64:
            # The shortest digits of the narrow number, not those of its double.
            array = array.astype(str).astype(np.float64)
        if not np.isfinite(array).all():
            return _named(array.tolist())
    return array.tolist()


def _named(value: Any) -> Any:
    if isinstance(value, list):
        return [_named(item) for item in value]
    return SPELLED.get(str(value), value)


def evaluation_object(command: str, expr: str, result: Evaluation) -> dict[str, Any]:
    """The JSON object of `eval`."""
    parts = []
    for output in result.outputs:
        part: dict[str, Any] = {"value": json_value(output.value)}
        if output.grad is not None:
            part["grad"] = {name: json_value(grad) for name, grad in output.grad.items()}
        parts.append(part)
    return _object(command, expr, parts, result)


def jacobian_object(command: str, expr: str, result: Jacobian | FlatJacobian) -> dict[str, Any]:
    """The JSON object of `jacobian`; flat ones are a matrix with the names of rows and columns."""
    parts = []
    for output in result.outputs:
        part: dict[str, Any] = {"value": json_value(output.value)}
        if isinstance(output, FlatOutput):
            part["jacobian"] = json_value(output.jacobian)
            part["rows"], part["columns"] = output.rows, output.columns
        else:
            blocks = output.jacobian.items()
            part["jacobian"] = {name: json_value(block) for name, block in blocks}
        parts.append({**part, "mode": output.mode, "passes": output.passes})
    return _object(command, expr, parts, result)


def _object(
    command: str, expr: str, parts: list[dict[str, Any]], result: AnyResult
) -> dict[str, Any]:
    head: dict[str, Any] = {"schema": SCHEMA, "command": command, "expr": expr}
    body = parts[0] if len(parts) == 1 else {"outputs": parts}
    if result.control_flow:
        body = {**body, "control_flow": result.control_flow}
    return {**head, **body, "warnings": result.warnings, "notes": result.notes}


def script_object(file: str | None, printed: str, notes: list[str]) -> dict[str, Any]:
    """The JSON object of `run`."""
    head = {"schema": SCHEMA, "command": "run", "file": file}
    return {**head, "printed": printed, "warnings": [], "notes": notes}


def _placed(text: str, span: Span) -> dict[str, Any]:
    return {"message": text, "line": span.line, "column": span.column + 1}


def described_error(error: GradcliError) -> dict[str, Any]:
    """What is wrong, where, and what to do: kind, message, line, column, labels, notes, hint."""
    described: dict[str, Any] = {"kind": error.kind, "message": error.message}
    if error.span is not None:
        described["line"] = error.span.line
        described["column"] = error.span.column + 1
    if error.labels:
        described["labels"] = [_placed(text, span) for span, text in error.labels]
    if error.related:
        described["related"] = [_placed(text, span) for text, span in error.related]
    if error.notes:
        described["notes"] = list(error.notes)
    if error.hint:
        described["hint"] = error.hint
    return described


def error_object(command: str | None, error: GradcliError) -> dict[str, Any]:
    """The JSON object of an error."""
    return {"schema": SCHEMA, "command": command, "error": described_error(error)}


def json_text(value: Any, ascii_only: bool = True) -> str:
    """One line of JSON."""
    return json.dumps(value, allow_nan=False, ensure_ascii=ascii_only)


def named_arrays(result: Result) -> dict[str, Array]:
    """Every array of a result by its name: `value`, `grad.x`, `jacobian.W`, `1.value`, ..."""
    arrays: dict[str, Array] = {}
    several = len(result.outputs) > 1
    outputs: list[Any] = [*result.outputs]
    for place, output in enumerate(outputs):
        prefix = f"{place}." if several else ""
        arrays[f"{prefix}value"] = output.value
        grad = getattr(output, "grad", None)
        block = getattr(output, "jacobian", None)
        if isinstance(block, np.ndarray):
            arrays[f"{prefix}jacobian"] = block
            continue
        for what, parts in (("grad", grad), ("jacobian", block)):
            for name, array in (parts or {}).items():
                arrays[f"{prefix}{what}.{name}"] = array
    return arrays


def chosen_arrays(result: Result, get: str | None) -> dict[str, Array]:
    """All arrays of a result, or the one that `--get` names. Raises UsageError."""
    arrays = named_arrays(result)
    if get is None:
        return arrays
    if get not in arrays:
        hint = did_you_mean(get, list(arrays)) or f"it has {', '.join(arrays)}"
        raise UsageError(f"the result has no `{get}`", hint=hint)
    return {get: arrays[get]}


def single_array(arrays: dict[str, Array], what: str) -> tuple[str, Array]:
    """The array that a form for one array holds: the only one, or the only Jacobian."""
    main = {name: array for name, array in arrays.items() if "jacobian" in name}
    chosen = main or arrays
    if len(chosen) != 1:
        names = ", ".join(f"`{name}`" for name in arrays)
        raise UsageError(
            f"{what} holds one array, and the result has {names}",
            hint=f"choose with --get, as in --get {next(reversed(arrays))}",
        )
    ((name, array),) = chosen.items()
    return name, array


def value_text(array: Array) -> str:
    """An array as `--NAME` reads it: `0.5`, `3,4,10`, `1,2;3,4`, nested lists beyond that."""

    def number(value: Any) -> str:
        return (str(value) if array.dtype != np.float64 else repr(float(value))).removesuffix(".0")

    if array.ndim == 0:
        return number(array[()])
    if array.ndim > 2 or array.size == 0:
        return f"[{','.join(value_text(part) for part in array)}]".replace(";", ",")
    rows = array.reshape(-1, array.shape[-1])
    text = ";".join([",".join([number(value) for value in row]) for row in rows])
    return text + ("," if array.ndim == 1 and array.size == 1 else "")
