"""What names mean in scripts, beyond the library: functions, types, attributes and methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import NameProblem
from gradcli.language.dtypes import DType
from gradcli.language.natives import Native
from gradcli.language.values import Namespace
from gradcli.snippets import (
    builtins,
    classes,
    hooks,
    numpy_members,
    numpy_random,
    python_math,
    questions,
    torch_functions,
    torch_methods,
    torch_nn,
    torch_random,
)
from gradcli.snippets.generators import TorchGenerator
from gradcli.snippets.results import Size
from gradcli.snippets.variable import Variable

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradcli.snippets.script import Script

    Property = Callable[[Script, Variable], Any]
    Method = Callable[[Script, Variable, list[Any], dict[str, Any]], Any]

TENSOR = classes.TypeName("Tensor", "torch", torch_functions.old_tensor(None))

NAMED: dict[str, Any] = {
    full: Native(full, call)
    for table in (
        torch_functions.FUNCTIONS,
        torch_random.FUNCTIONS,
        torch_nn.FUNCTIONS,
        numpy_members.FUNCTIONS,
        numpy_random.FUNCTIONS,
        python_math.FUNCTIONS,
        hooks.FUNCTIONS,
        questions.FUNCTIONS,
    )
    for full, call in table.items()
}
NAMED["torch.Tensor"] = TENSOR
NAMED["np.ndarray"] = classes.ARRAY
NAMED |= {
    f"torch.{name}": classes.TypeName(
        name, "torch", torch_functions.old_tensor(np.dtype(dtype)), dtype
    )
    for name, dtype in {
        "FloatTensor": "float32",
        "DoubleTensor": "float64",
        "LongTensor": "int64",
        "IntTensor": "int32",
        "BoolTensor": "bool",
    }.items()
}
"""By full dotted name."""

SPACES = {
    ".".join(parts[:count])
    for parts in [name.split(".") for name in NAMED]
    for count in range(1, len(parts))
} | {"torch.optim", "torch.utils", "torch.utils.data"}

BUILTINS = {
    name: Native(name, call)  # type: ignore[arg-type]
    for name, call in {
        **builtins.BUILTINS,
        "isinstance": classes.is_instance,
        "type": classes.type_of,
    }.items()
}
"""Python's own functions, which in a script are not NumPy's."""


def lookup(full: str) -> Any:
    """What a dotted name means in scripts; None where the language says it.

    Raises NameProblem with what to write instead, where that is known.
    """
    root, dot, rest = full.partition(".")
    if root == "numpy":
        full = f"np{dot}{rest}"
    if full in NAMED:
        return NAMED[full]
    if full in SPACES:
        return Namespace(full)
    return None


def explained(error: NameProblem, full: str) -> NameProblem:
    """The error with a hint what to write instead."""
    hint = torch_nn.instead_of(full)
    if hint:
        error.hint = hint
    return error


def _shape(script: Script, owner: Variable) -> Any:
    return Size(owner.shape) if owner.library == "torch" else tuple(owner.shape)


def _dtype(script: Script, owner: Variable) -> DType:
    name = owner.dtype.name
    return DType(f"torch.{name}" if owner.library == "torch" else name, name)


PROPERTIES: dict[str, dict[str, Property]] = {
    "any": {"shape": _shape, "dtype": _dtype},
    "torch": dict(torch_methods.PROPERTIES),
    "np": dict(numpy_members.PROPERTIES),
}
METHODS: dict[str, dict[str, Method]] = {
    "torch": {
        **torch_methods.METHODS,
        **torch_random.METHODS,
        "register_hook": hooks.register_hook,
        "nonzero": questions.nonzero,
    },
    "np": {**numpy_members.METHODS, "nonzero": questions.nonzero},
}
SETTERS = torch_methods.SETTERS


def _bound(
    table: dict[str, Callable[..., Any]],
) -> dict[str, Callable[[Script, Any], Any]]:
    """Members of values that are no tensors: methods, bound when they are read."""

    def binder(name: str, body: Callable[..., Any]) -> Callable[[Script, Any], Any]:
        def bind(script: Script, owner: Any) -> Native:
            return Native(name, lambda runtime, args, kwargs: body(script, owner, args, kwargs))

        return bind

    return {name: binder(name, body) for name, body in table.items()}


MEMBERS: dict[type, dict[str, Callable[[Script, Any], Any]]] = {
    TorchGenerator: _bound(torch_random.GENERATOR_METHODS),
    np.random.RandomState: _bound(numpy_random.methods_of(np.random.RandomState)),
    np.random.Generator: _bound(numpy_random.methods_of(np.random.Generator)),
    torch_methods.GradFn: _bound(torch_methods.GRAD_FN_METHODS),
    hooks.Handle: _bound(hooks.HANDLE_METHODS),
    questions.Limits: questions.LIMITS,
    Size: _bound({"numel": lambda script, owner, args, kwargs: int(np.prod(owner))}),
}
