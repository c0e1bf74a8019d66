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

ROUNDS, EARLY, LATE, DEEPER = 12, 3, 7, 20
"""Rounds of narrowing an interval, rounds after which it shows what is going on, and what still is,
and rounds that follow, as far as there are numbers between its ends, where it seems to hold a
break: what is steep at any place that is sampled may be smooth there."""

SUSPICIOUS = 0.04
"""The part of a curve's height that makes a change suspicious."""

LONELY, VISIBLE = 5.0, 0.002
"""Times that a change is greater than those beside it to be suspicious, though it is small, and
the part of the height that it has at least."""

KEPT, SETTLED, GROWN, GROWING, LAST = 0.3, 0.25, 8.0, 1.02, 10
"""At a jump so much of the change is left, and its ends have moved by so little of it since it was
late; at a pole the height has grown so many times, twice early and twice since it was late, or an
end runs away. Going deeper, as much of the change is left again; or the height has grown so many
times, or an end runs away, in the last rounds."""

MOST_TRACES = 200
"""Paths through the program that looking for breaks may take: beyond, every point has its own."""

MOST_STUDIED = 48
"""Intervals that are narrowed for one curve; one with more of them oscillates."""

CUT = 3.0
"""Times that a curve with a pole must be taller than most of it is for its ends to be cut off."""

