"""Writing into a tensor: `x[key] = value` as a new tensor, in NumPy's meaning."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.errors import ArgumentError, ShapeError
from gradcli.graph import OPS, Kind, Node, Shape
from gradcli.ops.elementwise import broadcast_shape, shape_text
from gradcli.ops.family import Array
from gradcli.ops.indexing import GAP, normalised, resolved
from gradcli.ops.leaves import constant, known_number, zeros_like
from gradcli.ops.linear import LinearMany, Positions, index, numpy_index, reshape
from gradcli.ops.values import broadcast

Items = tuple[Any, ...]


def _put(arrays: list[Array], lead: Shape, places: tuple[Items, ...]) -> Array:
    base = arrays[0]
    if lead and base.ndim == len(places[0]):
        base = np.broadcast_to(base, lead + base.shape)
    out = np.array(base)
    for array, items in zip(arrays[1:], places, strict=True):
        out[numpy_index(items)] = array
    return out


def _put_adjoint(g: Node, node: Node, place: int, places: tuple[Items, ...]) -> Node:
    if place:
        return index(g, places[place - 1])
    return put([g, *[zeros_like(value) for value in node.inputs[1:]]], places)


put: LinearMany = LinearMany(
    "put",
    _put,
    lambda shapes, places: shapes[0],
    _put_adjoint,
    doc="A tensor with others in the place of some of its elements; no two places overlap.",
    samples=(
        (((4, 3), (2,), ()), ((((1, 4, 2), 0), (2, 2)),)),
        (((4,), (2,)), (((Positions(np.array([0, 2])),),),)),
    ),
    sparse_adjoint=True,
    lift=lambda xs, extent, node: put(
        xs, tuple([((0, extent, 1), *items) for items in node.params[0]])
    ),
)


def placed_value(x: Node, key: Any, value: Node) -> tuple[Items | None, Node]:
    """What writing `value` to `x[key]` amounts to: index items and the value they get.

    The items are positions and slices, the value has the shape that they select. Where the key
    takes more (masks, integer arrays), the items are None and the value is the whole new tensor.
    Raises ShapeError where the value does not fit, ArgumentError where x holds whole numbers and
    the value does not.
    """
    require_room(x.kind, value)
    mask = isinstance(key, Node) and key.kind == "bool" and key.shape == x.shape
    if mask and value.ndim == 0 and x.ndim:
        return None, OPS["where"](key, value, x)
    items = normalised(x, list(key) if isinstance(key, tuple) else [key])
    taken = [item for item in items if item is not None and item is not GAP]
    if any(isinstance(item, np.ndarray) for item in taken):
        return None, _scattered(x, items, value)
    slices: list[Any] = [
        resolved(item, extent) if isinstance(item, tuple) else item
        for item, extent in zip(taken, x.shape, strict=True)
    ]
    kept = tuple([len(range(n)[slice(*i)]) for n, i in zip(x.shape, slices, strict=True)
                  if isinstance(i, tuple)])  # fmt: skip
    spread = iter(kept)
    shown = tuple(
        [1 if item is None else next(spread) for item in items if not isinstance(item, (int, str))]
    )
    return tuple(slices), reshape(_fitted(value, shown), kept)


def _scattered(x: Node, items: list[Any], value: Node) -> Node:
    key = tuple(
        [Ellipsis if item is GAP else slice(*item) if isinstance(item, tuple) else item
         for item in items]
    )  # fmt: skip
    flat = np.arange(x.size).reshape(x.shape)[key]
    value = reshape(_fitted(value, flat.shape), (flat.size,))
    flat = flat.ravel()
    # Where a place is named twice, what is written last stays.
    last, first_seen = np.unique(flat[::-1], return_index=True)
    if last.size != flat.size:
        order = np.ascontiguousarray(flat.size - 1 - first_seen)
        value, flat = index(value, (Positions(order),)), last
    whole = reshape(x, (x.size,))
    return reshape(put([whole, value], ((Positions(flat),),)), x.shape)


def _fitted(value: Node, shape: Shape) -> Node:
    """`value` broadcast to the shape it is written to; leading axes of size 1 may be left over."""
    extra = value.ndim - len(shape)
    if extra > 0 and all(extent == 1 for extent in value.shape[:extra]):
        value = reshape(value, value.shape[extra:])
    fits = value.ndim <= len(shape)
    if fits and value.shape != shape:
        try:
            fits = broadcast_shape([value.shape, shape], "") == shape
        except ShapeError:
            fits = False
    if not fits:
        raise ShapeError(
            f"a value of shape {shape_text(value.shape)} does not fit into a place of shape "
            f"{shape_text(shape)}",
            hint="it has the same shape, or sizes 1 where it is to be repeated",
        )
    return broadcast(value, shape)


def require_room(kind: Kind, value: Node) -> None:
    """Raise ArgumentError where a tensor of that kind would lose what the value holds."""
    order = ("bool", "int", "real")
    if order.index(value.kind) > order.index(kind):
        holds = "whole numbers" if kind == "int" else "booleans"
        raise ArgumentError(
            f"a tensor of {holds} has no room for this value",
            hint="make it of numbers with a point, as in `array([1., 2.])` or `x * 1.0`",
        )


def of_kind(value: Node, kind: Kind) -> Node:
    """A value as a tensor of that kind holds it, which has room for it."""
    if value.kind == kind:
        return value
    number = known_number(value)
    if number is not None:
        return constant(number if kind == "real" else int(number), value.shape)
    if kind == "real":
        return value * 1.0
    return OPS["where"](value, constant(1), constant(0))
