"""PyTorch's autograd over the pure graph: `backward`, `grad`, leaves that add up gradients."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np

from gradcli.autodiff import vjp
from gradcli.errors import ArgumentError, SeedError
from gradcli.graph import OPS, Arena, Node, ancestors, building, dependents
from gradcli.language.torch_text import size_text
from gradcli.ops.cotangent import Cotangent
from gradcli.ops.leaves import constant, input_
from gradcli.simplify import rewrite
from gradcli.snippets.eager import leaf
from gradcli.snippets.gradient_names import MASKED, name_steps, step_of_gradient
from gradcli.snippets.hooks import hooked
from gradcli.snippets.variable import Variable, note_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.ops.family import Op
    from gradcli.snippets.calls import Calls

SAVING_NOTHING = frozenset({"MeanBackward0", "MeanBackward1"})
"""Steps of several nodes of which PyTorch's backward needs no tensor."""


class Autograd:
    """Backward passes of a script."""

    def __init__(self, script: Calls) -> None:
        self.script = script
        self._any_freed = False

    @staticmethod
    def watch(variable: Variable) -> None:
        """Let `backward` leave a gradient with this tensor."""
        note_of(variable.node).watcher = ref(variable)

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
        order = ancestors([_differentiable(output)])
        wrt = watchers(order) if inputs is None else _standing_for(inputs, order)
        grads = self._products([output], [seed], wrt, order, retain_graph, create_graph)
        passed = [part for part in zip(wrt, grads, strict=True) if part[1] is not None]
        # From the output back, as PyTorch goes: hooks may print.
        for (variable, _), grad in sorted(passed, key=lambda part: -part[0][1].serial):
            assert grad is not None
            made = hooked(self.script, variable, grad) if variable.hooks else grad
            if variable.is_leaf or variable.retains or inputs is not None:
                self._accumulate(variable, made, create_graph)

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
        order = ancestors([_differentiable(output) for output in outputs])
        wrt = _standing_for(inputs, order)
        seen = [pair for pair in watchers(order) if pair[0].hooks and pair not in wrt]
        parts = self._products(outputs, seeds, [*wrt, *seen], order, retain_graph, create_graph)
        for (variable, _), part in zip(seen, parts[len(wrt) :], strict=True):
            if part is not None:
                hooked(self.script, variable, part)
        del parts[len(wrt) :]
        found = [
            self._total([p for (v, _), p in zip(wrt, parts, strict=True) if v is variable])
            for variable in inputs
        ]
        found = [
            hooked(self.script, variable, grad) if grad is not None and variable.hooks else grad
            for variable, grad in zip(inputs, found, strict=True)
        ]
        missing = [place for place, grad in enumerate(found) if grad is None]
        if missing and not allow_unused:
            raise ArgumentError(
                f"the differentiated tensor at index {missing[0]} appears to not have been used "
                "in the graph",
                hint="allow_unused=True gives None for it",
            )
        return found

    def _total(self, parts: list[Variable | None]) -> Variable | None:
        total: Variable | None = None
        for part in parts:
            if part is not None:
                total = part if total is None else self.script.binary(ast.Add, total, part)
        return total

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
        wrt: Sequence[tuple[Variable, Node]],
        order: list[Node],
        retain_graph: bool | None,
        create_graph: bool,
    ) -> list[Variable | None]:
        if not wrt:
            return []
        starts = [self._seed(o, s) for o, s in zip(outputs, seeds, strict=True)]
        nodes = [output.node for output in outputs]
        targets = [node for _, node in wrt]
        active = dependents(order, targets)
        visited = [
            node
            for node in order
            if node.serial in active and any([o.serial in active for o in node.inputs])
        ]
        if self._any_freed:
            _require_kept(visited)
        script = self.script
        arena = Arena(rewrite_kept if create_graph else rewrite, script.settings.max_nodes)
        with building(arena):
            found = vjp(nodes, [Cotangent(start.node) for start in starts], targets)
            if any(g is not None and self._is_nan(g, outputs[0]) for g in found):
                found = vjp(nodes, [Cotangent(s.node) for s in starts], targets, strict=True)
            results: list[Variable | None] = []
            masked = any([node.note and node.note.step in MASKED for node in visited])
            for grad, (variable, target) in zip(found, wrt, strict=True):
                if grad is None and _connected(order, nodes, target):
                    # Through steps such as `sign`, whose derivative is zero.
                    grad = leaf(np.zeros(variable.shape, variable.dtype), "real")
                if grad is None:
                    results.append(None)
                    continue
                if create_graph and masked:
                    grad = self._joined(grad, target, variable)
                made = self._result(grad, variable, create_graph)
                if made.requires_grad:
                    made.record(step_of_gradient(order, nodes, target))
                results.append(made)
        if not (create_graph if retain_graph is None else retain_graph):
            self._any_freed = True
            for node in visited:
                note_of(node).freed = True
        return results

    def _is_nan(self, grad: Node, output: Variable) -> bool:
        return bool(np.isnan(self.script.eager.value(grad, output.dtype)).any())

    def _result(self, grad: Node, variable: Variable, create_graph: bool) -> Variable:
        script = self.script
        value = script.eager.value(grad, variable.dtype)
        if not create_graph:
            return script.made_of(value, "real", variable.dtype, variable.library)
        made = Variable(grad, variable.dtype, variable.library, script.eager)
        order = ancestors([grad])
        if any([_connected(order, [grad], node) for _, node in watchers(order)]):
            name_steps(order)
            made.record("AliasBackward0")
        return made

    def _joined(self, grad: Node, target: Node, variable: Variable) -> Node:
        """The gradient, which PyTorch takes to depend on what it is with respect to."""
        with building(self.script.trace):
            node = OPS["where"](constant(False), target, grad)
        node.value = self.script.eager.value(grad, variable.dtype)
        return node

    def _accumulate(self, variable: Variable, grad: Variable, create_graph: bool) -> None:
        script = self.script
        before = variable.grad
        if before is None:
            variable.grad = grad
            if not create_graph:
                variable.grad = script.made_of(
                    grad.value(), "real", variable.dtype, variable.library
                )
            elif grad.requires_grad:
                grad.memory.function = "CopyBackwards"
        elif create_graph:
            variable.grad = script.apply(lambda a, b: a + b, before, grad)
        else:
            # In place, so that whoever holds `x.grad` sees it, as in PyTorch.
            total = before.value() + grad.value()
            before.memory.become(leaf(total, "real"))


