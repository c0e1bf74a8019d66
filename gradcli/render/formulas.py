"""Formulas as results: lines for people, one formula alone, JSON, or a file."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from gradcli.errors import UsageError, did_you_mean
from gradcli.render import text
from gradcli.render.data import SCHEMA, json_text

if TYPE_CHECKING:
    from gradcli.derived import Derived


def derived_object(command: str, expr: str, result: Derived) -> dict[str, Any]:
    """The JSON object of `derive`."""
    parts = [{"value": output.value, result.kind: output.parts} for output in result.outputs]
    body: dict[str, Any] = parts[0] if len(parts) == 1 else {"outputs": parts}
    found: dict[str, Any] = {
        "schema": SCHEMA,
        "command": command,
        "expr": expr,
        "format": result.style,
        **body,
        "shapes": result.shapes,
        "seeds": result.seeds,
        "assumptions": result.assumptions,
        "conditions": result.conditions,
    }
    if result.code is not None:
        found["code"] = result.code
    return {**found, "warnings": result.warnings, "notes": result.notes}


def named_formulas(result: Derived) -> dict[str, str]:
    """Every formula of a result by its name: `value`, `grad.x`, `hessian.x.y`, `1.grad.x`."""
    several = len(result.outputs) > 1
    found: dict[str, str] = {}
    for place, output in enumerate(result.outputs):
        prefix = f"{place}." if several else ""
        found[f"{prefix}value"] = output.value
        for label, part in output.parts.items():
            inner = {f".{key}": text for key, text in part.items()} if result.nested else {"": part}
            for key, formula in inner.items():
                found[f"{prefix}{result.kind}.{label}{key}"] = formula
    return found


def write_derived(
    result: Derived, expr: str, as_json: bool, get: str | None, output: str | None
) -> None:
    """Print the result, or write it to a file; remarks go to standard error.

    Raises UsageError for a formula that there is not.
    """
    if get is not None:
        named = named_formulas(result)
        if get not in named:
            hint = did_you_mean(get, list(named)) or f"it has {', '.join(named)}"
            raise UsageError(f"the result has no `{get}`", hint=hint)
        whole: Any = named[get]
    else:
        whole = derived_object("derive", expr, result)
    if as_json:
        content = json_text(whole, output is None and text.ascii_only(sys.stdout))
    else:
        content = whole if get is not None else _lines(result)
    notes = list(result.notes)
    if output is not None:
        from gradcli.render.write import write_whole

        write_whole(output, lambda file: file.write(content.encode() + b"\n"))
        notes.append(f"wrote the formula to {output}")
    else:
        text.write_text(content + "\n", sys.stdout)
    if not as_json or output is not None or get is not None:
        text.print_remarks(result.warnings, notes)


def _lines(result: Derived) -> str:
    """The only formula, or all of them after their names; long ones on lines of their own."""
    found = result.formulas()
    if result.code is not None or len(found) == 1:
        return str(result)
    lines: list[str] = []
    for name, formula in found.items():
        if "\n" in formula:
            lines += [name, *[f"  {line}" for line in formula.split("\n")]]
        else:
            lines.append(f"{name}  {formula}")
    return "\n".join(lines)
