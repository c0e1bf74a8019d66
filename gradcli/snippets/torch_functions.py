"""PyTorch's functions that scripts add to the library's: autograd, tensors of data, settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import ArgumentError
from gradcli.language.dtypes import DType, dtype_of
from gradcli.language.members import ANYWHERE, CPU, require_cpu
from gradcli.language.tensors import bare
from gradcli.language.values import lookup
from gradcli.ops.values import tensor
from gradcli.snippets.arguments import maybe, named, several, sizes, variable
from gradcli.snippets.promotion import BOOL, INT
from gradcli.snippets.results import Size
from gradcli.snippets.spelled import spelled
from gradcli.snippets.torch_methods import detached, require_grad
from gradcli.snippets.variable import Variable

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradcli.snippets.script import Script

# --- autograd ------------------------------------------------------------------------------------


def _seeds(value: Any, outputs: list[Variable], name: str) -> list[Any]:
    found = list(value) if isinstance(value, (list, tuple)) else [value] * len(outputs)
    if len(found) != len(outputs):
        raise ArgumentError(f"{name} has one tensor for each output")
    return found


def _grad(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Any:
    parameters: dict[str, Any] = {
        "outputs": None,
        "inputs": None,
        "grad_outputs": None,
        "retain_graph": None,
        "create_graph": False,
        "only_inputs": True,
        "allow_unused": None,
        "is_grads_batched": False,
        "materialize_grads": False,
    }
    given = named("torch.autograd.grad", args, kwargs, parameters)
    outputs = several(given["outputs"], "an output")
    inputs = several(given["inputs"], "an input")
    create, zeros = bool(given["create_graph"]), bool(given["materialize_grads"])

    def products(seeds: list[Any], keep: bool | None) -> list[Any]:
        unused = bool(given["allow_unused"]) or zeros
        found = script.autograd.grad(outputs, inputs, seeds, keep, create, unused)
        return [
            script.of_array(np.zeros(x.shape, x.dtype), "torch") if g is None and zeros else g
            for x, g in zip(inputs, found, strict=True)
        ]

    seeds = _seeds(given["grad_outputs"], outputs, "grad_outputs")
    keep = maybe(given["retain_graph"])
    if not given["is_grads_batched"]:
        return tuple(products(seeds, keep))
    rows = [script.elements(variable(seed, "a stack of seeds")) for seed in seeds]
    stack = spelled(lookup("torch.stack"), "torch.stack")
    found = [products(list(row), True) for row in zip(*rows, strict=False)]
    return tuple(
        [
            None if column[0] is None else script.call_value(stack, [[*column]], {})
            for column in zip(*found, strict=True)
        ]
    )


def _backward_all(script: Script, args: list[Any], kwargs: dict[str, Any]) -> None:
    parameters: dict[str, Any] = {
        "tensors": None,
        "grad_tensors": None,
        "retain_graph": None,
        "create_graph": False,
    }
    given = named("torch.autograd.backward", args, kwargs, parameters)
    outputs = several(given["tensors"], "an output")
    seeds = _seeds(given["grad_tensors"], outputs, "grad_tensors")
    for place, (output, seed) in enumerate(zip(outputs, seeds, strict=True)):
        keep = bool(given["retain_graph"]) or place + 1 < len(outputs)
        script.autograd.backward(output, seed, keep, bool(given["create_graph"]))


def _make_variable(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Any:
    given = named(
        "Variable", args, kwargs, {"data": None, "requires_grad": False, "volatile": False}
    )
    made = detached(script, variable(given["data"], "what a Variable holds"))
    made.alone()
    return require_grad(script, made, bool(given["requires_grad"]))


def _make_parameter(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Any:
    given = named("Parameter", args, kwargs, {"data": None, "requires_grad": True})
    made = detached(script, variable(given["data"], "what a Parameter holds"))
    made.alone()
    made.parameter = True
    return require_grad(script, made, bool(given["requires_grad"]))


# --- tensors -------------------------------------------------------------------------------------


def of_data(script: Script, data: Any, wanted: Any) -> Variable:
    """A tensor of PyTorch's that holds a copy of numbers, or of other tensors."""
    if isinstance(data, Variable):
        array, dtype = data.value(), data.dtype
    else:
        call = script.begin("tensor", [data], {}, "torch")
        node = tensor(bare(data))
        array = script.eager.value(node, np.dtype(np.float64))
        wide = [one.dtype for one in call.operands if one.dtype.kind == "f"]
        dtype = max(wide, key=lambda one: one.itemsize) if wide else script.default_dtype
        dtype = {"int": INT, "bool": BOOL}.get(node.kind, dtype)
    return script.of_array(array.astype(dtype_of(wanted) or dtype), "torch")


