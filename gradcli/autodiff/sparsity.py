"""Sparsity: the pattern of dependence between nodes, as far as the graph alone tells.

It is followed from node to node by family, at the level of indices. A pattern is conservative: it
may name more dependence than there is, never less.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gradcli.autodiff.patterns import EXACT, MOST, NONE, Pattern, single, union
from gradcli.errors import GradcliError
from gradcli.graph import Node, Trace, ancestors, building, dependents
from gradcli.ops.batching import placeholder
from gradcli.ops.family import all_batched

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gradcli.autodiff.patterns import Matrix

    Array = np.ndarray[Any, Any]
    Link = "Steps | Matrix | None"


class Steps(NamedTuple):
    """How the elements of a node depend on those of an operand, by keys that they share.

    collect: the key of each element of the operand, NONE for none; take: that of each element of
    the node. None stands for their own positions.
    """

    collect: Array | None
    keys: int
    take: Array | None


class Known:
    """Values of nodes that no source reaches, where they decide what is a structural zero.

    values: arrays of inputs that stand still, by serial. `consulted` tells whether one of them was
    needed: the patterns found then hold for these values alone.
    """

    def __init__(self, values: Mapping[int, Array] | None = None) -> None:
        self.values = values or {}
        self.consulted = False
        self.moving: set[int] = set()
        self._arrays: dict[int, Array | None] = {}

    def value(self, node: Node) -> Array | None:
        """The array of a node; None where it is not known."""
        if node.serial not in self._arrays:
            self._arrays[node.serial] = self._value(node)
        return self._arrays[node.serial]

    def _value(self, node: Node) -> Array | None:
        order = ancestors([node], stop=self.values)
        try:
            array = _computed(order, self.values)[node.serial]
        except (LookupError, GradcliError):
            return None
        self.consulted = self.consulted or any(one.serial in self.values for one in order)
        return np.asarray(array)


def patterns(ys: Sequence[Node], xs: Sequence[Node], known: Known | None = None) -> list[Pattern]:
    """For each of ys its dependence on the elements of xs, whose columns follow one another.

    Rows and columns are in row-major order.
    """
    known = known or Known()
    columns = sum(int(x.size) for x in xs)
    order = ancestors(ys, since=min((x.serial for x in xs), default=0))
    active = known.moving = dependents(order, xs)
    uses: dict[int, int] = {}
    for operand in [*ys, *[operand for node in order for operand in node.inputs]]:
        uses[operand.serial] = uses.get(operand.serial, 0) + 1
    found: dict[int, list[Pattern]] = {}
    start = 0
    for x in xs:
        # Sizes with names divide to nodes, which NumPy cannot count with.
        own = single(np.arange(start, start + int(x.size)), columns)
        present = found.get(x.serial)
        found[x.serial] = [own] if present is None else [union([present[0], own])]
        start += int(x.size)
    leaves = {x.serial for x in xs}
    for node in order:
        if node.serial in active and any(one.serial in active for one in node.inputs):
            parts = _followed(node, found, known, columns)
            if node.serial in leaves:
                parts = [union([parts[0], found[node.serial][0]])]
            found[node.serial] = parts
        for operand in node.inputs:
            uses[operand.serial] -= 1
            if not uses[operand.serial]:
                found.pop(operand.serial, None)
    nothing = np.full(1, NONE)
    return [
        found[y.serial][0] if y.serial in found else single(np.repeat(nothing, y.size), columns)
        for y in ys
    ]


def _followed(
    node: Node, found: dict[int, list[Pattern]], known: Known, columns: int
) -> list[Pattern]:
    """The patterns of a node's outputs from those of its operands."""
    links = _LINKS.get(node.op.family)
    if links is None:
        return [_dense(node, found, columns, size) for size in _sizes(node)]
    if links is _projected:
        return [found[node.inputs[0].serial][node.params[0]]]
    outputs = []
    for place, size in enumerate(_sizes(node)):
        parts = []
        for operand, given in enumerate(node.inputs):
            if given.serial not in found:
                continue
            link = links(node, operand, place, known)
            if link is not _APART:
                parts.append(_linked(found[given.serial][0], link, size))
        outputs.append(union(parts) if parts else single(np.full(size, NONE), columns))
    return outputs


def _sizes(node: Node) -> list[int]:
    return [int(np.prod(shape, dtype=np.int64)) for shape, _ in node.types]


def _dense(node: Node, found: dict[int, list[Pattern]], columns: int, size: int) -> Pattern:
    """Everything on everything that any operand depends on."""
    parts = [found[operand.serial] for operand in node.inputs if operand.serial in found]
    return union([_linked(part, None, size) for given in parts for part in given])


