"""Writing to a script's tensors in place: what autograd records of it, and what it must not see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.errors import ArgumentError
from gradcli.graph import OPS, Node
from gradcli.ops.leaves import zeros_like
from gradcli.snippets.calls import Calls
from gradcli.snippets.eager import leaf
from gradcli.snippets.variable import Recorded, Variable, note_of

if TYPE_CHECKING:
    import ast

    from gradcli.language.tensors import Tensor

LEAF_WRITTEN = (
    "a leaf Variable that requires grad is being used in an in-place operation",
    "within `with torch.no_grad():` it may be changed; `y = y + 1` makes another",
)


class Writing(Calls):
    """The part of a script that writes in place.

    A write is recorded where the tensor, or what is written, takes part in differentiation. Within
    `torch.no_grad()`, or through a detached tensor, the values change and the graph does not.
    """

    _before: Node | None = None
    """What the memory held that is about to be written to, where the graph must not see it."""

    def require_writable(self, owner: Tensor) -> None:
        super().require_writable(owner)
        assert isinstance(owner, Variable)
        memory = owner.memory
        self._before = None
        if memory.tracked and (owner.detached or not self.grad_enabled):
            self._before = memory.node
        elif memory.tracked and not memory.function:
            what, hint = LEAF_WRITTEN
            raise ArgumentError(f"a view of {what}" if owner.steps else what, hint=hint)

    def write_whole(self, owner: Tensor, value: Any, where: ast.AST) -> Tensor:
        assert isinstance(owner, Variable)
        if isinstance(value, Variable) and value.dtype != owner.dtype and owner.kind == value.kind:
            value = self.cast(value, owner.dtype)
        super().write_whole(owner, value, where)
        self._written(owner, value, value.function if isinstance(value, Variable) else "")
        return owner

    def wrote(self, owner: Tensor, value: Any, where: ast.AST) -> None:
        assert isinstance(owner, Variable)
        self._written(owner, value, "CopySlices")

    def _written(self, owner: Variable, value: Any, step: str) -> None:
        memory = owner.memory
        if self._before is not None:
            before, self._before = self._before, None
            self.put_outside(memory, before)
            return
        recorded = memory.tracked or (isinstance(value, Variable) and value.requires_grad)
        if recorded and self.grad_enabled:
            memory.tracked = True
            memory.function = step if owner.steps is None and step else "CopySlices"
            if owner.steps is not None:
                owner._function = "AsStridedBackward0"
        elif not memory.waiting:
            memory.held = leaf(self.eager.value(memory.held, memory.dtype), memory.held.kind)

    def put_outside(self, memory: Recorded, before: Node) -> None:
        """Let a memory hold its new values where the old node stood in the graph."""
        held = memory.node
        value = self.eager.value(held, memory.dtype)
        if before.inputs:
            # The gradient passes as if nothing had happened.
            node = OPS["add"](before, zeros_like(before))
            node.value = value
        else:
            node = leaf(value, held.kind)
            watcher = None if before.note is None else before.note.watcher
            if watcher is not None:
                note_of(node).watcher = watcher
        memory.become(node)
