"""Memory: what nodes take, what a run may hold, and what is said where it would not do."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import LimitError
from gradcli.ops.leaves import storage

if TYPE_CHECKING:
    from gradcli.graph import Node


def default_memory_limit() -> int:
    """Bytes a run may hold: three quarters of this machine's memory (8 GiB where unknown)."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * 3 // 4
    except (ValueError, OSError, AttributeError):
        return 8 << 30


def node_bytes(node: Node, dtype: np.dtype[Any]) -> int:
    """Bytes that a node's outputs take."""
    total = 0
    for shape, kind in node.types:
        size = dtype.itemsize if kind == "real" else np.dtype(storage(kind, dtype)).itemsize
        total += math.prod(shape) * size if shape else size
    return total


def memory_error(need: int, limit: int, where: str = "") -> LimitError:
    """The error for a run, or a result, that would not fit."""
    gib = 1 << max(need >> 30, 1).bit_length()
    return LimitError(
        f"this would need {bytes_text(need)} of memory{where}; the limit is {bytes_text(limit)}",
        hint=f"raise the limit with --max-memory {gib}G, if this machine has as much"
        if gib <= 4096
        else "no common machine has as much: are the sizes right?",
    )


def bytes_text(count: int) -> str:
    """A number of bytes as people write it: 1.5 GiB."""
    if count >= 1 << 60:
        return "more than 1,000,000 TiB"
    size = float(count)
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB"):
        if size < 1024 or unit == "TiB":
            return f"{size:,.0f} {unit}" if unit == "bytes" else f"{size:,.1f} {unit}"
        size /= 1024
    raise AssertionError("unreachable")
