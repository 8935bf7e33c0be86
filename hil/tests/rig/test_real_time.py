from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from hil.clock import WallClock, stopwatch
from hil.rig.real_time import REMEMBERED_TURNS, RigClock


@dataclass
class Pipe:
    """A line; notes the clock's bound when something is read from it."""

    end: int
    clock: WallClock | None = None
    bound: float = 0.0

    def fileno(self) -> int:
        return self.end

    def on_readable(self) -> None:
        os.read(self.end, 100)
        self.bound = self.clock.bound if self.clock is not None else 0.0


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


def test_a_byte_that_waited_while_the_rig_was_busy_is_stamped_with_that_time_as_bound(pipe: tuple[Pipe, int]) -> None:
    clock = RigClock()
    line, end = pipe
    line.clock = clock
    clock.attach(line)
    os.write(end, b"x")
    busy(0.05)
    clock.sleep(0.001)
    assert line.bound >= 0.05
    assert clock.bound < 0.05


def test_a_late_timer_counts_for_ten_more_turns(pipe: tuple[Pipe, int]) -> None:
    clock = RigClock()
    clock.attach(pipe[0])
    late = clock.now() + 0.001
    clock.meanwhile = lambda: busy(0.03) if clock.now() < late + 0.001 else None
    clock.call_at(late, lambda: None)
    clock.sleep(0.002)
    assert clock.bound >= 0.025
    clock.meanwhile = lambda: None
    for _ in range(REMEMBERED_TURNS + 5):
        clock.sleep(0.006)
    assert clock.bound < 0.025
