"""The linear family: sums, layout and indexing. A row gives forward, shape and adjoint.

The JVP of a linear op is the op itself, its VJP the adjoint. Axes are negative, so that an op runs
unchanged under a leading batch axis; `lead` is the batch part of the operand's shape.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.graph import Kind, Node, Shape, builder
from gradcli.ops.cotangent import Cotangent, masked, nonzero, real, unbroadcast
from gradcli.ops.elementwise import lined_up
from gradcli.ops.family import Array, Lead, Op, Reach, Sample, Types, build
from gradcli.ops.leaves import constant, storage, zeros_like

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

add_up: Any = np.add.reduce
"""NumPy's sum without its argument handling, which costs more than a small sum."""

EVERYWHERE = "all real x (linear)"


class Linear(Op):
    """A linear map of one operand.

    forward(array, lead, *params), shape(operand_shape, *params), adjoint(g, operand, *params). Its
    coefficients are zeros and ones. lift(x, extent, node) -> the node for an operand with a leading
    axis, `same` where the parameters need no change. moves: the adjoint moves or repeats elements,
    and adds none up.
    """

    family = "linear"
    reach: Reach = "summed"
    alike = True
    analytic = True

    def __init__(
        self,
        name: str,
        forward: Callable[..., Array],
        shape: Callable[..., Shape],
        adjoint: Callable[..., Node],
        *,
        doc: str,
        samples: tuple[Sample, ...],
        counts: bool = False,
        reduces: np.ufunc | None = None,
        sparse_adjoint: bool = False,
        view: bool = False,
        moves: bool = False,
        lift: Callable[..., Node] | None = None,
    ) -> None:
        box = tuple([(-2.0, 2.0)] * max(len(shapes) for shapes, _ in samples))
        super().__init__(name, doc=doc, domain=EVERYWHERE, box=box, kinks=(), samples=samples)
        self.forward = forward
        self.shape = shape
        self.adjoint = adjoint
        self.counts = counts
        self.reduces = reduces
        self.sparse_adjoint = sparse_adjoint
        self.view = view
        self.moves = moves
        self.lift = lift

    def __call__(self, x: Node, *params: Any) -> Node:
        return build(self, (x,), params)

    def parameters(self) -> tuple[str, ...]:
        code = self.shape.__code__
        return code.co_varnames[1 : code.co_argcount]

    def infer(self, inputs: tuple[Node, ...], params: tuple[Any, ...]) -> Types:
        kind: Kind = inputs[0].kind
        if self.counts and kind == "bool":
            kind = "int"
        return ((self.shape(inputs[0].shape, *params), kind),)

    def transposed(self, g: Node, node: Node, place: int) -> Node:
        """The adjoint of the map from operand `place` to the node, applied to g."""
        return self.adjoint(g, node.inputs[place], *node.params)

    def vjp(
        self, node: Node, cotangents: list[Cotangent | None], wanted: Sequence[bool], strict: bool
    ) -> list[Cotangent | None]:
        assert cotangents[0] is not None
        value, mask = cotangents[0].settle()
        if strict and mask is None and self.sparse_adjoint:
            mask = constant(True, node.shape)
        results: list[Cotangent | None] = []
        for place, want in enumerate(wanted):
            if not want:
                results.append(None)
                continue
            part = Cotangent(self.transposed(value, node, place))
            if mask is not None and (self.moves or not builder().textbook):
                # Coefficients are zeros and ones: an element counts if any selected one reaches it.
                part.mask = nonzero(self.transposed(real(mask), node, place))
            results.append(part)
        return results

    def jvp(self, node: Node, tangents: list[Node | None]) -> Node | None:
        filled = tuple(
            [
                zeros_like(operand) if tangent is None else tangent
                for operand, tangent in zip(node.inputs, tangents, strict=True)
            ]
        )
        return build(self, filled, node.params)

    def run(self, node: Node, arrays: list[Array], lead: Lead | None, dtype: Any) -> Array:
        array = arrays[0]
        batch = array.shape[: array.ndim - node.inputs[0].ndim]
        if node.kind != node.inputs[0].kind:
            array = array.astype(storage(node.kind, dtype))
        return self.forward(array, batch, *node.params)

    def batched(self, node: Node, operands: tuple[Node, ...], lead: Lead, extent: int) -> Node:
        if self.lift is None:
            return super().batched(node, operands, lead, extent)
        return self.lift(operands[0], extent, node)


