"""Arguments of the functions and methods that scripts add, read and checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.errors import ArgumentError
from gradcli.language.places import Nowhere
from gradcli.language.tensors import bare
from gradcli.ops.values import describe, whole
from gradcli.snippets.variable import Variable

if TYPE_CHECKING:
    from gradcli.snippets.script import Script


def named(
    name: str, args: list[Any], kwargs: dict[str, Any], parameters: dict[str, Any]
) -> dict[str, Any]:
    """Arguments by parameter, with its defaults. Raises ArgumentError with the signature."""
    signature = f"its signature is {name}({', '.join(parameters)})"
    if len(args) > len(parameters):
        raise ArgumentError(f"`{name}` takes at most {len(parameters)} arguments", hint=signature)
    given = dict(zip(parameters, args, strict=False))
    for keyword, value in kwargs.items():
        if keyword not in parameters or keyword in given:
            raise ArgumentError(f"`{name}` takes no such argument `{keyword}`", hint=signature)
        given[keyword] = value
    return {**parameters, **given}


def variable(value: Any, what: str) -> Variable:
    """A tensor; raises ArgumentError for anything else."""
    if not isinstance(value, Variable):
        raise ArgumentError(f"{what} must be a tensor, not {describe(bare(value))}")
    return value


def several(value: Any, what: str) -> list[Variable]:
    """One tensor or several, as a list."""
    items = value if isinstance(value, (list, tuple)) else [value]
    return [variable(item, what) for item in items]


def sizes(script: Script, args: list[Any], kwargs: dict[str, Any]) -> tuple[int, ...]:
    """A shape, given as sizes one by one or as one tuple; a `size=` is taken out of kwargs."""
    if "size" in kwargs:
        args = [kwargs.pop("size")]
    if len(args) == 1 and isinstance(args[0], (list, tuple)):
        args = script.elements(args[0], Nowhere)
    found = tuple([int(whole(bare(size), "a size")) for size in args])
    if any(extent < 0 for extent in found):
        raise ArgumentError(f"a shape cannot have the negative size {min(found)}")
    return found


def maybe(value: Any) -> bool | None:
    """A flag, where it is given."""
    return None if value is None else bool(value)
