"""Sorting, and selection along an axis by positions that are computed in the run.

Positions are whole numbers in a node, not parameters as those of the index row are: an order may
change with the inputs without the graph being traced again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import ShapeError
from gradcli.graph import Node, Shape
from gradcli.ops.cotangent import nonzero, real
from gradcli.ops.custom import Custom
from gradcli.ops.elementwise import shape_text
from gradcli.ops.family import Array, Lead, Types, all_batched, build
from gradcli.ops.linear import Linear, broadcast_to, sum_
from gradcli.ops.rows.arithmetic import ALL, ANY
from gradcli.ops.several import outputs

if TYPE_CHECKING:
    from collections.abc import Callable


def axis_span(node: Node, mask: Node, place: int) -> Node:
    """Everything along the axis of an op, its first parameter, counts where any element does."""
    hit = nonzero(sum_(real(mask), (node.params[0],), True))
    return broadcast_to(hit, node.inputs[place].shape)


class Along(Linear):
    """A linear map of its first operand, by positions along an axis that are its second.

    forward(array, positions, *params), shape(operand_shape, positions_shape, *params),
    adjoint(g, operand, positions, *params). Both have the same axes, batched or not.
    """

    # Where an element comes from is known in the run alone.
    reach = "dense"
    alike = False

    def __init__(
        self,
        name: str,
        forward: Callable[..., Array],
        shape: Callable[..., Shape],
        adjoint: Callable[..., Node],
        **rest: Any,
    ) -> None:
        super().__init__(name, forward, shape, adjoint, **rest)
        self.box = (ANY, "positions")

    @staticmethod
    def span(node: Node, mask: Node, place: int) -> Node:
        """The mask of an operand that an output's mask amounts to, wherever elements come from."""
        return axis_span(node, mask, place)

    def __call__(self, x: Node, positions: Node, *params: Any) -> Node:
        return build(self, (x, positions), params)

    def infer(self, inputs: tuple[Node, ...], params: tuple[Any, ...]) -> Types:
        x, positions = inputs
        return ((self.shape(x.shape, positions.shape, *params), x.kind),)

    def transposed(self, g: Node, node: Node, place: int) -> Node:
        return self.adjoint(g, *node.inputs, *node.params)

    def jvp(self, node: Node, tangents: list[Any]) -> Node | None:
        return build(self, (tangents[0], node.inputs[1]), node.params)

    def run(self, node: Node, arrays: list[Array], lead: Lead | None, dtype: Any) -> Array:
        array, positions = all_batched(arrays, lead)
        return self.forward(array, positions.astype(np.intp), *node.params)


def _taken_shape(operand: Shape, positions: Shape, axis: int) -> Shape:
    return positions


take_along: Along = Along(
    "take_along",
    lambda x, positions, axis: np.take_along_axis(x, positions, axis),
    _taken_shape,
    lambda g, x, positions, axis: put_along(g, positions, axis, x.shape[axis]),
    doc="Elements at positions along an axis, a set of positions for each lane.",
    samples=((((3,), (4,)), (-1,)), (((2, 3), (3, 3)), (-2,))),
    sparse_adjoint=True,
)


def _put_along(x: Array, positions: Array, axis: int, extent: int) -> Array:
    lanes = np.moveaxis(x, axis, -1)
    places = np.moveaxis(positions, axis, -1)
    out = np.zeros((*lanes.shape[:-1], extent), x.dtype)
    count = np.prod(lanes.shape[:-1], dtype=np.intp)
    start = (np.arange(count) * int(extent)).reshape(*lanes.shape[:-1], 1)
    np.add.at(out.reshape(-1), (start + places).reshape(-1), lanes.reshape(-1))
    return np.moveaxis(out, -1, axis)


def _put_shape(operand: Shape, positions: Shape, axis: int, extent: int) -> Shape:
    shape = list(operand)
    shape[axis] = extent
    return tuple(shape)


put_along: Along = Along(
    "put_along",
    _put_along,
    _put_shape,
    lambda g, x, positions, axis, extent: take_along(g, positions, axis),
    doc="Zeros, with elements added at positions along an axis.",
    samples=((((4,), (4,)), (-1, 3)), (((3, 2), (3, 2)), (-2, 2))),
)


# --- sorting -----------------------------------------------------------------------------------


def _sort(x: Array, axis: int, descending: bool) -> tuple[Array, Array]:
    if descending:
        # Turned round before and after, so that equal elements keep their order; NaN comes first.
        order = x.shape[axis] - 1 - np.argsort(np.flip(x, axis), axis, kind="stable")
        order = np.flip(order, axis)
    else:
        order = np.argsort(x, axis, kind="stable")
    return np.take_along_axis(x, order, axis), order


def _sort_vjp(node: Node, g: Node | None, g_order: Node | None) -> list[Node | None]:
    (x,), (axis, _) = node.inputs, node.params
    return [None if g is None else put_along(g, outputs(node)[1], axis, x.shape[axis])]


def _sort_lane(node: Node, mask: Node, place: int) -> Node:
    (x,), (axis, _) = node.inputs, node.params
    return nonzero(put_along(real(mask), outputs(node)[1], axis, x.shape[axis]))


sort: Custom = Custom(
    "sort",
    _sort,
    lambda x, axis, descending: ((x.shape, x.kind), (x.shape, "int")),
    _sort_vjp,
    doc="Elements in order along an axis, and where they were; equal ones keep their order.",
    domain=ALL,
    box=(ANY,),
    kinks=(),
    samples=((((5,),), (-1, False)), (((3, 2),), (-2, True))),
    lane=_sort_lane,
    span=axis_span,
)


def _searchsorted_types(a: Node, v: Node, right: bool) -> Types:
    lead = a.shape[:-1]
    if not a.ndim or v.shape[: len(lead)] != lead:
        raise ShapeError(
            f"`searchsorted` cannot look for shape {shape_text(v.shape)} in sorted rows of shape "
            f"{shape_text(a.shape)}"
        )
    return ((v.shape, "int"),)


def _searchsorted(a: Array, v: Array, right: bool) -> Array:
    side: Any = "right" if right else "left"
    count = int(np.prod(a.shape[:-1], dtype=int))
    rows, sought = a.reshape(count, -1), v.reshape(count, -1)
    pairs = zip(rows, sought, strict=True)
    found = [np.searchsorted(row, values, side) for row, values in pairs]
    return np.array(found, np.float64).reshape(v.shape)


searchsorted: Custom = Custom(
    "searchsorted",
    _searchsorted,
    _searchsorted_types,
    None,
    doc="Where values belong in sorted rows; it has no derivative.",
    domain="rows in ascending order",
    box=("ascending", ANY),
    kinks=(),
    samples=((((4,), (2, 3)), (False,)), (((2, 4), (2, 3)), (True,))),
)
