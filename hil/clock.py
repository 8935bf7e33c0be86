"""The one clock of a bench, passed explicitly: the wall clock here, that of a virtual bench in hil.rig.virtual.

Everything on the test side that waits does so here, in one thread: timers, bytes arriving on lines, conditions.
A wait always has a deadline, names what it waits for, and says what it saw last.
"""

from __future__ import annotations

import heapq
import itertools
import selectors
import threading
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol, TypeVar

from hil.errors import DeadlineExceeded
from hil.units import Second

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


@dataclass(frozen=True)
class Arrival:
    """When the bytes came that a line hands over.

    :param t: instant of the last of them.
    :param before: seconds by which the first may have come earlier.
    :param bound: half-width within which both are true.
    """

    t: float
    before: Second
    bound: Second


@dataclass(order=True)
class Timer:
    """A callback that is due at an instant; ``cancel()`` is idempotent and safe from within any callback."""

    due: float
    number: int
    callback: Callable[[], None] = field(compare=False)
    cancelled: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        """Never call it back any more."""
        self.cancelled = True


class Clock(ABC):
    """Time of the bench in seconds since an origin of its own; see ``sleep`` and ``wait_for`` for the event loop."""

    name: str
    """``virtual`` or ``wall``; goes into the evidence."""

    bound: Second
    """Half-width in seconds within which an instant stamped by this clock is true."""

    arrival: Arrival | None = None
    """When the bytes that a line hands over now have arrived, if they had to wait for the loop; else None."""

    def __init__(self) -> None:
        self._timers: list[Timer] = []
        self._numbers = itertools.count()
        self.on_idle: Callable[[], None] = _nothing
        """Work that can wait, done in each wait while the other side of the bench has its turn; short, idempotent."""

    @property
    def largest_bound(self) -> Second:
        """The largest value that ``bound`` had."""
        return self.bound

    @abstractmethod
    def now(self) -> Second:
        """Return the present instant in seconds; never goes backwards."""

    @abstractmethod
    def _pass_time(self, until: float) -> None:
        """Let time pass to ``until`` at the latest; return early after any input was handed to its listener."""

    def call_at(self, due: float, callback: Callable[[], None]) -> Timer:
        """Call ``callback`` once at ``due``, or as soon as possible if that is past. Runs only inside a wait."""
        timer = Timer(due, next(self._numbers), callback)
        heapq.heappush(self._timers, timer)
        return timer

    def sleep(self, duration: float) -> None:
        """Let ``duration`` seconds pass while timers and lines are served."""
        end = self.now() + duration
        while self.now() < end:
            self._turn(end)
        self._run_due_timers()

    def wait_for(
        self,
        condition: Callable[[], T | None],
        *,
        timeout: float,
        what: str,
        last_seen: Callable[[], str] | None = None,
    ) -> T:
        """Serve timers and lines until ``condition()`` returns something true, and return that.

        Raises DeadlineExceeded after ``timeout`` seconds, with ``what`` and the text of ``last_seen``.
        """
        deadline = self.now() + timeout
        while not (value := condition()):
            if self.now() >= deadline:
                self._look()
                if value := condition():
                    return value
                seen = f"; last seen: {last_seen()}" if last_seen is not None else ""
                raise DeadlineExceeded(f"waited {timeout:g} s for {what} in vain{seen}")
            self._turn(deadline)
        return value

    def _look(self) -> None:
        """Take in what has come already; time does not pass."""
        self._run_due_timers()

    def _turn(self, until: float) -> None:
        self._drop_cancelled()
        if self._timers:
            until = min(until, self._timers[0].due)
        if until > self.now():
            self._pass_time(until)
        self._run_due_timers()

    def _run_due_timers(self) -> None:
        self._drop_cancelled()
        while self._timers and self._timers[0].due <= self.now():
            timer = heapq.heappop(self._timers)
            if not timer.cancelled:
                timer.callback()
            self._drop_cancelled()

    def _drop_cancelled(self) -> None:
        while self._timers and self._timers[0].cancelled:
            heapq.heappop(self._timers)


class WallLine(Protocol):
    """A serial line that a selector can watch."""

    def fileno(self) -> int:
        """Return the descriptor to watch."""

    def on_readable(self) -> None:
        """Read what is there and hand it to the listener."""


class WallClock(Clock):
    """Monotonic time of this machine."""

    name = "wall"
    bound = Second(0.005)
    """Scheduling delay of an unloaded Linux machine, rounded up; a rig in real time measures its own."""

    def __init__(self) -> None:
        super().__init__()
        self._origin = time.monotonic()
        self._selector = selectors.DefaultSelector()

    def now(self) -> Second:
        """See :class:`Clock`."""
        return Second(time.monotonic() - self._origin)

    def attach(self, line: WallLine) -> None:
        """Serve ``line`` from now on; a second time changes nothing."""
        if line.fileno() not in self._selector.get_map():
            self._selector.register(line.fileno(), selectors.EVENT_READ, line)

    def detach(self, line: WallLine) -> None:
        """Serve ``line`` no more; one that was not attached changes nothing."""
        if line.fileno() in self._selector.get_map():
            self._selector.unregister(line.fileno())

    def _look(self) -> None:
        # a process that was stopped until after the deadline has not read what came before it
        self._pass_time(self.now())
        super()._look()

    def _pass_time(self, until: float) -> None:
        self.on_idle()
        if not self._selector.get_map():
            time.sleep(max(0.0, until - self.now()))
            return
        for key, _ in self._selector.select(max(0.0, until - self.now())):
            key.data.on_readable()


def _nothing() -> None:
    """Stand in where there is no work that can wait."""


def utc_now() -> datetime:
    """Return the calendar time of this machine, for run identities and the host's part of the evidence only."""
    return datetime.now(UTC)


def stopwatch() -> Callable[[], Second]:
    """Return a function that tells the wall seconds since this call, for figures about the framework itself."""
    start = time.perf_counter()
    return lambda: Second(time.perf_counter() - start)


def suspended() -> Second:
    """Return for how long this machine has been suspended since it started; no other clock here counts that time."""
    return Second(time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic())


class Repeated:
    """Calls a function again and again by the wall clock, in a thread of its own, until it is closed.

    For work that must be done even while the thread of the bench is blocked.

    :param act: raises nothing.
    """

    def __init__(self, every_s: float, act: Callable[[], None]) -> None:
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._repeat, args=(every_s, act), daemon=True)
        self._thread.start()

    def _repeat(self, every_s: float, act: Callable[[], None]) -> None:
        while not self._closed.wait(every_s):
            act()

    def close(self) -> None:
        """Return when the function is not running and will not be called again."""
        self._closed.set()
        self._thread.join()
