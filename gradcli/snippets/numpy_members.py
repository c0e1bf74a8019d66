"""Attributes and methods of NumPy's arrays, and functions of NumPy's that scripts add."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import ArgumentError
from gradcli.language.dtypes import dtype_of
from gradcli.language.places import Nowhere
from gradcli.snippets.arguments import named, sizes
from gradcli.snippets.variable import Variable

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradcli.snippets.script import Script


def _item(script: Script, owner: Variable, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if args:
        return script.plain_number(script.subscripted(owner, args[0] if len(args) == 1 else args))
    return script.plain_number(owner)


def _fill(script: Script, owner: Variable, args: list[Any], kwargs: dict[str, Any]) -> None:
    value = named("fill", args, kwargs, {"value": None})["value"]
    script.call_value(script.member(owner, "fill_"), [value], {})


def _sort(script: Script, owner: Variable, args: list[Any], kwargs: dict[str, Any]) -> None:
    axis = named("sort", args, kwargs, {"axis": -1})["axis"]
    held = np.sort(owner.value(), axis)
    script.write_whole(owner, script.made_of(held, owner.kind, owner.dtype, owner.library), Nowhere)


def _empty(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """Zeros: what stands in memory before is nobody's business."""
    given = named("np.empty", args, kwargs, {"shape": None, "dtype": None, "order": "C"})
    shape = sizes(script, [given["shape"]], {})
    script.eager.require_room(shape)
    return script.of_array(np.zeros(shape, dtype_of(given["dtype"]) or np.float64), "np")


def _full(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Any:
    given = named("np.full", args, kwargs, {"shape": None, "fill_value": None, "dtype": None})
    shape, value = sizes(script, [given["shape"]], {}), given["fill_value"]
    number = script.plain_number(value) if isinstance(value, Variable) else value
    if not isinstance(number, (int, float)):
        raise ArgumentError("`np.full` takes a shape and a number")
    script.eager.require_room(shape)
    return script.of_array(np.full(shape, number, dtype_of(given["dtype"])), "np")


def _set_print_options(script: Script, args: list[Any], kwargs: dict[str, Any]) -> None:
    for name in ("precision", "suppress", "linewidth", "threshold", "edgeitems"):
        if name in kwargs:
            script.numpy_options[name] = kwargs.pop(name)
    if args or kwargs:
        raise ArgumentError("`np.set_printoptions` takes precision=, suppress=, linewidth=")


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "np.empty": _empty,
    "np.full": _full,
    "np.set_printoptions": _set_print_options,
}
PROPERTIES: dict[str, Callable[[Script, Variable], Any]] = {
    "size": lambda script, owner: owner.node.size,
}
METHODS: dict[str, Callable[..., Any]] = {"item": _item, "fill": _fill, "sort": _sort}
