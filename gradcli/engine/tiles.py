"""How an index space is cut into tiles: axes joined where that changes nothing, then split."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.graph import Shape

    Array = np.ndarray[Any, Any]


class Tiling:
    """Tiles of a shape: whole trailing axes, a range of the axis before, one of each further out.

    arrays: operands of the shape's rank, their axes whole or 1. reduced: for each reduction the
    axes (counted from 0) that it takes. extents: sizes of the joined axes; `split`: the one that is
    cut into `chunks` ranges of `rows`. The cut depends on shapes and layouts alone, so that results
    do not depend on how many threads there are.
    """

    def __init__(
        self,
        shape: Shape,
        arrays: Sequence[Array],
        reduced: Sequence[frozenset[int]],
        tile: int,
    ) -> None:
        self._groups = _joined(shape, arrays, reduced)
        self.extents = [math.prod([shape[axis] for axis in group]) for group in self._groups]
        inner, split = 1, len(self.extents) - 1
        while split > 0 and inner * self.extents[split] <= tile:
            inner *= self.extents[split]
            split -= 1
        self.split = split
        whole = self.extents[split]
        chunks = -(-whole // max(1, tile // inner))
        self.rows = -(-whole // chunks)
        self.chunks = -(-whole // self.rows)
        self.count = math.prod(self.extents[:split]) * self.chunks
        self.elements = self.rows * inner
        self.reduced = [
            frozenset([g for g, group in enumerate(self._groups) if group[0] in axes])
            for axes in reduced
        ]

    def joined(self, array: Array, shape: Shape) -> Array:
        """An operand with its axes joined; a view."""
        return array.reshape(
            [
                extent if array.shape[group[0]] == shape[group[0]] else 1
                for extent, group in zip(self.extents, self._groups, strict=True)
            ]
        )

    def index(self, number: int) -> tuple[tuple[int, ...], int, slice]:
        """Of a tile: its place on the axes further out, the number of its range, and the range."""
        outer, chunk = divmod(number, self.chunks)
        place: tuple[int, ...] = ()
        for extent in reversed(self.extents[: self.split]):
            outer, one = divmod(outer, extent)
            place = (one, *place)
        start = chunk * self.rows
        return place, chunk, slice(start, min(start + self.rows, self.extents[self.split]))

    def shape(self, rows: int) -> tuple[int, ...]:
        """The shape of a tile with so many rows."""
        return (rows, *self.extents[self.split + 1 :])

    def partial_shape(self, reduction: int) -> list[int]:
        """The shape of what the tiles leave of a reduction, before they are combined."""
        axes = self.reduced[reduction]
        return [
            self.chunks if axis == self.split and axis in axes else extent
            for axis, extent in enumerate(self.extents)
            if axis <= self.split or axis not in axes
        ]

    def combined(self, reduction: int) -> tuple[int, ...]:
        """The axes of that over which tiles are combined."""
        return tuple([axis for axis in sorted(self.reduced[reduction]) if axis <= self.split])


def _joined(
    shape: Shape, arrays: Sequence[Array], reduced: Sequence[frozenset[int]]
) -> list[list[int]]:
    """Neighbouring axes that every operand and every reduction treats as one; none of size 1."""
    groups: list[list[int]] = []
    for axis, extent in enumerate(shape):
        if extent == 1:
            continue
        if groups and _joins(groups[-1][-1], axis, shape, arrays, reduced):
            groups[-1].append(axis)
        else:
            groups.append([axis])
    return groups


def _joins(
    before: int,
    axis: int,
    shape: Shape,
    arrays: Sequence[Array],
    reduced: Sequence[frozenset[int]],
) -> bool:
    if any([(before in axes) != (axis in axes) for axes in reduced]):
        return False
    for array in arrays:
        whole = array.shape[axis] == shape[axis]
        if (array.shape[before] == shape[before]) != whole:
            return False
        if whole and array.strides[before] != array.strides[axis] * shape[axis]:
            return False
    return True
