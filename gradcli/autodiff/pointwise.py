"""Elementwise derivatives: the diagonal of a Jacobian, where there is nothing beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.autodiff.operators import jacobian, pushed_ones, require_real
from gradcli.errors import ArgumentError, ShapeError
from gradcli.graph import Node, Shape, builder
from gradcli.ops.cotangent import nonzero, real
from gradcli.ops.elementwise import shape_text
from gradcli.ops.linear import reshape, sum_

if TYPE_CHECKING:
    Array = np.ndarray[Any, Any]

CHECKED_SIZE = 1 << 21
"""Elements that a Jacobian may have to be computed only to see whether it is diagonal."""


def derivative(y: Node, x: Node, n: int = 1) -> Node:
    """The n-th derivative of each element of y by the element of x at its place, of y's shape.

    It exists where the Jacobian is diagonal, or x is a single number; where the graph does not show
    it, the values of the trace do. Raises ShapeError where y and x differ in shape, ArgumentError
    where the Jacobian is not diagonal, or too large to see whether it is.
    """
    from gradcli.autodiff.structure import is_diagonal, own_positions, sources

    require_real([x])
    if x.shape and y.shape != x.shape:
        raise shapes_differ("y", y.shape, "x", x.shape, "`jacobian(y, x)`", "`grad(y, x)`")
    if n < 0:
        raise ArgumentError(f"the order of a derivative is 0 or more, not {n}")
    proven = False
    for _ in range(n):
        # An elementwise function has elementwise derivatives: what is proven once stays so.
        found, own = sources(y, x), own_positions(y, x)
        proven = proven or is_diagonal(found, own)
        y = pushed_ones(y, x) if proven else _confirmed(y, x, found, own)
    return y


def _confirmed(y: Node, x: Node, found: Array, own: Array) -> Node:
    """The diagonal of a Jacobian that has no entries beside it, as its values show."""
    from gradcli.autodiff.entries import Entries, entries

    whole = "`jacobian(y, x)`"
    size = x.size
    several = entries(y, x)
    if several is None:
        require_looked_at(found, own, x.shape, whole)
        matrix = reshape(jacobian(y, x), (size, size))
        rows, columns = np.divmod(np.arange(size * size), size)
        several = Entries(rows, columns, reshape(matrix, (size * size,)))
    builder().watch(several.values)
    beside = several.rows != several.columns
    stray = sum_(real(nonzero(several.at(beside))), (-1,), False)
    if builder().concretise(stray):
        values = np.array(builder().concretise(several.values))
        place = int(np.flatnonzero(beside & (values != 0))[0])
        where = (int(several.rows[place]), int(several.columns[place]))
        raise not_diagonal(where, float(values[place]), y.shape, x.shape, whole)
    return reshape(several.placed(several.rows, ~beside, size), y.shape)


def shapes_differ(
    output: str, y: Shape, name: str, x: Shape, jacobian: str, gradient: str
) -> ShapeError:
    """The error for an elementwise derivative of an output by something of another shape."""
    hint = f"{jacobian} is the derivative of every element by every element"
    if not y:
        hint = f"a single number has a gradient: {gradient}"
    return ShapeError(
        f"an elementwise derivative needs one shape: {output} has {shape_text(y)}, {name} has "
        f"{shape_text(x)}",
        hint=hint,
    )


def require_looked_at(found: Array, own: Array, shape: Shape, whole: str) -> None:
    """Raise ArgumentError where a Jacobian is too large to see whether it is diagonal."""
    size = found.size
    if size * size > CHECKED_SIZE:
        raise ArgumentError(
            f"the derivative is not known to be elementwise: {mixing(found, own, shape)}",
            hint=f"a Jacobian of {size:,} by {size:,} elements is too large to look at; {whole} "
            "gives it",
        )


def mixing(found: Array, own: Array, shape: Shape) -> str:
    """Which element depends on others than its own in the input's shape, for messages."""
    from gradcli.autodiff.structure import NONE, SEVERAL

    place = np.argwhere((found != own) & (found != NONE))[0]
    source = int(found[tuple(place)])
    on = "several elements" if source == SEVERAL else f"element {_place(source, shape)}"
    return f"output element [{', '.join(map(str, place))}] depends on {on} of the input"


def not_diagonal(
    where: tuple[int, int], rate: float, rows: Shape, columns: Shape, whole: str
) -> ArgumentError:
    """The error for a Jacobian with an entry beside its diagonal; `whole` gives all of it."""
    row, column = where
    return ArgumentError(
        f"the derivative is not elementwise: output element {_place(row, rows)} changes with input "
        f"element {_place(column, columns)}, at a rate of {rate:.6g}",
        hint=f"{whole} is the derivative of every element by every element",
    )


def _place(position: int, shape: Shape) -> str:
    """A position in row-major order as an index."""
    return f"[{', '.join(str(int(k)) for k in np.unravel_index(position, shape))}]"
