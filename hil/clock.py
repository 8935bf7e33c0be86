"""The one clock of a bench, passed explicitly: wall clock, or lockstep clock over a virtual bench.

Everything on the test side that waits does so here, in one thread: timers, bytes arriving on lines, conditions.
A wait always has a deadline, names what it waits for, and says what it saw last.
"""

from __future__ import annotations

import heapq
import itertools
import selectors
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol, Self, TypeVar

from hil.errors import DeadlineExceeded
from hil.interrupts import hold, release
from hil.units import Second

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

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
        self.cancelled = True


class Clock(ABC):
    """Time of the bench in seconds since an origin of its own; see ``sleep`` and ``wait_for`` for the event loop."""

    name: str
    """``virtual`` or ``wall``; goes into the evidence."""

    bound: Second
    """Half-width in seconds within which an instant stamped by this clock is true."""

    arrival: Arrival | None = None
    """While a line is served whose bytes had to wait for that: when they came. Otherwise they come now."""

    def __init__(self) -> None:
        self._timers: list[Timer] = []
        self._numbers = itertools.count()
        self.meanwhile: Callable[[], None] = _nothing
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
                seen = f"; last seen: {last_seen()}" if last_seen is not None else ""
                raise DeadlineExceeded(f"waited {timeout:g} s for {what} in vain{seen}")
            self._turn(deadline)
        return value

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


class LockstepLine(Protocol):
    """A serial line whose far end lives in virtual time; counts make the hand-over exact."""

    name: str
    bytes_sent: int
    """Total bytes that the test side has written to the line since the last reset."""

    def receive_until(self, total: int) -> None:
        """Read exactly up to ``total`` bytes since the last reset and hand them to the listener."""


class TimeKeeper(Protocol):
    """The virtual bench's control port, as seen by the clock."""

    def advance(
        self, until: float, received: Mapping[str, int], meanwhile: Callable[[], None]
    ) -> tuple[float, Mapping[str, int]]:
        """Ask for virtual time ``until``; return the instant reached and the total bytes sent on each line.

        :param received: total bytes that the test side has sent on each line; a line that is missing has none.
        :param meanwhile: called once, between the question and its answer.
        """


class AskedAhead(Protocol):
    """Whoever asks an instrument at instants that are still to come, so that time need not stop at each of them."""

    def plan(self, until: float) -> tuple[float, list[float]]:
        """Return up to when time may pass now, ``until`` at most, and the instants in that time that are new."""

    def ask(self) -> None:
        """Send what is to reach the instrument at the instants of the last plan."""

    def take(self, delivered: int) -> None:
        """Take the answers to this many questions, the oldest first: their instants have come.

        Called after each plan, with none too, unless time failed to pass: then nothing is planned any more.
        """


class AskableTimeKeeper(TimeKeeper, Protocol):
    """A time keeper that delivers questions at their instants."""

    def advance_asking(
        self, until: float, received: Mapping[str, int], asked: list[float], meanwhile: Callable[[], None]
    ) -> tuple[float, Mapping[str, int], int]:
        """Do as ``advance``; return as well how many questions have reached the instrument.

        :param asked: instants of the questions that ``meanwhile`` sends.
        """


class LockstepClock(Clock):
    """Virtual time that moves only when the test side waits (DESIGN §4)."""

    name = "virtual"
    bound = Second(0.0)

    def __init__(self, bench: TimeKeeper) -> None:
        super().__init__()
        self._bench = bench
        self._now = 0.0
        self._lines: dict[str, LockstepLine] = {}
        self._asker: tuple[AskableTimeKeeper, AskedAhead] | None = None

    def now(self) -> Second:
        return Second(self._now)

    def serve_asker(self, bench: AskableTimeKeeper, asker: AskedAhead | None) -> None:
        """Serve ``asker`` from now on; None: nobody asks ahead any more.

        Its answers are handed over before the bytes of a line: they came before those.
        """
        self._asker = None if asker is None else (bench, asker)

    def attach(self, line: LockstepLine) -> None:
        """Serve ``line`` from now on."""
        self._lines[line.name] = line

    def reset(self) -> None:
        """Start again at zero with no timers and no lines: the bench was reset."""
        self._now = 0.0
        self._timers.clear()
        self._lines.clear()
        self._asker = None

    def _pass_time(self, until: float) -> None:
        received = {name: line.bytes_sent for name, line in self._lines.items() if line.bytes_sent}
        hold()  # an interrupt in here would leave the bench ahead of this clock, and answers unread
        try:
            with _Deferred() as deferred:
                if self._asker is None:
                    self._now, sent = self._bench.advance(until, received, deferred.call(self.meanwhile))
                else:
                    sent = self._pass_time_asking(*self._asker, until, received, deferred)
            for name, total in sent.items():
                line = self._lines.get(name)
                if line is not None:
                    line.receive_until(total)
        finally:
            release()

    def _pass_time_asking(
        self,
        bench: AskableTimeKeeper,
        asker: AskedAhead,
        until: float,
        received: Mapping[str, int],
        deferred: _Deferred,
    ) -> Mapping[str, int]:
        until, asked = asker.plan(until)

        def meanwhile() -> None:
            if asked:
                asker.ask()
            self.meanwhile()

        try:
            self._now, sent, delivered = bench.advance_asking(until, received, asked, deferred.call(meanwhile))
            deferred.tell()
        except BaseException:
            self._asker = None  # nobody knows which of the questions were delivered
            raise
        asker.take(delivered)
        return sent


class _Deferred:
    """Keeps what a function raises until the answer is there that is under way: then the clock knows the instant."""

    def __init__(self) -> None:
        self._kept: BaseException | None = None

    def call(self, function: Callable[[], None]) -> Callable[[], None]:
        """Return ``function`` as one that raises nothing."""

        def quiet() -> None:
            try:
                function()
            except BaseException as error:
                self._kept = error

        return quiet

    def tell(self) -> None:
        """Raise what was kept."""
        kept, self._kept = self._kept, None
        if kept is not None:
            raise kept

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.tell()  # it came first, and may be an interrupt


class WallLine(Protocol):
    """A serial line that a selector can watch."""

    def fileno(self) -> int: ...

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
        return Second(time.monotonic() - self._origin)

    def attach(self, line: WallLine) -> None:
        """Serve ``line`` from now on; a second time changes nothing."""
        if line.fileno() not in self._selector.get_map():
            self._selector.register(line.fileno(), selectors.EVENT_READ, line)

    def detach(self, line: WallLine) -> None:
        """Serve ``line`` no more; one that was not attached changes nothing."""
        if line.fileno() in self._selector.get_map():
            self._selector.unregister(line.fileno())

    def _pass_time(self, until: float) -> None:
        self.meanwhile()
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
