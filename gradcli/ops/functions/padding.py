"""Padding: elements put around a tensor."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.errors import ArgumentError, ShapeError
from gradcli.graph import Node
from gradcli.ops import linear
from gradcli.ops.binding import function
from gradcli.ops.elementwise import shape_text
from gradcli.ops.functions.arranging import along, require_few
from gradcli.ops.leaves import constant, known_number
from gradcli.ops.linear import Positions
from gradcli.ops.values import axis_of, broadcast, concrete, describe, shown, tensor, whole

Pair = tuple[Any, Any]


def with_constant(x: Node, axis: int, before: int, after: int, values: Pair) -> Node:
    """So many constants before and after along a negative axis; negative numbers cut off."""
    extent = int(x.shape[axis])
    start, stop = max(0, -before), extent - max(0, -after)
    if start or stop != extent:
        x = along(x, axis, (start, max(start, stop), 1))
    parts = [x]
    if before > 0:
        parts.insert(0, _filled(x, axis, before, values[0]))
    if after > 0:
        parts.append(_filled(x, axis, after, values[1]))
    return linear.concatenate(parts, axis) if len(parts) > 1 else x


def _filled(x: Node, axis: int, count: int, value: Any) -> Node:
    """One value, in the shape of x but for the size of an axis."""
    shape = list(x.shape)
    shape[axis] = count
    node = tensor(value)
    if known_number(node) is None:
        return broadcast(node, tuple(shape))
    return constant(node.params[1], tuple(shape), node.kind)


def _reflected(places: Any, extent: int, repeated: bool) -> Any:
    """Positions beyond the ends, mirrored there; the end itself counts twice if `repeated`."""
    if extent == 1:
        return np.zeros_like(places)
    period = 2 * extent if repeated else 2 * (extent - 1)
    folded = places % period
    mirrored = (period - 1 if repeated else period) - folded
    return np.where(folded < extent, folded, mirrored)


def _source(mode: str, extent: int, before: int, after: int) -> Any:
    """For each place of the padded axis, the element of the axis that stands there."""
    require_few(extent + before + after)
    places = np.arange(-before, extent + after)
    if mode == "edge":
        return np.clip(places, 0, extent - 1)
    if mode == "wrap":
        return places % extent
    return _reflected(places, extent, mode == "symmetric")


def _odd(x: Node, axis: int, before: int, after: int, repeated: bool) -> Node:
    """Reflection through the ends: 2*end less the mirrored elements, in NumPy's steps."""
    require_few(int(x.shape[axis]) + before + after)
    while before > 0 or after > 0:
        extent = int(x.shape[axis])
        most = extent if repeated else extent - 1
        left, right = min(before, most), min(after, most)
        if not most:
            source = Positions(np.zeros(extent + before + after, np.intp))
            return along(x, axis, source)
        shift = 0 if repeated else 1
        parts = [x]
        if left:
            first = along(x, axis, (0, 1, 1))
            mirrored = along(x, axis, Positions(np.arange(left)[::-1] + shift))
            parts.insert(0, 2.0 * first - mirrored)
        if right:
            last = along(x, axis, (extent - 1, extent, 1))
            mirrored = along(x, axis, Positions(extent - 1 - shift - np.arange(right)))
            parts.append(2.0 * last - mirrored)
        x = linear.concatenate(parts, axis)
        before, after = before - left, after - right
    return x


def _pairs(value: Any, rank: int, what: str) -> list[Pair]:
    """(before, after) for each axis, from n, (n,), (a, b), ((a, b), ...) or {axis: n}."""
    if isinstance(value, Node) and value.ndim:
        value = concrete(value, what, static=True).tolist()
    if isinstance(value, dict):
        pairs: list[Pair] = [(0, 0)] * rank
        for axis, one in value.items():
            pairs[axis_of(axis, rank)] = _pairs(one, 1, what)[0]
        return pairs
    items = list(value) if isinstance(value, (tuple, list)) else [value]
    nested = any(isinstance(item, (tuple, list)) for item in items)
    rows = [list(item) if isinstance(item, (tuple, list)) else [item] for item in items]
    if not nested:
        rows = [items]
    rows = [row * 2 if len(row) == 1 else row for row in rows]
    rows = rows * rank if len(rows) == 1 else rows
    if len(rows) != rank or any(len(row) != 2 for row in rows):
        raise ArgumentError(
            f"`{what}` is a number, a pair (before, after), or a pair for each of {rank} axes, not "
            f"{describe(value)}"
        )
    return [(row[0], row[1]) for row in rows]


