"""What scripts ask about types and places: `torch.finfo`, `nonzero`; and `torch.func.vmap`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import ArgumentError, ShapeError
from gradcli.language.dtypes import dtype_of
from gradcli.language.natives import Native
from gradcli.language.tensors import bare
from gradcli.language.values import lookup
from gradcli.ops.values import whole
from gradcli.snippets.arguments import named, variable
from gradcli.snippets.spelled import spelled
from gradcli.snippets.variable import Variable

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradcli.snippets.script import Script


class Limits:
    """What `finfo` and `iinfo` give: the bounds of a type."""

    __slots__ = ("info",)

    def __init__(self, info: Any) -> None:
        self.info = info


def _bound(name: str) -> Callable[[Any, Limits], Any]:
    return lambda script, owner: np.asarray(getattr(owner.info, name)).item()


LIMITS: dict[str, Callable[[Any, Limits], Any]] = {
    name: _bound(name) for name in ("bits", "eps", "max", "min", "tiny", "smallest_normal")
}


def _finfo(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Limits:
    given = named("finfo", args, kwargs, {"dtype": None})["dtype"]
    found = script.default_dtype if given is None else dtype_of(given)
    if found is None or found.kind != "f":
        raise ArgumentError("`finfo` takes a type with a point", hint="`iinfo` takes the others")
    return Limits(np.finfo(found))


def _iinfo(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Limits:
    found = dtype_of(named("iinfo", args, kwargs, {"dtype": None})["dtype"])
    if found is None or found.kind not in "iu":
        raise ArgumentError(
            "`iinfo` takes a type of whole numbers", hint="`finfo` takes the others"
        )
    return Limits(np.iinfo(found))


def _places(script: Script, owner: Variable) -> tuple[Any, ...]:
    value = owner.value()
    script.eager.require_room((int(np.count_nonzero(value)), 2 * owner.ndim))
    return np.nonzero(value)


def _nonzero(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Any:
    given = named("nonzero", args, kwargs, {"input": None, "as_tuple": False})
    places = _places(script, variable(given["input"], "what `nonzero` looks into"))
    if given["as_tuple"]:
        return tuple([script.of_array(part, "torch") for part in places])
    return script.of_array(np.stack(places, -1), "torch")


def nonzero(script: Script, owner: Variable, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """Positions of what is not 0, one a row; in NumPy a tuple of them by axis."""
    if owner.library != "torch":
        return tuple([script.of_array(part, "np") for part in _places(script, owner)])
    return _nonzero(script, [owner, *args], kwargs)


def _numpy_nonzero(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Any:
    array = variable(named("np.nonzero", args, kwargs, {"a": None})["a"], "what is looked into")
    return nonzero(script, array, [], {})


def _vmap(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Native:
    """A function of single values as one of stacks of them: here, by a loop."""
    given = named("torch.vmap", args, kwargs, {"func": None, "in_dims": 0, "out_dims": 0})
    function, out = given["func"], given["out_dims"]
    script.require_callable(function)

    def call(runtime: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        dims = given["in_dims"]
        dims = list(dims) if isinstance(dims, (tuple, list)) else [dims] * len(args)
        if len(dims) != len(args):
            raise ArgumentError("`in_dims` of `vmap` has a number, or None, for each argument")
        stacks = [_rows(script, arg, dim) for arg, dim in zip(args, dims, strict=True)]
        counts = {len(stack) for stack in stacks if stack is not None}
        if len(counts) != 1:
            raise ShapeError(
                "`vmap` needs arguments of one size along the axes that it runs over",
                hint="`in_dims` says which: None for an argument that all calls share",
            )
        rows = [
            script.call_value(
                function,
                [a if s is None else s[k] for a, s in zip(args, stacks, strict=True)],
                dict(kwargs),
            )
            for k in range(counts.pop())
        ]
        return _stacked(script, rows, out)

    return Native("vmap", call)


def _rows(script: Script, value: Any, dim: Any) -> list[Any] | None:
    if dim is None:
        return None
    owner = variable(value, "what `vmap` runs over")
    axis = int(whole(bare(dim), "in_dims"))
    if not -owner.ndim <= axis < owner.ndim:
        raise ShapeError(f"`vmap` has no axis {axis} to run over in shape {tuple(owner.shape)}")
    before = (slice(None),) * (axis % owner.ndim)
    script.count(owner.shape[axis])
    return [script.subscripted(owner, (*before, k)) for k in range(owner.shape[axis])]


def _stacked(script: Script, rows: list[Any], out: Any) -> Any:
    if isinstance(rows[0], tuple):
        outs = out if isinstance(out, tuple) else (out,) * len(rows[0])
        columns = zip(*rows, strict=True)
        return tuple([_stacked(script, [*c], o) for c, o in zip(columns, outs, strict=True)])
    stack = spelled(lookup("torch.stack"), "torch.stack")
    return script.call_value(stack, [rows], {"dim": out})


def _nothing(script: Script, args: list[Any], kwargs: dict[str, Any]) -> None:
    """Settings that change no number here."""


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "torch.finfo": _finfo,
    "np.finfo": _finfo,
    "torch.iinfo": _iinfo,
    "np.iinfo": _iinfo,
    "torch.nonzero": _nonzero,
    "np.nonzero": _numpy_nonzero,
    "torch.vmap": _vmap,
    "torch.func.vmap": _vmap,
    "torch.set_num_threads": _nothing,
    "torch.use_deterministic_algorithms": _nothing,
    "torch.autograd.set_detect_anomaly": _nothing,
}