def same(x: Node, extent: int, node: Node) -> Node:
    """The node of a batched operand where negative axes say all."""
    return build(node.op, (x,), node.params)


class LinearMany(Linear):
    """A linear map of any number of operands; forward gets them all, adjoint the place too."""

    def __call__(self, xs: Sequence[Node], *params: Any) -> Node:  # type: ignore[override]
        return build(self, tuple(xs), params)

    def infer(self, inputs: tuple[Node, ...], params: tuple[Any, ...]) -> Types:
        kinds = {node.kind for node in inputs}
        kind: Kind = "real"
        if "real" not in kinds:
            kind = "int" if "int" in kinds else "bool"
        return ((self.shape([node.shape for node in inputs], *params), kind),)

    def transposed(self, g: Node, node: Node, place: int) -> Node:
        return self.adjoint(g, node, place, *node.params)

    def run(self, node: Node, arrays: list[Array], lead: Lead | None, dtype: Any) -> Array:
        batch: Shape = ()
        if lead is not None:
            place = lead.index(True)
            batch = arrays[place].shape[:1]
        held = storage(node.kind, dtype)
        arrays = [array.astype(held, copy=False) for array in arrays]
        return self.forward(arrays, batch, *node.params)

    def batched(self, node: Node, operands: tuple[Node, ...], lead: Lead, extent: int) -> Node:
        if self.lift is None:
            return Op.batched(self, node, operands, lead, extent)
        filled = [
            x if flag else broadcast_to(x, (extent, *x.shape))
            for x, flag in zip(operands, lead, strict=True)
        ]
        return self.lift(filled, extent, node)


# --- sums and broadcasting ---------------------------------------------------------------------


def reduced_shape(shape: Shape, axes: tuple[int, ...], keepdims: bool) -> Shape:
    """A shape after a reduction over negative `axes`."""
    rank = len(shape)
    kept = [
        1 if axis - rank in axes else extent
        for axis, extent in enumerate(shape)
        if keepdims or axis - rank not in axes
    ]
    return tuple(kept)


def keep_reduced(g: Node, x: Node, axes: tuple[int, ...]) -> Node:
    """A reduction's result with its axes back as size 1, so that it broadcasts against x."""
    return reshape(g, reduced_shape(x.shape, axes, True))


def _sum(x: Array, lead: Shape, axes: tuple[int, ...], keepdims: bool) -> Array:
    return np.asarray(add_up(x, axis=axes, keepdims=keepdims))


def _sum_adjoint(g: Node, x: Node, axes: tuple[int, ...], keepdims: bool) -> Node:
    return broadcast_to(keep_reduced(g, x, axes), x.shape)


sum_: Linear = Linear(
    "sum",
    _sum,
    reduced_shape,
    _sum_adjoint,
    doc="Sum over axes.",
    samples=((((2, 3),), ((-1,), False)), (((2, 3, 2),), ((-3, -1), True))),
    counts=True,
    moves=True,
    reduces=np.add,
    lift=same,
)

broadcast_to: Linear = Linear(
    "broadcast_to",
    lambda x, lead, shape: np.broadcast_to(
        x.reshape(lead + (1,) * (len(shape) - x.ndim + len(lead)) + x.shape[len(lead) :]),
        lead + shape,
    ),
    lambda operand, shape: shape,
    lambda g, x, shape: unbroadcast(g, x.shape),
    doc="Repeats a tensor along new axes and axes of size 1.",
    samples=((((3,),), ((2, 3),)), (((2, 1),), ((4, 2, 3),))),
    view=True,
    lift=lambda x, extent, node: broadcast_to(
        lined_up(x, node.ndim, extent), (extent, *node.shape)
    ),
)

cumsum: Linear = Linear(
    "cumsum",
    lambda x, lead, axis: np.cumsum(x, axis=axis),
    lambda operand, axis: operand,
    lambda g, x, axis: flip(cumsum(flip(g, (axis,)), axis), (axis,)),
    doc="Running sum along an axis.",
    samples=((((5,),), (-1,)), (((3, 2),), (-2,))),
    counts=True,
    lift=same,
)

