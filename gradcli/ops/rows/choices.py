"""Remainders, signs, and what chooses or mixes between numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.ops.elementwise import Elementwise
from gradcli.ops.rows.arithmetic import ALL, ANY
from gradcli.ops.rows.logic import (
    equal,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    where,
)
from gradcli.ops.rows.numbers import isfinite, isnan, rint

if TYPE_CHECKING:
    from gradcli.graph import Node

Array = np.ndarray[Any, Any]

fmod: Elementwise = Elementwise(
    "fmod",
    np.fmod,
    # The quotient from the remainder: a/b may round to the next whole number.
    [lambda g, y, a, b: g, lambda g, y, a, b: -(g * rint((a - y) / b))],
    doc="What division towards 0 leaves, with the dividend's sign.",
    domain="y != 0",
    box=((2.2, 2.4), (0.85, 0.95)),
    kinks=(((2.0, 1.0), (1.0, -2.0)),),
    kind="promote",
    spell="np+torch+jnp+math.fmod",
)

copysign: Elementwise = Elementwise(
    "copysign",
    np.copysign,
    [lambda g, y, a, b: where(equal(a, 0.0), 0.0, g * (y / a)), None],
    doc="The size of the first number with the sign of the second.",
    domain=ALL,
    box=((0.5, 2.0), (-2.0, -1.0)),
    kinks=(((0.0, 1.0), (0.0, 0.0)),),
    spell="np+torch+jnp+math.copysign",
)


def _taken(a: Node, b: Node, first: bool, above: bool) -> Node:
    """Whether `fmax` (or `fmin`) of (a, b) is a, ties among it; of two NaN it is the first."""
    better = less_equal(b, a) if above else less_equal(a, b)
    if first:
        return logical_or(better, isnan(b))
    return logical_or(better, logical_and(isnan(b), logical_not(isnan(a))))


def _extreme(name: str, ufunc: np.ufunc, word: str, above: bool) -> Elementwise:
    def rule(g: Node, a: Node, b: Node, first: bool) -> Node:
        part = where(equal(a, b), g * 0.5, g)
        return where(_taken(a, b, first, above), part, 0.0)

    return Elementwise(
        name,
        ufunc,
        [lambda g, y, a, b: rule(g, a, b, True), lambda g, y, a, b: rule(g, b, a, False)],
        doc=f"The {word} of two numbers, of a number and NaN the number; a tie shares evenly.",
        domain=ALL,
        box=(ANY, ANY),
        kinks=(((1.0, 1.0), (0.5, 0.5)), ((np.nan, 1.0), (0.0, 1.0)), ((1.0, np.nan), (1.0, 0.0))),
        kind="join",
        selects=(
            lambda a, b: _taken(a, b, True, above),
            lambda a, b: _taken(b, a, False, above),
        ),
    )


fmax = _extreme("fmax", np.fmax, "larger", True)
fmin = _extreme("fmin", np.fmin, "smaller", False)


def _lerp(start: Array, end: Array, weight: Array) -> Array:
    """From the nearer end, so that both ends are exact."""
    step = end - start
    near = np.abs(weight) < 0.5
    return np.asarray(np.where(near, start + weight * step, end - step * (1 - weight)))


lerp: Elementwise = Elementwise(
    "lerp",
    _lerp,
    [
        lambda g, y, a, b, w: g * (1.0 - w),
        lambda g, y, a, b, w: g * w,
        lambda g, y, a, b, w: g * (b - a),
    ],
    doc="start + weight*(end - start), exact at both ends.",
    domain=ALL,
    box=(ANY, ANY, (-0.5, 1.5)),
    kinks=(),
    spell="torch.lerp",
    args="input end weight",
)

finite: Elementwise = Elementwise(
    "finite",
    np.nan_to_num,
    [lambda g, y, x: where(isfinite(x), g, 0.0)],
    doc="The number; for NaN 0, and the largest of its sign for an infinity, with slope 0.",
    domain=ALL,
    box=(ANY,),
    kinks=(((np.inf,), (0.0,)), ((np.nan,), (0.0,))),
    kind="promote",
    selects=(isfinite,),
    spell="finite",
)
