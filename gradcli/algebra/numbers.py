"""Coefficients: exact fractions where a number is one that people write, else floats."""

from __future__ import annotations

import math
from fractions import Fraction

Coefficient = Fraction | float

LARGEST = 1_000_000
"""Denominators up to which a float is taken for the fraction that it rounds."""


def coefficient(value: float) -> Coefficient:
    """A number as a fraction where a small one rounds to it: 0.1 is 1/10, pi stays a float."""
    if not math.isfinite(value) or abs(value) > 2**53:
        return float(value)
    near = Fraction(value).limit_denominator(LARGEST)
    return near if float(near) == value else float(value)


def power(base: Coefficient, exponent: int) -> Coefficient | None:
    """A whole power, or None where there is none that a double holds."""
    if (base == 0 and exponent < 0) or abs(exponent) > 64:
        return None
    try:
        result = base**exponent
        return result if abs(float(result)) < 1e300 else None
    except OverflowError:
        return None


def is_decimal(value: Fraction) -> bool:
    """Whether people would write the fraction with a decimal point: 1/2, 3/4, not 1/3."""
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1 and value.denominator <= 1000
