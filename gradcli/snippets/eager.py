"""Values of nodes as soon as they are made, each in the type of its tensor.

A value lives as long as its node, so that a loop that throws its graph away runs in constant
memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from gradcli.engine.plan import memory_error, node_bytes
from gradcli.graph import Node
from gradcli.ops.leaves import storage

if TYPE_CHECKING:
    Array = np.ndarray[Any, Any]


class Eager:
    """The values of the nodes that are alive. limit: bytes that they may take together."""

    def __init__(self, limit: int) -> None:
        self._held: WeakKeyDictionary[Node, Any] = WeakKeyDictionary()
        self._limit = limit
        self._since = 0

    def hold(self, node: Node, value: Array) -> None:
        """Give a node its value."""
        self._held[node] = value

    def value(self, node: Node, dtype: Any) -> Array:
        """The value of a node, computed in `dtype` where it is not known yet.

        Raises LimitError where memory would not do.
        """
        held = self._held
        found: Array | None = held.get(node)
        if found is not None:
            return found
        stack = [node]
        with np.errstate(all="ignore"):
            while stack:
                top = stack[-1]
                missing = [operand for operand in top.inputs if operand not in held]
                if missing and top not in held:
                    stack.extend(missing)
                    continue
                stack.pop()
                if top not in held:
                    self._make_room(top, dtype)
                    result = top.op.run(top, [held[o] for o in top.inputs], None, dtype)
                    held[top] = result
        value: Array = held[node]
        return value

    def _make_room(self, node: Node, dtype: Any) -> None:
        need = node_bytes(node, dtype)
        self._since += need
        if need > self._limit or self._since > self._limit // 4:
            total = need + sum(
                node_bytes(alive, dtype) for alive in list(self._held) if alive.inputs
            )
            if total > self._limit:
                raise memory_error(total, self._limit)
            self._since = total // 4


def stored(value: Array, kind: Any, dtype: Any) -> Array:
    """An array in the type that holds its kind."""
    return np.asarray(value, storage(kind, dtype))
