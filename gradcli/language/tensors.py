"""Tensors of a program: handles on nodes, so that writing in place is seen under every name.

The graph below is pure: writing `y[i] = v` makes a new node, and the handle moves on to it. Handles
that may share memory in NumPy and PyTorch (a view and its base) share a `Storage`: once one of them
is written to, reading another is an error, never a silent difference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.errors import ArgumentError
from gradcli.graph import Kind, Node
from gradcli.language.iterators import VIEWS, Iterator
from gradcli.ops.values import count_items
from gradcli.ops.writing import put

if TYPE_CHECKING:
    import ast

Items = tuple[Any, ...]


class Storage:
    """What a base and its views share: how often it was written to, and where last."""

    __slots__ = ("version", "where")

    def __init__(self) -> None:
        self.version = 0
        self.where: ast.AST | None = None


class Tensor:
    """A tensor of the program.

    held: whether a tensor without axes is an array to NumPy, and not a number.

    Written elements wait in `_writes` (index items -> value, all of one pattern, so that none
    overlap): a loop that fills a tensor element by element stays linear.
    """

    __slots__ = ("__weakref__", "_node", "_pattern", "_seen", "_writes", "held", "storage")

    def __init__(self, node: Node) -> None:
        self._node = node
        self._writes: dict[Items, Node] | None = None
        self._pattern: Items = ()
        self.storage: Storage | None = None
        self._seen = 0
        self.held = False

    @property
    def node(self) -> Node:
        """The node it stands for now. Raises ArgumentError where a write made that unclear."""
        if self.storage is not None and self._seen != self.storage.version:
            raise StaleView(self.storage.where)
        if self._writes:
            values = list(self._writes.values())
            self._node = put([self._node, *values], tuple(self._writes))
            self._writes = None
        return self._node

    @property
    def shape(self) -> tuple[int, ...]:
        return self._node.shape

    @property
    def ndim(self) -> int:
        return self._node.ndim

    @property
    def kind(self) -> Kind:
        return self._node.kind

    def sharing(self, base: Tensor) -> None:
        """Note that this may be a view of `base`."""
        if base.storage is None:
            base.storage = Storage()
            base._seen = 0
        self.storage, self._seen = base.storage, base.storage.version

    def become(self, node: Node, where: ast.AST | None) -> None:
        """Stand for another node of the same shape from now on."""
        self._wrote(where)
        self._node, self._writes = node, None

    def write(self, items: Items, value: Node, where: ast.AST | None) -> None:
        """Put a value at index items (positions and slices), of the shape they select."""
        pattern = tuple([item if type(item) is tuple else None for item in items])
        if self._writes and pattern != self._pattern:
            _ = self.node
        self._wrote(where)
        if self._writes is None:
            self._writes, self._pattern = {}, pattern
        # A later write to the same place comes last, as its order says.
        self._writes.pop(items, None)
        self._writes[items] = value

    def written(self, items: Items) -> Node | None:
        """The value last written to just those items, if it still waits."""
        if self._writes is None or self._stale():
            return None
        return self._writes.get(items)

    def unwritten(self, items: Items) -> Node | None:
        """The node below the waiting writes, if none of them touches those items."""
        if self._writes is None or self._stale():
            return None
        pattern = tuple([item if type(item) is tuple else None for item in items])
        return self._node if pattern == self._pattern and items not in self._writes else None

    def refresh(self) -> None:
        """Note that this holds what was last written to the storage."""
        if self.storage is not None:
            self._seen = self.storage.version

    def _stale(self) -> bool:
        return self.storage is not None and self._seen != self.storage.version

    def _wrote(self, where: ast.AST | None) -> None:
        if self.storage is not None:
            if self._stale():
                raise StaleView(self.storage.where)
            self.storage.version += 1
            self.storage.where = where
            self._seen = self.storage.version


class StaleView(ArgumentError):
    """A tensor that may share memory with one written to since."""

    def __init__(self, where: ast.AST | None) -> None:
        super().__init__(
            "this tensor may share memory with one that was written to since",
            hint="make a copy before writing: `.copy()`, in PyTorch `.clone()`",
        )
        self.where = where


def bare(value: Any) -> Any:
    """A value with the nodes that its tensors stand for, as functions of the library take it."""
    kind = type(value)
    if kind is int or kind is float or kind is str or value is None:
        return value
    if isinstance(value, Tensor):
        return value.node
    if kind is Iterator or kind in VIEWS:
        value, kind = value.rest() if kind is Iterator else list(value), list
    if kind is list or kind is tuple or kind is dict:
        # Containers may hold one another over and over: what is small to write may be endless.
        count_items(value)
        return _bare_items(value)
    if kind is slice:
        return slice(bare(value.start), bare(value.stop), bare(value.step))
    return value


def _bare_items(value: Any) -> Any:
    kind = type(value)
    if kind is list or kind is tuple:
        return kind([_bare_items(item) for item in value])
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
