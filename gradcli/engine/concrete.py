"""Values of single nodes while a program is traced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.engine.memory import memory_error, node_bytes
from gradcli.errors import GradcliError

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from gradcli.graph import Node

    Array = np.ndarray[Any, Any]


class Unsure(Exception):
    """A watched node is NaN: what was computed may be wrong, and is to be computed strictly."""


class Concrete:
    """Values of nodes while a program is traced; each is computed once and kept.

    So many requests over a growing graph stay linear. What is kept counts against the limit.
    """

    def __init__(
        self, values: Mapping[int, Array], dtype: Any, limit: int, watched: Container[int] = ()
    ) -> None:
        self._held: dict[int, Any] = dict(values)
        self._dtype = np.dtype(dtype)
        self._limit = limit
        self._watched = watched
        self._bytes = 0

    def value(self, node: Node) -> Array:
        """The value of a node.

        Raises LimitError where memory would not do, Unsure where a watched node is NaN.
        """
        held = self._held
        stack = [node]
        with np.errstate(all="ignore"):
            while stack:
                top = stack[-1]
                missing = [operand for operand in top.inputs if operand.serial not in held]
                if missing and top.serial not in held:
                    stack.extend(missing)
                    continue
                stack.pop()
                if top.serial in held:
                    continue
                self._bytes += node_bytes(top, self._dtype)
                try:
                    if self._bytes > self._limit:
                        raise memory_error(self._bytes, self._limit)
                    operands = [held[operand.serial] for operand in top.inputs]
                    held[top.serial] = top.op.run(top, operands, None, self._dtype)
                except GradcliError as error:
                    error.node = top.serial
                    raise
                if top.serial in self._watched and np.isnan(held[top.serial]).any():
                    raise Unsure
        array: Array = held[node.serial]
        return array


def as_output(value: Any) -> Any:
    """An array of its own kind, or the tuple of them of a node with several outputs."""
    return value if type(value) is tuple else np.asarray(value)
