"""Derivative operators: from nodes to nodes, so that they nest to any order.

Each differentiates with respect to any node, an input or an intermediate value alike. They build
with the builder at work, which also says whether structural zeros are kept apart from values
(`Trace.strict`). Those that take several nodes give a list, in their order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from gradcli.autodiff import forward, reverse
from gradcli.errors import ArgumentError, SeedError, ShapeError
from gradcli.graph import Node, Shape, builder
from gradcli.ops.batching import batch, placeholder
from gradcli.ops.cotangent import Cotangent, nonzero
from gradcli.ops.elementwise import shape_text
from gradcli.ops.family import build
from gradcli.ops.leaves import constant, eye_, ones_like, zeros_like
from gradcli.ops.linear import Positions, diag_embed, index, reshape, scatter, transpose

if TYPE_CHECKING:
    from collections.abc import Sequence

Mode = Literal["auto", "forward", "reverse"]


# --- products with the Jacobian and the Hessian ------------------------------------------------


def gradients(y: Node, xs: Sequence[Node], seed: Node | None = None) -> list[Node]:
    """Derivative of sum(seed*y) by each of xs, of its shape; the product seed^T J.

    Without a seed y must be a single number. Raises SeedError where the seed is missing or has
    another shape than y.
    """
    require_real(xs)
    strict = builder().strict
    if seed is None:
        if y.size != 1:
            raise SeedError(
                f"a gradient is that of one number, and this has shape {shape_text(y.shape)}",
                hint="`grad(y, x, seed)` with a seed of that shape is the product seed^T J; "
                "`jacobian(y, x)` is all of J",
            )
        if len(xs) == 1 and xs[0].size == 1 and not strict:
            # Of one number by one, forward: there, derivatives of derivatives share their nodes.
            return [reshape(pushed_ones(y, xs[0]), xs[0].shape)]
        start = Cotangent(ones_like(y))
    else:
        if seed.shape != y.shape:
            raise SeedError(
                f"the seed has shape {shape_text(seed.shape)}, the output {shape_text(y.shape)}",
                hint="a seed has the output's shape; nothing is broadcast",
            )
        start = Cotangent(seed, nonzero(seed) if strict else None)
    parts = reverse.vjp([y], [start], xs, strict=strict)
    return [zeros_like(x) if part is None else part for x, part in zip(xs, parts, strict=True)]


def grad(y: Node, x: Node, seed: Node | None = None) -> Node:
    """The gradient of y, or of sum(seed*y), by x; see `gradients`."""
    return gradients(y, [x], seed)[0]


def vjp(y: Node, x: Node, v: Node) -> Node:
    """The vector-Jacobian product v^T J, of the shape of x; v has the shape of y."""
    return gradients(y, [x], v)[0]


def pushed(y: Node, xs: Sequence[Node], vs: Sequence[Node]) -> Node:
    """The Jacobian-vector product J v, of the shape of y, with a v for each of xs, of its shape.

    Raises ShapeError for a vector of another shape.
    """
    require_real(xs)
    _require_vectors(xs, vs)
    (part,) = forward.jvp([y], xs, vs, strict=builder().strict)
    return zeros_like(y) if part is None else part


def jvp(y: Node, x: Node, v: Node) -> Node:
    """The Jacobian-vector product J v, of the shape of y; v has the shape of x."""
    return pushed(y, [x], [v])


def hvps(y: Node, xs: Sequence[Node], vs: Sequence[Node], seed: Node | None = None) -> list[Node]:
    """The product of the Hessian of y, or of sum(seed*y), by all of xs with a vector: a part each.

    Forward over reverse; strictly in reverse twice, since the Hessian is its own transpose.
    """
    firsts = gradients(y, xs, seed)
    _require_vectors(xs, vs)
    if builder().strict:
        starts = [Cotangent(v, nonzero(v)) for v in vs]
        parts = reverse.vjp(firsts, starts, xs, strict=True)
    else:
        parts = forward.jvp(firsts, xs, vs)
    return [zeros_like(x) if part is None else part for x, part in zip(xs, parts, strict=True)]


def hvp(y: Node, x: Node, v: Node) -> Node:
    """The Hessian-vector product, of the shape of x, of a single number y."""
    return hvps(y, [x], [v])[0]


# --- whole Jacobians and Hessians --------------------------------------------------------------


def jacobians(y: Node, xs: Sequence[Node], mode: Mode = "auto") -> list[Node]:
    """All first derivatives of y by each of xs, of shape y.shape + x.shape.

    Blocks with at most one entry in a row take one pass, large sparse ones few; the others a pass
    for each element of y (reverse) or of x (forward), all as one batch.
    """
    require_real(xs)
    blocks: dict[int, Node] = {}
    rest: list[Node] = []
    for x in xs:
        block = _sparse_block(y, x)
        if block is None:
            rest.append(x)
        else:
            blocks[x.serial] = block
    if mode == "auto":
        mode = "reverse" if y.size <= sum(x.size for x in rest) else "forward"
    if mode == "reverse" or builder().strict:
        for x, block in zip(rest, by_rows(y, rest), strict=True):
            blocks[x.serial] = block
    else:
        for x in rest:
            (blocks[x.serial],) = by_columns([y], x)
    return [blocks[x.serial] for x in xs]


def jacobian(y: Node, x: Node, mode: Mode = "auto") -> Node:
    """All first derivatives of y by x, of shape y.shape + x.shape; see `jacobians`."""
    return jacobians(y, [x], mode)[0]


def hessians(y: Node, xs: Sequence[Node], seed: Node | None = None) -> list[list[Node]]:
    """Second derivatives of y, or of sum(seed*y): a row of blocks for each of xs.

    The block of a and b has shape a.shape + b.shape. Forward over reverse, all columns of one of xs
    as one batch.
    """
    firsts = gradients(y, xs, seed)
    columns: list[list[Node]] = []
    for x in xs:
        found = [_sparse_block(first, x) for first in firsts]
        dense = [first for first, block in zip(firsts, found, strict=True) if block is None]
        if builder().strict:
            filled = iter([by_rows(first, [x])[0] for first in dense])
        else:
            filled = iter(by_columns(dense, x))
        columns.append([next(filled) if block is None else block for block in found])
    return [list(row) for row in zip(*columns, strict=True)]


def hessian(y: Node, x: Node) -> Node:
    """All second derivatives of a single number y by x, of shape x.shape + x.shape."""
    return hessians(y, [x])[0][0]


def _sparse_block(y: Node, x: Node) -> Node | None:
    """A Jacobian of few passes: one where rows have one entry at most; None where it is dense."""
    # Imported where a Jacobian is asked for: start-up pays for every file.
    from gradcli.autodiff.entries import entries
    from gradcli.autodiff.structure import NONE, SEVERAL, sources

    shape = y.shape + x.shape
    if not y.size or not x.size:
        return constant(0.0, shape)
    found = sources(y, x)
    if np.any(found == SEVERAL):
        several = entries(y, x)
        if several is None:
            return None
        places = (Positions(several.rows), Positions(several.columns))
        return reshape(scatter([several.values], (y.size, x.size), (places,)), shape)
    rows = np.flatnonzero(found != NONE)
    if not len(rows):
        return constant(0.0, shape)
    flat = reshape(pushed_ones(y, x), (y.size,))
    columns = found.ravel()[rows]
    if x.size == 1:
        return reshape(flat, shape)
    if len(rows) == y.size == x.size and np.array_equal(rows, columns):
        return reshape(diag_embed(flat, 0, y.size, x.size), shape)
    alone = index(flat, (Positions(rows),))
    places = (Positions(rows), Positions(np.ascontiguousarray(columns)))
    return reshape(scatter([alone], (y.size, x.size), (places,)), shape)


def pushed_ones(y: Node, x: Node) -> Node:
    """The sum of each row of the Jacobian: its entry, where a row has one."""
    return pushed(y, [x], [ones_like(x)])


def _basis(like: Node) -> Node:
    """All unit vectors of a node's shape, along a leading axis."""
    unit = build(eye_, (), ((like.size, like.size), 0))
    return reshape(unit, (like.size, *like.shape))


