"""Turns of phrase that explanations are written in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    Array = np.ndarray[Any, Any]

TOLD = 8
"""Elements that are told one by one."""


def sentence(text: str) -> str:
    """A sentence of the documentation within another."""
    return text[0].lower() + text[1:].rstrip(".")


def shape_or_nothing(text: str) -> str:
    """A shape; nothing for that of a number."""
    return "" if text == "()" else text


def times(count: int) -> str:
    """How often."""
    return "twice" if count == 2 else f"{count} times"


def is_number(text: str) -> bool:
    """Whether a formula is a number alone."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def compact(value: Any) -> Any:
    """One number for an array that holds it everywhere."""
    if value.size and value.ndim and (value == value.flat[0]).all():
        return value.flat[0]
    return value


def place_of(index: int, shape: Sequence[int]) -> str:
    """The place of an element of a flattened tensor."""
    return bracketed([int(axis) for axis in np.unravel_index(index, tuple(shape))])


def bracketed(place: Sequence[int]) -> str:
    """A place as an index is written."""
    return f"[{', '.join(map(str, place))}]"


def elements(mask: Array) -> str:
    """The elements that a mask selects, in words."""
    if not mask.ndim:
        return "all" if mask else "nothing"
    chosen = np.flatnonzero(mask)
    if not len(chosen):
        return "nothing"
    if len(chosen) > TOLD:
        return f"{len(chosen)} of {mask.size} elements"
    return ", ".join([place_of(int(index), mask.shape) for index in chosen])
