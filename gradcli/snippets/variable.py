"""Tensors of scripts: a node, its type of numbers, and what PyTorch's autograd keeps with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.language.tensors import Memory, Tensor
from gradcli.snippets.eager import leaf

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradcli.graph import Node
    from gradcli.snippets.eager import Eager


class Note:
    """What is kept with a node.

    watcher: who waits for its gradient. step: PyTorch's name of the step that made it. derived:
    whether that was part of a derivative. freed: whether a backward pass freed what it saved.
    """

    __slots__ = ("derived", "freed", "step", "watcher")

    def __init__(self) -> None:
        self.step = ""
        self.derived = self.freed = False
        self.watcher: Callable[[], Variable | None] | None = None


def note_of(node: Node) -> Note:
    """The note of a node, made where it has none."""
    if node.note is None:
        node.note = Note()
    found: Note = node.note
    return found


class Recorded(Memory):
    """The memory of a tensor: its type of numbers, and whether what it holds is recorded.

    function: PyTorch's name of the step that made the whole of it, empty for leaves.
    """

    __slots__ = ("dtype", "eager", "function", "tracked")

    def __init__(self, node: Node, dtype: np.dtype[Any], eager: Eager) -> None:
        super().__init__(node)
        self.dtype = dtype
        self.eager = eager
        self.tracked = False
        self.function = ""

    @property
    def node(self) -> Node:
        """The node it holds now. What nothing differentiates forgets how it came about."""
        if self._writes:
            node = Memory.node.__get__(self)
            if not self.tracked:
                self.held = leaf(self.eager.value(node, self.dtype), node.kind)
        return self.held

    def apart(self, node: Node) -> Recorded:
        made = Recorded(node, self.dtype, self.eager)
        made.tracked, made.function = self.tracked, self.function
        return made


class Variable(Tensor):
    """A tensor of a script.

    grad: what `backward` added up, or None. library: whose tensor it is, "torch", "np" or "jnp".
    retains: whether a tensor that is no leaf keeps its gradient. detached: whether it only shares
    memory with what the graph knows. parameter: whether it is a `torch.nn.Parameter`. hooks: what
    is called with its gradient.
    """

    __slots__ = ("_function", "detached", "grad", "hooks", "library", "parameter", "retains")

    memory: Recorded

    def __init__(self, node: Node, dtype: np.dtype[Any], library: str, eager: Eager) -> None:
        self.memory = Recorded(node, dtype, eager)
        self.steps = None
        self._view = node
        self._seen = 0
        self.is_array = False
        self.library = library
        self.grad: Variable | None = None
        self.hooks: tuple[Any, ...] = ()
        self.retains = self.detached = self.parameter = False
        self._function = ""

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.memory.dtype

    @property
    def requires_grad(self) -> bool:
        return self.memory.tracked and not self.detached

    @property
    def function(self) -> str:
        """PyTorch's name of the step that made it, empty for leaves."""
        return self.memory.function if self.steps is None else self._function

    @property
    def is_leaf(self) -> bool:
        return not self.requires_grad or not self.function

    def value(self) -> Any:
        """The array that it holds."""
        return self.memory.eager.value(self.node, self.memory.dtype)

    def record(self, function: str) -> None:
        """Take part in differentiation, as the result of a step; of none, where it is a leaf."""
        self.memory.tracked = True
        if self.steps is None:
            self.memory.function = function
        else:
            self._function = function

    def sharing(self, base: Tensor, node: Node) -> None:
        assert isinstance(base, Variable)
        function, recorded = self.function, self.requires_grad
        super().sharing(base, node)
        self._function = function
        self.detached = base.detached or (self.memory.tracked and not recorded)

    def element_of(self, base: Tensor, items: Any) -> None:
        assert isinstance(base, Variable)
        function, recorded = self.function, self.requires_grad
        super().element_of(base, items)
        self._function = function
        self.detached = base.detached or (self.memory.tracked and not recorded)

    def view_of(self, owner: Variable) -> None:
        """Share the memory of `owner`, out of the graph."""
        self._view = leaf(owner.value(), owner.kind)
        self.memory, self._seen = owner.memory, owner.memory.version
        self.steps, self.detached = owner.steps or (), True

    def refresh(self) -> None:
        super().refresh()
        if self.detached:
            self._view = leaf(self.memory.eager.value(self._view, self.dtype), self._view.kind)
        elif self.memory.tracked:
            # PyTorch makes it again, too, in its own way.
            self._function = "AsStridedBackward0"

    def alone(self) -> None:
        """Have memory of its own, which holds the same value and nothing behind it."""
        made = Variable(leaf(self.value(), self.kind), self.dtype, self.library, self.memory.eager)
        self.memory, self.steps, self.detached = made.memory, None, False
