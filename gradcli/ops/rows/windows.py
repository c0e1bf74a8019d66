"""Windows that move over the last axes: what convolution and pooling are made of."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from gradcli.graph import Shape
from gradcli.ops.linear import Linear

Array = np.ndarray[Any, Any]
Sizes = tuple[int, ...]


def window_counts(extents: Shape, sizes: Sizes, steps: Sizes, dilations: Sizes) -> Shape:
    """How many windows fit along each axis."""
    return tuple(
        [
            (int(extent) - dilation * (size - 1) - 1) // step + 1
            for extent, size, step, dilation in zip(extents, sizes, steps, dilations, strict=True)
        ]
    )


def _windows(x: Array, lead: Shape, sizes: Sizes, steps: Sizes, dilations: Sizes) -> Array:
    rank = len(sizes)
    inner = x.strides[-rank:]
    counts = window_counts(x.shape[-rank:], sizes, steps, dilations)
    # A step that is never taken may be larger than any array.
    moves = [
        stride * step if count > 1 else 0
        for stride, step, count in zip(inner, steps, counts, strict=True)
    ]
    within = [
        stride * dilation if size > 1 else 0
        for stride, dilation, size in zip(inner, dilations, sizes, strict=True)
    ]
    return np.lib.stride_tricks.as_strided(
        x,
        (*x.shape[:-rank], *counts, *sizes),
        (*x.strides[:-rank], *moves, *within),
        writeable=False,
    )


def _overlap(
    g: Array, lead: Shape, extents: Shape, sizes: Sizes, steps: Sizes, dilations: Sizes
) -> Array:
    rank = len(sizes)
    counts = g.shape[-2 * rank : -rank]
    out = np.zeros((*g.shape[: -2 * rank], *extents), g.dtype)
    for place in product(*[range(size) for size in sizes]):
        reached: Any = [
            slice(k * dilation, k * dilation + (count - 1) * step + 1, step)
            for k, count, step, dilation in zip(place, counts, steps, dilations, strict=True)
        ]
        taken: Any = (..., *place)
        out[(..., *reached)] += g[taken]
    return out


windows: Linear = Linear(
    "windows",
    _windows,
    lambda operand, sizes, steps, dilations: (
        *operand[: -len(sizes)],
        *window_counts(operand[-len(sizes) :], sizes, steps, dilations),
        *sizes,
    ),
    lambda g, x, sizes, steps, dilations: overlap(
        g, x.shape[-len(sizes) :], sizes, steps, dilations
    ),
    doc="Windows over the last axes: an axis for the place of each, then one for what is in it.",
    samples=((((5,),), ((2,), (2,), (2,))), (((2, 4, 5),), ((2, 3), (1, 2), (2, 1)))),
    sparse_adjoint=True,
)

overlap: Linear = Linear(
    "overlap",
    _overlap,
    lambda operand, extents, sizes, steps, dilations: (*operand[: -2 * len(sizes)], *extents),
    lambda g, x, extents, sizes, steps, dilations: windows(g, sizes, steps, dilations),
    doc="Windows added up where they lie over one another: what `windows` takes apart.",
    samples=(
        (((2, 2),), ((5,), (2,), (2,), (2,))),
        (((2, 2, 2, 2, 3),), ((4, 5), (2, 3), (1, 2), (2, 1))),
    ),
)
