"""Attributes of tensors that are no functions of the library: types, shapes, conversions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import ArgumentError, NameProblem
from gradcli.language.dtypes import DType, dtype_of
from gradcli.language.natives import Native
from gradcli.language.tensors import Tensor
from gradcli.ops.values import concrete

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradcli.language.runtime import Runtime


class Device(str):
    """The place of a tensor: always the processor."""

    __slots__ = ()


CPU = Device("cpu")
ANYWHERE = frozenset({"device", "layout", "pin_memory", "memory_format", "non_blocking", "copy"})
"""Keywords that say where and how memory lies, which changes no value."""


def _to(interpreter: Runtime, owner: Tensor, args: list[Any], kwargs: dict[str, Any]) -> Any:
    wanted = [arg for arg in [*args, kwargs.get("dtype")] if arg is not None]
    for item in wanted:
        if isinstance(item, Tensor):
            owner = interpreter.cast(owner, interpreter.dtype(item))
        elif isinstance(item, str) and (isinstance(item, Device) or not _is_dtype(item)):
            require_cpu(item)
        elif not isinstance(item, bool):
            found = dtype_of(item)
            owner = owner if found is None else interpreter.cast(owner, found)
    if isinstance(kwargs.get("device"), str):
        require_cpu(kwargs["device"])
    return owner


def _is_dtype(name: str) -> bool:
    try:
        dtype_of(name)
    except ArgumentError:
        return False
    return True


def require_cpu(name: str) -> None:
    """Raise ArgumentError for a device that is not the processor."""
    if name != "cpu":
        raise ArgumentError(
            f"there is no device `{name}` here",
            hint="all runs on the processor: leave it out, or write 'cpu'",
            culprit=name,
        )


def _as(dtype: str) -> Callable[..., Any]:
    def convert(
        interpreter: Runtime, owner: Tensor, args: list[Any], kwargs: dict[str, Any]
    ) -> Any:
        return interpreter.cast(owner, np.dtype(dtype))

    return convert


def _itself(interpreter: Runtime, owner: Tensor, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return owner


def _requires_grad(
    interpreter: Runtime, owner: Tensor, args: list[Any], kwargs: dict[str, Any]
) -> Any:
    return owner


def _to_list(interpreter: Runtime, owner: Tensor, args: list[Any], kwargs: dict[str, Any]) -> Any:
    interpreter.flow.constants += 1
    array = concrete(owner.node, "what `tolist` lists")
    whole = owner.kind == "int"
    return (array.astype(np.int64) if whole else array).tolist()


METHODS: dict[str, Callable[..., Any]] = {
    "to": _to,
    "type": _to,
    "astype": _to,
    "double": _as("float64"),
    "float": _as("float32"),
    "long": _as("int64"),
    "int": _as("int32"),
    "short": _as("int16"),
    "bool": _as("bool"),
    "cpu": _itself,
    "numpy": _itself,
    "requires_grad_": _requires_grad,
    "tolist": _to_list,
}
"""Methods by name: they get the interpreter, the tensor and the arguments."""

OF_RUN = frozenset({"backward", "grad", "grad_fn", "retain_grad", "is_leaf"})


def member_of(interpreter: Runtime, owner: Tensor, name: str) -> Any:
    """An attribute that this file knows of, or None. Raises NameProblem for those of scripts."""
    if name in METHODS:
        body = METHODS[name]
        return Native(
            name, lambda interpreter, args, kwargs: body(interpreter, owner, args, kwargs)
        )
    if name == "dtype":
        found = interpreter.dtype(owner)
        return DType(f"torch.{found.name}", found.name)
    if name == "device":
        return CPU
    if name == "data":
        return interpreter.call_value(interpreter.member(owner, "detach"), [], {})
    if name in OF_RUN:
        raise NameProblem(
            f"`.{name}` belongs to scripts",
            hint="`gradcli run FILE` runs PyTorch scripts; here the gradient is the result",
        )
    return None
