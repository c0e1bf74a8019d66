"""Recording what cases give in their files, with the files' comments and layout kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import ComputationError, GradcliError
from gradcli.files import json_array
from gradcli.ops.values import NONFINITE
from gradcli.trust.expecting import Tolerance, difference

if TYPE_CHECKING:
    from gradcli.trust.cases import CaseFile
    from gradcli.trust.running import Outcome

    Array = np.ndarray[Any, Any]

_NAMES = {str(value): name for name, value in NONFINITE.items()}


class Change:
    """One expectation that was recorded: where, what it was (None: nothing) and what it is."""

    def __init__(self, outcome: Outcome, path: tuple[str | int, ...], old: Any, new: Any) -> None:
        self.outcome = outcome
        self.path = path
        self.old = old
        self.new = new


def updated(file: CaseFile, outcomes: list[Outcome]) -> tuple[str, list[Change]]:
    """The file's text with what its cases give, and what changed.

    Only cases that do not pass are touched. Raises ComputationError where one cannot be run.
    """
    changes = [change for outcome in outcomes if not outcome.ok for change in _changes(outcome)]
    if not changes:
        return file.text, []
    if not file.is_toml:
        return _json_lines(file, changes), changes
    import tomlkit

    document = tomlkit.parse(file.text)
    cases: Any = document["case"]
    for change in changes:
        table = cases[change.outcome.case.place]
        *inner, last = change.path
        for key in inner:
            if not isinstance(key, int) and key not in table:
                table[key] = tomlkit.inline_table()
            table = table[key]
        table[last] = _inline(change.new)
    return tomlkit.dumps(document), changes


def _inline(value: Any) -> Any:
    """A table on one line, so that what follows it stays where it is."""
    if not isinstance(value, dict):
        return value
    import tomlkit

    table = tomlkit.inline_table()
    table.update({key: _inline(inner) for key, inner in value.items()})
    return table


def _changes(outcome: Outcome) -> list[Change]:
    fields = outcome.case.fields
    if not outcome.found:
        where = outcome.case.where
        raise ComputationError(f"{where}: there is nothing to record: {outcome.failures[0]}")
    if "error" in outcome.found:
        if "error" not in fields:
            where = outcome.case.where
            raise ComputationError(f"{where}: there is nothing to record: {outcome.failures[0]}")
        new = outcome.found["error"]
        path: tuple[str | int, ...] = ("error",)
        old = fields["error"]
        if isinstance(old, dict):
            path, old = ("error", "message"), old.get("message")
        return [Change(outcome, path, old, new)]
    return list(_differences(outcome, (), fields, outcome.found, outcome.case.expects))


def _differences(
    outcome: Outcome, path: tuple[str | int, ...], old: Any, new: Any, known: bool
) -> list[Change]:
    """Leaves of `new` that `old` has otherwise; those that it lacks only where nothing is known."""
    found: list[Change] = []
    if isinstance(new, dict):
        for key, part in new.items():
            if isinstance(old, dict) and key in old:
                found += _differences(outcome, (*path, key), old[key], part, known)
            elif not known:
                found.append(Change(outcome, (*path, key), None, plain(part, outcome)))
        return found
    if isinstance(new, list):
        for key, part in enumerate(new):
            inside = isinstance(old, list) and key < len(old)
            before = old[key] if inside and isinstance(old, list) else None
            found += _differences(outcome, (*path, key), before, part, known)
        return found
    if old is not None and _near(old, new, outcome):
        return []
    return [Change(outcome, path, old, plain(new, outcome))]


def _near(old: Any, new: Array, outcome: Outcome) -> bool:
    """Whether an expectation is within the case's tolerance: then it stays as it was written."""
    fields = outcome.case.fields
    tolerance = Tolerance(fields.get("rtol"), fields.get("atol"))
    try:
        return not difference("", json_array("", old), new, tolerance)
    except GradcliError:
        return False


def plain(part: Any, outcome: Outcome) -> Any:
    """Arrays as nested lists; NaN and infinities as JSON lines spell them."""
    if isinstance(part, dict):
        return {key: plain(inner, outcome) for key, inner in part.items()}
    if isinstance(part, list):
        return [plain(inner, outcome) for inner in part]
    if isinstance(part, np.ndarray):
        if part.dtype == np.float32:
            part = part.astype(str).astype(np.float64)
        return plain(part.tolist(), outcome)
    if isinstance(part, float) and not np.isfinite(part):
        return part if outcome.case.path.endswith(".toml") else _NAMES[str(part)]
    return part


def _json_lines(file: CaseFile, changes: list[Change]) -> str:
    lines = file.text.split("\n")
    for change in changes:
        number = change.outcome.case.lines[""] - 1
        fields = json.loads(lines[number])
        target: Any = fields
        *inner, last = change.path
        for key in inner:
            target = target[key] if isinstance(key, int) else target.setdefault(key, {})
        target[last] = change.new
        end = "\r" if lines[number].endswith("\r") else ""
        lines[number] = json.dumps(fields, ensure_ascii=False, allow_nan=False) + end
    return "\n".join(lines)
