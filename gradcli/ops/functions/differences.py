"""Differences and integrals of samples: diff, gradient, trapezoid."""

from __future__ import annotations

from typing import Any

from gradcli.errors import ArgumentError, ShapeError
from gradcli.graph import Node
from gradcli.ops.binding import function
from gradcli.ops.elementwise import shape_text
from gradcli.ops.functions.layout import broadcast_to
from gradcli.ops.functions.layout import concatenate as joined
from gradcli.ops.functions.reductions import SAMPLE
from gradcli.ops.linear import concatenate, index, reshape, sum_
from gradcli.ops.linear import cumsum as cumsum_row
from gradcli.ops.values import axis_of, broadcast, tensor, whole


def part(x: Node, axis: int, start: int, stop: int) -> Node:
    """Elements start to stop (from the end, where negative or 0) along a negative axis."""
    extent = int(x.shape[axis])
    stop = stop if stop > 0 else extent + stop
    items: list[Any] = [(0, size, 1) for size in x.shape]
    items[axis] = (start, max(stop, start), 1)
    return index(x, tuple(items))


@function("np+torch+jnp.diff", example=f"diff({SAMPLE}, axis=1, prepend=0)")
def diff(x: Any, n: Any = 1, axis: Any = -1, prepend: Any = None, append: Any = None) -> Node:
    """What each element adds to the one before it, n times over."""
    values = tensor(x)
    if not values.ndim:
        raise ShapeError("`diff` needs at least one axis, not a scalar")
    place, times = axis_of(axis, values.ndim), whole(n, "n")
    if times < 0:
        raise ArgumentError(f"n must not be negative, as {times} is")
    parts = [values]
    for extra, position in ((prepend, 0), (append, len(parts) + 1)):
        if extra is not None:
            more = tensor(extra)
            if not more.ndim:
                shape: list[int] = list(values.shape)
                shape[place] = 1
                more = broadcast(more, tuple(shape))
            parts.insert(position, more)
    if len(parts) > 1:
        values = joined(parts, place)
    # After as many rounds as there are elements nothing is left.
    for _ in range(min(times, int(values.shape[place]))):
        values = part(values, place, 1, 0) - part(values, place, 0, -1)
    return values


def _steps(y: Node, x: Any, dx: Any, axis: int) -> Node:
    """The widths of the intervals along an axis, to multiply with."""
    if x is None:
        return tensor(1.0 if dx is None else dx)
    grid = tensor(x)
    along = -1 if grid.ndim == 1 else axis
    if grid.ndim not in (1, y.ndim) or grid.shape[along] != y.shape[axis]:
        raise ShapeError(
            f"{int(y.shape[axis])} samples along an axis of shape {shape_text(y.shape)} need as "
            f"many positions, not shape {shape_text(grid.shape)}"
        )
    width = part(grid, along, 1, 0) - part(grid, along, 0, -1)
    return reshape(width, (*width.shape, *[1] * (-axis - 1))) if grid.ndim == 1 else width


def _areas(y: Node, x: Any, dx: Any, axis: int) -> Node:
    if not y.ndim:
        raise ShapeError("`trapezoid` needs samples along an axis, not a scalar")
    inner = part(y, axis, 1, 0) + part(y, axis, 0, -1)
    return _steps(y, x, dx, axis) * inner / 2.0


@function(
    "np+jnp.trapezoid scipy.integrate.trapezoid jax.scipy.integrate.trapezoid",
    example=f"trapezoid({SAMPLE}, x=[0.0, 0.5, 2.0])",
)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: Any = -1) -> Node:
    """The integral of samples by the trapezoidal rule."""
    samples = tensor(y)
    place = axis_of(axis, samples.ndim) if samples.ndim else -1
    return sum_(_areas(samples, x, dx, place), (place,), False)


@function("torch.trapezoid torch.trapz", example=f"torch.trapezoid({SAMPLE}, dx=0.5, dim=0)")
def torch_trapezoid(y: Any, x: Any = None, *, dx: Any = None, dim: Any = -1) -> Node:
    return trapezoid(y, x, dx, dim)


def _cumulative(y: Any, x: Any, dx: Any, axis: Any) -> tuple[Node, int]:
    samples = tensor(y)
    place = axis_of(axis, samples.ndim) if samples.ndim else -1
    return cumsum_row(_areas(samples, x, dx, place), place), place


@function(
    "scipy.integrate.cumulative_trapezoid",
    example=f"scipy.integrate.cumulative_trapezoid({SAMPLE}, dx=0.5, initial=0)",
)
def cumulative_trapezoid(
    y: Any, x: Any = None, dx: Any = 1.0, axis: Any = -1, initial: Any = None
) -> Node:
    """The running integral of samples by the trapezoidal rule."""
    found, place = _cumulative(y, x, dx, axis)
    if initial is None:
        return found
    shape: list[int] = list(found.shape)
    shape[place] = 1
    return concatenate([broadcast_to(initial, tuple(shape)), found], place)


