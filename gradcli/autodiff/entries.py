"""Entries of sparse Jacobians as nodes, by few coloured passes, so that they can be nested."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gradcli.autodiff import forward, reverse
from gradcli.autodiff.colouring import LEAST, Compression, compress
from gradcli.autodiff.sparsity import patterns
from gradcli.graph import Node, builder
from gradcli.ops.batching import batch, placeholder
from gradcli.ops.cotangent import Cotangent, nonzero
from gradcli.ops.leaves import array_constant, constant
from gradcli.ops.linear import Positions, index, reshape, scatter

if TYPE_CHECKING:
    from gradcli.autodiff.patterns import Pattern

    Array = np.ndarray[Any, Any]


class Entries(NamedTuple):
    """Rows and columns of what may not be zero in a Jacobian, in order; a node of the values."""

    rows: Array
    columns: Array
    values: Node

    def at(self, chosen: Array) -> Node:
        """The values of some entries."""
        return index(self.values, (Positions(np.flatnonzero(chosen)),))

    def placed(self, places: Array, chosen: Array, size: int) -> Node:
        """A vector of zeros with the values of some entries at `places`, one for each of all."""
        return scatter([self.at(chosen)], (size,), ((Positions(places[chosen]),),))


def entries(y: Node, x: Node) -> Entries | None:
    """The entries of the Jacobian of y by x; None where its structure saves too little."""
    if y.size * x.size <= LEAST:
        return None
    (pattern,) = patterns([y], [x])
    strict = builder().strict
    found = [
        compress(pattern, mode) for mode in (["reverse"] if strict else ["forward", "reverse"])
    ]
    plans = [plan for plan in found if plan is not None]
    if not plans:
        return None
    plan = min(plans, key=lambda one: one.passes)
    rows, columns = pattern.pairs()
    if not plan.passes:
        return Entries(rows, columns, constant(0.0, (0,)))
    values = _by_rows(y, x, plan, pattern) if plan.reverse else _by_columns(y, x, plan, pattern)
    return Entries(rows, columns, values)


def _by_columns(y: Node, x: Node, plan: Compression, pattern: Pattern) -> Node:
    """Forward, a pass for each colour of columns."""
    tangent = placeholder(x.shape)
    (part,) = forward.jvp([y], [x], [tangent])
    seeds = _seeds(plan.columns, plan.forward, x)
    (found,) = batch([part], {tangent.serial: (seeds, True)}, plan.forward)
    rows, columns = pattern.pairs()
    return _picked(found, plan.columns[columns], rows, (plan.forward, y.size))


def _by_rows(y: Node, x: Node, plan: Compression, pattern: Pattern) -> Node:
    """In reverse, a pass for each colour of rows."""
    strict = builder().strict
    seed = placeholder(y.shape)
    start = Cotangent(seed, nonzero(seed) if strict else None)
    (part,) = reverse.vjp([y], [start], [x], strict=strict)
    seeds = _seeds(plan.rows, plan.reverse, y)
    (found,) = batch([part], {seed.serial: (seeds, True)}, plan.reverse)
    rows, columns = pattern.pairs()
    return _picked(found, plan.rows[rows], columns, (plan.reverse, x.size))


def _seeds(colours: Array, count: int, like: Node) -> Node:
    seeds = np.zeros((count, like.size))
    places = np.flatnonzero(colours >= 0)
    seeds[colours[places], places] = 1
    return array_constant(seeds.reshape(count, *like.shape))


def _picked(found: Node | None, passes: Array, places: Array, shape: tuple[int, int]) -> Node:
    if found is None:
        return constant(0.0, (len(places),))
    items = (Positions(np.ascontiguousarray(passes)), Positions(np.ascontiguousarray(places)))
    # Products with the zeros of seeds leave -0.0 behind.
    return index(reshape(found, shape), items) + 0.0
