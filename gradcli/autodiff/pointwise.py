"""Elementwise derivatives: the diagonal of a Jacobian, where there is nothing beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.autodiff.operators import jacobian, pushed_ones, require_real
from gradcli.autodiff.structure import NONE, SEVERAL, is_diagonal, own_positions, sources
from gradcli.errors import ArgumentError, ShapeError
from gradcli.graph import Node, Shape, builder
from gradcli.ops.cotangent import masked, nonzero, real
from gradcli.ops.elementwise import shape_text
from gradcli.ops.family import build
from gradcli.ops.leaves import eye_
from gradcli.ops.linear import diagonal, reshape, sum_

if TYPE_CHECKING:
    from collections.abc import Callable

    Array = np.ndarray[Any, Any]
    Confirm = Callable[[Node, Node], None]

CHECKED_SIZE = 1 << 21
"""Elements that a Jacobian may have to be computed only to see whether it is diagonal."""


def derivative(y: Node, x: Node, n: int = 1, confirm: Confirm | None = None) -> Node:
    """The n-th derivative of each element of y by the element of x at its place.

    It exists where the Jacobian is diagonal, or x is a single number; a graph that does not show it
    is confirmed by values. confirm(stray, jacobian): raises where the boolean `stray` holds, which
    says that the jacobian, a matrix, has entries off its diagonal; by default at the values of the
    trace. Raises ShapeError where y and x differ in shape, ArgumentError where the Jacobian is not
    diagonal or too large to see.
    """
    require_real([x])
    if x.shape and y.shape != x.shape:
        raise ShapeError(
            f"an elementwise derivative needs one shape: y has {shape_text(y.shape)}, x has "
            f"{shape_text(x.shape)}",
            hint="`jacobian(y, x)` is the derivative of every element by every element",
        )
    if n < 0:
        raise ArgumentError(f"the order of a derivative is 0 or more, not {n}")
    proven = False
    for _ in range(n):
        # An elementwise function has elementwise derivatives: what is proven once stays so.
        proven = proven or is_diagonal(sources(y, x), own_positions(y, x))
        y = pushed_ones(y, x) if proven else _confirmed(y, x, confirm or _confirm)
    return y


def _confirmed(y: Node, x: Node, confirm: Confirm) -> Node:
    """The diagonal of a Jacobian that has no entries beside it, as its values show."""
    size = x.size
    if size * size > CHECKED_SIZE:
        raise ArgumentError(
            "the derivative is not known to be elementwise: " + mixing(y, x),
            hint=f"its Jacobian of {size:,} by {size:,} elements is too large to look at; "
            "`jacobian(y, x)` gives it, `grad(y, x, seed)` a product with it",
        )
    matrix = reshape(jacobian(y, x), (size, size))
    builder().watch(matrix)
    beside = nonzero(1.0 - build(eye_, (), ((size, size), 0)))
    stray = sum_(real(nonzero(masked(matrix, beside))), (-2, -1), False)
    confirm(nonzero(stray), matrix)
    return reshape(diagonal(matrix, 0), y.shape)


def mixing(y: Node, x: Node) -> str:
    """Which element of y depends on others of x, for messages."""
    found, own = sources(y, x), own_positions(y, x)
    place = np.argwhere((found != own) & (found != NONE))[0]
    source = found[tuple(place)]
    on = "several elements"
    if source != SEVERAL:
        on = f"element {_place(int(source), x.shape)}"
    return f"output element [{', '.join(map(str, place))}] depends on {on} of the input"


def _confirm(stray: Node, jacobian: Node) -> None:
    """Raise ArgumentError where the Jacobian has entries off its diagonal at the values now."""
    try:
        if not builder().concretise(stray):
            return
        matrix = np.array(builder().concretise(jacobian))
    except LookupError:
        raise ArgumentError("whether the Jacobian is diagonal depends on values") from None
    raise not_diagonal(matrix)


def not_diagonal(matrix: Array, whole: str = "`jacobian(y, x)`") -> ArgumentError:
    """The error for a Jacobian, as a matrix, that is not diagonal; `whole` gives all of it."""
    beside = np.where(np.eye(len(matrix), dtype=np.bool_), 0, matrix)
    row, column = np.argwhere(beside != 0)[0]
    return ArgumentError(
        f"the derivative is not elementwise: output element {row} changes with input element "
        f"{column} (at a rate of {float(beside[row, column]):.6g})",
        hint=f"{whole} is the derivative of every element by every element",
    )


def _place(position: int, shape: Shape) -> str:
    """A position in row-major order as an index."""
    return f"[{', '.join(str(int(k)) for k in np.unravel_index(position, shape))}]"
