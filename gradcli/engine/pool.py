"""Memory that runs use again: what a system hands out anew costs more than what is done with it."""

from __future__ import annotations

import math
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    Array = np.ndarray[Any, Any]

KEPT = 64 << 20
"""Bytes that are kept at most."""

LEAST = 1 << 16
"""Bytes below which the allocator does well by itself."""


class Pool:
    """Blocks of memory by their size. Threads and plans share one."""

    def __init__(self) -> None:
        self._free: dict[int, list[Array]] = {}
        self._held = 0
        self._lock = Lock()

    def take(self, shape: Sequence[int], dtype: Any) -> Array:
        """An array of that shape; what it holds is undefined."""
        dtype = np.dtype(dtype)
        size = math.prod(shape) * dtype.itemsize
        if size < LEAST:
            return np.empty(shape, dtype)
        with self._lock:
            free = self._free.get(size)
            if free:
                self._held -= size
                block = free.pop()
            else:
                block = None
        if block is None:
            block = np.empty(size, np.uint8)
        array: Array = block.view(dtype).reshape(shape)
        return array

    def give(self, array: Array) -> None:
        """Take back an array, or a view of all of one, that nothing else shares or will read."""
        block = array if array.base is None else array.base
        if not isinstance(block, np.ndarray) or block.dtype != np.uint8 or block.size < LEAST:
            return
        with self._lock:
            if self._held + block.size > KEPT:
                self._free.clear()
                self._held = 0
            if block.size <= KEPT:
                self._held += block.size
                self._free.setdefault(block.size, []).append(block)


POOL = Pool()
