"""Ctrl-C, SIGTERM and SIGHUP: a KeyboardInterrupt ends the run, wherever it is but between a question and its answer.

A bench that was asked to let time pass and is not heard is out of step with its clock, and can no longer be made safe.
"""

from __future__ import annotations

import contextlib
import os
import signal
import stat
from collections.abc import Iterator

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What asks a run to end."""

_holding = 0
_pending: KeyboardInterrupt | None = None


def interrupt(number: int, _: object) -> None:
    """End what the main thread does, or what it does after ``release``; a signal handler."""
    global _pending  # noqa: PLW0603 - a process has one set of signal handlers
    # Ctrl-C tells nothing, as Python's own does: so a prompt can tell a key from a signal
    interrupted = KeyboardInterrupt() if number == signal.SIGINT else KeyboardInterrupt(signal.Signals(number).name)
    if not _holding:
        raise interrupted
    _pending = interrupted


def heard() -> tuple[signal.Signals, ...]:
    """Return those of ``SIGNALS`` that count: under ``nohup`` a run goes on without its terminal."""
    ignored = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    return tuple(number for number in SIGNALS if number != signal.SIGHUP or not ignored)


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Let those of ``SIGNALS`` that count interrupt what the main thread does in this context."""
    handlers = {number: signal.signal(number, hang_up if number == signal.SIGHUP else interrupt) for number in heard()}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def hang_up(number: int, frame: object) -> None:
    """End likewise, and have nothing fail because the terminal is gone and cannot be written to; a signal handler."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        if stat.S_ISCHR(os.fstat(descriptor).st_mode):  # a terminal that is gone says that it is none
            os.dup2(nowhere, descriptor)
    interrupt(number, frame)


def hold() -> None:
    """Let nothing be interrupted until ``release``; what is done meanwhile must have a deadline. May be nested."""
    global _holding  # noqa: PLW0603 - as above
    _holding += 1


def release() -> None:
    """End what ``hold`` began; raises the KeyboardInterrupt that came meanwhile."""
    global _holding, _pending  # noqa: PLW0603 - as above
    _holding -= 1
    if _pending and not _holding:
        interrupted, _pending = _pending, None
        raise interrupted
