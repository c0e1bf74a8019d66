"""Threads that share a run's tiles."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import ThreadPoolExecutor


def cores() -> int:
    """Processors that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


class Crew:
    """The threads of one run, started when there is work for more than one."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._pool: ThreadPoolExecutor | None = None

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *error: Any) -> None:
        if self._pool is not None:
            self._pool.shutdown()

    def run(self, work: Callable[[], None], count: int) -> None:
        """Call `work` in as many threads as there are, or tiles; it takes them until none is left.

        Raises what it raises.
        """
        helpers = min(self.size, count) - 1
        if helpers < 1:
            work()
            return
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor

            self._pool = ThreadPoolExecutor(self.size - 1)
        others = [self._pool.submit(quietly, work) for _ in range(helpers)]
        try:
            work()
        finally:
            # Who has not begun by now finds nothing left to do.
            begun = [other for other in others if not other.cancel()]
            for other in begun:
                other.exception()
        for other in begun:
            other.result()


def quietly(work: Callable[[], None]) -> None:
    """Work without NumPy's warnings: what it is to say belongs to a thread."""
    with np.errstate(all="ignore"):
        work()
