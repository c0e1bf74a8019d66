"""How well derivatives from several sources agree, element by element."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.trust.numeric import INFINITE, KINK, SMOOTH, UNSETTLED

if TYPE_CHECKING:
    from gradcli.trust.numeric import Slopes

    Array = np.ndarray[Any, Any]

MOST_DIGITS = 16


class Agreement:
    """One source beside reverse mode.

    digits: to how many all elements agree, None where there was nothing to compare. worst: the
    place of the element that agrees least, with what the source gives there (None where all are
    equal). differs: how many elements differ; unsure: how many the source could not decide.
    """

    def __init__(
        self,
        digits: int | None,
        worst: tuple[int, int] | None,
        found: float | None,
        differs: int,
        unsure: int = 0,
    ) -> None:
        self.digits = digits
        self.worst = worst
        self.found = found
        self.differs = differs
        self.unsure = unsure


def tolerance(dtype: Any) -> float:
    """Relative difference of two derivatives that counts as none."""
    return 4 * float(np.sqrt(np.finfo(dtype).eps))


def agreement(ours: Array, theirs: Array, dtype: Any, slack: Array | float = 0.0) -> Agreement:
    """How well two (m, n) arrays agree. slack: absolute differences that the source may have."""
    with np.errstate(invalid="ignore", over="ignore"):
        gap = np.abs(ours - theirs)
        scale = np.maximum(np.abs(ours), np.abs(theirs))
        largest = np.where(np.isfinite(scale), scale, 0).max(axis=1, initial=0, keepdims=True)
        least = largest * np.finfo(dtype).eps * 100 + slack
        same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
        near = same | (gap <= tolerance(dtype) * scale + least)
        counted = ~same & ((scale > least) | ~near)
        relative = np.where(counted, gap / np.maximum(scale, 1e-300), 0.0)
        relative = np.where(counted & ~np.isfinite(relative), np.inf, relative)
    worst = None
    digits: int | None = MOST_DIGITS if ours.size else None
    found = None
    if counted.any():
        row, column = np.unravel_index(relative.argmax(), relative.shape)
        worst = (int(row), int(column))
        found = float(theirs[worst])
        digits = _digits(float(relative[worst]))
    return Agreement(digits, worst, found, int((~near).sum()))


def _digits(relative: float) -> int:
    if relative <= 0:
        return MOST_DIGITS
    if not np.isfinite(relative):
        return 0
    return int(np.clip(np.floor(-np.log10(relative)), 0, MOST_DIGITS))


def numeric_agreement(ours: Array, slopes: Slopes, dtype: Any) -> Agreement:
    """The same with differences: two-sided where it is smooth, between the one-sided at kinks."""
    kinds = slopes.kinds()
    smooth = kinds == SMOOTH
    slack = 10 * np.where(smooth, slopes.error, 0) + slopes.floor()
    chosen = np.where(smooth, slopes.central, ours)
    found = agreement(ours, chosen, dtype, slack)
    odd = ~smooth & ~within(ours, slopes, dtype) & (kinds != UNSETTLED)
    if odd.any():
        row, column = np.argwhere(odd)[0]
        worst = (int(row), int(column))
        low, high = slopes.bounds()
        nearest = low[worst] if ours[worst] < low[worst] else high[worst]
        if found.differs == 0:
            found = Agreement(0, worst, float(nearest), 0)
    found.differs += int(odd.sum())
    # Differences that do not settle say nothing, unless no number stands there at all.
    unsettled = kinds == UNSETTLED
    lost = unsettled & np.isnan(ours) & np.isfinite(slopes.central)
    found.differs += int(lost.sum())
    found.unsure = int((unsettled & ~lost).sum())
    if not (smooth | (kinds == KINK) | (kinds == INFINITE)).any() and ours.size:
        found.digits = None
    return found


def within(values: Array, slopes: Slopes, dtype: Any) -> Array:
    """Where values lie between the one-sided derivatives."""
    low, high = slopes.bounds()
    with np.errstate(invalid="ignore", over="ignore"):
        finite = np.maximum(np.abs(np.nan_to_num(low)), np.abs(np.nan_to_num(high)))
        errors = np.where(np.isfinite(slopes.left_error), slopes.left_error, 0)
        errors = errors + np.where(np.isfinite(slopes.right_error), slopes.right_error, 0)
        slack = (1e-5 + tolerance(dtype)) * finite + 10 * errors + slopes.floor()
        inside: Array = (values >= low - slack) & (values <= high + slack)
        inside |= (values == low) | (values == high)
    return inside
