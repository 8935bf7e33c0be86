"""Ctrl-C and SIGTERM: a KeyboardInterrupt ends the run, wherever it is but between a question and its answer.

A bench that was asked to let time pass and is not heard is out of step with its clock, and can no longer be made safe.
"""

from __future__ import annotations

import signal

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
