"""Helpers for forward functions of elementwise rows: SciPy's functions, precision, orders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

Array = np.ndarray[Any, Any]


def scipy_special(name: str) -> Callable[..., Array]:
    """The function of that name in `scipy.special`, which is imported when it is first called."""

    def forward(*arrays: Array) -> Array:
        from scipy import special

        return np.asarray(getattr(special, name)(*arrays), arrays[-1].dtype)

    return forward


def into(compute: Callable[..., None]) -> Callable[..., Array]:
    """A forward function from one that writes its result: compute(*arrays, out=array).

    Runs in tiles give it a buffer (engine/regions.py). All operands have one type; `out` is none of
    them, and of the shape that they broadcast to.
    """

    def forward(*arrays: Array) -> Array:
        shape = np.broadcast_shapes(*[array.shape for array in arrays])
        out = np.empty(shape, arrays[-1].dtype)
        compute(*arrays, out=out)
        return out

    forward.into = compute  # type: ignore[attr-defined]
    return forward


def in_double(compute: Callable[..., Array]) -> Callable[..., Array]:
    """`compute` at double precision, whatever the operands have; the result is theirs again.

    For methods that rest on the size of a double's last bit.
    """

    def forward(*arrays: Array) -> Array:
        wide = [np.asarray(array, np.float64) for array in arrays]
        return np.asarray(compute(*wide), arrays[-1].dtype)

    return forward


def by_order(compute: Callable[..., Array]) -> Callable[..., Array]:
    """`compute(n, *x)` with n a Python int, as a function of an array of orders and of arrays.

    Orders are whole numbers from 0: the functions that give them see to it.
    """

    def forward(orders: Array, *arrays: Array) -> Array:
        distinct = np.unique(orders)
        if distinct.size == 1 and distinct[0] == distinct[0]:
            value = compute(int(distinct[0]), *arrays)
            return np.broadcast_to(value, np.broadcast_shapes(orders.shape, value.shape))
        shape = np.broadcast_shapes(orders.shape, *[array.shape for array in arrays])
        result = np.full(shape, np.nan, arrays[0].dtype)
        for order in distinct[np.isfinite(distinct)]:
            chosen = np.broadcast_to(orders == order, shape)
            result[chosen] = np.broadcast_to(compute(int(order), *arrays), shape)[chosen]
        return result

    return forward


def split(
    x: Array, inside: Array, chosen: Callable[[Array], Array], other: Callable[[Array], Array]
) -> Array:
    """`chosen` of the elements that a mask selects, `other` of the rest; each computes its own."""
    if not inside.any():
        return other(x)
    if inside.all():
        return chosen(x)
    result = np.empty_like(x)
    result[inside] = chosen(x[inside])
    result[~inside] = other(x[~inside])
    return result


def horner(coefficients: tuple[float, ...], x: Array) -> Array:
    """c[0] + c[1]*x + c[2]*x**2 + ..."""
    total = np.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        total = total * x + coefficient
    return total
