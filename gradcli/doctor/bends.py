"""Which ops have kinks with different slopes on both sides, judged by their rows."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from gradcli.ops.elementwise import Elementwise

if TYPE_CHECKING:
    from gradcli.ops.family import Op

STEP = 2.0**-30


@cache
def bends(op: Op) -> bool:
    """Whether the slopes beside one of a row's kinks differ, as those of a power at 0 do not.

    Of an op that mixes elements its row's word is taken.
    """
    if not isinstance(op, Elementwise):
        return bool(op.kinks)
    return any(_bent(op, point) for point, partials in op.kinks if np.isfinite(partials).all())


def _bent(op: Elementwise, point: tuple[float, ...]) -> bool:
    for place in range(len(point)):

        def at(k: int, place: int = place) -> float:
            moved = [np.float64(x) for x in point]
            moved[place] += k * STEP
            with np.errstate(all="ignore"):
                return float(op.ufunc(*map(np.asarray, moved)))

        left, right = (at(-1) - at(-2)) / STEP, (at(2) - at(1)) / STEP
        if abs(left - right) > 1e-4 * max(abs(left), abs(right)) > 1e-9:
            return True
    return False
