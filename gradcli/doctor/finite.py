"""Whether results are finite, and what to say or do where they are not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.engine import Unsure
from gradcli.errors import ComputationError, GradcliError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gradcli.results import Result
    from gradcli.run import Run


def finite(array: Any) -> bool:
    """Whether all elements are; one pass without a copy where they are."""
    array = np.asarray(array)
    if array.dtype.kind != "f":
        return True
    with np.errstate(all="ignore"):
        return bool(np.isfinite(array.sum()) or np.isfinite(array).all())


def diagnose(run: Run, result: Result[Any]) -> list[str]:
    """What to say of a result that is not finite: where it was born, and what cures it.

    Empty where all of it is finite, at the cost of a look at it.
    """
    values = all(finite(output.value) for output in result.outputs)
    if values and _rest_is_finite(result):
        return []
    from gradcli.doctor.births import diagnosed

    try:
        return diagnosed(run, values)
    except (GradcliError, Unsure):
        # It does not fit into memory to look at it all, or nothing differentiates through it.
        return []


def require_finite(result: Result[Any]) -> None:
    """Raise ComputationError where a result is not finite; its warnings say where it was born."""
    if all(finite(output.value) for output in result.outputs) and _rest_is_finite(result):
        return
    said = [text for text in result.warnings if text.startswith("the ")]
    raise ComputationError(said[0] if said else "the result is not finite")


def _rest_is_finite(result: Result[Any]) -> bool:
    return all(finite(part) for one in result.outputs for part in _arrays(one.numbers()))


def _arrays(part: Any) -> Iterable[Any]:
    if isinstance(part, dict):
        for inner in part.values():
            yield from _arrays(inner)
    elif isinstance(part, np.ndarray):
        yield part
