"""What is expected of a result, beside what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.ops.elementwise import shape_text
from gradcli.trust.claims import absolute, differing

if TYPE_CHECKING:
    Array = np.ndarray[Any, Any]

MOST_SHOWN = 5


class Tolerance:
    """Found and expected are the same where |found - expected| <= atol + rtol*|expected|.

    atol: where None, chosen by the largest entry (see `gradcli.trust.claims.Claim`).
    """

    def __init__(self, rtol: float | None = None, atol: float | None = None) -> None:
        self.rtol = 1e-5 if rtol is None else rtol
        self.atol = atol


def difference(name: str, expected: Array, found: Array, tolerance: Tolerance) -> list[str]:
    """How what was found differs from what was expected, in lines; none where it does not."""
    found = np.asarray(found, np.float64)
    if expected.shape != found.shape:
        wanted, shape = shape_text(expected.shape), shape_text(found.shape)
        return [f"{name} has shape {shape}, expected {wanted}", *_both(expected, found)]
    expected = expected.astype(np.float64)
    atol = absolute(tolerance.atol, tolerance.rtol, expected)
    wrong = np.argwhere(differing(found, expected, tolerance.rtol, atol))
    if not len(wrong):
        return []
    rule = f"atol {atol:.6g}, rtol {tolerance.rtol:.6g}"
    if not expected.ndim:
        return [f"{name} is {_number(found[()])}, expected {_number(expected[()])} ({rule})"]
    lines = [f"{name}: {len(wrong)} of {expected.size:,} elements differ ({rule})"]
    for place in wrong[:MOST_SHOWN]:
        index = tuple(map(int, place))
        where = ",".join(map(str, index))
        lines.append(f"  [{where}] is {_number(found[index])}, expected {_number(expected[index])}")
    if len(wrong) > MOST_SHOWN:
        lines.append(f"  and {len(wrong) - MOST_SHOWN:,} more")
    return lines


def _both(expected: Array, found: Array) -> list[str]:
    if expected.size > 16 or found.size > 16:
        return []
    return [f"  found     {_listed(found)}", f"  expected  {_listed(expected)}"]


def _listed(array: Array) -> str:
    return str(array.tolist())


def _number(value: Any) -> str:
    return repr(float(value)).removesuffix(".0")
