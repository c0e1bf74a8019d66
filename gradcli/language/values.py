"""Values of the language that are not numbers, containers or tensors: namespaces and methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import NameProblem, did_you_mean
from gradcli.language.natives import NATIVES
from gradcli.language.tensors import Tensor
from gradcli.ops.binding import CONSTANTS, SPACES, SPELLED, Function, find
from gradcli.ops.functions import layout

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradcli.graph import Node


class Namespace:
    """A prefix such as `np` or `torch.nn.functional`."""

    __slots__ = ("prefix",)

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    @property
    def name(self) -> str:
        return self.prefix

    def get(self, attribute: str) -> Any:
        """What the attribute means; raises NameProblem with the nearest names."""
        full = f"{self.prefix}.{attribute}"
        found = lookup(full)
        if found is None:
            raise NameProblem(f"`{self.prefix}` has no `{attribute}`", hint=self._hint(attribute))
        return found

    def _hint(self, attribute: str) -> str:
        start = f"{self.prefix}."
        inside = [name[len(start) :] for name in SPELLED if name.startswith(start)]
        if attribute in SPELLED:
            return f"`{attribute}` is known without a prefix"
        return did_you_mean(attribute, [name for name in inside if "." not in name])


class Method:
    """A function bound to its first argument."""

    __slots__ = ("function", "owner")

    def __init__(self, function: Function, owner: Tensor) -> None:
        self.function = function
        self.owner = owner

    @property
    def name(self) -> str:
        return self.function.name

    def __call__(self, args: list[Any], kwargs: dict[str, Any]) -> Any:
        return self.function([self.owner.node, *args], kwargs)


BUILTIN_SPACES = {
    "np": "np",
    "numpy": "np",
    "torch": "torch",
    "jnp": "jnp",
    "jax": "jax",
    "scipy": "scipy",
    "math": "math",
    "F": "torch.nn.functional",
    "linalg": "linalg",
    "special": "special",
    "ops": "ops",
}


NATIVE_SPACES = {
    ".".join(parts[:count])
    for parts in [name.split(".") for name in NATIVES]
    for count in range(1, len(parts))
}


def lookup(full: str) -> Any:
    """A function, constant or namespace by its full dotted name, or None."""
    if full in SPELLED:
        return SPELLED[full]
    if full in CONSTANTS:
        constant = CONSTANTS[full]
        return Newaxis if constant is None else constant
    if full in NATIVES:
        return NATIVES[full]
    if full == "jax.numpy":
        return Namespace("jnp")
    if full in SPACES or full in NATIVE_SPACES:
        return Namespace(full)
    return find(full) or (Namespace(full) if full in SPACES else None)


class Newaxis:
    """Stands for `np.newaxis` where None would read as absence."""


PROPERTIES: dict[str, Callable[[Node], Any]] = {
    "T": lambda node: layout.transpose(node),
    "mT": lambda node: layout.matrix_transpose(node),
    "H": lambda node: layout.matrix_transpose(node),
    "shape": lambda node: tuple(node.shape),
    "ndim": lambda node: node.ndim,
    "size": lambda node: node.size,
}
"""Attributes of tensors that are no methods; in PyTorch `size` is one."""


def attribute_of(owner: Tensor, name: str, torch_methods: bool) -> Any:
    """`owner.name`: a property, or a method; NumPy's, or PyTorch's where those are wanted."""
    read = PROPERTIES.get(name)
    if read is not None and not (name == "size" and torch_methods):
        return read(owner.node)
    # NumPy's functions are methods where its arrays have them; PyTorch's nearly all are.
    numpys = ["np"] if hasattr(np.ndarray, name) else []
    libraries = ["Tensor", "torch", *numpys] if torch_methods else [*numpys, "Tensor", "torch"]
    function = find(*[f"{library}.{name}" for library in libraries])
    if function is not None:
        return Method(function, owner)
    from gradcli.language.foreign import explain_member

    names = [
        spelling.partition(".")[2]
        for spelling in SPELLED
        if spelling.startswith(("np.", "torch.", "Tensor."))
    ]
    near = [spelling for spelling in names if spelling and "." not in spelling]
    hint = explain_member(owner, name) or did_you_mean(name, near)
    raise NameProblem(f"a tensor has no `{name}`", hint=hint)
