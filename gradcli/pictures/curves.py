"""Curves from samples: where they break, and which part of the plane shows them.

Two samples far apart may lie on a steep curve or on both sides of a jump. The interval between them
is narrowed again and again, always around the peak or the greatest change: on a curve the change
vanishes, at a jump it stays, at a pole it grows.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from gradcli.sampling import Sampler

    Array = np.ndarray[Any, Any]

ROUNDS, LATE = 12, 7
"""Rounds of narrowing an interval, and rounds after which it shows what is still going on."""

SUSPICIOUS = 0.04
"""The part of a curve's height that makes a change suspicious."""

LONELY, VISIBLE = 5.0, 0.002
"""Times that a change is greater than those beside it to be suspicious, though it is small, and
the part of the height that it has at least."""

KEPT, SETTLED, GROWN = 0.3, 0.25, 8.0
"""At a jump so much of the change is left, and its ends have moved by so little of it since it was
late; at a pole the height has grown so many times, and twice since it was late."""

MOST_STUDIED = 48
"""Intervals that are narrowed for one curve; one with more of them oscillates."""

CUT = 3.0
"""Times that a curve with a pole must be taller than most of it is for its ends to be cut off."""

SAME_SCALE = 8.0
"""Times that one panel may be taller than a curve in it."""


class Break(NamedTuple):
    """Where a curve is interrupted: a `jump`, between two values, or a `pole`."""

    kind: str
    x: float
    before: float
    after: float


class Curve:
    """An element of the output, or its derivative of some order, along the range.

    pieces: (x, y) of what is connected, ends of jumps included. grows: whether it is infinite, or
    grows without bound where it ends.
    """

    def __init__(self, element: int, label: str, order: int, x: Array, y: Array) -> None:
        self.element = element
        self.order = order
        self.label = label + "'" * order if order < 4 else f"{label}^({order})"
        self.x = x
        self.y = y
        self.pieces: list[tuple[Array, Array]] = []
        self.breaks: list[Break] = []
        self.grows = bool(np.isinf(y).any())

    @property
    def poles(self) -> bool:
        return self.grows or any(one.kind == "pole" for one in self.breaks)

    def limits(self) -> tuple[float, float] | None:
        """The lowest and the highest value to be shown; None where there is none."""
        finite = self.y[np.isfinite(self.y)]
        if not finite.size:
            return None
        low, high = float(finite.min()), float(finite.max())
        if self.poles:
            # Most of the curve, and as much again above and below: the poles lead out of it.
            first, third = np.percentile(finite, [20, 80])
            around = max(third - first, (high - low) * 1e-6)
            if high - low > CUT * around:
                low = max(low, float(first - around))
                high = min(high, float(third + around))
        return low, high


def curves_of(sampler: Sampler, x: Array, found: Array) -> list[Curve]:
    """A curve for each element and order, from samples (orders, points, elements) at x."""
    curves = [
        Curve(element, label, order, x, found[order, :, element])
        for order in range(found.shape[0])
        for element, label in enumerate(sampler.labels)
    ]
    cuts = _studied(sampler, curves)
    for curve, own in zip(curves, cuts, strict=True):
        _cut(curve, own)
    return curves


