"""Common mistakes in derivatives, and which of them explains a claim that differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.ops.elementwise import shape_text
from gradcli.trust.terms import terms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradcli.run import Run
    from gradcli.trust.claims import Verdict

    Array = np.ndarray[Any, Any]

CLOSE = 1e-5


def likely(verdict: Verdict, kind: str, run: Run, seed: Any) -> list[str]:
    """What would make a claim of the derivative that is right, most telling first; in words."""
    claimed = verdict.claim.value.astype(np.float64)
    ours = verdict.ours
    if not np.isfinite(claimed).all() or not np.isfinite(ours).all():
        return []
    found = list(_of_shape(claimed, ours)) if claimed.shape != ours.shape else []
    if claimed.shape == ours.shape:
        found = list(_of_value(claimed, ours, verdict, kind, run))
        if kind == "grad":
            found += list(_of_terms(claimed, ours, verdict, run, seed))
    return found[:2]


def _same(a: Array, b: Array) -> bool:
    scale = float(np.abs(b).max(initial=0))
    return a.shape == b.shape and bool(np.allclose(a, b, CLOSE, CLOSE * scale + 1e-300))


def _of_shape(claimed: Array, ours: Array) -> Iterator[str]:
    """Mistakes that change the shape."""
    wrong, right = shape_text(claimed.shape), shape_text(ours.shape)
    if claimed.T.shape == ours.shape and _same(claimed.T, ours):
        yield "transposed: the claim's transpose is right"
        return
    axes = _repeated(claimed.shape, ours.shape)
    if axes is not None and axes:
        summed = claimed.sum(axis=axes).reshape(ours.shape)
        words = "axis" if len(axes) == 1 else "axes"
        which = ", ".join(map(str, axes))
        if _same(summed, ours):
            yield (
                f"not summed over the broadcast {words} {which}: summed over {words} {which}, the "
                f"claim of shape {wrong} is right; the input has shape {right}"
            )
            return
        factor = _factor(summed, ours)
        if factor is not None:
            yield (
                f"not summed over the broadcast {words} {which}, and {_factor_words(factor)}: "
                f"the claim has shape {wrong}, the input {right}"
            )
            return
    axes = _repeated(ours.shape, claimed.shape)
    if axes and _same(claimed, ours.sum(axis=axes).reshape(claimed.shape)):
        yield f"summed over axis {', '.join(map(str, axes))}, which the input of shape {right} has"
        return
    if claimed.size == ours.size and _same(claimed.reshape(ours.shape), ours):
        yield f"another shape: the numbers are right, and their shape is {right}, not {wrong}"


def _repeated(large: tuple[int, ...], small: tuple[int, ...]) -> tuple[int, ...] | None:
    """The axes of `large` along which broadcasting from `small` repeats; None where it does not."""
    extra = len(large) - len(small)
    if extra < 0:
        return None
    axes = list(range(extra))
    for axis in range(extra, len(large)):
        if large[axis] != small[axis - extra]:
            if small[axis - extra] != 1:
                return None
            axes.append(axis)
    return tuple(axes)


def _of_value(claimed: Array, ours: Array, verdict: Verdict, kind: str, run: Run) -> Iterator[str]:
    """Mistakes that keep the shape and need no look at the program."""
    factor = _factor(claimed, ours)
    if factor is not None and not _same(claimed, ours):
        size = _size_of(abs(factor), run)
        sign = "the sign, and " if factor < 0 else ""
        if np.isclose(factor, -1, CLOSE):
            yield "the sign: the claim is minus what is right"
        elif size is not None and abs(factor) < 1:
            yield (
                f"{sign}divided by n = {size[0]}, {size[1]}: of a mean, where the program has a sum"
            )
        elif size is not None:
            yield (
                f"{sign}multiplied by n = {size[0]}, {size[1]}: of a sum, where the program has a "
                "mean"
            )
        if size is None or size[0] == 2:
            if not np.isclose(factor, -1, CLOSE):
                yield _factor_words(factor)
        return
    if claimed.ndim == 2 and claimed.shape[0] == claimed.shape[1] and _same(claimed.T, ours):
        yield "transposed: the claim's transpose is right"
        return
    if kind != "grad" and claimed.ndim == 2 and claimed.shape[0] == claimed.shape[1]:
        if _same(claimed, np.diag(np.diag(ours))):
            yield "a missing term: the claim has the diagonal alone"
            return
    if claimed.size > 1 and _same(claimed.ravel()[::-1], ours.ravel()):
        yield "the order: read backwards, the claim is right"
        return
    if claimed.size > 1 and _same(np.abs(claimed), np.abs(ours)):
        yield "the sign of some elements: without signs, the claim is right"
        return
    gap = claimed - ours
    wrong = tuple(np.array(verdict.wrong).T)
    if verdict.wrong and np.all(claimed[wrong] == 0):
        yield "a missing term: the claim is 0 where it is wrong"
    elif claimed.size > 2 and np.allclose(gap, gap.flat[0], CLOSE, 0):
        yield f"a missing term: the claim is off by {-float(gap.flat[0]):.6g} everywhere"


def _factor(claimed: Array, ours: Array) -> float | None:
    """The number by which the claim is a multiple of what is right, if it is."""
    square = float((ours * ours).sum())
    if square == 0 or not np.isfinite(square):
        return None
    factor = float((claimed * ours).sum()) / square
    return factor if factor and _same(claimed, factor * ours) else None


def _factor_words(factor: float) -> str:
    sign = "the sign, and " if factor < 0 else ""
    size = abs(factor)
    if size >= 1:
        return f"{sign}a factor of {_number(size)} too much: divided by it, the claim is right"
    return f"{sign}a factor of {_number(1 / size)} is missing: the right value has it"


def _number(value: float) -> str:
    return f"{value:.6g}" if abs(value - round(value)) > 1e-4 else str(round(value))


def _size_of(factor: float, run: Run) -> tuple[int, str] | None:
    """The size of a tensor of the program, or of an axis, that a factor is or is 1 over."""
    n = factor if factor > 1 else 1 / factor
    if abs(n - round(n)) > 1e-4 * n or round(n) < 2:
        return None
    whole = round(n)
    for name, node in run.traced.inputs.items():
        if int(node.size) == whole:
            return whole, f"the number of elements of `{name}`"
    for name, node in run.traced.inputs.items():
        for axis, extent in enumerate(node.shape):
            if int(extent) == whole:
                return whole, f"the size of axis {axis} of `{name}`"
    for output in run.outputs:
        if int(output.size) == whole:
            return whole, "the number of elements of the output"
    return None


def _of_terms(claimed: Array, ours: Array, verdict: Verdict, run: Run, seed: Any) -> Iterator[str]:
    """A use of some value in the program whose contribution was left out, or is all there is."""
    found = terms(run, verdict.claim.labels[0], verdict.claim.output, seed)
    for where, term in found:
        if not _same(term, 0 * term) and _same(claimed, ours - term):
            yield f"a missing term: the one through {where}"
            return
    for where, term in found:
        if _same(claimed, term) and not _same(term, ours):
            yield f"a missing term: the claim has the one through {where} alone"
            return
    for where, term in found:
        if not _same(term, 0 * term) and _same(claimed, ours - 2 * term):
            yield f"the sign of the term through {where}"
            return
    for where, term in found:
        if not _same(term, 0 * term):
            factor = _factor(claimed - (ours - term), term)
            if factor is not None and not _same(term, ours):
                yield f"the term through {where}: {_factor_words(factor)}"
                return