HUGE, TINY = 1e307, 1e-300
"""What is greater is drawn as infinite, and what differs by less as equal."""

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

    values: as they were found; y: as they are drawn. pieces: (x, y) of what is connected, ends of
    jumps included. grows: whether it is infinite, or grows without bound where it ends.
    """

    def __init__(self, element: int, label: str, order: int, x: Array, y: Array) -> None:
        self.element = element
        self.order = order
        self.label = label + "'" * order if order < 4 else f"{label}^({order})"
        self.x = x
        self.values = y
        self.y = np.where(np.abs(y) > HUGE, np.copysign(np.inf, y), y)
        self.pieces: list[tuple[Array, Array]] = []
        self.breaks: list[Break] = []
        self.grows = bool(np.isinf(self.y).any())

    @property
    def step(self) -> float:
        """The distance of its samples."""
        return float(self.x[-1] - self.x[0]) / (len(self.x) - 1)

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
    try:
        cuts = _studied(sampler, curves)
    except _Endless:
        sampler.notes.append("nearly each point takes its own path: breaks are not looked for")
        cuts = [[] for _ in curves]
    for curve, own in zip(curves, cuts, strict=True):
        _cut(curve, own)
    return curves


class _Endless(Exception):
    """There are too many paths through the program."""


class _Interval:
    """What is left of the interval between two samples of a curve as it is narrowed.

    usual: the height of most of the curve. edge: whether the curve ends within it. start, change:
    the height and the change at first; top: the greatest height so far. past: top, ya and yb at
    first and after each round. hit: whether something infinite, or nothing, was found within.
    ends: (a, b, ya, yb) as they are drawn. kind: `edge`, `pole` or `jump`, once it is known.
    """

    def __init__(self, curve: Curve, place: int, usual: float) -> None:
        self.curve = curve
        self.place = place
        self.usual = usual
        self.a, self.b = float(curve.x[place]), float(curve.x[place + 1])
        self.ya, self.yb = float(curve.y[place]), float(curve.y[place + 1])
        self.edge = not (np.isfinite(self.ya) and np.isfinite(self.yb))
        self.change = abs(self.yb - self.ya)
        self.start = self.top = max(abs(y) for y in (self.ya, self.yb) if np.isfinite(y))
        self.past = [(self.top, self.ya, self.yb)]
        self.hit = False
        self.kind = ""
        self.ends = (self.a, self.b, self.ya, self.yb)

    @property
    def live(self) -> bool:
        """Whether it can be narrowed."""
        middle = (self.a + self.b) / 2
        return not self.hit and self.a < (self.a + middle) / 2 and (middle + self.b) / 2 < self.b

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
        else:
            changes = [abs(after - before) for before, after in pairwise(y)]
            left = changes.index(max(changes))
            right = left + 1
            peak = left if heights[left] > heights[right] else right
            if 0 < peak < 4 and heights[peak] > max(heights[peak - 1], heights[peak + 1]):
                # A pole may be on both sides of the highest point.
                left, right = peak - 1, peak + 1
        self.a, self.b, self.ya, self.yb = x[left], x[right], y[left], y[right]
        self.past.append((self.top, self.ya, self.yb))

    def _runs(self, rounds: int) -> bool:
        """Whether an end leaves the other, and has doubled beyond the usual in so many rounds."""
        if abs(self.yb - self.ya) < SETTLED * max(abs(self.ya), abs(self.yb)):
            return False
        _, ya, yb = self.past[max(0, len(self.past) - 1 - rounds)]
        return any(
            abs(now) > 2 * abs(before) and abs(now - before) > self.usual
            for now, before in ((self.ya, ya), (self.yb, yb))
        )

    @property
    def grows(self) -> bool:
        """Whether it grows without bound."""
        early, late = [self.past[min(one, len(self.past) - 1)][0] for one in (EARLY, LATE)]
        first = max(self.start, self.change)
        # Rounding errors near a removable gap grow too, but late.
        return early > 2 * first and self.top > max(GROWN * first, 2 * late)

    def confirmed(self, change: float) -> bool:
        """Whether it still is what it seemed to be at another change."""
        if self.kind == "jump":
            return abs(self.yb - self.ya) > KEPT * change
        top, _, _ = self.past[max(0, len(self.past) - 1 - LAST)]
        return self.hit or self.top > GROWING * top or self._runs(LAST)

    def verdict(self) -> str:
        """What it seems to be: an edge, a pole or a jump, or nothing where the curve goes on."""
        if self.edge:
            return "edge"
        if self.hit or self.grows:
            return "pole"
        _, ya, yb = self.past[min(LATE, len(self.past) - 1)]
        change = abs(self.yb - self.ya)
        if change <= max(KEPT * self.change, abs(yb - ya) / 2):
            return ""
        settled = max(abs(self.ya - ya), abs(self.yb - yb)) < SETTLED * change
        return "jump" if settled and not self._runs(ROUNDS - LATE) else "pole"


def _suspects(curve: Curve) -> list[_Interval]:
    """Intervals of a curve at which it may break."""
    y = curve.y
    finite = np.isfinite(y)
    if not finite.any():
        return []
    edges = np.flatnonzero(finite[1:] != finite[:-1])
    low, high = np.percentile(y[finite], [5, 95])
    with np.errstate(invalid="ignore", over="ignore"):
        height = float(high - low if high > low else np.ptp(y[finite]))
        change = np.where(finite[1:] & finite[:-1], np.abs(np.diff(y)), 0.0)
        padded = np.concatenate(([0.0], change, [0.0]))
        beside = LONELY * np.maximum(padded[:-2], padded[2:])
    lonely = change > np.maximum(beside, VISIBLE * height)
    places = np.flatnonzero((change > SUSPICIOUS * height) | lonely)
    if len(places) > MOST_STUDIED:
        places = places[np.argsort(change[places])[-MOST_STUDIED:]]
    # A pole that both neighbours climb alike shows by its height alone.
    top = int(np.argmax(np.where(finite, np.abs(y), -1.0)))
    kept = {*edges[:MOST_STUDIED].tolist(), *places.tolist()}
    kept |= {
        place
        for place in (top - 1, top)
        if 0 <= place < len(change) and finite[place] and finite[place + 1]
    }
    return [_Interval(curve, place, height) for place in sorted(kept)]


def _studied(sampler: Sampler, curves: list[Curve]) -> list[list[_Interval]]:
    """The intervals at which each curve breaks, narrowed down to the break."""
    suspects = [_suspects(curve) for curve in curves]
    every = [one for own in suspects for one in own]
    limit = sampler.traces + MOST_TRACES
    for _ in range(ROUNDS):
        _narrow(sampler, every, limit)
    for one in every:
        one.kind = one.verdict()
        one.ends = (one.a, one.b, one.ya, one.yb)
    deep = [(one, abs(one.yb - one.ya)) for one in every if one.kind in ("jump", "pole")]
    for _ in range(DEEPER):
        _narrow(sampler, [one for one, _ in deep], limit)
    for one, change in deep:
        if not one.confirmed(change):
            one.kind = ""
    return [[one for one in own if one.kind] for own in suspects]


def _narrow(sampler: Sampler, every: list[_Interval], limit: int) -> None:
    """One round for all intervals that can be narrowed. Raises _Endless beyond so many traces."""
    live = [one for one in every if one.live]
    if not live:
        return
    if sampler.traces > limit:
        raise _Endless
    elements = len(sampler.labels)
    points = np.array([one.inner() for one in live])
    found = sampler.at(points.reshape(-1, 1)).reshape(-1, len(live), 3, elements)
    for place, one in enumerate(live):
        one.narrow(found[one.curve.order, place, :, one.curve.element].tolist())


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
        if found is None or (found.edge and not found.grows and _alone(curve.y, found)):
            continue
        a, b, ya, yb = found.ends
        if np.isfinite(ya) and a > x:
            xs.append(a)
            ys.append(ya)
        close()
        kind = found.kind
        curve.grows = curve.grows or (kind == "edge" and found.grows)
        if kind != "edge":
            curve.breaks.append(Break(kind, (found.a + found.b) / 2, ya, yb))
        if np.isfinite(yb) and b < curve.x[place + 1]:
            xs.append(b)
            ys.append(yb)
    close()
    for place in (np.flatnonzero(~np.isfinite(curve.y[1:-1])) + 1).tolist():
        # A single sample between two others: an infinite one, or one to which both sides grow.
        grow = [one.grows for one in (at.get(place - 1), at.get(place)) if one is not None]
        before, y, after = curve.y[place - 1 : place + 2].tolist()
        if np.isfinite(before) and np.isfinite(after) and (np.isinf(y) or grow == [True, True]):
            curve.breaks.append(Break("pole", float(curve.x[place]), before, after))
    curve.breaks = _merged(sorted(curve.breaks, key=lambda one: one.x), curve.step)


def _alone(y: Array, interval: _Interval) -> bool:
    """Whether a curve ends in an interval for a single sample."""
    gap = interval.place + bool(np.isfinite(y[interval.place]))
    return 0 < gap < len(y) - 1 and bool(np.isfinite(y[gap - 1]) and np.isfinite(y[gap + 1]))


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
    if high - low < TINY:
        room = abs(high) / 2 if abs(high) > TINY else 1.0
        return low - room, high + room
    room = (high - low) * 0.03
    return low - room, high + room


def remarks(curves: list[Curve], name: str) -> list[str]:
    """Where curves jump or have poles, in words; what follows from another break is left out."""
    found: list[str] = []
    seen: list[float] = []
    for curve in curves:
        if curve.order == 0 and not curve.pieces:
            found.append(f"{curve.label} is not a finite number anywhere in the range")
        for one in curve.breaks:
            if any(abs(one.x - x) <= 1.5 * curve.step for x in seen):
                continue
            seen.append(one.x)
            where = f"near {name} = {_near(one.x, curve.step)}"
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
