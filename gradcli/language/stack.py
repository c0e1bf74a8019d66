"""Room on the machine's stack for the interpreter, which recurses as programs nest."""

from __future__ import annotations

import sys
import threading
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

COMMON_FRAMES = 25_000
"""Frames that a thread's usual stack of 8 MiB holds with room to spare (40,000 were measured)."""

FRAME_BYTES = 1024


def with_room(max_nesting: int, max_depth: int, call: Callable[[], Any]) -> Any:
    """Call with as much stack as brackets and calls nested so deeply need.

    Beyond what a common stack holds, the call runs in a thread of its own with a larger one.
    """
    frames = 1500 + 25 * max_nesting + 30 * max_depth
    if frames <= COMMON_FRAMES:
        return _with_limit(frames, call)
    results: list[Any] = []
    failures: list[BaseException] = []

    def work() -> None:
        try:
            results.append(call())
        except BaseException as error:
            failures.append(error)

    context = copy_context()
    before = threading.stack_size(frames * FRAME_BYTES)
    try:
        thread = threading.Thread(target=lambda: context.run(work), daemon=True)
        _with_limit(frames, lambda: _finish(thread))
    finally:
        threading.stack_size(before)
    if failures:
        raise failures[0]
    return results[0]


def _finish(thread: threading.Thread) -> None:
    thread.start()
    thread.join()


def _with_limit(frames: int, call: Callable[[], Any]) -> Any:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, frames))
    try:
        return call()
    finally:
        sys.setrecursionlimit(limit)
