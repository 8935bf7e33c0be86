"""The clock over a virtual bench: time passes there only while the test side waits (docs/lockstep-time.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self

from hil.clock import Clock
from hil.interrupts import hold, release
from hil.units import Second

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType


class LockstepLine(Protocol):
    """A serial line whose far end lives in virtual time; counts make the hand-over exact."""

    name: str
    bytes_sent: int
    """Total bytes that the test side has written to the line since the last reset."""

    def receive_until(self, total: int) -> None:
        """Read exactly up to ``total`` bytes since the last reset and hand them to the listener."""


class LockstepControl(Protocol):
    """The virtual bench's control port, as seen by the clock."""

    def advance(
        self, until: float, received: Mapping[str, int], on_idle: Callable[[], None]
    ) -> tuple[float, Mapping[str, int]]:
        """Ask for virtual time ``until``; return the instant reached and the total bytes sent on each line.

        :param received: total bytes that the test side has sent on each line; a line that is missing has none.
        :param on_idle: called once, between the question and its answer.
        """


class QueryScheduler(Protocol):
    """Schedules instrument queries for future instants, so that one advance covers several samples."""

    def plan(self, until: float) -> tuple[float, list[float]]:
        """Return the instant to which time may pass, ``until`` at most, and the instants of new queries till then."""

    def ask(self) -> None:
        """Send the new queries of the last plan."""

    def take(self, delivered: int) -> None:
        """Take the answers to the ``delivered`` oldest queries: their instants have come.

        Called once after each plan, also with 0; not if the advance failed, then the scheduler is dropped.
        """


class SchedulingControl(LockstepControl, Protocol):
    """A control port that delivers scheduled queries at their instants."""

    def advance_asking(
        self, until: float, received: Mapping[str, int], asked: list[float], on_idle: Callable[[], None]
    ) -> tuple[float, Mapping[str, int], int]:
        """Do as ``advance``; also return how many queries have reached the instrument.

        :param asked: instants of the queries that ``on_idle`` sends.
        """


class LockstepClock(Clock):
    """Virtual time that moves only when the test side waits (docs/lockstep-time.md).

    :param after_advance: called when time has passed and all that came meanwhile was handed over; may raise.
    """

    name = "virtual"
    bound = Second(0.0)

    def __init__(self, bench: LockstepControl, after_advance: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self._after_advance = after_advance
        self._bench = bench
        self._now = Second(0.0)
        self._lines: dict[str, LockstepLine] = {}
        self._scheduler: tuple[SchedulingControl, QueryScheduler] | None = None

    def now(self) -> Second:
        """See :class:`hil.clock.Clock`."""
        return self._now

    def serve_scheduler(self, bench: SchedulingControl, scheduler: QueryScheduler | None) -> None:
        """Let ``scheduler`` plan each advance from now on; None: no queries are scheduled any more.

        Its answers are handed over before the bytes of a line: they came before those.
        """
        self._scheduler = None if scheduler is None else (bench, scheduler)

    def attach(self, line: LockstepLine) -> None:
        """Serve ``line`` from now on."""
        self._lines[line.name] = line

    def reset(self) -> None:
        """Start again at zero with no timers and no lines: the bench was reset."""
        self._now = Second(0.0)
        self._timers.clear()
        self._lines.clear()
        self._scheduler = None

    def _pass_time(self, until: float) -> None:
        received = {name: line.bytes_sent for name, line in self._lines.items() if line.bytes_sent}
        hold()  # an interrupt in here would leave the bench ahead of this clock, and answers unread
        try:
            with _Deferred() as deferred:
                if self._scheduler is None:
                    now, sent = self._bench.advance(until, received, deferred.call(self.on_idle))
                    self._now = Second(now)
                else:
                    sent = self._pass_time_scheduled(*self._scheduler, until, received, deferred)
            for name, total in sent.items():
                line = self._lines.get(name)
                if line is not None:
                    line.receive_until(total)
            self._after_advance()
        finally:
            release()

    def _pass_time_scheduled(
        self,
        bench: SchedulingControl,
        scheduler: QueryScheduler,
        until: float,
        received: Mapping[str, int],
        deferred: _Deferred,
    ) -> Mapping[str, int]:
        until, asked = scheduler.plan(until)

        def on_idle() -> None:
            if asked:
                scheduler.ask()
            self.on_idle()

        try:
            now, sent, delivered = bench.advance_asking(until, received, asked, deferred.call(on_idle))
            self._now = Second(now)
            deferred.tell()
        except BaseException:
            self._scheduler = None  # which of the queries were delivered is not known
            raise
        scheduler.take(delivered)
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