@function(
    "torch.cumulative_trapezoid",
    example=f"torch.cumulative_trapezoid({SAMPLE}, x=[0.0, 0.5, 2.0])",
)
def torch_cumulative_trapezoid(y: Any, x: Any = None, *, dx: Any = None, dim: Any = -1) -> Node:
    return _cumulative(y, x, dx, dim)[0]


# --- gradient ----------------------------------------------------------------------------------


def _lined(values: Node, axis: int) -> Node:
    """A vector along a negative axis."""
    return reshape(values, (*values.shape, *[1] * (-axis - 1)))


def _slope(f: Node, axis: int, spacing: Node, order: int) -> Node:
    """Second-order central differences inside, one-sided ones of `order` at the ends."""
    extent = int(f.shape[axis])
    if extent < order + 1:
        raise ShapeError(
            f"`gradient` with edge_order={order} needs {order + 1} samples along each axis, not "
            f"{extent}"
        )
    before, here, after = part(f, axis, 0, -2), part(f, axis, 1, -1), part(f, axis, 2, 0)
    if not spacing.ndim:
        left = right = spacing
        inner = (after - before) / (2.0 * spacing)
    else:
        if spacing.shape != (extent,):
            raise ShapeError(
                f"`gradient` takes {extent} positions along that axis, not shape "
                f"{shape_text(spacing.shape)}"
            )
        widths = part(spacing, -1, 1, 0) - part(spacing, -1, 0, -1)
        left = _lined(part(widths, -1, 0, -1), axis)
        right = _lined(part(widths, -1, 1, 0), axis)
        total = left + right
        inner = left / (right * total) * after - right / (left * total) * before
        inner = inner + (right - left) / (left * right) * here

    def width_at(at: int) -> Node:
        return spacing if not spacing.ndim else index(widths, (at,))

    ends = []
    for at, step in ((0, 1), (extent - 1, -1)):
        near = [part(f, axis, at + k * step, at + k * step + 1) for k in range(order + 1)]
        first = width_at(0 if step > 0 else extent - 2)
        if order == 1:
            ends.append((near[1] - near[0]) / first * float(step))
            continue
        second = width_at(1 if step > 0 else extent - 3)
        total = first + second
        outer = -(2.0 * first + second) / (first * total) * near[0]
        outer = outer + total / (first * second) * near[1] - first / (second * total) * near[2]
        ends.append(outer * float(step))
    return concatenate([ends[0], inner, ends[1]], axis)


def _gradients(f: Node, axes: list[int], spacings: list[Any], edge_order: Any) -> list[Node]:
    order = whole(edge_order, "edge_order")
    if order not in (1, 2):
        raise ArgumentError(f"edge_order is 1 or 2, not {order}")
    return [
        _slope(f, axis, tensor(spacing), order)
        for axis, spacing in zip(axes, spacings, strict=True)
    ]


def _per_axis(spacings: list[Any], count: int) -> list[Any]:
    """One spacing for each axis: a step, or the positions of the samples."""
    if not spacings:
        return [1.0] * count
    if any(tensor(one).ndim > 1 for one in spacings):
        raise ArgumentError("a spacing is a number, or the positions of samples along one axis")
    if len(spacings) == 1 and count > 1:
        if tensor(spacings[0]).ndim:
            raise ArgumentError("positions must be given for each axis")
        return spacings * count
    if len(spacings) != count:
        raise ArgumentError(f"`gradient` takes one spacing or {count}, not {len(spacings)}")
    return spacings


@function("np+jnp.gradient", example="gradient([1.0, 2.0, 4.0, 7.0], [0.0, 1.0, 1.5, 3.5])")
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: Any = 1) -> Any:
    """Slopes of samples along each axis; varargs: steps, or the positions of the samples."""
    f = tensor(f)
    if axis is None:
        axes = list(range(-f.ndim, 0))
    else:
        items = axis if isinstance(axis, (tuple, list)) else (axis,)
        axes = [axis_of(item, f.ndim) for item in items]
    found = _gradients(f, axes, _per_axis(list(varargs), len(axes)), edge_order)
    return found[0] if len(found) == 1 else tuple(found)


@function("torch.gradient", example="torch.gradient([1.0, 2.0, 4.0, 7.0], spacing=0.5)")
def torch_gradient(
    input: Any, *, spacing: Any = 1, dim: Any = None, edge_order: Any = 1
) -> tuple[Node, ...]:
    x = tensor(input)
    items = range(x.ndim) if dim is None else dim if isinstance(dim, (tuple, list)) else (dim,)
    axes = [axis_of(item, x.ndim, "dim") for item in items]
    spacings = list(spacing) if isinstance(spacing, (tuple, list)) else [spacing]
    if isinstance(spacing, Node) and spacing.ndim == 1:
        spacings = [index(spacing, (place,)) for place in range(spacing.shape[0])]
    return tuple(_gradients(x, axes, _per_axis(spacings, len(axes)), edge_order))