def by_rows(y: Node, xs: Sequence[Node]) -> list[Node]:
    """Blocks of the Jacobian, a pass in reverse for each element of y."""
    if not xs:
        return []
    strict = builder().strict
    seed = placeholder(y.shape)
    start = Cotangent(seed, nonzero(seed) if strict else None)
    parts = reverse.vjp([y], [start], xs, strict=strict)
    found = batch(parts, {seed.serial: (_basis(y), True)}, y.size)
    return [
        constant(0.0, y.shape + x.shape) if block is None else _block(block, y.shape + x.shape)
        for x, block in zip(xs, found, strict=True)
    ]


def by_columns(ys: Sequence[Node], x: Node) -> list[Node]:
    """Blocks of the Jacobians of several nodes, a pass forward for each element of x."""
    if not ys:
        return []
    tangent = placeholder(x.shape)
    parts = forward.jvp(ys, [x], [tangent])
    found = batch(parts, {tangent.serial: (_basis(x), True)}, x.size)
    blocks: list[Node] = []
    for y, block in zip(ys, found, strict=True):
        if block is None:
            blocks.append(constant(0.0, y.shape + x.shape))
            continue
        perm = (*range(-y.ndim, 0), -y.ndim - 1)
        blocks.append(_block(transpose(block, perm), y.shape + x.shape))
    return blocks


def _block(values: Node, shape: Shape) -> Node:
    """A block in its shape; products with the zeros of unit vectors leave -0.0 behind."""
    return reshape(values, shape) + 0.0


def require_real(xs: Sequence[Node]) -> None:
    """Raise ArgumentError where a derivative would be by booleans or whole numbers."""
    for x in xs:
        if x.kind != "real":
            what = "booleans" if x.kind == "bool" else "whole numbers"
            raise ArgumentError(f"there is no derivative by {what}")


def _require_vectors(xs: Sequence[Node], vs: Sequence[Node]) -> None:
    for x, v in zip(xs, vs, strict=True):
        if x.shape != v.shape:
            raise ShapeError(
                f"the vector has shape {shape_text(v.shape)}, what it moves {shape_text(x.shape)}",
                hint="nothing is broadcast",
            )