# --- layout ------------------------------------------------------------------------------------

reshape: Linear = Linear(
    "reshape",
    lambda x, lead, shape: x.reshape(lead + shape),
    lambda operand, shape: shape,
    lambda g, x, shape: reshape(g, x.shape),
    doc="The same elements in another shape, in row-major order.",
    samples=((((2, 3),), ((3, 2),)), (((),), ((1, 1),))),
    view=True,
    moves=True,
    lift=lambda x, extent, node: reshape(x, (extent, *node.shape)),
)


def _transpose(x: Array, lead: Shape, perm: tuple[int, ...]) -> Array:
    return x.transpose(*range(len(lead)), *[axis + x.ndim for axis in perm])


def inverse_permutation(perm: tuple[int, ...]) -> tuple[int, ...]:
    """The negative axes that undo a permutation of negative axes."""
    rank = len(perm)
    return tuple([perm.index(axis) - rank for axis in range(-rank, 0)])


transpose: Linear = Linear(
    "transpose",
    _transpose,
    lambda operand, perm: tuple([operand[axis] for axis in perm]),
    lambda g, x, perm: transpose(g, inverse_permutation(perm)),
    doc="Axes in another order.",
    samples=((((2, 3),), ((-1, -2),)), (((2, 3, 4),), ((-2, -1, -3),))),
    view=True,
    moves=True,
    lift=lambda x, extent, node: transpose(x, (-x.ndim, *node.params[0])),
)

flip: Linear = Linear(
    "flip",
    lambda x, lead, axes: np.flip(x, axes),
    lambda operand, axes: operand,
    lambda g, x, axes: flip(g, axes),
    doc="Elements in reverse order along axes.",
    samples=((((4,),), ((-1,),)), (((2, 3),), ((-2, -1),))),
    view=True,
    moves=True,
    lift=same,
)


def _diagonal_length(shape: Shape, offset: int) -> int:
    rows, columns = shape[-2:]
    return max(0, min(rows, columns - offset) if offset >= 0 else min(rows + offset, columns))


def _diag_embed(x: Array, lead: Shape, offset: int, rows: int, columns: int) -> Array:
    out = np.zeros((*x.shape[:-1], rows, columns), x.dtype)
    place = np.arange(x.shape[-1])
    out[..., place + max(0, -offset), place + max(0, offset)] = x
    return out


diagonal: Linear = Linear(
    "diagonal",
    lambda x, lead, offset: np.diagonal(x, offset, -2, -1),
    lambda operand, offset: (*operand[:-2], _diagonal_length(operand, offset)),
    lambda g, x, offset: diag_embed(g, offset, *x.shape[-2:]),
    doc="The diagonal of the last two axes.",
    samples=((((3, 4),), (1,)), (((2, 3, 3),), (0,))),
    sparse_adjoint=True,
    view=True,
    lift=same,
)

diag_embed: Linear = Linear(
    "diag_embed",
    _diag_embed,
    lambda operand, offset, rows, columns: (*operand[:-1], rows, columns),
    lambda g, x, offset, rows, columns: diagonal(g, offset),
    doc="Matrices with the last axis on a diagonal, zeros elsewhere.",
    samples=((((3,),), (0, 3, 3)), (((2, 3),), (-1, 4, 4))),
    lift=same,
)


def _concatenated_shape(shapes: list[Shape], axis: int) -> Shape:
    first = list(shapes[0])
    total = shapes[0][axis]
    for shape in shapes[1:]:
        total = total + shape[axis]
    first[axis] = total
    return tuple(first)


def _concatenate(arrays: list[Array], lead: Shape, axis: int) -> Array:
    if lead:
        rank = max(array.ndim for array in arrays)
        arrays = [np.broadcast_to(a, lead + a.shape) if a.ndim < rank else a for a in arrays]
    return np.concatenate(arrays, axis)


def _concatenate_adjoint(g: Node, node: Node, place: int, axis: int) -> Node:
    start = sum(operand.shape[axis] for operand in node.inputs[:place])
    stop = start + node.inputs[place].shape[axis]
    items: list[Any] = [(0, extent, 1) for extent in node.shape]
    items[axis] = (start, stop, 1)
    return index(g, tuple(items))


