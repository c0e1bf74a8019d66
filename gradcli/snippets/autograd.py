"""PyTorch's autograd over the pure graph: `backward`, `grad`, leaves that add up gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakSet, WeakValueDictionary

import numpy as np

from gradcli.autodiff import vjp
from gradcli.errors import ArgumentError, SeedError
from gradcli.graph import Arena, Node, ancestors, building, dependents
from gradcli.language.torch_names import grad_fn_name
from gradcli.language.torch_text import size_text
from gradcli.ops.cotangent import Cotangent
from gradcli.ops.leaves import input_
from gradcli.simplify import rewrite
from gradcli.snippets.variable import Variable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.snippets.script import Script


SPELLED = {
    "add": "add",
    "subtract": "sub",
    "multiply": "mul",
    "divide": "div",
    "negative": "neg",
    "power": "pow",
    "contract": "matmul",
    "broadcast_to": "expand",
    "scatter": "getitem",
}
"""PyTorch's names of the steps that derivatives end in."""


class Autograd:
    """Who takes part in differentiation, and what was freed after a backward pass."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.watched: WeakValueDictionary[int, Variable] = WeakValueDictionary()
        self._freed: WeakSet[Node] = WeakSet()

    def watch(self, variable: Variable) -> None:
        """Let `backward` leave a gradient with this tensor."""
        self.watched[variable.node.serial] = variable

    def backward(
        self,
        output: Variable,
        seed: Any = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Sequence[Variable] | None = None,
    ) -> None:
        """Add the vector-Jacobian product to the gradient of every leaf.

        Raises SeedError where the output is no scalar and there is no seed, or one of another
        shape; ArgumentError where nothing takes part, or the graph was freed.
        """
        order = ancestors([self._differentiable(output)])
        found = [self.watched[node.serial] for node in order if node.serial in self.watched]
        wrt = [one for one in found if one.is_leaf or one.retains]
        if inputs is not None:
            wrt = list(inputs)
        grads = self._products([output], [seed], wrt, retain_graph, create_graph)
        for variable, grad in zip(wrt, grads, strict=True):
            if grad is not None:
                self._accumulate(variable, grad, create_graph)

    def grad(
        self,
        outputs: Sequence[Variable],
        inputs: Sequence[Variable],
        seeds: Sequence[Any],
        retain_graph: bool | None,
        create_graph: bool,
        allow_unused: bool,
    ) -> list[Variable | None]:
        """`torch.autograd.grad`: products, nothing added up."""
        for variable in inputs:
            if not variable.requires_grad:
                raise ArgumentError(
                    "one of the differentiated tensors does not require grad",
                    hint="make it with requires_grad=True, or call `.requires_grad_()` on it",
                )
        found = self._products(outputs, seeds, inputs, retain_graph, create_graph)
        missing = [place for place, grad in enumerate(found) if grad is None]
        if missing and not allow_unused:
            raise ArgumentError(
                f"the differentiated tensor at index {missing[0]} appears to not have been used "
                "in the graph",
                hint="allow_unused=True gives None for it",
            )
        return found

    def _differentiable(self, output: Variable) -> Node:
        if not output.requires_grad:
            raise ArgumentError(
                "element 0 of tensors does not require grad and does not have a grad_fn",
                hint="make a leaf with requires_grad=True; `.detach()`, `.item()` and "
                "`torch.no_grad()` cut the graph",
            )
        return output.node

    def _seed(self, output: Variable, seed: Any) -> Variable:
        script = self.script
        if seed is None:
            if output.node.size != 1:
                raise SeedError(
                    "grad can be implicitly created only for scalar outputs",
                    hint=f"this one has shape {size_text(output.shape)}: reduce it first, as in "
                    "`y.sum().backward()`, or give v of that shape for the product v^T J: "
                    "`y.backward(torch.ones_like(y))`",
                )
            return script.made_of(np.ones(output.shape), "real", output.dtype, "torch")
        if not isinstance(seed, Variable):
            raise SeedError("the gradient argument is a tensor", hint="`torch.tensor(...)`")
        if seed.shape != output.shape:
            raise SeedError(
                f"mismatch in shape: the gradient has a shape of {size_text(seed.shape)} and the "
                f"output has a shape of {size_text(output.shape)}",
                hint="`torch.ones_like(y)` has the right one",
            )
        return seed

    def _products(
        self,
        outputs: Sequence[Variable],
        seeds: Sequence[Any],
        wrt: Sequence[Variable],
        retain_graph: bool | None,
        create_graph: bool,
    ) -> list[Variable | None]:
        if not wrt:
            return []
        starts = [self._seed(o, s) for o, s in zip(outputs, seeds, strict=True)]
        nodes = [self._differentiable(output) for output in outputs]
        targets = [variable.node for variable in wrt]
        order = ancestors(nodes)
        active = dependents(order, targets)
        visited = [node for node in order if node.serial in active and node.inputs]
        self._require_kept(visited)
        with building(Arena(rewrite, self.script.settings.max_nodes)), np.errstate(all="ignore"):
            cotangents = [Cotangent(start.node) for start in starts]
            found = vjp(nodes, cotangents, targets)
            if any(g is not None and self._is_nan(g, outputs[0]) for g in found):
                found = vjp(nodes, [Cotangent(s.node) for s in starts], targets, strict=True)
            results = [
                None if g is None else self._result(g, variable, starts, create_graph)
                for g, variable in zip(found, wrt, strict=True)
            ]
        if not (create_graph if retain_graph is None else retain_graph):
            self._freed.update(visited)
        return results

    def _is_nan(self, grad: Node, output: Variable) -> bool:
        return bool(np.isnan(self.script.eager.value(grad, output.dtype)).any())

    def _result(
        self, grad: Node, variable: Variable, starts: list[Variable], create_graph: bool
    ) -> Variable:
        script = self.script
        value = script.eager.value(grad, variable.dtype)
        if not create_graph:
            return script.made_of(value, "real", variable.dtype, variable.library)
        made = Variable(grad, variable.dtype, variable.library)
        leaves = [self.watched[n.serial] for n in ancestors([grad]) if n.serial in self.watched]
        made.requires_grad = any(leaf.requires_grad for leaf in leaves)
        if made.requires_grad:
            name = SPELLED.get(grad.op.name, grad.op.name)
            made.function = grad_fn_name(name, list(grad.inputs), {}) or "CopyBackwards"
        return made

    def _accumulate(self, variable: Variable, grad: Variable, create_graph: bool) -> None:
        script = self.script
        before = variable.grad
        if before is None:
            if grad.node is variable.node:
                grad = script.made_of(
                    script.value_of(grad), "real", variable.dtype, variable.library
                )
            variable.grad = grad
        elif create_graph:
            total = script.apply(lambda a, b: a + b, before, grad)
            variable.grad = total
        else:
            # In place, so that whoever holds `x.grad` sees it, as in PyTorch.
            total = script.value_of(before) + script.value_of(grad)
            before.anchor(script.leaf(total, "real", before.dtype))

    def _require_kept(self, visited: list[Node]) -> None:
        """Raise ArgumentError where a first pass freed what a second one needs."""
        if not self._freed:
            return
        with building(Arena(rewrite)):
            for node in visited:
                if node in self._freed and _saves(node):
                    raise ArgumentError(
                        "trying to backward through the graph a second time: what it saved was "
                        "freed by the first",
                        hint="`retain_graph=True` in the first call keeps it; or compute the "
                        "output again",
                    )


def _saves(node: Node) -> bool:
    """Whether the VJP of a step needs more than the cotangent: PyTorch then saves tensors."""
    if node.op.family == "linear":
        return False
    probe = Node(input_, (), (node.shape, "probe", node.kind), ((node.shape, node.kind),))
    cotangents: list[Any] = [Cotangent(probe)] + [None] * (len(node.types) - 1)
    parts = node.op.vjp(node, cotangents, [True] * len(node.inputs), False)
    values = [part.settle()[0] for part in parts if isinstance(part, Cotangent)]
    return any(not leaf.inputs and leaf is not probe for leaf in ancestors(values))
