"""Tensors of a program: handles on nodes, so that writing in place is seen under every name.

The graph below is pure: writing `y[i] = v` makes a new node, and the memory that `y` stands for
moves on to it. A view (a slice, a transpose, a reshape where NumPy and PyTorch copy nothing) stands
for a part of another tensor's memory: after a write it is made again from what that holds then, and
a write to it is put back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import ArgumentError
from gradcli.graph import Kind, Node, make
from gradcli.language.iterators import VIEWS, Lazy
from gradcli.ops.indexing import resolved
from gradcli.ops.linear import Linear, Positions, index, reshape
from gradcli.ops.values import count_items
from gradcli.ops.writing import of_kind, put

if TYPE_CHECKING:
    from gradcli.ops.family import Op

    Steps = tuple[tuple[Op, tuple[Any, ...]], ...]

Items = tuple[Any, ...]


class Memory:
    """What a tensor and its views share: the node it holds, and how often it was written to.

    Written elements wait in `_writes` (index items -> value, all of one pattern, so that none
    overlap): a loop that fills a tensor element by element stays linear.
    """

    __slots__ = ("_pattern", "_writes", "held", "version")

    def __init__(self, node: Node) -> None:
        self.held = node
        self.version = 0
        self._writes: dict[Items, Node] | None = None
        self._pattern: Items = ()

    @property
    def node(self) -> Node:
        """The node it holds now, with what was written."""
        if self._writes:
            values = list(self._writes.values())
            self.held = put([self.held, *values], tuple(self._writes))
            self._writes = None
        return self.held

    @property
    def waiting(self) -> bool:
        """Whether written elements wait to be put in place."""
        return bool(self._writes)

    def apart(self, node: Node) -> Memory:
        """Another memory of the same sort."""
        return Memory(node)

    def become(self, node: Node) -> None:
        """Hold another node of the same shape from now on."""
        self.held, self._writes = of_kind(node, self.held.kind), None
        self.version += 1

    def write(self, items: Items, value: Node) -> None:
        """Put a value at index items (positions and slices), of the shape they select."""
        pattern = _pattern(items)
        value = of_kind(value, self.held.kind)
        if self._writes and pattern != self._pattern:
            _ = self.node
        self.version += 1
        if self._writes is None:
            self._writes, self._pattern = {}, pattern
        # A later write to the same place comes last, as its order says.
        self._writes.pop(items, None)
        self._writes[items] = value

    def element(self, items: Items) -> Node | None:
        """The element at those positions, where it is known without building the whole tensor."""
        if self._writes is None:
            return None
        if items in self._writes:
            return self._writes[items]
        return index(self.held, items) if _pattern(items) == self._pattern else None


def _pattern(items: Items) -> Items:
    return tuple([item if type(item) is tuple else None for item in items])


class Tensor:
    """A tensor of the program.

    memory: what it stands for. steps: the ops of one operand, with their parameters, that make it
    of that; None where it is all of it. is_array: whether it is an array to NumPy even where it has
    no axes, and not a number.
    """

    __slots__ = ("__weakref__", "_seen", "_view", "is_array", "memory", "steps")

    def __init__(self, node: Node) -> None:
        self.memory = Memory(node)
        self.steps: Steps | None = None
        self._view = node
        self._seen = 0
        self.is_array = False

    @property
    def node(self) -> Node:
        """The node it stands for now."""
        memory = self.memory
        if self.steps is None:
            return memory.node
        if self._seen != memory.version:
            if self.really_shares():
                self.refresh()
            else:
                return self.part()
        return self._view

    @property
    def latest(self) -> Node:
        """The node it stood for when it was last asked for: of the same shape and kind."""
        return self.memory.held if self.steps is None else self._view

    @property
    def shape(self) -> tuple[int, ...]:
        return self.latest.shape

    @property
    def ndim(self) -> int:
        return self.latest.ndim

    @property
    def kind(self) -> Kind:
        return self.latest.kind

    def sharing(self, base: Tensor, node: Node) -> None:
        """Note that this is a view of `base`, made of its latest node as `node` is."""
        self._view = self.latest
        self.memory, self._seen = base.memory, base.memory.version
        self.steps = (base.steps or ()) + steps_between(node, base.latest)

    def element_of(self, base: Tensor, items: Items) -> None:
        """Note that this is one element of `base`."""
        self._view = self.latest
        self.memory, self._seen = base.memory, base.memory.version
        self.steps = (*(base.steps or ()), (index, (items,)))

    def really_shares(self) -> bool:
        """Whether NumPy and PyTorch make a view of these steps: a reshape may have to copy."""
        if self.steps is None or not any(op is reshape for op, _ in self.steps[1:]):
            return True
        probe = np.empty(self.memory.held.shape, np.bool_)
        return np.may_share_memory(probe, _run_on(probe, self.steps))

    def is_dense(self) -> bool:
        """Whether its elements lie in memory in row-major order, without gaps."""
        if not self.steps:
            return True
        probe = np.empty(self.memory.held.shape, np.bool_)
        return bool(_run_on(probe, self.steps).flags.c_contiguous)

    def part(self) -> Node:
        """Have memory of its own from now on, which holds what it last stood for."""
        node = self.latest
        self.memory, self.steps = self.memory.apart(node), None
        return node

    def refresh(self) -> None:
        """Make the view again from what the memory holds now."""
        node = self.memory.node
        for op, params in self.steps or ():
            node = make(op, (node,), params)
        self._view, self._seen = node, self.memory.version

    def become(self, node: Node) -> None:
        """Stand for another node of the same shape from now on, and so does what shares memory."""
        if self.steps is not None and not self.really_shares():
            self.part()
        if self.steps is None:
            self.memory.become(node)
            return
        self.memory.become(self._put_back(self.steps, node))
        self._view, self._seen = node, self.memory.version

    def _put_back(self, steps: Steps, node: Node) -> Node:
        """The memory's node with another in the place that steps lead to."""
        whole = self.memory.node
        if not steps:
            return node
        if not all(isinstance(op, Linear) for op, _ in steps):
            raise ArgumentError(
                "a detached tensor shares its elements with the one that it was made of",
                hint="make a copy before writing: `.detach().clone()`",
            )
        (op, params), *more = steps
        if op is index and not more:
            items = [
                resolved(item, extent) if type(item) is tuple else item
                for item, extent in zip(params[0], whole.shape, strict=True)
            ]
            return put([whole, node], (tuple(items),))
        places = _run_on(np.arange(whole.size).reshape(whole.shape), steps)
        if 0 in places.strides and places.size > 1:
            raise ArgumentError(
                "several elements of this tensor share one place in memory",
                hint="make a copy before writing: `.copy()`, in PyTorch `.clone()`",
            )
        flat = reshape(whole, (whole.size,))
        made = put([flat, reshape(node, (node.size,))], ((Positions(places.ravel()),),))
        return reshape(made, whole.shape)

    def write(self, items: Items, value: Node) -> None:
        """Put a value at index items (positions and slices), of the shape they select."""
        if self.steps is not None and not self.really_shares():
            self.part()
        if self.steps is None:
            self.memory.write(items, value)
        else:
            steps = (*self.steps, (index, (items,)))
            self.memory.become(self._put_back(steps, value))

    def element(self, items: Items) -> Node | None:
        """The element at those positions, where it is known without building the whole tensor."""
        return self.memory.element(items) if self.steps is None else None


