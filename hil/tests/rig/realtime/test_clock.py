from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from hil.clock import Arrival, Clock, WallClock, stopwatch
from hil.judge.frames import FrameFault, FrameFlaw
from hil.links.faults import Direction
from hil.perf.bounds.measurements import Log
from hil.rig.realtime.clock import REMEMBERED_TURNS, RigClock
from hil.rig.recorder import ConsoleLog, LinkLog, Recorder
from hil.units import Second


@dataclass
class Pipe:
    """A line; notes the clock's bound, and the arrival that it tells, when something is read from it."""

    end: int
    clock: WallClock | None = None
    bound: float = 0.0
    arrival: Arrival | None = None

    def fileno(self) -> int:
        return self.end

    def on_readable(self) -> None:
        os.read(self.end, 100)
        if self.clock is not None:
            self.bound, self.arrival = self.clock.bound, self.clock.arrival


class StillClock(Clock):
    """Stands at 3 s, while a line is served whose bytes came at 2 s."""

    name = "wall"
    bound = Second(0.0)
    arrival = Arrival(2.0, Second(0.25), Second(0.125))

    def now(self) -> Second:
        return Second(3.0)

    def _pass_time(self, until: float) -> None:
        raise AssertionError("nobody waits here")


@pytest.fixture
def clock() -> Iterator[RigClock]:
    clock = RigClock()
    yield clock
    clock.close()


def noted(clock: RigClock, line: Pipe, number: int) -> None:
    """Return when the thread has noted so many arrivals that the loop did not read."""
    arrivals = clock.arrivals
    elapsed = stopwatch()
    while (found := arrivals._noted.get(line.end)) is None or (number == 2) == (found[0] == found[1]):
        assert elapsed() < 5.0


def send(end: int) -> None:
    os.write(end, b"x")


def noting_has_ended(clock: RigClock) -> None:
    clock.arrivals._thread.join(5.0)
    assert not clock.arrivals._thread.is_alive()


@pytest.fixture
def pipe() -> Iterator[tuple[Pipe, int]]:
    reading, writing = os.pipe()
    yield Pipe(reading), writing
    os.close(reading)
    os.close(writing)


def busy(seconds: float) -> None:
    """Keep the processor from everything else, as a slow instrument driver would."""
    elapsed = stopwatch()
    while elapsed() < seconds:
        pass


def test_the_bound_is_the_wall_clocks_while_nothing_is_late(pipe: tuple[Pipe, int]) -> None:
    clock = RigClock()
    clock.attach(pipe[0])
    assert clock.bound == WallClock.bound


def test_bytes_that_wait_while_the_rig_is_busy_are_stamped_with_the_instants_at_which_they_came(
    pipe: tuple[Pipe, int], clock: RigClock
) -> None:
    line, end = pipe
    line.clock = clock
    clock.attach(line)
    sent: list[float] = []
    for number in (1, 2):
        sent.append(clock.now())
        os.write(end, b"x")
        noted(clock, line, number)
        sent.append(clock.now())
    busy(0.05)
    clock.sleep(0.001)

    arrival = line.arrival
    assert arrival is not None
    assert sent[0] <= arrival.t - arrival.before <= sent[1]
    assert sent[2] <= arrival.t <= sent[3]
    assert arrival.bound >= WallClock.bound
    assert clock.arrival is None


def test_what_was_not_noted_in_time_has_the_time_since_the_last_look_as_its_bound(
    pipe: tuple[Pipe, int], clock: RigClock
) -> None:
    line, end = pipe
    line.clock = clock
    clock.attach(line)
    clock.close()  # a thread that is late is as good as none
    noting_has_ended(clock)
    os.write(end, b"x")
    busy(0.05)
    clock.sleep(0.001)

    assert line.arrival is None
    assert line.bound >= 0.05
    assert clock.bound < 0.05
    assert clock.largest_bound >= line.bound


def test_an_arrival_that_was_read_is_not_held_against_the_next_one(pipe: tuple[Pipe, int], clock: RigClock) -> None:
    line, end = pipe
    clock.attach(line)
    send(end)
    noted(clock, line, 1)
    os.read(line.end, 1)
    clock.arrivals.was_read(line.end)
    assert clock.arrivals.take(line.end) is None

    sent = clock.now()
    send(end)
    noted(clock, line, 1)
    found = clock.arrivals.take(line.end)

    assert found is not None
    assert sent <= found[0] == found[1] <= clock.now()


def test_a_recorded_frame_of_a_line_carries_the_arrival_and_one_that_is_sent_the_present() -> None:
    clock = StillClock()
    log = Log()
    recorder = Recorder(log, clock)
    lines: dict[Direction, str] = {"to cable": "socket-link", "to socket": "socket-link"}
    link = LinkLog(recorder, lines, ["to cable"], "socket", lambda direction, message: None)
    for direction in lines:
        link.on_frame(direction, FrameFlaw(FrameFault.BAD_CRC, "no frame"), b"", lost=False)
    ConsoleLog(recorder, "socket-console").feed(b"ready\n")

    instants = [(event.t, event.before, event.after) for event in log.events]
    assert instants == [(2.0, 0.375, 0.125), (3.0, 0.0, 0.0), (2.0, 0.375, 0.125)]


def test_a_late_timer_counts_for_ten_more_turns(pipe: tuple[Pipe, int]) -> None:
    clock = RigClock()
    clock.attach(pipe[0])
    late = clock.now() + 0.001
    clock.on_idle = lambda: busy(0.03) if clock.now() < late + 0.001 else None
    clock.call_at(late, lambda: None)
    clock.sleep(0.002)
    assert clock.bound >= 0.025
    clock.on_idle = lambda: None
    turns = 0
    while clock.bound >= 0.025 and turns < 50 * REMEMBERED_TURNS:  # a machine under load rings late again and again
        clock.sleep(0.006)
        turns += 1
    assert clock.bound < 0.025
