"""What a function is: its signature, what it computes, its spellings, an example."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from gradcli.errors import NameProblem, did_you_mean
from gradcli.language.names import known_name
from gradcli.ops.binding import CONSTANTS, SPELLED, Function, find, load_all

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradcli.render.layout import Line


def about_lines(name: str) -> Iterator[Line]:
    """A few lines on a function. Raises NameProblem where there is none of that name."""
    name = name.strip().removesuffix("()")
    found = find(name) or known_name(name)
    if name in CONSTANTS:
        yield [(name, "label"), (f"  {CONSTANTS[name]}", "number")]
        return
    if not isinstance(found, Function):
        signature = str(getattr(found, "signature", "") or "")
        if found is None:
            load_all()
            known = list(SPELLED)
            raise NameProblem(
                f"there is no function `{name}`",
                hint=did_you_mean(name, known) or "Tab completes names",
            )
        yield [(name, "label"), (f"  {signature}", "")]
        return
    yield [(found.signature(), "label")]
    row = found.row
    doc = row.doc if row is not None else inspect.getdoc(found.build) or ""
    for line in doc.split("\n"):
        yield [(f"  {line}", "")]
    if row is not None:
        yield [("  domain    ", "note"), (row.domain, "")]
    yield [("  spelled   ", "note"), (", ".join(found.spellings), "")]
    if found.example:
        yield [("  example   ", "note"), (found.example, "")]