def _tensor(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Any:
    parameters: dict[str, Any] = {
        "data": None,
        "dtype": None,
        "device": None,
        "requires_grad": False,
        "pin_memory": False,
    }
    given = named("torch.tensor", args, kwargs, parameters)
    if given["data"] is None:
        raise ArgumentError("`torch.tensor` takes data", hint="as in torch.tensor([1., 2.])")
    if isinstance(given["device"], str):
        require_cpu(given["device"])
    return require_grad(
        script, of_data(script, given["data"], given["dtype"]), bool(given["requires_grad"])
    )


def old_tensor(dtype: np.dtype[Any] | None) -> Callable[..., Any]:
    """`torch.Tensor`, `torch.LongTensor` and their like: sizes, or data of that type."""

    def make(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Any:
        wanted = dtype or script.default_dtype
        if args and all(type(arg) is int for arg in args):
            zeros = np.zeros(sizes(script, args, {}))
            return script.of_array(zeros.astype(wanted), "torch")
        data = args[0] if args else []
        return of_data(script, data, DType("", wanted.name))

    return make


def _empty(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """Zeros: what stands in memory before is nobody's business."""
    return _filled(script, sizes(script, args, kwargs), 0.0, kwargs)


def _full(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Any:
    value = kwargs.pop("fill_value", args[1] if len(args) > 1 else None)
    number = script.plain_number(value) if isinstance(value, Variable) else value
    if not isinstance(number, (int, float)):
        raise ArgumentError("`torch.full` takes a shape and a number")
    return _filled(script, sizes(script, args[:1], kwargs), number, kwargs)


def _filled(script: Script, shape: tuple[int, ...], value: Any, kwargs: dict[str, Any]) -> Any:
    natural = np.result_type(type(value)) if type(value) in (int, bool) else script.default_dtype
    found = dtype_of(kwargs.pop("dtype", None)) or natural
    wanted = bool(kwargs.pop("requires_grad", False))
    for option in kwargs.keys() - ANYWHERE:
        raise ArgumentError(f"there is no argument `{option}` here")
    script.eager.require_room(shape)
    return require_grad(script, script.of_array(np.full(shape, value, found), "torch"), wanted)


# --- questions and settings ----------------------------------------------------------------------


def _set_print_options(script: Script, args: list[Any], kwargs: dict[str, Any]) -> None:
    script.print_options = script.print_options.changed(*args, **kwargs)


def _set_default_dtype(script: Script, args: list[Any], kwargs: dict[str, Any]) -> None:
    found = dtype_of(args[0] if args else None)
    if found is None or found.kind != "f":
        raise ArgumentError("the default is torch.float32 or torch.float64")
    script.default_dtype = found


def _default_dtype(script: Script, args: list[Any], kwargs: dict[str, Any]) -> DType:
    return DType(f"torch.{script.default_dtype.name}", script.default_dtype.name)


def _is_tensor(script: Script, args: list[Any], kwargs: dict[str, Any]) -> bool:
    return len(args) == 1 and isinstance(args[0], Variable) and args[0].library == "torch"


def _equal(script: Script, args: list[Any], kwargs: dict[str, Any]) -> bool:
    given = named("torch.equal", args, kwargs, {"input": None, "other": None})
    left, right = (variable(one, "an operand").value() for one in given.values())
    return bool(np.array_equal(left, right))


def _make_size(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Size:
    return Size(sizes(script, args, {}))


def _set_default_device(script: Script, args: list[Any], kwargs: dict[str, Any]) -> None:
    if args and args[0] is not CPU:
        _device(script, args, kwargs)


def _device(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Any:
    name = str(named("torch.device", args, kwargs, {"type": "cpu", "index": None})["type"])
    require_cpu(name.partition(":")[0])
    return CPU


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "torch.autograd.grad": _grad,
    "torch.autograd.backward": _backward_all,
    "torch.autograd.Variable": _make_variable,
    "torch.nn.Parameter": _make_parameter,
    "torch.nn.parameter.Parameter": _make_parameter,
    "torch.tensor": _tensor,
    "torch.empty": _empty,
    "torch.full": _full,
    "torch.set_printoptions": _set_print_options,
    "torch.set_default_dtype": _set_default_dtype,
    "torch.get_default_dtype": _default_dtype,
    "torch.is_grad_enabled": lambda script, args, kwargs: script.grad_enabled,
    "torch.cuda.is_available": lambda script, args, kwargs: False,
    "torch.is_tensor": _is_tensor,
    "torch.equal": _equal,
    "torch.Size": _make_size,
    "torch.device": _device,
    "torch.set_default_device": _set_default_device,
}
