"""Ctrl-C while a step runs: it takes effect between two turns of the bench, never in the middle of a question to it.

An exception at any other instant could leave an instrument's answer unread, to be taken for the next one's; and what is
to be kept is a bench that obeys.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hil.clock import Clock, Timer

PERIODS_S = {"wall": 0.1, "virtual": 1.0}
"""By the name of the clock: after so long of its time Ctrl-C takes effect; a virtual second passes in milliseconds."""


class StepInterrupted(KeyboardInterrupt):
    """A person ended the step; the bench stands where it stands."""


@contextlib.contextmanager
def interruptible(clock: Clock) -> Iterator[None]:
    """Let the first Ctrl-C raise StepInterrupted in the step's next wait, a second one KeyboardInterrupt at once."""
    asked, period = False, PERIODS_S[clock.name]
    timer: Timer | None = None

    def on_signal(number: int, _: object) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt(signal.Signals(number).name)
        asked = True

    def look() -> None:
        nonlocal timer
        if asked:
            raise StepInterrupted
        timer = clock.call_at(clock.now() + period, look)

    look()
    before = signal.signal(signal.SIGINT, on_signal)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if timer is not None:
            timer.cancel()
