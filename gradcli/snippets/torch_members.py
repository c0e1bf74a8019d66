"""What PyTorch's autograd adds to tensors and to its modules: `x.grad`, `backward`, `Variable`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import ArgumentError
from gradcli.graph import Kind
from gradcli.language.dtypes import dtype_of
from gradcli.language.tensors import bare
from gradcli.ops.values import describe, tensor, whole
from gradcli.snippets.builtins import Size
from gradcli.snippets.variable import Variable

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradcli.snippets.script import Script

    Call = Callable[[Script, Variable, list[Any], dict[str, Any]], Any]


def _named(
    name: str, args: list[Any], kwargs: dict[str, Any], parameters: dict[str, Any]
) -> dict[str, Any]:
    """Arguments by parameter. Raises ArgumentError with the signature."""
    signature = f"its signature is {name}({', '.join(parameters)})"
    if len(args) > len(parameters):
        raise ArgumentError(f"`{name}` takes at most {len(parameters)} arguments", hint=signature)
    given = dict(zip(parameters, args, strict=False))
    for keyword, value in kwargs.items():
        if keyword not in parameters or keyword in given:
            raise ArgumentError(f"`{name}` takes no such argument `{keyword}`", hint=signature)
        given[keyword] = value
    return {**parameters, **given}


def _variable(value: Any, what: str) -> Variable:
    if not isinstance(value, Variable):
        raise ArgumentError(f"{what} must be a tensor, not {describe(bare(value))}")
    return value


def _several(value: Any, what: str) -> list[Variable]:
    items = value if isinstance(value, (list, tuple)) else [value]
    return [_variable(item, what) for item in items]


def _flag(value: Any) -> bool | None:
    return None if value is None else bool(value)


# --- functions of torch.autograd -----------------------------------------------------------------


def _grad(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Any:
    parameters: dict[str, Any] = {
        "outputs": None,
        "inputs": None,
        "grad_outputs": None,
        "retain_graph": None,
        "create_graph": False,
        "only_inputs": True,
        "allow_unused": None,
    }
    given = _named("torch.autograd.grad", args, kwargs, parameters)
    outputs = _several(given["outputs"], "an output")
    inputs = _several(given["inputs"], "an input")
    seeds = given["grad_outputs"]
    seeds = list(seeds) if isinstance(seeds, (list, tuple)) else [seeds] * len(outputs)
    if len(seeds) != len(outputs):
        raise ArgumentError("grad_outputs has one tensor for each output")
    found = script.autograd.grad(
        outputs,
        inputs,
        seeds,
        _flag(given["retain_graph"]),
        bool(given["create_graph"]),
        bool(given["allow_unused"]),
    )
    return tuple(found)


def _backward_all(script: Script, args: list[Any], kwargs: dict[str, Any]) -> None:
    parameters: dict[str, Any] = {
        "tensors": None,
        "grad_tensors": None,
        "retain_graph": None,
        "create_graph": False,
    }
    given = _named("torch.autograd.backward", args, kwargs, parameters)
    outputs = _several(given["tensors"], "an output")
    seeds = given["grad_tensors"]
    seeds = list(seeds) if isinstance(seeds, (list, tuple)) else [seeds] * len(outputs)
    for place, (output, seed) in enumerate(zip(outputs, seeds, strict=True)):
        keep = bool(given["retain_graph"]) or place + 1 < len(outputs)
        script.autograd.backward(output, seed, keep, bool(given["create_graph"]))


def _make_variable(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Any:
    given = _named(
        "Variable", args, kwargs, {"data": None, "requires_grad": False, "volatile": False}
    )
    made = detached(script, _variable(given["data"], "what a Variable holds"))
    if given["requires_grad"]:
        _require_grad(script, made, [], {})
    return made


def _tensor(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Any:
    given = _named(
        "torch.tensor",
        args,
        kwargs,
        {
            "data": None,
            "dtype": None,
            "device": None,
            "requires_grad": False,
            "pin_memory": False,
        },
    )
    data = given["data"]
    if data is None:
        raise ArgumentError("`torch.tensor` takes data", hint="as in torch.tensor([1., 2.])")
    if isinstance(data, Variable):
        array, dtype = script.value_of(data), data.dtype
        kind: Kind = data.kind
    else:
        script.begin("torch", [data], {})
        node = tensor(bare(data))
        array = script.eager.value(node, np.dtype(np.float64))
        kind = node.kind
        wide = [one.dtype for one in script.variables([data]) if one.dtype.kind == "f"]
        dtype = max(wide, key=lambda one: one.itemsize) if wide else script.default_dtype
        dtype = {"int": np.dtype(np.int64), "bool": np.dtype(np.bool_)}.get(kind, dtype)
    wanted = dtype_of(given["dtype"])
    if wanted is not None:
        kinds: dict[str, Kind] = {"f": "real", "i": "int", "b": "bool"}
        array = np.trunc(array) if wanted.kind == "i" else array
        kind, dtype = kinds[wanted.kind], wanted
        array = array.astype(np.bool_) if wanted.kind == "b" else array
    made = script.made_of(array, kind, dtype, "torch")
    if given["requires_grad"]:
        _require_grad(script, made, [], {})
    return made


def _manual_seed(script: Script, args: list[Any], kwargs: dict[str, Any]) -> None:
    values = [*args, *kwargs.values()]
    if len(values) != 1:
        raise ArgumentError("a seed is one whole number")
    script.seed = int(whole(bare(values[0]), "the seed")) % 2**63
    script.trace.draws = 0


def _set_print_options(script: Script, args: list[Any], kwargs: dict[str, Any]) -> None:
    script.print_options = script.print_options.changed(*args, **kwargs)


def _set_default_dtype(script: Script, args: list[Any], kwargs: dict[str, Any]) -> None:
    found = dtype_of(args[0] if args else None)
    if found is None or found.kind != "f":
        raise ArgumentError("the default is torch.float32 or torch.float64")
    script.default_dtype = found


def _is_tensor(script: Script, args: list[Any], kwargs: dict[str, Any]) -> bool:
    return len(args) == 1 and isinstance(args[0], Variable)


def _equal(script: Script, args: list[Any], kwargs: dict[str, Any]) -> bool:
    given = _named("torch.equal", args, kwargs, {"input": None, "other": None})
    left, right = (script.value_of(_variable(one, "an operand")) for one in given.values())
    return bool(np.array_equal(left, right))


def _make_size(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Size:
    sizes = script.elements(args[0]) if len(args) == 1 else []
    return Size([whole(bare(size), "a size") for size in sizes])


# --- methods -------------------------------------------------------------------------------------


def _backward(script: Script, owner: Variable, args: list[Any], kwargs: dict[str, Any]) -> None:
    parameters: dict[str, Any] = {
        "gradient": None,
        "retain_graph": None,
        "create_graph": False,
        "inputs": None,
    }
    given = _named("backward", args, kwargs, parameters)
    inputs = given["inputs"]
    script.autograd.backward(
        owner,
        given["gradient"],
        _flag(given["retain_graph"]),
        bool(given["create_graph"]),
        None if inputs is None else _several(inputs, "an input"),
    )


def _require_grad(
    script: Script, owner: Variable, args: list[Any], kwargs: dict[str, Any]
) -> Variable:
    wanted = bool(_named("requires_grad_", args, kwargs, {"requires_grad": True})["requires_grad"])
    if wanted and owner.kind != "real":
        raise ArgumentError(
            "only tensors of floating point can require gradients",
            hint="write `1.` for 1, or give dtype=torch.float32",
        )
    if not owner.is_leaf and not wanted:
        raise ArgumentError("only a leaf can stop requiring grad", hint="`.detach()` cuts it off")
    if owner.is_leaf and wanted and not owner.requires_grad:
        owner.anchor(script.leaf(script.value_of(owner), "real", owner.dtype))
        owner.requires_grad = True
        script.autograd.watch(owner)
    elif not wanted:
        owner.requires_grad = False
    return owner


def _retain_grad(script: Script, owner: Variable, args: list[Any], kwargs: dict[str, Any]) -> None:
    owner.retains = True
    script.autograd.watch(owner)


def detached(script: Script, owner: Variable) -> Variable:
    """The same memory, out of the graph: writing to it writes to the owner."""
    made = script.made_of(script.value_of(owner), owner.kind, owner.dtype, owner.library)
    made.sharing(owner)
    made.through = owner
    return made


def _detach(script: Script, owner: Variable, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return detached(script, owner)


def _numpy(script: Script, owner: Variable, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if owner.requires_grad:
        raise ArgumentError(
            "`numpy()` cannot be called on a tensor that requires grad",
            hint="`.detach().numpy()`",
        )
    made = detached(script, owner)
    made.library = "np"
    return made


def _item(script: Script, owner: Variable, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return script.plain_number(owner)


def _size(script: Script, owner: Variable, args: list[Any], kwargs: dict[str, Any]) -> Any:
    given = _named("size", args, kwargs, {"dim": None})["dim"]
    return Size(owner.shape) if given is None else owner.shape[whole(bare(given), "dim")]


METHODS: dict[str, Call] = {
    "backward": _backward,
    "requires_grad_": _require_grad,
    "retain_grad": _retain_grad,
    "detach": _detach,
    "detach_": lambda script, owner, args, kwargs: cut(script, owner),
    "numpy": _numpy,
    "item": _item,
    "size": _size,
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "torch.autograd.grad": _grad,
    "torch.autograd.backward": _backward_all,
    "torch.autograd.Variable": _make_variable,
    "torch.tensor": _tensor,
    "torch.manual_seed": _manual_seed,
    "torch.random.manual_seed": _manual_seed,
    "np.random.seed": _manual_seed,
    "torch.set_printoptions": _set_print_options,
    "torch.set_default_dtype": _set_default_dtype,
    "torch.is_tensor": _is_tensor,
    "torch.equal": _equal,
    "torch.Size": _make_size,
}


def cut(script: Script, owner: Variable) -> Variable:
    """Make a leaf of a tensor, which forgets how it came about."""
    owner.anchor(script.leaf(script.value_of(owner), owner.kind, owner.dtype))
    owner.requires_grad, owner.function = False, ""
    return owner


# --- attributes ----------------------------------------------------------------------------------


class GradFn:
    """What `x.grad_fn` gives: PyTorch's name of the step."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return f"<{self.name} object>"


PROPERTIES: dict[str, Callable[[Script, Variable], Any]] = {
    "grad": lambda script, owner: owner.grad,
    "requires_grad": lambda script, owner: owner.requires_grad,
    "is_leaf": lambda script, owner: owner.is_leaf,
    "grad_fn": lambda script, owner: None if owner.is_leaf else GradFn(owner.function),
    "data": detached,
}


def _set_grad(script: Script, owner: Variable, value: Any) -> None:
    if value is not None and _variable(value, "a gradient").shape != owner.shape:
        raise ArgumentError("a gradient has the shape of its tensor")
    owner.grad = value


def _set_data(script: Script, owner: Variable, value: Any) -> None:
    array = script.value_of(_variable(value, "data"))
    owner.anchor(script.leaf(array, owner.kind, owner.dtype))
    if owner.requires_grad and owner.is_leaf:
        script.autograd.watch(owner)


def _set_requires_grad(script: Script, owner: Variable, value: Any) -> None:
    _require_grad(script, owner, [script.truth(value)], {})


SETTERS: dict[str, Callable[[Script, Variable, Any], None]] = {
    "grad": _set_grad,
    "data": _set_data,
    "requires_grad": _set_requires_grad,
}
