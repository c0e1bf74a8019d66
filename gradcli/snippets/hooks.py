"""What watches gradients on their way, or changes them: `x.register_hook(f)`, clipping."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import ArgumentError
from gradcli.ops.values import static_number
from gradcli.snippets.arguments import named, several
from gradcli.snippets.eager import leaf
from gradcli.snippets.variable import Variable, note_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradcli.snippets.script import Script


class Handle:
    """What `register_hook` gives: `remove()` takes the hook away again."""

    __slots__ = ("hook", "owner")

    def __init__(self, owner: Variable, hook: Any) -> None:
        self.owner = owner
        self.hook = hook


def _remove(script: Script, owner: Handle, args: list[Any], kwargs: dict[str, Any]) -> None:
    owner.owner.hooks = tuple([hook for hook in owner.owner.hooks if hook is not owner.hook])


HANDLE_METHODS: dict[str, Callable[..., Any]] = {"remove": _remove}


def register_hook(
    script: Script, owner: Variable, args: list[Any], kwargs: dict[str, Any]
) -> Handle:
    """Have a function called with the gradient of a tensor."""
    hook = named("register_hook", args, kwargs, {"hook": None})["hook"]
    script.require_callable(hook)
    if not owner.requires_grad:
        raise ArgumentError(
            "cannot register a hook on a tensor that does not require gradient",
            hint="make it with requires_grad=True, or of one that was",
        )
    owner.hooks = (*owner.hooks, hook)
    # It lives as long as the graph, though nothing names it.
    note_of(owner.node).watcher = lambda: owner
    return Handle(owner, hook)


def hooked(script: Any, owner: Variable, grad: Variable) -> Variable:
    """The gradient of a tensor after its hooks.

    Raises ArgumentError where one gives another for a tensor that is no leaf.
    """
    for hook in owner.hooks:
        made = script.call_value(hook, [grad], {})
        if made is None:
            continue
        if not owner.is_leaf:
            raise ArgumentError(
                "a hook changes the gradient of a tensor that is no leaf",
                hint="here it may look at it; change that of a leaf, or the output's: "
                "`y.backward(gradient=...)`",
            )
        (grad,) = several(made, "what a hook gives")
    return grad


def _gradients(owners: Any) -> list[Variable]:
    found = [owner.grad for owner in several(owners, "what has a gradient")]
    return [grad for grad in found if grad is not None]


def _clip_norm(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Variable:
    """The norm of all gradients together; they are scaled down to a largest one."""
    parameters = {"parameters": None, "max_norm": None, "norm_type": 2.0}
    given = named("torch.nn.utils.clip_grad_norm_", args, kwargs, parameters)
    grads = _gradients(given["parameters"])
    most = static_number(given["max_norm"], "max_norm")
    order = static_number(given["norm_type"], "norm_type")
    parts = [float(np.linalg.norm(grad.value().ravel(), order)) for grad in grads]
    dtype = grads[0].dtype if grads else script.default_dtype
    total = np.asarray(np.linalg.norm(parts, order) if parts else 0.0, dtype)
    factor = min(1.0, most / (float(total) + 1e-6))
    for grad in grads:
        scaled = grad.value() * np.asarray(factor, grad.dtype)
        grad.memory.become(leaf(scaled, "real"))
    return script.of_array(total, "torch")


def _clip_value(script: Script, args: list[Any], kwargs: dict[str, Any]) -> None:
    parameters = {"parameters": None, "clip_value": None}
    given = named("torch.nn.utils.clip_grad_value_", args, kwargs, parameters)
    most = static_number(given["clip_value"], "clip_value")
    for grad in _gradients(given["parameters"]):
        grad.memory.become(leaf(np.clip(grad.value(), -most, most), "real"))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "torch.nn.utils.clip_grad_norm_": _clip_norm,
    "torch.nn.utils.clip_grad_value_": _clip_value,
}
