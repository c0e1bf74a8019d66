"""Results for programs: JSON, and NumPy's files written whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import stat
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import ComputationError, GradcliError, LimitError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO

    from gradcli.results import Evaluation, Jacobian

    Array = np.ndarray[Any, Any]

SCHEMA = 1
WRITTEN = (".npy", ".npz", ".json")
NONFINITE = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


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
    return NONFINITE.get(str(value), value)


def evaluation_object(command: str, expr: str, result: Evaluation) -> dict[str, Any]:
    """The JSON object of `eval`."""
    parts = []
    for output in result.outputs:
        part: dict[str, Any] = {"value": json_value(output.value)}
        if output.grad is not None:
            part["grad"] = {name: json_value(grad) for name, grad in output.grad.items()}
        parts.append(part)
    return _object(command, expr, parts, result.warnings, result.notes)


def jacobian_object(command: str, expr: str, result: Jacobian) -> dict[str, Any]:
    """The JSON object of `jacobian`."""
    parts = [
        {
            "value": json_value(output.value),
            "jacobian": {name: json_value(block) for name, block in output.jacobian.items()},
            "mode": output.mode,
            "passes": output.passes,
        }
        for output in result.outputs
    ]
    return _object(command, expr, parts, result.warnings, result.notes)


def _object(
    command: str, expr: str, parts: list[dict[str, Any]], warnings: list[str], notes: list[str]
) -> dict[str, Any]:
    head: dict[str, Any] = {"schema": SCHEMA, "command": command, "expr": expr}
    body = parts[0] if len(parts) == 1 else {"outputs": parts}
    return {**head, **body, "warnings": warnings, "notes": notes}


def error_object(command: str | None, error: GradcliError) -> dict[str, Any]:
    """The JSON object of an error."""
    described: dict[str, Any] = {"kind": error.kind, "message": error.message}
    if error.span is not None:
        described["line"] = error.span.line
        described["column"] = error.span.column + 1
    if error.notes:
        described["notes"] = list(error.notes)
    if error.hint:
        described["hint"] = error.hint
    return {"schema": SCHEMA, "command": command, "error": described}


def json_text(value: dict[str, Any], ascii_only: bool = True) -> str:
    """One line of JSON."""
    return json.dumps(value, allow_nan=False, ensure_ascii=ascii_only)


def check_printable(result: Evaluation | Jacobian, limit: int) -> None:
    """Raise LimitError where printing would take more memory than the limit.

    A printed number takes some hundred bytes on its way from an array to text.
    """
    count = sum(array.size for array in named_arrays(result).values())
    if count * 100 > limit:
        raise LimitError(
            f"printing {count:,} numbers would take more memory than the limit",
            hint="write them to a file: -o FILE.npz",
        )


def named_arrays(result: Evaluation | Jacobian) -> dict[str, Array]:
    """Every array of a result by its name: `value`, `grad.x`, `jacobian.W`, `1.value`, ..."""
    arrays: dict[str, Array] = {}
    several = len(result.outputs) > 1
    outputs: list[Any] = [*result.outputs]
    for place, output in enumerate(outputs):
        prefix = f"{place}." if several else ""
        arrays[f"{prefix}value"] = output.value
        grad = getattr(output, "grad", None)
        block = getattr(output, "jacobian", None)
        for what, parts in (("grad", grad), ("jacobian", block)):
            for name, array in (parts or {}).items():
                arrays[f"{prefix}{what}.{name}"] = array
    return arrays


def check_ending(path: str) -> None:
    """Raise UsageError, before anything is computed, for a kind of file that is not written."""
    if os.path.splitext(path)[1].lower() not in WRITTEN:
        known = ", ".join(WRITTEN)
        raise UsageError(f"{path} is not a kind of file that is written", hint=f"it writes {known}")


def write_result(path: str, result: Evaluation | Jacobian, text: str) -> str:
    """Write a result to a `.npy`, `.npz` or `.json` file; says what was written.

    Raises UsageError where the file cannot hold it, ComputationError where the disk is full.
    """
    arrays = named_arrays(result)
    ending = os.path.splitext(path)[1].lower()
    if ending == ".npy":
        main = {name: array for name, array in arrays.items() if not name.endswith("value")}
        chosen = main or arrays
        if len(chosen) != 1 or (main and not next(iter(main)).startswith("jacobian")):
            names = ", ".join(f"`{name}`" for name in arrays)
            raise UsageError(
                f"a .npy file holds one array, and the result has {names}",
                hint="write a .npz, or choose: --no-grad leaves the value, --wrt x one input",
            )
        ((name, array),) = chosen.items()
        write_whole(path, lambda file: np.save(file, array, allow_pickle=False))
        return f"wrote {name} to {path}, shape {array.shape}"
    if ending == ".npz":
        write_whole(path, lambda file: np.savez(file, **arrays))  # type: ignore[arg-type]
        return f"wrote {', '.join(arrays)} to {path}"
    write_whole(path, lambda file: file.write(text.encode() + b"\n"))
    return f"wrote {path}"


def write_whole(path: str, write: Callable[[IO[bytes]], Any]) -> None:
    """Write beside the target, then move into place, so that no half of a file is ever seen."""
    target = os.path.realpath(path)
    try:
        if os.path.exists(target) and not os.path.isfile(target):
            with open(target, "wb") as file:
                write(file)
            return
        partial = os.path.join(os.path.dirname(target), f".gradcli{os.getpid()}.part")
        try:
            with open(partial, "xb") as file:
                if os.path.exists(target):
                    os.chmod(partial, stat.S_IMODE(os.stat(target).st_mode))
                write(file)
            os.replace(partial, target)
        except BaseException:
            if os.path.exists(partial):
                os.unlink(partial)
            raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG):
            raise ComputationError(f"{path} could not be written: {error.strerror}") from None
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None
