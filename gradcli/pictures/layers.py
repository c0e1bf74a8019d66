"""Layered layout: items in layers, each below those that it depends on, and wires between them.

The steps are those of K. Sugiyama, S. Tagawa and M. Toda, "Methods for visual understanding of
hierarchical system structures" (1981): layers by longest paths; vertices for what passes a layer,
one for all branches of a wire; an order within layers by barycentres; coordinates by least squares
under the distances that vertices keep, solved layer by layer by pooling adjacent violators.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

Point = tuple[float, float]

BETWEEN, PASSING = 18.0, 10.0
"""Space between items of a layer, and beside what passes it."""

GAP, STEEPEST = 26.0, 9.0
"""Space between layers, and how far a wire may go sideways for each unit of it."""

SWEEPS, SETTLING, MOST_SETTLING = 12, 16, 64
"""Passes over all layers that look for an order, and that look for coordinates (more of a few)."""

EXCHANGED = 2000
"""Vertices up to which neighbours are exchanged; barycentres do for what nobody sees whole."""


class Item(NamedTuple):
    """What is placed. pin: `top` and `bottom` for the ends of wires on the border of it all."""

    width: float
    height: float
    pin: str = ""


class Link(NamedTuple):
    """A wire from an item to another: `wire` tells apart those that leave one item.

    out, into: where it leaves the first and enters the second, from their left edges.
    """

    source: int
    target: int
    wire: str
    out: float
    into: float


class Stretch(NamedTuple):
    """A part of a wire between two layers, from a point down to another.

    bend: where it leaves its first layer and enters its second, between which it may go sideways.
    target: the item that it enters, or -1.
    """

    wire: str
    start: Point
    end: Point
    bend: tuple[float, float]
    target: int


class Placement(NamedTuple):
    """Where all of it is. corners: the top left corner of each item."""

    corners: list[Point]
    stretches: list[Stretch]
    width: float
    height: float


class _Vertex:
    """An item in its layer, or a wire on its way through one (`item` is -1).

    above, below: (vertex, where the wire meets it, where it meets this one, wire), counted from the
    middle of each.
    """

    __slots__ = ("above", "below", "height", "item", "layer", "place", "width", "x")

    def __init__(self, item: int, layer: int, width: float = 0.0, height: float = 0.0) -> None:
        self.item = item
        self.layer = layer
        self.width = width
        self.height = height
        self.place = 0
        self.x = 0.0
        self.above: list[tuple[_Vertex, float, float, str]] = []
        self.below: list[tuple[_Vertex, float, float, str]] = []


def layered(items: Sequence[Item], links: Sequence[Link]) -> Placement:
    """Place items in layers. Links go from what stands above to what stands below: no cycles."""
    if not items:
        return Placement([], [], 0, 0)
    ranks = _ranks(items, links)
    vertices = [
        _Vertex(place, rank, item.width, item.height)
        for place, (item, rank) in enumerate(zip(items, ranks, strict=True))
    ]
    layers: list[list[_Vertex]] = [[] for _ in range(max(ranks) + 1)]
    for vertex in vertices:
        layers[vertex.layer].append(vertex)
    _connect(vertices, layers, links)
    _order(layers)
    _settle(layers)
    return _placed(items, vertices, layers)


# --- layers ------------------------------------------------------------------------------------


def _ranks(items: Sequence[Item], links: Sequence[Link]) -> list[int]:
    """The layer of each item: below all that it depends on, and no further up than it must be."""
    sources: list[list[int]] = [[] for _ in items]
    targets: list[list[int]] = [[] for _ in items]
    for link in links:
        sources[link.target].append(link.source)
        targets[link.source].append(link.target)
    pending = [len(found) for found in sources]
    order = [place for place, count in enumerate(pending) if not count]
    pinned = any(item.pin == "top" for item in items)
    ranks = [1 if pinned and item.pin != "top" else 0 for item in items]
    for place in order:
        for target in targets[place]:
            ranks[target] = max(ranks[target], ranks[place] + 1)
            pending[target] -= 1
            if not pending[target]:
                order.append(target)
    for place in reversed(order):
        if items[place].pin != "top" and len(targets[place]) > len(sources[place]):
            ranks[place] = min(ranks[target] for target in targets[place]) - 1
    last = max(rank for rank, item in zip(ranks, items, strict=True) if item.pin != "bottom")
    for place, item in enumerate(items):
        if item.pin == "bottom":
            ranks[place] = last + 1
    used = {rank: number for number, rank in enumerate(sorted(set(ranks)))}
    return [used[rank] for rank in ranks]


def _connect(vertices: list[_Vertex], layers: list[list[_Vertex]], links: Sequence[Link]) -> None:
    """Join vertices of neighbouring layers; branches of one wire share what passes a layer."""
    trunks: dict[tuple[int, str, int], _Vertex] = {}
    joined = set()
    for link in links:
        source, target = vertices[link.source], vertices[link.target]
        at, out = source, link.out - source.width / 2
        for layer in range(source.layer + 1, target.layer):
            key = (link.source, link.wire, layer)
            passing = trunks.get(key)
            if passing is None:
                passing = trunks[key] = _Vertex(-1, layer)
                layers[layer].append(passing)
                _join(at, passing, out, 0, link.wire)
            at, out = passing, 0
        into = link.into - target.width / 2
        end = (id(at), id(target), link.wire, into)
        if end not in joined:
            joined.add(end)
            _join(at, target, out, into, link.wire)


def _join(upper: _Vertex, lower: _Vertex, out: float, into: float, wire: str) -> None:
    upper.below.append((lower, into, out, wire))
    lower.above.append((upper, out, into, wire))


# --- order -------------------------------------------------------------------------------------


def _order(layers: list[list[_Vertex]]) -> None:
    """Order each layer so that few wires cross."""
    for layer in layers:
        for place, vertex in enumerate(layer):
            vertex.place = place
    best = [list(layer) for layer in layers]
    small = sum(map(len, layers)) <= EXCHANGED
    fewest = _crossings(layers)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        if sweep % 2 == 0:
            for layer in layers[1:]:
                _arrange(layer, True)
        else:
            for layer in reversed(layers[:-1]):
                _arrange(layer, False)
        if small:
            _exchange(layers)
        count = _crossings(layers)
        if count < fewest:
            fewest, best = count, [list(layer) for layer in layers]
    for layer, order in zip(layers, best, strict=True):
        layer[:] = order
        for place, vertex in enumerate(layer):
            vertex.place = place


def _spot(vertex: _Vertex, offset: float) -> float:
    """Where a wire meets a vertex, counted in places of its layer."""
    return vertex.place + (offset / (vertex.width + 1) if vertex.width else 0.0)


def _arrange(layer: list[_Vertex], above: bool) -> None:
    """Sort a layer by the barycentres of its neighbours above or below."""
    keys = {}
    for vertex in layer:
        near = vertex.above if above else vertex.below
        spots = [_spot(other, offset) for other, offset, *_ in near]
        keys[id(vertex)] = sum(spots) / len(spots) if spots else float(vertex.place)
    layer.sort(key=lambda vertex: keys[id(vertex)])
    for place, vertex in enumerate(layer):
        vertex.place = place


def _exchange(layers: list[list[_Vertex]]) -> None:
    """Exchange neighbours where their wires cross less often then."""
    for layer in layers:
        for place in range(len(layer) - 1):
            left, right = layer[place], layer[place + 1]
            now, then = _between(left, right), _between(right, left)
            if then < now:
                layer[place], layer[place + 1] = right, left
                right.place, left.place = place, place + 1


def _between(left: _Vertex, right: _Vertex) -> int:
    """How often wires of two neighbours cross in this order."""
    count = 0
    for one, other in ((left.above, right.above), (left.below, right.below)):
        if len(one) * len(other) <= 400:
            spots = [_spot(vertex, offset) for vertex, offset, *_ in other]
            for vertex, offset, *_ in one:
                spot = _spot(vertex, offset)
                count += sum(1 for found in spots if found < spot)
    return count


def _crossings(layers: list[list[_Vertex]]) -> int:
    """How often wires cross, over all layers."""
    count = 0
    for layer in layers:
        ends = []
        for vertex in layer:
            for other, into, out, _ in vertex.below:
                ends.append((_spot(vertex, out), _spot(other, into)))
        ends.sort()
        count += _inversions([end for _, end in ends])
    return count


def _inversions(values: list[float]) -> int:
    """Pairs that stand in the wrong order, by a tree of counts (P. Fenwick)."""
    numbers = {value: place for place, value in enumerate(sorted(set(values)), 1)}
    tree = [0] * (len(numbers) + 1)
    count = 0
    for seen, value in enumerate(values):
        place = numbers[value]
        below = 0
        while place:
            below += tree[place]
            place &= place - 1
        count += seen - below
        place = numbers[value]
        while place < len(tree):
            tree[place] += 1
            place += place & -place
    return count


# --- coordinates -------------------------------------------------------------------------------


def _settle(layers: list[list[_Vertex]]) -> None:
    """Coordinates along the layers: wires straight, items apart."""
    for layer in layers:
        at = 0.0
        for place, vertex in enumerate(layer):
            at += _apart(layer[place - 1], vertex) if place else 0.0
            vertex.x = at
    total = sum(map(len, layers))
    sweeps = max(SETTLING, min(MOST_SETTLING, 64 * EXCHANGED // total))
    for sweep in range(sweeps):
        way = layers if sweep % 2 == 0 else layers[::-1]
        both = sweep >= sweeps // 2
        for layer in way:
            _pull(layer, both or sweep % 2 == 0, both or sweep % 2 == 1)
    _straighten(layers)


def _straighten(layers: list[list[_Vertex]]) -> None:
    """Lead what passes layers straight down, as far as its neighbours let it."""
    for layer in layers:
        for place, vertex in enumerate(layer):
            above = vertex.above[0][0] if vertex.item < 0 else None
            if above is None or above.item >= 0:
                continue
            x = above.x
            if place:
                x = max(x, layer[place - 1].x + _apart(layer[place - 1], vertex))
            if place + 1 < len(layer):
                x = min(x, layer[place + 1].x - _apart(vertex, layer[place + 1]))
            vertex.x = x


def _apart(left: _Vertex, right: _Vertex) -> float:
    """How far the middles of two neighbours are at least apart."""
    passing = left.item < 0 or right.item < 0
    return (left.width + right.width) / 2 + (PASSING if passing else BETWEEN)


def _pull(layer: list[_Vertex], above: bool, below: bool) -> None:
    """Move a layer to where its wires pull it, as far as its order and distances let it."""
    wanted: list[tuple[float, float]] = []
    for vertex in layer:
        total = weight = 0.0
        near = (vertex.above if above else []) + (vertex.below if below else [])
        for other, there, here, _ in near:
            straight = 8.0 if vertex.item < 0 and other.item < 0 else 1.0
            total += straight * (other.x + there - here)
            weight += straight
        if weight:
            wanted.append((total / weight, weight))
        else:
            wanted.append((vertex.x, 0.05))
    # Isotonic regression of what is wanted less the distances kept: blocks of (sum, weight, count).
    shift = 0.0
    shifts = []
    blocks: list[tuple[float, float, int]] = []
    for place, (x, weight) in enumerate(wanted):
        shift += _apart(layer[place - 1], layer[place]) if place else 0.0
        shifts.append(shift)
        block = ((x - shift) * weight, weight, 1)
        while blocks and blocks[-1][0] * block[1] >= block[0] * blocks[-1][1]:
            before = blocks.pop()
            block = (before[0] + block[0], before[1] + block[1], before[2] + block[2])
        blocks.append(block)
    place = 0
    for total, weight, count in blocks:
        for _ in range(count):
            layer[place].x = total / weight + shifts[place]
            place += 1


def _placed(
    items: Sequence[Item], vertices: list[_Vertex], layers: list[list[_Vertex]]
) -> Placement:
    left = min(vertex.x - vertex.width / 2 for layer in layers for vertex in layer)
    right = max(vertex.x + vertex.width / 2 for layer in layers for vertex in layer)
    tops: list[float] = []
    heights = [max([vertex.height for vertex in layer], default=0.0) for layer in layers]
    at = 0.0
    for layer, height in zip(layers, heights, strict=True):
        tops.append(at)
        sideways = [
            abs(vertex.x + out - other.x - into)
            for vertex in layer
            for other, into, out, _ in vertex.below
        ]
        at += height + max(GAP, max(sideways, default=0.0) / STEEPEST)
    corners: list[Point] = [(0.0, 0.0)] * len(items)
    spans: dict[int, tuple[float, float]] = {}
    for layer, top, height in zip(layers, tops, heights, strict=True):
        for vertex in layer:
            # Beside a tall group a box stays near what it is computed from.
            y = top + min((height - vertex.height) / 2, GAP) if vertex.item >= 0 else top
            spans[id(vertex)] = (y, y + (vertex.height if vertex.item >= 0 else height))
            if vertex.item >= 0:
                corners[vertex.item] = (vertex.x - vertex.width / 2 - left, y)
    stretches = []
    for layer, top, height in zip(layers, tops, heights, strict=True):
        for vertex in layer:
            if vertex.item < 0:
                x = vertex.x - left
                wire = vertex.above[0][3]
                stretches.append(Stretch(wire, (x, top), (x, top + height), (top, top), -1))
            for other, into, out, wire in vertex.below:
                start = (vertex.x + out - left, spans[id(vertex)][1])
                end = (other.x + into - left, spans[id(other)][0])
                bend = (top + height, tops[other.layer])
                stretches.append(Stretch(wire, start, end, bend, other.item))
    bottom = tops[-1] + heights[-1]
    return Placement(corners, stretches, right - left, bottom)
