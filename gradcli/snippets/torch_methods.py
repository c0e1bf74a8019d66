"""What PyTorch's autograd adds to tensors: `x.grad`, `x.backward()`, `x.detach()`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.errors import ArgumentError
from gradcli.language.dtypes import dtype_of
from gradcli.language.tensors import bare
from gradcli.ops.values import whole
from gradcli.snippets.arguments import maybe, named, several, variable
from gradcli.snippets.eager import leaf
from gradcli.snippets.results import Size
from gradcli.snippets.variable import Variable

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradcli.snippets.script import Script

    Method = Callable[[Script, Variable, list[Any], dict[str, Any]], Any]


def _backward(script: Script, owner: Variable, args: list[Any], kwargs: dict[str, Any]) -> None:
    parameters: dict[str, Any] = {
        "gradient": None,
        "retain_graph": None,
        "create_graph": False,
        "inputs": None,
    }
    given = named("backward", args, kwargs, parameters)
    inputs = given["inputs"]
    script.autograd.backward(
        owner,
        given["gradient"],
        maybe(given["retain_graph"]),
        bool(given["create_graph"]),
        None if inputs is None else several(inputs, "an input"),
    )


def require_grad(script: Script, owner: Variable, wanted: bool) -> Variable:
    """Let a leaf take part in differentiation, or not any more."""
    if wanted and owner.kind != "real":
        raise ArgumentError(
            "only tensors of floating point can require gradients",
            hint="write `1.` for 1, or give dtype=torch.float32",
        )
    if not owner.is_leaf and not wanted:
        raise ArgumentError("only a leaf can stop requiring grad", hint="`.detach()` cuts it off")
    if wanted and not owner.requires_grad:
        if owner.steps is not None:
            owner.alone()
        else:
            owner.memory.held = leaf(owner.value(), owner.kind)
        owner.record("")
        script.autograd.watch(owner)
    elif not wanted and owner.requires_grad:
        owner.alone()
    return owner


def _requires_grad_(
    script: Script, owner: Variable, args: list[Any], kwargs: dict[str, Any]
) -> Variable:
    given = named("requires_grad_", args, kwargs, {"requires_grad": True})
    return require_grad(script, owner, bool(given["requires_grad"]))


def _retain_grad(script: Script, owner: Variable, args: list[Any], kwargs: dict[str, Any]) -> None:
    if not owner.requires_grad:
        raise ArgumentError("only a tensor that requires grad can retain one")
    if not owner.is_leaf:
        owner.retains = True
        script.autograd.watch(owner)


def detached(script: Script, owner: Variable, library: str = "") -> Variable:
    """The same memory, out of the graph: writing to it writes to the owner."""
    made = Variable(owner.latest, owner.dtype, library or owner.library, script.eager)
    made.view_of(owner)
    return made


def _detach(script: Script, owner: Variable, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return detached(script, owner)


def _detach_(script: Script, owner: Variable, args: list[Any], kwargs: dict[str, Any]) -> Variable:
    owner.alone()
    return owner


def _numpy(script: Script, owner: Variable, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if owner.requires_grad and not kwargs.get("force"):
        raise ArgumentError(
            "`numpy()` cannot be called on a tensor that requires grad",
            hint="`.detach().numpy()`",
        )
    return detached(script, owner, "np")


def _item(script: Script, owner: Variable, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return script.plain_number(owner)


def _size(script: Script, owner: Variable, args: list[Any], kwargs: dict[str, Any]) -> Any:
    given = named("size", args, kwargs, {"dim": None})["dim"]
    return Size(owner.shape) if given is None else owner.shape[whole(bare(given), "dim")]


OLD_NAMES = {
    "float32": "FloatTensor",
    "float64": "DoubleTensor",
    "float16": "HalfTensor",
    "int64": "LongTensor",
    "int32": "IntTensor",
    "bool": "BoolTensor",
}


def _type(script: Script, owner: Variable, args: list[Any], kwargs: dict[str, Any]) -> Any:
    wanted = dtype_of(named("type", args, kwargs, {"dtype": None})["dtype"])
    if wanted is None:
        return f"torch.{OLD_NAMES.get(owner.dtype.name, owner.dtype.name)}"
    return script.cast(owner, wanted)


METHODS: dict[str, Method] = {
    "type": _type,
    "backward": _backward,
    "requires_grad_": _requires_grad_,
    "retain_grad": _retain_grad,
    "detach": _detach,
    "detach_": _detach_,
    "numpy": _numpy,
    "item": _item,
    "size": _size,
}


class GradFn:
    """What `x.grad_fn` gives: PyTorch's name of the step."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return f"<{self.name} object at {id(self):#x}>"


GRAD_FN_METHODS: dict[str, Callable[..., Any]] = {
    "name": lambda script, owner, args, kwargs: owner.name,
}

PROPERTIES: dict[str, Callable[[Script, Variable], Any]] = {
    "grad": lambda script, owner: owner.grad,
    "requires_grad": lambda script, owner: owner.requires_grad,
    "is_leaf": lambda script, owner: owner.is_leaf,
    "grad_fn": lambda script, owner: None if owner.is_leaf else GradFn(owner.function),
    "data": detached,
}


def _set_grad(script: Script, owner: Variable, value: Any) -> None:
    if value is not None and variable(value, "a gradient").shape != owner.shape:
        raise ArgumentError("a gradient has the shape of its tensor")
    owner.grad = value


def _set_data(script: Script, owner: Variable, value: Any) -> None:
    held = script.cast(variable(value, "data"), owner.dtype)
    tracked, function = owner.requires_grad, owner.function
    assert isinstance(held, Variable)
    owner.view_of(held)
    if tracked:
        # The graph stands on a node of its own.
        owner.alone()
        owner.record(function)
        script.autograd.watch(owner)


def _set_requires_grad(script: Script, owner: Variable, value: Any) -> None:
    require_grad(script, owner, script.truth(value))


SETTERS: dict[str, Callable[[Script, Variable, Any], None]] = {
    "grad": _set_grad,
    "data": _set_data,
    "requires_grad": _set_requires_grad,
}
