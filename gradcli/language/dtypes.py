"""Types of numbers as programs name them: `torch.float64`, `np.int64`, `float`, "float32"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import ArgumentError
from gradcli.graph import OPS, Node
from gradcli.language.natives import NATIVES, Native
from gradcli.language.tensors import Tensor, bare
from gradcli.ops.leaves import array_constant
from gradcli.ops.values import concrete, describe, tensor

if TYPE_CHECKING:
    from gradcli.language.runtime import Runtime

NAMES = {
    "float64": ("float64", "double", "float_"),
    "float32": ("float32", "float", "single"),
    "int64": ("int64", "long", "int_"),
    "int32": ("int32", "int", "intc"),
    "int16": ("int16", "short"),
    "int8": ("int8",),
    "uint8": ("uint8",),
    "bool": ("bool", "bool_"),
}
"""What a name stands for; outside scripts all whole numbers are held alike."""

NARROW = frozenset({"float16", "half", "bfloat16"})

LIBRARIES = ("torch", "np", "jnp")
TORCH_ONLY = frozenset({"double", "float", "long", "int", "bool", "short"})
OLD_TENSORS = {"torch.FloatTensor": "float32", "torch.DoubleTensor": "float64"}


class DType(Native):
    """A type of numbers; calling it converts."""

    __slots__ = ("dtype", "spelling")

    def __init__(self, spelling: str, dtype: str) -> None:
        super().__init__(spelling, self._convert)
        self.spelling = spelling
        self.dtype = np.dtype(dtype)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DType) and self.dtype == other.dtype

    def __hash__(self) -> int:
        return hash(self.dtype)

    def _convert(self, interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> Any:
        if len(args) != 1:
            raise ArgumentError(
                f"`{self.name}` takes one argument, not {len(args)}",
                hint=f"as in `{self.name}(x)`",
            )
        value = args[0]
        if not isinstance(value, Tensor):
            value = interpreter.library(self, [value], {})
        return interpreter.cast(value, self.dtype)

    @property
    def library(self) -> str:
        """Whose type it is, and so whose tensors it makes."""
        return self.spelling.partition(".")[0]

    def __call__(self, args: list[Any], kwargs: dict[str, Any]) -> Node:
        """A tensor of what is no tensor yet, as functions of the library are called."""
        return tensor(args[0])


def dtype_of(value: Any) -> np.dtype[Any] | None:
    """The type that a `dtype=` argument names; None for None. Raises ArgumentError."""
    if value is None:
        return None
    found = getattr(value, "dtype", None)
    if isinstance(value, Native) and isinstance(found, np.dtype):
        return found
    name = value if isinstance(value, str) else getattr(value, "name", None)
    if name in NARROW:
        raise ArgumentError("there is no half precision here", hint="float32 is the narrowest")
    builtin = {"float": "float64", "int": "int64", "bool": "bool"}.get(str(name))
    if builtin is not None and not isinstance(value, str):
        return np.dtype(builtin)
    for dtype, names in NAMES.items():
        if name in names:
            return np.dtype(dtype)
    raise ArgumentError(
        f"{describe(bare(value))} is no type of numbers",
        hint="as in torch.float64, np.float32",
        culprit=value,
    )


def converted(node: Node, dtype: np.dtype[Any]) -> Node:
    """A node of the kind that a type holds: whole numbers are cut off towards zero."""
    if dtype.kind == "f":
        return node * 1.0 if node.kind != "real" else node
    if dtype.kind == "b":
        return node if node.kind == "bool" else OPS["not_equal"](node, 0.0)
    if node.kind == "bool":
        return OPS["where"](node, tensor(1), tensor(0))
    if node.kind == "int":
        return node
    array = np.trunc(concrete(node, "what is made whole"))
    if not np.all(np.abs(array) < 2**63):
        raise ArgumentError(
            "infinities and NaN are no whole numbers",
            hint="`where(isfinite(x), x, 0)` replaces them",
        )
    return array_constant(array.astype(np.int64))


NATIVES.update(
    {
        f"{library}.{name}": DType(f"{library}.{name}", dtype)
        for library in LIBRARIES
        for dtype, names in NAMES.items()
        for name in names
        if (library == "torch") >= (name in TORCH_ONLY) and not (library == "torch" and "_" in name)
    }
)
NATIVES.update({name: DType(name, dtype) for name, dtype in OLD_TENSORS.items()})