def _run_on(array: Any, steps: Steps) -> Any:
    """What steps make of an array."""
    for op, params in steps:
        if isinstance(op, Linear):
            array = op.forward(array, (), *params)
    return array


def bare(value: Any) -> Any:
    """A value with the nodes that its tensors stand for, as functions of the library take it."""
    kind = type(value)
    if kind is int or kind is float or kind is str or value is None:
        return value
    if isinstance(value, Tensor):
        return value.node
    if kind is Lazy or kind in VIEWS:
        value = value.rest() if kind is Lazy else list(value)
    if not value and kind is dict:
        return value
    if isinstance(value, (list, tuple, dict)):
        # Containers may hold one another over and over: what is small to write may be endless.
        count_items(value)
        return _bare_items(value)
    if kind is slice:
        return slice(bare(value.start), bare(value.stop), bare(value.step))
    return value


def _bare_items(value: Any) -> Any:
    kind = type(value)
    if kind is list:
        return [_bare_items(item) for item in value]
    if isinstance(value, tuple):
        return tuple([_bare_items(item) for item in value])
    if kind is dict:
        return {key: _bare_items(item) for key, item in value.items()}
    return value.node if isinstance(value, Tensor) else value


def shares(node: Node, source: Node) -> bool:
    """Whether `node` is `source`, or may be a view of it in NumPy and PyTorch."""
    while node is not source:
        if not node.op.is_view(node):
            return False
        node = node.inputs[0]
    return True


def steps_between(node: Node, source: Node) -> Steps:
    """How a view that `shares` with `source` is made of it."""
    steps: list[tuple[Op, tuple[Any, ...]]] = []
    while node is not source:
        steps.append((node.op, node.params))
        node = node.inputs[0]
    return tuple(reversed(steps))
