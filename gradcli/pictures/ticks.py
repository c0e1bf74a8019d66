"""Round numbers along an axis."""

from __future__ import annotations

import math

STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def ticks(low: float, high: float, most: int) -> list[float]:
    """At most so many multiples of a round step between two numbers, at least one where any is."""
    span = high - low
    if not (math.isfinite(span) and span > 0) or most < 1:
        return [low]
    raw = span / max(most, 1)
    scale = 10.0 ** math.floor(math.log10(raw))
    for step in [scale * one for one in (*STEPS, 20.0, 25.0, 50.0, 100.0)]:
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first + 1 <= most:
            return [number * step for number in range(first, last + 1)] or [low]
    return [low]


def tick_texts(values: list[float]) -> list[str]:
    """Ticks with as many digits as tell them apart, all alike."""
    if len(values) < 2:
        return [f"{value:.4g}" for value in values]
    step = abs(values[1] - values[0])
    largest = max(map(abs, values))
    if largest >= 1e6 or largest < 1e-3:
        digits = max(0, math.ceil(math.log10(largest / step) - 1e-9)) + 1
        return [f"{value:.{digits}g}" if value else "0" for value in values]
    places, unsure = 0, 1e-6 * step + 1e-15 * largest
    while places < 15 and abs(step - round(step, places)) > unsure:
        places += 1
    return [f"{round(value, places) + 0.0:.{places}f}" for value in values]
