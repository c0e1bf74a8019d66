"""Results for programs: their arrays by name, and JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import GradcliError, Span, UsageError, did_you_mean
from gradcli.ops.values import NONFINITE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradcli.results import Result

    Array = np.ndarray[Any, Any]

SCHEMA = 1
# How JSON spells what it lacks, by how Python prints it.
SPELLED = {str(value): name for name, value in NONFINITE.items()}


def is_sparse(part: Any) -> bool:
    """Whether a part of a result is a SciPy array of entries."""
    return hasattr(part, "tocoo")


def coo_text(matrix: Any) -> str:
    """Entries as lines `row column value`, behind a comment with the shape; NumPy's loadtxt reads.

    Rows and columns count from 0, those of tensors in row-major order.
    """
    entries = matrix.tocoo()
    head = f"# {matrix.shape[0]} {matrix.shape[1]} {entries.nnz}\n"
    rows, columns = entries.row.tolist(), entries.col.tolist()
    values = entries.data.tolist()
    if entries.data.dtype != np.float64:
        values = [float(str(value)) for value in entries.data]
    lines = [f"{i} {j} {v!r}\n" for i, j, v in zip(rows, columns, values, strict=True)]
    return head + "".join(lines)


def json_value(array: Array) -> Any:
    """An array as nested lists; NaN and infinities as strings, so that the JSON is valid.

    One of entries is an object of its shape, and the row, the column and the value of each.
    """
    if is_sparse(array):
        entries: Any = array.tocoo()  # type: ignore[attr-defined]
        return {
            "format": "coo",
            "shape": list(map(int, entries.shape)),
            "rows": entries.row.tolist(),
            "columns": entries.col.tolist(),
            "values": json_value(entries.data),
        }
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
    if isinstance(value, dict):
        return {name: _named(item) for name, item in value.items()}
    return SPELLED.get(str(value), value) if isinstance(value, float) else value


def json_parts(part: Any) -> Any:
    """Arrays in dicts by name, as JSON has them."""
    if isinstance(part, dict):
        return {name: json_parts(inner) for name, inner in part.items()}
    return json_value(part)


def result_object(command: str, expr: str, result: Result[Any]) -> dict[str, Any]:
    """The JSON object of a result."""
    parts = [
        {
            "value": json_value(output.value),
            **json_parts(output.named()),
            **_named(output.facts()),
        }
        for output in result.outputs
    ]
    head: dict[str, Any] = {"schema": SCHEMA, "command": command, "expr": expr}
    body = parts[0] if len(parts) == 1 else {**result.facts(), "outputs": parts}
    if result.control_flow:
        body = {**body, "control_flow": result.control_flow}
    if result.stats is not None:
        body = {**body, "stats": result.stats}
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


def named_arrays(result: Result[Any]) -> dict[str, Array]:
    """Every array of a result by its name: `value`, `grad.x`, `jacobian.W`, `1.value`, ..."""
    arrays: dict[str, Array] = {}
    several = len(result.outputs) > 1
    for place, output in enumerate(result.outputs):
        prefix = (str(place),) if several else ()
        for path, array in flattened({"value": output.value, **output.named()}):
            arrays[".".join(prefix + path)] = array
    return arrays


def flattened(parts: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], Array]]:
    """The arrays in nested dicts, each with the names that lead to it."""
    for name, part in parts.items():
        if isinstance(part, dict):
            for path, array in flattened(part):
                yield (name, *path), array
        else:
            yield (name,), part


def chosen_arrays(result: Result[Any], get: str | None) -> dict[str, Array]:
    """All arrays of a result, or the one that `--get` names. Raises UsageError."""
    arrays = named_arrays(result)
    if get is None:
        return arrays
    if get not in arrays:
        hint = did_you_mean(get, list(arrays)) or f"it has {', '.join(arrays)}"
        raise UsageError(f"the result has no `{get}`", hint=hint)
    return {get: arrays[get]}


def single_array(arrays: dict[str, Array], what: str) -> tuple[str, Array]:
    """The array that a form for one array holds: the only one, or the only one but values.

    A gradient is not taken for the whole of its result.
    """
    beside = {
        name: array
        for name, array in arrays.items()
        if name.lstrip("0123456789.").partition(".")[0] not in ("value", "grad")
    }
    chosen = beside or arrays
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
