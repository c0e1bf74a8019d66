"""A progress bar on standard error for what takes more than a second, on a terminal alone."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from gradcli.render.text import terminal_width
from gradcli.seeds import watching

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 1.0
"""Seconds before there is a bar."""


@contextmanager
def progress_bar(what: str) -> Iterator[None]:
    """Within this context, work that tells of its progress shows a bar; it goes when it is done."""
    if terminal_width(sys.stderr) is None:
        yield
        return
    bar = Bar(what)
    try:
        with watching(bar.update):
            yield
    finally:
        bar.close()


class Bar:
    """A bar that appears after some time; `what` is counted."""

    def __init__(self, what: str) -> None:
        self.what = what
        self._state = (0, 0)
        self._lock = threading.Lock()
        self._shown: Any = None
        self._task: Any = None
        self._timer = threading.Timer(PATIENCE, self._show)
        self._timer.daemon = True
        self._timer.start()

    def update(self, done: int, total: int) -> None:
        """So many are done, of a total where that is not 0."""
        self._state = (done, total)
        with self._lock:
            if self._shown is not None:
                self._shown.update(self._task, completed=done, total=total or None)

    def _show(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        done, total = self._state
        with self._lock:
            if self._timer is None:
                return
            self._shown = Progress(
                TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
                TimeElapsedColumn(), TimeRemainingColumn(),
                console=Console(file=sys.stderr), transient=True,
            )  # fmt: skip
            self._shown.start()
            self._task = self._shown.add_task(self.what, total=total or None, completed=done)

    def close(self) -> None:
        """Take the bar away."""
        self._timer.cancel()
        with self._lock:
            self._timer = None  # type: ignore[assignment]
            if self._shown is not None:
                self._shown.stop()