def _linked(pattern: Pattern, link: Any, size: int) -> Pattern:
    """A pattern, followed through one node."""
    if link is None:
        link = Steps(np.zeros(pattern.rows, np.intp), 1, np.zeros(size, np.intp))
    if not isinstance(link, Steps):
        return pattern.through(link)
    if link.collect is not None:
        pattern = pattern.collect(link.collect, link.keys)
    return pattern if link.take is None else pattern.take(link.take)


_APART = object()
"""In place of a link: no derivative goes there."""


def _aligned(node: Node, operand: int, output: int, known: Known) -> Any:
    """Elementwise: corresponding elements, broadcast."""
    if node.op.rules[operand] is None:  # type: ignore[attr-defined]
        return _APART
    given = node.inputs[operand]
    if given.shape == node.shape:
        return Steps(None, given.size, None)
    places = np.arange(int(given.size)).reshape(given.shape)
    return Steps(None, given.size, np.broadcast_to(places, node.shape).ravel())


def _linear(node: Node, operand: int, output: int, known: Known) -> Any:
    """A linear map with coefficients 0 and 1: run on positions, or its adjoint is.

    Each element comes from one place at most (an index, a layout), or goes to one at most (a sum, a
    scatter). Of others small ones are run on all unit vectors; large ones are dense by lanes.
    """
    given = node.inputs[operand]
    if not given.size or not node.size:
        return Steps(np.full(given.size, NONE), 1, np.full(node.size, NONE))
    if node.op.reach != "summed":
        return _by_lanes(node, operand, output, known)

    def forward(array: Array) -> Array:
        arrays = [np.zeros(one.shape) for one in node.inputs]
        arrays[operand] = array.reshape(given.shape)
        return np.asarray(node.op.run(node, arrays, None, np.float64)).ravel()

    places = _positions(forward, given.size)
    if places is not None:
        return Steps(None, given.size, places)
    with building(Trace()):
        leaf = placeholder(node.shape)
        adjoint = node.op.transposed(leaf, node, operand)  # type: ignore[attr-defined]
    backward = _function(leaf, adjoint)
    keys = _positions(backward, node.size)
    if keys is not None:
        return Steps(keys, node.size, None)
    if given.size * node.size <= EXACT:
        units = np.eye(given.size).reshape(given.size, *given.shape)
        others = [np.zeros(one.shape) for one in node.inputs]
        others[operand] = units
        lead = tuple([place == operand for place in range(len(others))])
        rows = node.op.run(node, all_batched(others, lead), (True,) * len(lead), np.float64)
        return _csr(rows.reshape(given.size, node.size).T != 0)
    return _lanes(lambda mask: backward(mask.astype(float)) != 0, node.shape)


def _positions(run: Callable[[Array], Array], count: int) -> Array | None:
    """Where each element of a linear map comes from, NONE for zeros; None where one is a sum."""
    counts = run(np.ones(count))
    if not np.isin(counts, (0, 1)).all():
        return None
    return run(np.arange(1.0, int(count) + 1)).astype(np.intp) - 1


def _contracted(node: Node, operand: int, output: int, known: Known) -> Any:
    """A contraction: elements with the same labels, where the other factor is not known as 0."""
    *labels, out = node.params
    factors = (0, len(node.inputs) - 1)
    if operand not in factors:
        return _APART
    mine = labels[factors.index(operand)]
    other = node.inputs[factors[1 - factors.index(operand)]]
    others = labels[1 - factors.index(operand)]
    given = node.inputs[operand]
    extent = dict(zip(mine, given.shape, strict=True))
    extent.update(zip(others, other.shape, strict=True))
    still = other.size > 1 and other.serial not in known.moving
    value = known.value(other) if still else None
    free = [label for label in mine if label not in others]
    width = int(np.prod([extent[label] for label in free], dtype=np.int64))
    if value is not None and np.count_nonzero(value) < value.size:
        entries = np.count_nonzero(value) * width
        if value.size * width <= EXACT or (2 * entries <= value.size * width and entries <= MOST):
            return _by_factor(value, others, mine, out, free, extent)
    shared = [label for label in mine if label in out]
    keys = np.arange(int(np.prod([extent[label] for label in shared], dtype=np.int64)))

    def spread(over: Sequence[int]) -> Array:
        order = [label for label in over if label in shared]
        grid = keys.reshape([extent[label] for label in shared])
        grid = grid.transpose([shared.index(label) for label in order])
        shape = [extent[label] if label in shared else 1 for label in over]
        return np.broadcast_to(grid.reshape(shape), [extent[label] for label in over]).ravel()

    return Steps(spread(mine), len(keys), spread(out))


