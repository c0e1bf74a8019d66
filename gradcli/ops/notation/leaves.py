"""How formulas write leaves: names, numbers and constant arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradcli.graph import Dim
from gradcli.ops.notation.constants import number
from gradcli.ops.notation.formula import Call, Infix, Name, Number, extent
from gradcli.ops.notation.placed import ONES, UNIT, ZEROS

if TYPE_CHECKING:
    from gradcli.graph import Node
    from gradcli.ops.notation.formula import Formula


def input_form(node: Node) -> Formula:
    return Name(node.params[1], node.ndim)


def array_form(node: Node) -> Formula:
    return Call("array", node.params[1].tolist(), ndim=node.ndim)


def full_form(node: Node) -> Formula:
    """A number, `zeros(n)`, `ones((n, m))`, else `full(shape, number)`."""
    shape, value, _ = node.params
    if not shape:
        return number(value)
    named = isinstance(value, Dim)
    if value in (0, 1) and not named and not isinstance(value, bool):
        name, latex = ("ones", ONES) if value else ("zeros", ZEROS)
        return Call(name, extent(shape), ndim=len(shape), latex=latex)
    return Call("full", tuple(shape), Number(value), ndim=len(shape))


def eye_form(node: Node) -> Formula:
    (rows, columns), offset = node.params
    named = {"k": offset} if offset else {}
    if rows == columns and not named:
        return Call("eye", rows, ndim=2, latex=UNIT)
    return Call("eye", rows, columns, ndim=2, named=named)


def arange_form(node: Node) -> Formula:
    """`arange(n)`, scaled and shifted where it is not that."""
    (count,), start, step, kind = node.params
    if kind == "int":
        start, step = int(start), int(step)
    steps: Formula = Call("arange", count, ndim=1)
    if step != 1:
        steps = Infix("*", Number(step), steps, 1)
    return steps if start == 0 else Infix("+", Number(start), steps, 1)


def linspace_form(node: Node) -> Formula:
    (count,), start, stop, endpoint = node.params
    named = {} if endpoint else {"endpoint": False}
    return Call("linspace", start, stop, count, ndim=1, named=named)


def draw_form(node: Node) -> Formula:
    """A name: to draw again would be to draw something else."""
    shape, distribution, (_, _, number) = node.params
    name = "randn" if distribution == "normal" else "rand"
    return Name(f"{name}_{number}", len(shape))
