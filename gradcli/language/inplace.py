"""Methods that write: PyTorch's with an underscore behind, and JAX's `x.at[i].set(v)`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from gradcli.errors import ArgumentError, NameProblem
from gradcli.language.assignment import element, put_value
from gradcli.language.natives import Native
from gradcli.language.operations import binary
from gradcli.language.places import Nowhere
from gradcli.language.tensors import Tensor, bare
from gradcli.ops.leaves import zeros_like
from gradcli.ops.values import broadcast, describe, tensor

if TYPE_CHECKING:
    from gradcli.language.runtime import Runtime
AT_METHODS: dict[str, type[ast.operator] | None] = {
    "set": None,
    "add": ast.Add,
    "subtract": ast.Sub,
    "multiply": ast.Mult,
    "mul": ast.Mult,
    "divide": ast.Div,
    "power": ast.Pow,
}


def in_place_method(interpreter: Runtime, owner: Tensor, name: str) -> Native:
    """`x.add_`, `x.zero_`, `x.clamp_`: the method without the underscore, written into x.

    Raises NameProblem where a tensor has no such method.
    """

    def filled(value: Any) -> Any:
        return broadcast(tensor(value), owner.shape)

    def call(interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> Any:
        if name == "zero_":
            made = interpreter.apply(zeros_like, owner)
        elif name in ("fill_", "copy_"):
            if len(args) != 1:
                raise ArgumentError(
                    f"`{name}` takes one argument, not {len(args)}", hint=f"as in `x.{name}(y)`"
                )
            made = interpreter.apply(filled, args[0])
        else:
            made = interpreter.call_value(plain, args, kwargs)
        if not isinstance(made, Tensor):
            raise ArgumentError(
                f"`{name}` gives {describe(bare(made))}, which cannot be written into a tensor"
            )
        return interpreter.write_whole(owner, made, Nowhere)

    plain: Any = None
    if name not in ("zero_", "fill_", "copy_"):
        try:
            plain = interpreter.member(owner, name[:-1])
        except NameProblem as error:
            raise NameProblem(f"a tensor has no `{name}`", hint=error.hint) from None
    return Native(name, call)


class At:
    """`x.at`, which an index follows."""

    __slots__ = ("owner",)

    def __init__(self, owner: Tensor) -> None:
        self.owner = owner


class AtPlace:
    """`x.at[key]`, which a method follows that makes a changed copy."""

    __slots__ = ("key", "owner")

    def __init__(self, owner: Tensor, key: Any) -> None:
        self.owner = owner
        self.key = key

    def method(self, name: str) -> Native:
        """`set`, `add`, ...: each gives a new tensor. Raises NameProblem for another."""
        if name not in AT_METHODS:
            known = ", ".join(f"`{method}`" for method in AT_METHODS)
            raise NameProblem(f"`.at[...]` has no `{name}`", hint=f"it has {known}")
        op = AT_METHODS[name]

        def call(interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> Any:
            if len(args) != 1:
                raise ArgumentError(
                    f"`.at[...].{name}` takes one argument, not {len(args)}",
                    hint=f"as in `x.at[0].{name}(v)`",
                )
            copy: Tensor = interpreter.wrapped(self.owner.node, (), True)
            value = bare(args[0])
            if op is not None:
                value = binary(op, element(interpreter, self.owner, self.key).node, value)
            put_value(copy, self.key, tensor(value))
            return copy

        return Native(name, call)
