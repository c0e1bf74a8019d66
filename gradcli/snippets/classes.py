"""Names of types, for `isinstance` and `type`: `torch.Tensor`, `np.ndarray`, `float`, ..."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import ArgumentError
from gradcli.language.functions import Closure
from gradcli.language.natives import Native
from gradcli.language.static import Builtin
from gradcli.language.tensors import Tensor
from gradcli.snippets.spelled import Spelled
from gradcli.snippets.variable import Variable

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradcli.snippets.script import Script


class TypeName(Native):
    """The name of a type of tensors; calling it makes one."""

    __slots__ = ("dtype", "library")

    def __init__(
        self, name: str, library: str, call: Callable[..., Any], dtype: str | None = None
    ) -> None:
        super().__init__(name, call)
        self.library = library
        self.dtype = None if dtype is None else np.dtype(dtype)

    def text_with(self, show: Callable[[Any], str]) -> str:
        return str(self)

    def __str__(self) -> str:
        return f"<class '{'numpy' if self.library == 'np' else self.library}.{self.name}'>"


def _make_array(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Any:
    raise ArgumentError("arrays are made by `np.array`, `np.zeros`, `np.empty`")


ARRAY = TypeName("ndarray", "np", _make_array)

PLAIN = {"float": float, "int": int, "bool": bool, "str": str, "list": list, "tuple": tuple}
PLAIN["dict"] = dict


class PlainType:
    """What `type` gives for values that are no tensors."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return f"<class '{self.name}'>"

    def __eq__(self, other: object) -> bool:
        return self.name == getattr(other, "name", None)

    def __hash__(self) -> int:
        return hash(self.name)


def _is_one(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, TypeName):
        return isinstance(value, Variable) and (value.library == "torch") == (
            wanted.library == "torch"
        )
    name = getattr(wanted, "name", "")
    if name not in PLAIN or not isinstance(wanted, (Native, Builtin, PlainType)):
        raise ArgumentError(
            "`isinstance` takes types", hint="as in `isinstance(x, torch.Tensor)`, `(int, float)`"
        )
    return isinstance(value, PLAIN[name])


def is_instance(script: Script, args: list[Any], kwargs: dict[str, Any]) -> bool:
    """Python's `isinstance`, for the types that values of a script have."""
    if len(args) != 2 or kwargs:
        raise ArgumentError("`isinstance` takes a value and a type")
    value, wanted = args
    return any([_is_one(value, one) for one in (wanted if type(wanted) is tuple else (wanted,))])


def type_of(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """Python's `type` of one value."""
    if len(args) != 1 or kwargs:
        raise ArgumentError("`type` takes one value")
    from gradcli.snippets.known import TENSOR
    from gradcli.snippets.torch_methods import GradFn

    (value,) = args
    if isinstance(value, Tensor):
        return TENSOR if isinstance(value, Variable) and value.library == "torch" else ARRAY
    if isinstance(value, GradFn):
        return PlainType(value.name)
    if isinstance(value, (Closure, Native)) or callable(value):
        return PlainType("function")
    for kind in (bool, int, float, str, list, dict, tuple):
        if isinstance(value, kind):
            return PlainType(kind.__name__)
    return PlainType("NoneType" if value is None else "object")


def name_of(value: Any) -> str | None:
    """What `__name__` gives for functions and types; None for all else."""
    if isinstance(value, (Closure, Native, PlainType, Spelled)):
        return str(value.name).rpartition(".")[2]
    return None
