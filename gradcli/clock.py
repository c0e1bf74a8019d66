"""Time limits: what takes longer than it may is stopped, wherever it is."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from gradcli.errors import LimitError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator


class TimedOut(BaseException):
    """The time is over. No Exception, as Ctrl-C is none: nothing takes it for a failed attempt."""


@contextmanager
def within(seconds: float | None) -> Iterator[None]:
    """Stop what is done here after so many seconds; None is no limit.

    Raises LimitError when the time is over, after NumPy's call at hand. Only in the main thread,
    since the system's timer interrupts no other; UsageError where the system has none.
    """
    if seconds is None:
        yield
        return
    if (
        not hasattr(signal, "setitimer")
        or threading.current_thread() is not threading.main_thread()
    ):
        raise UsageError("a time limit needs a system with interval timers, and its main thread")
    before = signal.signal(signal.SIGALRM, _over)
    # Again and again, should the first be lost in code that lets no exception out.
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except TimedOut:
        raise LimitError(
            f"the time limit of {seconds:g} s is over", hint="raise the limit with --timeout"
        ) from None
    finally:
        signal.signal(signal.SIGALRM, before)


def _over(_number: int, _frame: object) -> NoReturn:
    raise TimedOut
