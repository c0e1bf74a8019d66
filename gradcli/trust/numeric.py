"""Derivatives from values alone: extrapolated differences, one-sided ones, the complex step.

Central differences at halved steps, extrapolated to step 0 (Richardson), with the error that
neighbouring extrapolations and rounding suggest (Ridders, Adv. Eng. Software 4 (1982) 75). The
differences of the points of one side, extrapolated likewise, give the derivatives from the left and
from the right: where they are not equal there is a kink. They leave out the point itself, so that a
jump there is none. Complex step: Squire and Trapp, SIAM Review 40 (1998) 110.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradcli.trust.forward import Forward

    Array = np.ndarray[Any, Any]

HALVINGS = 11
SETTLED = 1e-9
"""Relative error below which no other steps are tried."""

TRUSTED = 1e-4
"""Relative error above which differences say nothing."""

EPS = float(np.finfo(np.float64).eps)
TINY_STEP = 1e-40
SMOOTH, KINK, INFINITE, UNSETTLED = "smooth", "kink", "infinite", "unsettled"


class Slopes:
    """Derivatives of m numbers by n elements, each array of shape (m, n).

    central: the two-sided one, with its error; left, right: the one-sided ones, with theirs.
    noise: derivatives that rounding alone suggests, for steps in proportion to the elements.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self.central = np.full(shape, np.nan)
        self.error = np.full(shape, np.inf)
        self.left = np.full(shape, np.nan)
        self.right = np.full(shape, np.nan)
        self.left_error = np.full(shape, np.inf)
        self.right_error = np.full(shape, np.inf)
        self.noise = np.full(shape, np.nan)

    def improve(self, columns: Array, found: Slopes) -> None:
        """Take in what other steps found, where it is better."""
        first = self.noise[:, columns]
        self.noise[:, columns] = np.where(np.isnan(first), found.noise, first)
        for name, error in (
            ("central", "error"), ("left", "left_error"), ("right", "right_error"),
        ):  # fmt: skip
            mine, theirs = getattr(self, error), getattr(found, error)
            better = theirs < mine[:, columns]
            value = getattr(self, name)
            value[:, columns] = np.where(better, getattr(found, name), value[:, columns])
            mine[:, columns] = np.where(better, theirs, mine[:, columns])

    def keep(self, rows: Array) -> None:
        """Leave out all rows but those."""
        for name, array in vars(self).items():
            setattr(self, name, array[rows])

    def kinds(self) -> Array:
        """What there is at each element: smooth, kink, infinite or unsettled."""
        kinds = np.full(self.central.shape, SMOOTH, dtype=object)
        with np.errstate(invalid="ignore", over="ignore"):
            settled = self.error <= TRUSTED * np.nan_to_num(np.abs(self.central)) + self.floor()
            gap = np.abs(self.right - self.left)
            apart = 100 * (self.left_error + self.right_error + self.noise)
            apart = apart + 1e-5 * np.maximum(np.abs(self.left), np.abs(self.right))
            one_sided = np.isnan(self.left) != np.isnan(self.right)
        kinds[~settled] = UNSETTLED
        kinds[gap > apart] = KINK
        # A jump: both sides are smooth, and what lies between them is not.
        both = np.isfinite(self.left_error) & np.isfinite(self.right_error)
        kinds[~settled & both] = KINK
        kinds[~settled & one_sided] = KINK
        kinds[np.isinf(self.left) | np.isinf(self.right)] = INFINITE
        return kinds

    def floor(self) -> Array:
        """Errors that mean nothing beside the largest derivative of the same number."""
        finite = np.where(np.isfinite(self.central), np.abs(self.central), 0)
        largest = finite.max(axis=1, initial=0, keepdims=True)
        with np.errstate(over="ignore"):
            floor: Array = 1e-10 * largest + np.nan_to_num(self.noise)
        return floor

    def bounds(self) -> tuple[Array, Array]:
        """The smaller and the larger of the one-sided derivatives; of one, where there is one."""
        left = np.where(np.isnan(self.left), self.right, self.left)
        right = np.where(np.isnan(self.right), self.left, self.right)
        return np.minimum(left, right), np.maximum(left, right)


