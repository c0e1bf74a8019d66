"""Values of nodes as soon as they are wanted, kept on the nodes themselves.

A value lives as long as its node, so that a loop that throws its graph away runs in constant
memory.
"""

from __future__ import annotations

import gc
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.engine import memory_error, node_bytes
from gradcli.graph import Node
from gradcli.ops.leaves import input_, storage

if TYPE_CHECKING:
    Array = np.ndarray[Any, Any]

CENSUS = 200_000
"""Nodes that are made before those that are alive are counted."""


class Eager:
    """Computes nodes. limit: bytes that those that are alive may take together."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._made = 0
        self._bytes = 0
        self._full = limit // 4
        # Nodes of other runs, which something may still hold, are older.
        self._first = leaf(np.zeros(()), "real").serial

    def value(self, node: Node, dtype: Any) -> Array:
        """The value of a node, computed in `dtype` where it is not known yet.

        Raises LimitError where memory would not do.
        """
        found: Array | None = node.value
        if found is not None:
            return found
        operands = [operand.value for operand in node.inputs]
        if not any([operand is None for operand in operands]):
            self._make_room(node, dtype)
            found = node.value = node.op.run(node, operands, None, dtype)
            return found
        stack = [node]
        while stack:
            top = stack[-1]
            missing = [operand for operand in top.inputs if operand.value is None]
            if missing and top.value is None:
                stack += missing
                continue
            stack.pop()
            if top.value is None:
                self._make_room(top, dtype)
                top.value = top.op.run(top, [o.value for o in top.inputs], None, dtype)
        value: Array = node.value
        return value

    def require_room(self, shape: tuple[int, ...]) -> None:
        """Raise LimitError where an array of that shape would not do."""
        need = 8 * math.prod(shape)
        if need > self._limit:
            raise memory_error(need, self._limit)

    def _make_room(self, node: Node, dtype: Any) -> None:
        # Estimated, for most nodes are small: 8 bytes an element.
        need = 8
        for extent in node.shape:
            need *= extent
        if len(node.types) > 1:
            need = node_bytes(node, dtype)
        self._bytes += need
        self._made += 1
        if self._bytes > self._full or self._made > CENSUS:
            self._bytes, self._made = need + living_bytes(self._first), 0
            if self._bytes > self._limit:
                raise memory_error(self._bytes, self._limit)
            # Not again before as much has been made once more.
            self._full = self._bytes + self._limit // 4


def living(since: int = 0) -> list[Node]:
    """The nodes that hold a value and are alive, from a serial number on."""
    # isinstance would ask objects of other libraries for their class, which may do anything.
    found = [item for item in gc.get_objects() if type(item) is Node]
    return [node for node in found if node.serial >= since and node.value is not None]


def living_bytes(since: int) -> int:
    """Bytes that the values of those nodes take; memory that several of them show counts once."""
    arrays: dict[int, int] = {}
    for node in living(since):
        for array in node.value if type(node.value) is tuple else (node.value,):
            while isinstance(array.base, np.ndarray):
                array = array.base
            arrays[id(array)] = array.nbytes
    return sum(arrays.values())


def stored(value: Array, kind: Any, dtype: Any) -> Array:
    """An array in the type that holds its kind."""
    return np.asarray(value, storage(kind, dtype))


def leaf(value: Array, kind: Any) -> Node:
    """A node that stands for a value, and for nothing behind it."""
    node = Node(input_, (), (value.shape, "value", kind), ((value.shape, kind),))
    node.value = value
    return node
