"""Divergence, curl and Laplacian of fields, by their position."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradcli.autodiff.operators import (
    by_columns,
    by_rows,
    grad,
    jacobian,
    pushed_ones,
    require_real,
)
from gradcli.errors import ShapeError
from gradcli.graph import Node, builder
from gradcli.ops.elementwise import shape_text
from gradcli.ops.linear import Positions, concatenate, diagonal, index, reshape, sum_

if TYPE_CHECKING:
    from collections.abc import Callable

    Entry = Callable[[int, int], Node]


def div(field: Node, x: Node) -> Node:
    """The divergence of a field by its position: the sum of the diagonal of the Jacobian.

    One pass where no component depends on several coordinates, few where they depend on few, else
    one for each as a batch. Raises ShapeError unless field and position have one shape.
    """
    from gradcli.autodiff.entries import entries
    from gradcli.autodiff.structure import SEVERAL, own_positions, sources

    _require_field("div", field, x)
    found, own = sources(field, x), own_positions(field, x)
    if np.any(found == SEVERAL):
        several = entries(field, x)
        if several is not None:
            return sum_(several.at(several.rows == several.columns), (-1,), False)
        rows = builder().strict
        block = by_rows(field, [x])[0] if rows else by_columns([field], x)[0]
        return sum_(diagonal(reshape(block, (x.size, x.size)), 0), (-1,), False)
    flat = reshape(pushed_ones(field, x), (x.size,))
    places = np.flatnonzero(found == own)
    if len(places) < x.size:
        flat = index(flat, (Positions(places),))
    return sum_(flat, (-1,), False)


def curl(field: Node, x: Node) -> Node:
    """The curl of a field by its position: a vector in three dimensions, a number in two.

    Raises ShapeError for other shapes.
    """
    _require_field("curl", field, x)
    if x.shape not in ((2,), (3,)):
        raise ShapeError(
            f"`curl` is of fields in two or three dimensions, not of shape {shape_text(x.shape)}"
        )
    block = jacobian(field, x)
    parts = curl_of(lambda row, column: index(block, (row, column)), x.size)
    if len(parts) == 1:
        return parts[0]
    return concatenate([reshape(part, (1,)) for part in parts], -1)


def curl_of(entry: Entry, dimensions: int) -> list[Node]:
    """The components of a curl from entries of the Jacobian, entry(component, coordinate)."""
    pairs = [(0, 1)] if dimensions == 2 else [(1, 2), (2, 0), (0, 1)]
    return [entry(b, a) - entry(a, b) for a, b in pairs]


def laplacian(f: Node, x: Node) -> Node:
    """The sum of the second derivatives of a single number f by each element of x."""
    return div(grad(f, x), x)


def _require_field(what: str, field: Node, x: Node) -> None:
    require_real([x])
    if field.shape != x.shape:
        raise ShapeError(
            f"`{what}` needs a component of the field for each coordinate: the field has shape "
            f"{shape_text(field.shape)}, the position {shape_text(x.shape)}",
            hint="a scalar field has a gradient: `grad(f, x)`" if not field.shape else "",
        )
