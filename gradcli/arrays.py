"""Arrays on their way in and out of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.engine import memory_error
from gradcli.errors import InputError
from gradcli.ops.leaves import storage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gradcli.graph import Node
    from gradcli.settings import Settings

    Array = np.ndarray[Any, Any]


def owned(array: Array) -> Array:
    """An array that a result may keep: writable, contiguous, and nobody else's."""
    return np.array(array, order="C")


def has_finite_sum(array: Array | None) -> bool:
    """Whether the sum of an array is finite: then all of it is, at the cost of one look."""
    with np.errstate(all="ignore"):
        return array is None or bool(np.isfinite(np.add.reduce(array, None)))


def has_nan(arrays: Iterable[Array | None]) -> bool:
    """Whether any of some arrays holds NaN.

    A sum is NaN then: it needs no memory and half the time, and settles most cases.
    """
    with np.errstate(all="ignore"):
        return any(
            array is not None
            and bool(np.isnan(np.add.reduce(array, None)))
            and np.isnan(array).any()
            for array in arrays
        )


def exact(array: Array, node: Node) -> Array:
    """An output's value: whole numbers as integers, where they are finite and fit."""
    if node.kind == "int" and np.all(np.abs(array) < 2**63):
        return array.astype(np.int64)
    return owned(array)


def as_array(name: str, value: Any, settings: Settings) -> Array:
    """An input as an array of the run's precision; booleans stay booleans.

    Raises InputError for complex numbers and for what is not numbers at all.
    """
    if type(value) is np.ndarray and value.dtype == settings.dtype:
        return value
    if isinstance(value, np.ma.MaskedArray):
        raise InputError(f"`{name}` is a masked array", hint="fill its holes, or leave them out")
    try:
        array: Array = np.asarray(value)
        if array.dtype == object and all(type(item) in (int, float) for item in array.flat):
            # Whole numbers beyond 64 bits are numbers still.
            array = np.asarray(value, dtype=np.float64)
    except (ValueError, TypeError, OverflowError):
        raise InputError(f"`{name}` is not a regular array of numbers") from None
    if array.dtype.kind == "c":
        raise InputError(f"`{name}` is complex", hint="gradcli computes with real numbers")
    if array.dtype.kind not in "fiub":
        raise InputError(f"`{name}` is not an array of numbers")
    if array.dtype == np.bool_:
        return array
    held = storage("real", settings.dtype)
    if array.dtype != held and (need := array.size * held.itemsize) > settings.max_memory:
        raise memory_error(need, settings.max_memory, f", for `{name}` alone")
    with np.errstate(over="ignore"):
        narrow = array.astype(held, copy=False)
    if settings.dtype != np.float64 and not np.array_equal(np.isinf(narrow), np.isinf(array)):
        raise InputError(f"`{name}` holds numbers beyond the range of {settings.dtype}")
    return narrow