class _Interval:
    """What is left of the interval between two samples of a curve as it is narrowed.

    edge: whether the curve ends within it. start, change: the height and the change at first; top:
    the greatest height so far; late: top and both ends when it was late. hit: whether something
    infinite, or nothing, was found within.
    """

    def __init__(self, curve: Curve, place: int) -> None:
        self.curve = curve
        self.place = place
        self.a, self.b = float(curve.x[place]), float(curve.x[place + 1])
        self.ya, self.yb = float(curve.y[place]), float(curve.y[place + 1])
        self.edge = not (np.isfinite(self.ya) and np.isfinite(self.yb))
        self.change = abs(self.yb - self.ya)
        self.start = self.top = max(abs(y) for y in (self.ya, self.yb) if np.isfinite(y))
        self.late = (self.top, self.ya, self.yb)
        self.hit = False

    def inner(self) -> list[float]:
        """The points that part it into quarters."""
        quarter = (self.b - self.a) / 4
        return [self.a + quarter, self.a + 2 * quarter, self.a + 3 * quarter]

    def narrow(self, inner: list[float]) -> None:
        """Go on with a part of it, given the values at its quarters."""
        x = [self.a, *self.inner(), self.b]
        y = [self.ya, *inner, self.yb]
        finite = [bool(np.isfinite(value)) for value in y]
        heights = [abs(value) if there else -1.0 for value, there in zip(y, finite, strict=True)]
        self.top = max(self.top, *heights)
        if self.edge:
            left = next(place for place in range(4) if finite[place] != finite[place + 1])
            right = left + 1
        elif not all(finite):
            self.hit = True
            return
        elif max(heights) > max(heights[0], heights[-1]):
            peak = heights.index(max(heights))
            left, right = peak - 1, peak + 1
        else:
            changes = [abs(after - before) for before, after in pairwise(y)]
            left = changes.index(max(changes))
            right = left + 1
        self.a, self.b, self.ya, self.yb = x[left], x[right], y[left], y[right]

    @property
    def grows(self) -> bool:
        """Whether it grows without bound."""
        return self.top > GROWN * max(self.start, self.change) and self.top > 2 * self.late[0]

    def verdict(self) -> str:
        """`edge`, `pole` or `jump`, or nothing where the curve goes on."""
        if self.edge:
            return "edge"
        if self.hit or self.grows:
            return "pole"
        _, ya, yb = self.late
        change = abs(self.yb - self.ya)
        if change <= max(KEPT * self.change, abs(yb - ya) / 2):
            return ""
        settled = max(abs(self.ya - ya), abs(self.yb - yb)) < SETTLED * change
        return "jump" if settled else "pole"


def _suspects(curve: Curve) -> list[_Interval]:
    """Intervals of a curve at which it may break."""
    y = curve.y
    finite = np.isfinite(y)
    if not finite.any():
        return []
    edges = np.flatnonzero(finite[1:] != finite[:-1])
    low, high = np.percentile(y[finite], [5, 95])
    height = high - low if high > low else np.ptp(y[finite])
    with np.errstate(invalid="ignore"):
        change = np.where(finite[1:] & finite[:-1], np.abs(np.diff(y)), 0.0)
    padded = np.concatenate(([0.0], change, [0.0]))
    lonely = change > np.maximum(LONELY * np.maximum(padded[:-2], padded[2:]), VISIBLE * height)
    places = np.flatnonzero((change > SUSPICIOUS * height) | lonely)
    if len(places) > MOST_STUDIED:
        places = places[np.argsort(change[places])[-MOST_STUDIED:]]
    # A pole that both neighbours climb alike shows by its height alone.
    top = int(np.argmax(np.where(finite, np.abs(y), -1.0)))
    beside = [place for place in (top - 1, top) if 0 <= place < len(change) and change[place]]
    beside += [place for place in (top - 1, top) if 0 <= place < len(change) and finite[place]]
    kept = {*edges[:MOST_STUDIED].tolist(), *places.tolist()}
    kept |= {place for place in beside if finite[place] and finite[place + 1]}
    return [_Interval(curve, place) for place in sorted(kept)]


def _studied(sampler: Sampler, curves: list[Curve]) -> list[list[_Interval]]:
    """The intervals at which each curve breaks, narrowed down to the break."""
    suspects = [_suspects(curve) for curve in curves]
    every = [one for own in suspects for one in own]
    numbers = {id(curve): number for number, curve in enumerate(curves)}
    elements = len(sampler.labels)
    for number in range(ROUNDS):
        live = [one for one in every if not one.hit]
        if not live:
            break
        points = np.array([one.inner() for one in live])
        found = sampler.at(points.reshape(-1, 1)).reshape(-1, len(live), 3, elements)
        for place, one in enumerate(live):
            order, element = divmod(numbers[id(one.curve)], elements)
            one.narrow(found[order, place, :, element].tolist())
            if number == LATE:
                one.late = (one.top, one.ya, one.yb)
    return [[one for one in own if one.verdict()] for own in suspects]