def rewrite_kept(op: Op, inputs: tuple[Node, ...], params: tuple[Any, ...]) -> Node | None:
    """Rewrites for gradients that are differentiated again.

    Powers stay: that of `x ** 2` has two derivatives in PyTorch, the second of which is constant.
    """
    return None if op.name == "power" else rewrite(op, inputs, params)


def _differentiable(output: Variable) -> Node:
    if not output.requires_grad:
        raise ArgumentError(
            "element 0 of tensors does not require grad and does not have a grad_fn",
            hint="make a leaf with requires_grad=True; `.detach()`, `.item()` and "
            "`torch.no_grad()` cut the graph",
        )
    return output.node


def watchers(order: list[Node]) -> list[tuple[Variable, Node]]:
    """The leaves, and other tensors that retain their gradient, with their nodes among these.

    A leaf that was written to under `no_grad` stands for another node since.
    """
    found = []
    for node in order:
        if node.note is not None and node.note.watcher is not None:
            variable = node.note.watcher()
            if variable is not None:
                found.append((variable, node))
    return found


def _standing_for(inputs: Sequence[Variable], order: list[Node]) -> list[tuple[Variable, Node]]:
    """Tensors with the nodes that stand for them in a graph."""
    watched = watchers(order)
    found: list[tuple[Variable, Node]] = []
    for variable in inputs:
        mine = [pair for pair in watched if pair[0] is variable and variable.is_leaf]
        found += mine or [(variable, variable.node)]
    return found


def _connected(order: list[Node], outputs: list[Node], target: Node) -> bool:
    """Whether PyTorch's graph has a path from a node to an output, be its derivative zero."""
    reached = {target.serial}
    for node in order:
        if node.kind == "real" and any([operand.serial in reached for operand in node.inputs]):
            reached.add(node.serial)
    return any(output.serial in reached for output in outputs)


def _require_kept(visited: list[Node]) -> None:
    """Raise ArgumentError where a first pass freed what a second one needs."""
    with building(Arena(rewrite)):
        for node in visited:
            if node.note is not None and node.note.freed and _saves(node):
                raise ArgumentError(
                    "trying to backward through the graph a second time: what it saved was "
                    "freed by the first",
                    hint="`retain_graph=True` in the first call keeps it; or compute the "
                    "output again",
                )


def _saves(node: Node) -> bool:
    """Whether the VJP of a step needs more than the cotangent: PyTorch then saves tensors."""
    if node.op.family == "linear" or node.note.step in SAVING_NOTHING:
        return False
    probe = Node(input_, (), (node.shape, "probe", node.kind), ((node.shape, node.kind),))
    cotangents: list[Any] = [Cotangent(probe)] + [None] * (len(node.types) - 1)
    parts = node.op.vjp(node, cotangents, [True] * len(node.inputs), False)
    values = [
        found for part in parts if isinstance(part, Cotangent) for found in part.settle() if found
    ]
    return any(not leaf.inputs and leaf is not probe for leaf in ancestors(values))