concatenate: LinearMany = LinearMany(
    "concatenate",
    _concatenate,
    _concatenated_shape,
    _concatenate_adjoint,
    doc="Tensors one after another along an axis.",
    samples=((((2, 3), (1, 3)), (-2,)), (((2,), (3,), (1,)), (-1,))),
    lift=lambda xs, extent, node: concatenate(xs, *node.params),
)

# --- indexing ----------------------------------------------------------------------------------


class Positions:
    """An integer array inside an index: compared and hashed by what it holds."""

    __slots__ = ("_key", "array")

    def __init__(self, array: Array) -> None:
        self.array = array
        self._key = (array.shape, array.tobytes())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Positions) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


def numpy_index(items: tuple[Any, ...]) -> tuple[Any, ...]:
    """Index items as NumPy takes them, for the trailing axes of an array.

    An item is a position, a (start, stop, step) of a slice, or `Positions`.
    """
    return (
        Ellipsis,
        *[
            slice(*item) if type(item) is tuple else item.array if type(item) is Positions else item
            for item in items
        ],
    )


def range_of(item: tuple[Any, ...], extent: int) -> range:
    """The positions that a slice item selects."""
    return range(*slice(*item).indices(extent))


def _indexed_shape(operand: Shape, items: tuple[Any, ...]) -> Shape:
    shape: list[int] = []
    placed = False
    for extent, item in zip(operand, items, strict=True):
        if type(item) is tuple:
            # A slice that keeps the whole axis keeps its named size.
            whole = item == (0, extent, 1) or item == (None, None, None)
            shape.append(extent if whole else len(range_of(item, extent)))
        elif type(item) is Positions and not placed:
            shape.extend(item.array.shape)
            placed = True
    return tuple(shape)


class Index(Linear):
    """Selection of elements; its cotangents wait as pending scatters (see ops/cotangent.py)."""

    def is_view(self, node: Node) -> bool:
        return not any(type(item) is Positions for item in node.params[0])

    def vjp(
        self, node: Node, cotangents: list[Cotangent | None], wanted: Sequence[bool], strict: bool
    ) -> list[Cotangent | None]:
        assert cotangents[0] is not None
        value, mask = cotangents[0].settle()
        if strict and mask is None:
            mask = constant(True, node.shape)
        return [
            Cotangent.scattered(node.inputs[0].shape, node.params[0], masked(value, mask), mask)
        ]


index: Index = Index(
    "index",
    lambda x, lead, items: np.asarray(x[numpy_index(items)]),
    _indexed_shape,
    lambda g, x, items: scatter([g], x.shape, (items,)),
    doc="Elements by position, slice or integer array.",
    samples=(
        (((4, 3),), (((1, 4, 2), 0),)),
        (((4, 3),), ((Positions(np.array([[0, 2], [2, 3]])), (None, None, -1)),)),
    ),
    sparse_adjoint=True,
    lift=lambda x, extent, node: index(x, ((0, extent, 1), *node.params[0])),
)


def _scatter(
    arrays: list[Array], lead: Shape, shape: Shape, items: tuple[tuple[Any, ...], ...]
) -> Array:
    out = np.zeros(lead + shape, arrays[0].dtype)
    for array, item in zip(arrays, items, strict=True):
        where = numpy_index(item)
        if any(type(part) is Positions for part in item):
            np.add.at(out, where, array)
        else:
            out[where] += array
    return out


scatter: LinearMany = LinearMany(
    "scatter",
    _scatter,
    lambda shapes, shape, items: shape,
    lambda g, node, place, shape, items: index(g, items[place]),
    doc="Zeros of a shape, with tensors added at positions.",
    samples=(
        (((2,), ()), ((4, 3), (((1, 4, 2), 0), (2, 2)))),
        (((3,),), ((4,), ((Positions(np.array([0, 2, 2])),),))),
    ),
    lift=lambda xs, extent, node: scatter(
        xs,
        (extent, *node.shape),
        tuple([((0, extent, 1), *items) for items in node.params[1]]),
    ),
)