def _by_factor(
    value: Array,
    others: Sequence[int],
    mine: Sequence[int],
    out: Sequence[int],
    free: Sequence[int],
    extent: Mapping[int, int],
) -> Matrix:
    """The entries of a contraction with a factor that has zeros: one for each that it has not."""
    places = dict(zip(others, [one[:, None] for one in np.nonzero(value)], strict=True))
    sizes = [extent[label] for label in free]
    grids = np.indices(sizes).reshape(len(free), int(np.prod(sizes, dtype=np.int64)))
    places.update(zip(free, [grid[None, :] for grid in grids], strict=True))
    whole = np.broadcast_shapes(*[place.shape for place in places.values()])

    def position(labels: Sequence[int]) -> Array:
        total: Any = np.zeros((1, 1), np.intp)
        for label in labels:
            total = total * extent[label] + places[label]
        return np.broadcast_to(total, whole).ravel()

    rows = int(np.prod([extent[label] for label in out], dtype=np.int64))
    columns = int(np.prod([extent[label] for label in mine], dtype=np.int64))
    return _pairs(position(out), position(mine), rows, columns)


def _by_lanes(node: Node, operand: int, output: int, known: Known) -> Any:
    """An op with rules of its own: dense within what its row says is apart (its lanes)."""
    lane = getattr(node.op, "span", None)
    given = node.inputs[operand]
    shape = node.types[output][0]
    if lane is None or not given.size or not node.size:
        return None
    try:
        with building(Trace()):
            leaf = placeholder(shape, "bool")
            reached = lane(node, leaf, operand)
    except GradcliError:
        return None
    if any(one.serial == node.serial for one in ancestors([reached], stop={leaf.serial})):
        # Its lanes depend on its values.
        return None
    mask = _function(leaf, reached)
    whole = reached.shape

    def reach(selected: Array) -> Array:
        found = mask(selected).astype(np.bool_).reshape(whole)
        return np.broadcast_to(found, given.shape).ravel()

    return _lanes(reach, shape)


def _lanes(reach: Callable[[Array], Array], shape: Sequence[int]) -> Steps:
    """Lanes by the axes of the output that tell its elements' sources apart.

    reach: from a mask of outputs to that of the operand's elements that any of them depends on. An
    axis tells them apart where no element is reached both from places with some bit and from places
    without it.
    """
    outer = np.zeros(shape, np.intp)
    inner = np.zeros(1, np.intp)
    keys = 1
    for axis, extent in enumerate(shape):
        if extent < 2:
            continue
        place = np.arange(int(extent)).reshape([-1 if k == axis else 1 for k in range(len(shape))])
        coordinate: Any = 0
        for bit in range(int(extent - 1).bit_length()):
            ones = np.broadcast_to((place >> bit) & 1 == 1, shape)
            with_bit, without = reach(ones), reach(~ones)
            if (with_bit & without).any():
                break
            coordinate = coordinate + (with_bit.astype(np.intp) << bit)
        else:
            outer = outer * extent + place
            inner = inner * extent + coordinate
            keys *= extent
    reached = reach(np.ones(shape, np.bool_))
    return Steps(np.where(reached, inner, NONE), keys, outer.ravel())


def _projected(node: Node, operand: int, output: int, known: Known) -> Any:
    """One output of several: the pattern that belongs to it."""
    return Steps(None, node.size, None)


_LINKS: dict[str, Callable[[Node, int, int, Known], Any]] = {
    "elementwise": _aligned,
    "linear": _linear,
    "contraction": _contracted,
    "custom": _by_lanes,
    "projection": _projected,
}
"""How each family's nodes depend on an operand; all others are dense."""


def _function(leaf: Node, output: Node) -> Callable[[Array], Array]:
    """The function of one array that a small graph is."""
    order = ancestors([output], stop={leaf.serial})

    def run(array: Array) -> Array:
        found = _computed(order, {leaf.serial: array.reshape(leaf.shape)})
        return np.asarray(found[output.serial]).ravel()

    return run


def _computed(order: Sequence[Node], values: Mapping[int, Array]) -> dict[int, Any]:
    """The arrays of nodes, operands first; LookupError for inputs without a value."""
    found: dict[int, Any] = dict(values)
    with np.errstate(all="ignore"):
        for node in order:
            if node.serial not in found:
                arrays = [found[operand.serial] for operand in node.inputs]
                found[node.serial] = node.op.run(node, arrays, None, np.float64)
    return found


def _csr(mask: Array) -> Matrix:
    rows, columns = np.nonzero(mask)
    return _pairs(rows, columns, *mask.shape)


def _pairs(rows: Array, columns: Array, count: int, width: int) -> Matrix:
    from scipy.sparse import coo_array

    ones = np.ones(len(rows), np.bool_)
    return coo_array((ones, (rows, columns)), shape=(count, width)).tocsr()