def _cut(curve: Curve, intervals: list[_Interval]) -> None:
    """Split a curve at its breaks, with the ends of each piece as near to them as is known."""
    at = {one.place: one for one in intervals}
    xs: list[float] = []
    ys: list[float] = []

    def close() -> None:
        if xs:
            curve.pieces.append((np.array(xs), np.array(ys)))
        xs.clear()
        ys.clear()

    for place, (x, y) in enumerate(zip(curve.x.tolist(), curve.y.tolist(), strict=True)):
        if np.isfinite(y):
            xs.append(x)
            ys.append(y)
        else:
            close()
        found = at.get(place)
        if found is None:
            continue
        if np.isfinite(found.ya) and found.a > x:
            xs.append(found.a)
            ys.append(found.ya)
        close()
        kind = found.verdict()
        curve.grows = curve.grows or (kind == "edge" and found.grows)
        if kind != "edge":
            curve.breaks.append(Break(kind, (found.a + found.b) / 2, found.ya, found.yb))
        if np.isfinite(found.yb) and found.b < curve.x[place + 1]:
            xs.append(found.b)
            ys.append(found.yb)
    close()
    for place in np.flatnonzero(np.isinf(curve.y)).tolist():
        inner = 0 < place < len(curve.x) - 1
        if inner and np.isfinite(curve.y[place - 1]) and np.isfinite(curve.y[place + 1]):
            x = float(curve.x[place])
            curve.breaks.append(Break("pole", x, curve.y[place - 1], curve.y[place + 1]))
    curve.breaks.sort(key=lambda one: one.x)


# --- panels ------------------------------------------------------------------------------------


def panels_of(curves: list[Curve]) -> list[list[Curve]]:
    """Curves that one scale suits together; else a panel for each order of derivatives."""
    limits = [found for curve in curves if (found := curve.limits()) is not None]
    if not limits:
        return [curves]
    heights = [high - low for low, high in limits if high > low]
    whole = max(high for _, high in limits) - min(low for low, _ in limits)
    if not heights or whole <= SAME_SCALE * min(heights):
        return [curves]
    orders = sorted({curve.order for curve in curves})
    return [[curve for curve in curves if curve.order == order] for order in orders]


def limits_of(panel: list[Curve]) -> tuple[float, float]:
    """The values that a panel shows, with some room around them."""
    found = [limits for curve in panel if (limits := curve.limits()) is not None]
    low = min([low for low, _ in found], default=0.0)
    high = max([high for _, high in found], default=1.0)
    if high == low:
        room = abs(high) / 2 or 1.0
        return low - room, high + room
    room = (high - low) * 0.03
    return low - room, high + room


def remarks(curves: list[Curve], name: str) -> list[str]:
    """Where curves jump or have poles, in words; what follows from another break is left out."""
    found: list[str] = []
    seen: list[float] = []
    for curve in curves:
        width = abs(float(curve.x[-1] - curve.x[0])) / max(len(curve.x) - 1, 1)
        for one in _merged(curve.breaks, width):
            if any(abs(one.x - x) <= 1.5 * width for x in seen):
                continue
            seen.append(one.x)
            where = f"near {name} = {_near(one.x, width)}"
            if one.kind == "pole":
                found.append(f"{curve.label} has a pole {where}")
            else:
                found.append(
                    f"{curve.label} jumps from {one.before:.4g} to {one.after:.4g} {where}"
                )
    if len(found) > 6:
        found[5:] = [f"and {len(found) - 5} more breaks"]
    return found


def _merged(breaks: list[Break], width: float) -> list[Break]:
    """Breaks with those on both sides of one sample as one."""
    found: list[Break] = []
    for one in breaks:
        if found and one.x - found[-1].x < width / 2:
            before = found.pop()
            kind = "pole" if "pole" in (before.kind, one.kind) else "jump"
            one = Break(kind, (before.x + one.x) / 2, before.before, one.after)
        found.append(one)
    return found


def _near(x: float, width: float) -> str:
    """A place to a hundredth of the distance of samples."""
    digits = max(0, int(np.ceil(-np.log10(width))) + 2) if width > 0 else 6
    return f"{round(x, digits) + 0.0:.10g}"
