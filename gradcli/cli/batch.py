"""`gradcli batch`: requests as JSON lines on standard input, answers on standard output."""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from gradcli.cli.options import chosen_limits, server_options
from gradcli.errors import ComputationError, InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from multiprocessing.connection import Connection

WINDOW = 64
"""Requests that wait for each worker process at most."""


@click.command("batch")
@click.option("--allow-files", is_flag=True, help="Let requests name files as inputs.")
@click.option("--progress", is_flag=True, help="Count requests on standard error.")
@click.option(
    "--jobs", type=click.IntRange(1, 256), default=1, metavar="N", help="Worker processes."
)
@server_options
@click.pass_context
def batch_command(context: click.Context, /, **options: Any) -> None:
    """Answer one JSON request a line, in order.

    \b
      {"id": 1, "command": "eval", "expr": "sum(x**2)", "inputs": {"x": [3, 4, 10]}}

    gives {"id": 1, "ok": true, "value": 125.0, "grad": {"x": [6.0, 8.0, 20.0]}, ...}, or
    {"id": 1, "ok": false, "error": {...}}.
    """
    from gradcli.render.text import write_bytes

    if context.obj.texts:
        name = next(iter(context.obj.texts))
        raise UsageError(f"`batch` has no option --{name}", hint="inputs stand in the requests")
    if sys.stdin is None:
        raise InputError("standard input is closed")
    limits = chosen_limits(options)
    lines = (line for line in _lines(sys.stdin.fileno()) if line.strip())
    jobs: int = options["jobs"]
    work = (limits, options["allow_files"], options["each_timeout"])
    answers = _in_turn(lines, *work) if jobs == 1 else _in_parallel(lines, jobs, *work)
    counter = Counter() if options["progress"] else None
    for answer in answers:
        write_bytes(answer + b"\n", sys.stdout)
        if counter is not None:
            counter.count(answer)
    if counter is not None:
        counter.show()
        counter.write("\n")


class Counter:
    """Requests and errors so far, on standard error, a few times a second at most."""

    def __init__(self) -> None:
        self.done = self.failed = 0
        self.shown = time.monotonic()

    def count(self, answer: bytes) -> None:
        self.done += 1
        self.failed += b'"ok": false' in answer[:4096]
        if time.monotonic() - self.shown > 0.2:
            self.show()

    def show(self) -> None:
        self.shown = time.monotonic()
        self.write(f"\r{self.done:,} requests, {self.failed:,} errors")

    def write(self, text: str) -> None:
        """Say it, or not: lost progress is no reason to stop."""
        if sys.stderr is not None:
            with suppress(OSError):
                sys.stderr.write(text)
                sys.stderr.flush()


def _lines(source: int) -> Iterator[bytes]:
    """Lines of a file descriptor as they come.

    Not from Python's own reader: a thread that waits in it holds a lock, which an interrupted
    process could not end with.
    """
    begun: list[bytes] = []
    while chunk := os.read(source, 1 << 16):
        first, *others = chunk.split(b"\n")
        begun.append(first)
        for other in others:
            yield b"".join(begun)
            begun = [other]
    yield b"".join(begun)


def _in_turn(
    lines: Iterable[bytes], limits: dict[str, Any], allow_files: bool, timeout: float | None
) -> Iterator[bytes]:
    from gradcli.batch import Server

    server = Server(limits, allow_files, timeout)
    for line in lines:
        yield server.answer(line)


def _in_parallel(
    lines: Iterable[bytes],
    jobs: int,
    limits: dict[str, Any],
    allow_files: bool,
    timeout: float | None,
) -> Iterator[bytes]:
    """Deal lines out to worker processes in turn, and take the answers in the same order."""
    import multiprocessing

    context = multiprocessing.get_context("spawn")
    ends: list[Connection] = []
    workers = []
    for _ in range(jobs):
        mine, theirs = context.Pipe()
        work = (theirs, limits, allow_files, timeout)
        worker = context.Process(target=_work, args=work, daemon=True)
        worker.start()
        theirs.close()
        ends.append(mine)
        workers.append(worker)
    waiting: queue.Queue[Connection | None] = queue.Queue(WINDOW * jobs)

    def deal() -> None:
        try:
            for place, line in enumerate(lines):
                end = ends[place % jobs]
                waiting.put(end)
                end.send_bytes(line)
        except OSError:
            pass  # a worker has gone: its missing answer says so
        waiting.put(None)

    threading.Thread(target=deal, daemon=True).start()
    try:
        while (end := waiting.get()) is not None:
            try:
                yield end.recv_bytes()
            except (EOFError, OSError):
                raise ComputationError("a worker process has died") from None
    finally:
        for worker in workers:
            worker.terminate()


def _work(
    end: Connection, limits: dict[str, Any], allow_files: bool, timeout: float | None
) -> None:
    """A worker process: answers until the pipe closes."""
    import signal

    from gradcli.batch import Server

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    server = Server(limits, allow_files, timeout)
    while True:
        try:
            end.send_bytes(server.answer(end.recv_bytes()))
        except (EOFError, OSError):
            return
