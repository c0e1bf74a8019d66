"""What of one node an element of another depends on: the one element, or that there are several.

That decides which Jacobians have at most one entry in a row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.autodiff.patterns import NONE as NONE
from gradcli.autodiff.sparsity import patterns
from gradcli.graph import Node, ancestors, dependents

if TYPE_CHECKING:
    Array = np.ndarray[Any, Any]

SEVERAL = -2


def sources(y: Node, x: Node) -> Array:
    """For each element of y the position of the element of x, in row-major order, it depends on.

    NONE where it depends on none, SEVERAL where it may depend on more than one.
    """
    order = ancestors([y], since=x.serial)
    if y.serial not in dependents(order, [x]):
        return np.full(y.shape, NONE)
    if x.size == 1:
        return np.zeros(y.shape, np.intp)
    pattern = patterns([y], [x])[0]
    if pattern.full:
        return np.full(y.shape, SEVERAL)
    counts = pattern.counts()
    rows, columns = pattern.pairs()
    found = np.where(counts == 0, NONE, SEVERAL)
    alone = counts[rows] == 1
    found[rows[alone]] = columns[alone]
    return found.reshape(y.shape)


def own_positions(y: Node, x: Node) -> Array:
    """The positions in x that the elements of y correspond to; a scalar x corresponds to all."""
    if not x.shape:
        return np.zeros(y.shape, np.intp)
    return np.arange(int(x.size)).reshape(x.shape)


def is_diagonal(found: Array, own: Array) -> bool:
    """Whether no element depends on another than its own."""
    return bool(np.all((found == own) | (found == NONE)))
