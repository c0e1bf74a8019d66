"""Calls: how a row is written that has a function of the language, or a sign."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.ops.binding import SPELLED, find, synonym
from gradcli.ops.elementwise import Elementwise
from gradcli.ops.leaves import known_number
from gradcli.ops.linear import LinearMany
from gradcli.ops.notation.constants import over, times
from gradcli.ops.notation.formula import Call, Infix, Prefix, positive_axes
from gradcli.ops.notation.latex import LATEX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.graph import Node
    from gradcli.ops.binding import Function
    from gradcli.ops.leaves import known_number
from gradcli.ops.notation.formula import Formula

CONNECTIVES = ("&", "|", "~")
"""Signs that are for booleans alone; their functions take numbers too."""


def called(node: Node, operands: Sequence[Formula]) -> Formula:
    """Its sign between or before the operands, or a call."""
    row = node.op
    if not isinstance(row, Elementwise):
        return call_of(node, operands)
    loose = row.symbol in CONNECTIVES and any(x.kind != "bool" for x in node.inputs)
    if not row.symbol or loose:
        name = row_name(row, node)
        return Call(name, *operands, ndim=node.ndim, latex=LATEX.get(row.name, ""))
    if len(operands) == 1:
        return Prefix(row.symbol, operands[0])
    if row.symbol in ("/", "*"):
        return (over if row.symbol == "/" else times)(operands[0], operands[1], node.ndim)
    return Infix(row.symbol, operands[0], operands[1], node.ndim)


def row_name(row: Elementwise, node: Node) -> str:
    """What a node of an elementwise row is called by: its bare name where there is one."""
    found = find(row.name)
    if found is not None and found.row is row:
        return row.name
    # The function of its name wants orders that are known; the row takes any.
    orders = [x for x, box in zip(node.inputs, row.box, strict=True) if box == "order"]
    if found is not None and all(known_number(x) is not None for x in orders):
        return row.name
    for name, function in SPELLED.items():
        if function.row is row and "." not in name:
            return name
    return f"ops.{row.name}"


def call_of(node: Node, operands: Sequence[Formula]) -> Formula:
    """A call of the function of the row's own name, or of the row itself.

    Parameters of the row are arguments of the function, left out at their defaults.
    """
    row = node.op
    function = find(row.name)
    named = None
    if function is not None and len(node.types) == 1:
        named = _arguments(node, function, len(operands))
    if named is not None:
        latex = LATEX.get(row.name, "") if not named else ""
        return Call(row.name, *operands, ndim=node.ndim, latex=latex, named=named)
    given = [list(operands)] if isinstance(row, LinearMany) else operands
    return Call(f"ops.{row.name}", *given, *node.params, ndim=node.ndim)


def _arguments(node: Node, function: Function, count: int) -> dict[str, Any] | None:
    """Arguments beside the operands, by name; None where the function takes others."""
    has = function.parameters()
    if len(has.positional) < count or has.rest is not None:
        return None
    defaults = dict(zip(reversed(has.positional), reversed(has.defaults), strict=False))
    defaults |= function.build.__kwdefaults__ or {}
    places = [*has.positional[count:], *has.named]
    parameters = node.op.parameters()
    if len(parameters) != len(node.params):
        return None
    named: dict[str, Any] = {}
    for parameter, value in zip(parameters, node.params, strict=True):
        name = synonym("axis" if parameter == "axes" else parameter, places)
        if name is None:
            return None
        if name in ("axis", "dim"):
            axes = value if isinstance(value, tuple) else (value,)
            if defaults.get(name, 0) is None and len(axes) == node.inputs[0].ndim:
                continue
            value = positive_axes(axes, node.inputs[0].ndim)
        if name not in defaults or value != defaults[name]:
            named[name] = value
    required = [name for name in places if name not in defaults and name not in named]
    return None if required else named