MODES = ("constant", "edge", "reflect", "symmetric", "wrap")


@function("np+jnp.pad", example="pad([1., 2., 3.], 1, 'reflect')")
def pad(
    array: Any,
    pad_width: Any,
    mode: Any = "constant",
    constant_values: Any = 0,
    reflect_type: Any = "even",
) -> Node:
    """A tensor with so many elements more before and after along each axis.

    mode: constant (constant_values), edge (the ends), reflect (mirrored at the ends), symmetric
    (mirrored beyond them), wrap (from the other end). reflect_type: even, or odd (2*end - element).
    """
    x = tensor(array)
    if not isinstance(mode, str) or mode not in MODES:
        raise ArgumentError(f"`pad` has the modes {', '.join(MODES)}, not {shown(mode)}")
    if reflect_type not in ("even", "odd"):
        raise ArgumentError(f"`reflect_type` is 'even' or 'odd', not {shown(reflect_type)}")
    widths = [
        (int(whole(a, "pad_width")), int(whole(b, "pad_width")))
        for a, b in _pairs(pad_width, x.ndim, "pad_width")
    ]
    if any(number < 0 for pair in widths for number in pair):
        raise ArgumentError("`pad_width` cannot be negative")
    values = _pairs(constant_values, x.ndim, "constant_values")
    for axis, ((before, after), filling) in enumerate(zip(widths, values, strict=True)):
        place = axis - x.ndim
        if not before and not after:
            continue
        if mode == "constant":
            x = with_constant(x, place, before, after, filling)
        elif not x.shape[place]:
            raise ShapeError(f"`pad` finds nothing to repeat along axis {axis} of size 0")
        elif reflect_type == "odd" and mode in ("reflect", "symmetric"):
            x = _odd(x, place, before, after, mode == "symmetric")
        else:
            source = _source(mode, int(x.shape[place]), before, after)
            x = along(x, place, Positions(source))
    return x


TORCH_MODES = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}


@function("F.pad", example="F.pad([1., 2., 3.], (1, 2), value=0.5)")
def torch_pad(input: Any, pad: Any, mode: Any = "constant", value: Any = None) -> Node:
    """A tensor padded along its last axes: pad is (before, after) of the last axis, the next, ...

    mode: constant (value), reflect, replicate or circular. Negative numbers cut elements off.
    """
    x = tensor(input)
    if not isinstance(pad, (tuple, list)) or len(pad) % 2 or len(pad) > 2 * x.ndim:
        raise ArgumentError(
            f"`pad` is two numbers for each padded axis, the last axis first, of shape "
            f"{shape_text(x.shape)}",
            hint="`pad(x, (1, 2))` puts 1 before and 2 after the last axis",
        )
    if not isinstance(mode, str) or (mode != "constant" and mode not in TORCH_MODES):
        raise ArgumentError(f"the modes of `pad` are constant, {', '.join(TORCH_MODES)}")
    filling = 0.0 if value is None else value
    for k in range(0, len(pad), 2):
        before, after = int(whole(pad[k], "pad")), int(whole(pad[k + 1], "pad"))
        axis = -1 - k // 2
        extent = int(x.shape[axis])
        kept = extent + min(before, 0) + min(after, 0)
        # What is cut off does not come back at the other end.
        limit = {"reflect": extent - 1, "circular": max(kept, 0)}.get(mode)
        if limit is not None and max(before, after) > limit:
            raise ShapeError(
                f"`pad` of mode {mode} goes at most {limit} beyond axis {axis} of shape "
                f"{shape_text(x.shape)}"
            )
        fewest = int(mode in ("reflect", "replicate"))
        if extent + before + after < fewest or (not fewest and kept < 0):
            raise ShapeError(
                f"`pad` by ({before}, {after}) leaves nothing of axis {axis} of shape "
                f"{shape_text(x.shape)}"
            )
        if mode == "constant":
            x = with_constant(x, axis, before, after, (filling, filling))
            continue
        if mode == "circular":
            x = with_constant(x, axis, min(before, 0), min(after, 0), (0, 0))
            before, after, extent = max(before, 0), max(after, 0), int(x.shape[axis])
        if before or after:
            source = _source(TORCH_MODES[mode], extent, before, after)
            x = along(x, axis, Positions(source))
    return x