def slopes(forward: Forward, positions: Array, weights: Array | None) -> Slopes:
    """Derivatives of each element of the first output by the elements of x at `positions`.

    weights: an array of the output's shape; then the derivatives of the sum of weights*output.
    """
    x = forward.held[forward.x.serial].astype(np.float64)
    (base,) = forward.base
    rows = base.size if weights is None else 1
    total = Slopes((rows, len(positions)))
    tried = list(_scales(x.ravel()[positions], np.abs(x).max(initial=0)))
    for scale in tried:
        central = np.nan_to_num(np.abs(total.central))
        rough = total.error > SETTLED * central + 1e-3 * total.floor()
        columns = np.flatnonzero(rough.any(axis=0))
        if not len(columns):
            break
        each = max(1, min(forward.chunk() // (2 * HALVINGS), (1 << 21) // (rows * HALVINGS)))
        for start in range(0, len(columns), each):
            some = columns[start : start + each]
            found = _tabled(forward, x, positions[some], scale[some], weights)
            total.improve(some, found)
    bent = np.flatnonzero((total.kinds() == KINK).any(axis=0))
    if len(bent):
        # A kink beside the point, within the steps, is none of the point.
        each = max(1, forward.chunk() // (2 * HALVINGS))
        for some in np.split(bent, range(each, len(bent), each)):
            nearer = _tabled(forward, x, positions[some], tried[0][some] * 2.0**-14, weights)
            for name in ("left", "right", "left_error", "right_error"):
                getattr(total, name)[:, some] = getattr(nearer, name)
    return total


def _scales(x: Array, largest: float) -> Iterator[Array]:
    """First steps to try: in proportion to each element, to all of them, then ever smaller."""
    typical = min(largest, 1.0) or 1.0
    own = np.where(x == 0, typical, np.abs(x))
    own = np.exp2(np.floor(np.log2(np.maximum(own, 1e-300)))) / 8
    yield own
    yield np.full(len(x), np.exp2(np.floor(np.log2(typical)))) / 8
    yield np.full(len(x), 1 / 8)
    yield own * 2.0**-9
    yield own * 2.0**-18


def _tabled(
    forward: Forward, x: Array, positions: Array, scale: Array, weights: Array | None
) -> Slopes:
    """Derivatives from steps `scale`, halved again and again."""
    count = len(positions)
    steps = scale * np.exp2(-np.arange(HALVINGS))[:, None]
    flat = x.ravel()[positions]
    with np.errstate(invalid="ignore"):
        # Infinities, as a mask puts them in, have no steps.
        up, down = flat + steps, flat - steps
    points = np.broadcast_to(x.ravel(), (2, HALVINGS, count, x.size)).copy()
    which = np.arange(count)
    points[0][:, which, positions] = up
    points[1][:, which, positions] = down
    (values,) = forward.at(points.reshape(-1, *x.shape))
    values = values.reshape(2, HALVINGS, count, -1).astype(np.float64)
    return _judged(forward, values, (up, down), steps, weights)


def along(forward: Forward, direction: Array, weights: Array | None) -> Slopes:
    """Derivatives along a direction, in one column: all elements of x move at once."""
    x = forward.held[forward.x.serial].astype(np.float64)
    (base,) = forward.base
    total = Slopes((base.size if weights is None else 1, 1))
    for power in (3, 12, 21):
        steps = np.exp2(-power - np.arange(HALVINGS, dtype=np.float64))[:, None]
        parts = []
        for step in np.concatenate([steps, -steps]).ravel():
            (value,) = forward.at((x + step * direction)[None])
            parts.append(value.ravel())
        values = np.stack(parts).reshape(2, HALVINGS, 1, -1).astype(np.float64)
        found = _judged(forward, values, (steps, -steps), steps, weights)
        total.improve(np.arange(1), found)
        if (total.error <= SETTLED * np.nan_to_num(np.abs(total.central))).all():
            break
    return total


def _judged(
    forward: Forward, values: Array, ends: tuple[Array, Array], steps: Array, weights: Array | None
) -> Slopes:
    """Derivatives from values of shape (2, steps, n, m) at the ends of steps, up and down."""
    up, down = ends
    count = up.shape[1]
    scale = steps[0]
    (base,) = forward.base
    magnitude = np.abs(base.astype(np.float64)).ravel()
    with np.errstate(all="ignore"):
        rounding = EPS * (np.fmax(*np.abs(values)) + magnitude)
        central = (values[0] - values[1]) / (up - down)[..., None]
        sides = [
            (side[:-1] - side[1:]) / (at[:-1] - at[1:])[..., None]
            for side, at in ((values[0], up), (values[1], down))
        ]
        noise = rounding / steps[..., None]
        if weights is not None:
            seed = weights.ravel()
            central = _weighted(central, seed)
            sides = [_weighted(side, seed) for side in sides]
            noise = _weighted(noise, np.abs(seed))
        found = Slopes((central.shape[2], count))
        found.central, found.error = _extrapolated(central, noise, 4.0, len(central))
        # Rounding at the point: far from it, values may be of another order.
        found.noise = (100 * np.nan_to_num(noise[-1] * (steps[-1] / scale)[:, None])).T
        for name, side in (("right", sides[0]), ("left", sides[1])):
            value, error = _extrapolated(side, 4 * noise[1:], 2.0, 3)
            value = np.where(_diverges(side), np.inf * np.sign(side[-1]).T, value)
            setattr(found, name, value)
            setattr(found, f"{name}_error", np.where(np.isinf(value), 0.0, error))
    return found


def _weighted(parts: Array, seed: Array) -> Array:
    # Zeros of the seed leave out what is not finite.
    chosen = seed != 0
    products: Array = parts[..., chosen] @ seed[chosen]
    return products[..., None]


def _diverges(side: Array) -> Array:
    """Whether one-sided differences grow without end as the steps shrink, as of a root at 0."""
    change = np.diff(side[-6:], axis=0) * np.sign(side[-1])
    grows = (change > 0).all(axis=0) & (change[1:] >= 0.9 * change[:-1]).all(axis=0)
    diverging: Array = grows & (np.abs(side[-1]) > 1.5 * np.abs(side[-6]))
    return diverging.T


def _extrapolated(differences: Array, noise: Array, base: float, last: int) -> tuple[Array, Array]:
    """The extrapolation to step 0 with the least estimated error, and that error; both (m, n).

    differences, noise: of shape (steps, n, m). base: what a halved step divides the error by.
    last: so many of the finest steps, one of which takes part: constant differences beyond a kink
    would look settled.
    """
    best = np.full(differences.shape[1:], np.nan)
    least = np.full(differences.shape[1:], np.inf)
    row = differences
    for order in range(1, len(differences)):
        factor = base**order
        further = row[1:] + (row[1:] - row[:-1]) / (factor - 1)
        spread = np.maximum(np.abs(further - row[1:]), np.abs(further - row[:-1]))
        estimate = spread + noise[order:]
        estimate = np.where(np.isfinite(estimate), estimate, np.inf)
        estimate[: max(len(estimate) - last, 0)] = np.inf
        place = estimate.argmin(axis=0)[None]
        error = np.take_along_axis(estimate, place, 0)[0]
        value = np.take_along_axis(further, place, 0)[0]
        best = np.where(error < least, value, best)
        least = np.minimum(error, least)
        row = further
    return best.T, least.T


def complex_step(forward: Forward, positions: Array, weights: Array | None) -> Array | None:
    """The same derivatives from steps along the imaginary axis, which lose no digits.

    None where an op on the way is not known to be analytic, or leaves the real values there.
    """
    if not forward.analytic:
        return None
    x = forward.held[forward.x.serial].astype(np.float64)
    (base,) = forward.base
    rows = base.size if weights is None else 1
    found = np.zeros((rows, len(positions)))
    each = max(1, forward.chunk() // 2)
    for start in range(0, len(positions), each):
        some = positions[start : start + each]
        points = np.broadcast_to(x.ravel(), (len(some), x.size)).astype(np.complex128)
        points[np.arange(len(some)), some] += 1j * TINY_STEP
        (values,) = forward.at(points.reshape(-1, *x.shape))
        values = values.reshape(len(some), -1)
        if not np.allclose(values.real, base.ravel(), 1e-9, 0):
            return None
        with np.errstate(all="ignore"):
            part = values.imag / TINY_STEP
        found[:, start : start + len(some)] = (
            part.T if weights is None else _weighted(part, weights.ravel()).T
        )
    return found
