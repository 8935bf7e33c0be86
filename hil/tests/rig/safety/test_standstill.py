"""What did not run while the devices did: found by the looks of a thread, told with its length and its end."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.clock import WallClock, suspended
from hil.rig.realtime import arrivals as module
from hil.rig.realtime.arrivals import LOOK_S, STOOD_STILL_S, Arrivals
from hil.rig.realtime.clock import RigClock
from hil.rig.safety.standstill import THE_BENCH, THE_MACHINE, THE_RUN, Standstill, standstills, told_standstills


class Looks:
    """Time, suspended time and epoll of a thread that looks once for each entry: how long it took, and what came."""

    def __init__(self, *looks: tuple[float, list[tuple[int, int]]], asleep: tuple[float, ...] = ()) -> None:
        self.t, self.looks, self.asleep = 10.0, list(looks), list(asleep)
        self.arrivals = Arrivals(lambda: self.t, lambda: self.asleep.pop(0) if self.asleep else 0.0)
        self.arrivals._epoll.close()
        self.arrivals._epoll = cast("Any", self)
        self.arrivals._work()

    def poll(self, seconds: float) -> list[tuple[int, int]]:
        took, events = self.looks.pop(0)
        self.t += took
        self.arrivals._ended = not self.looks
        return events

    def close(self) -> None:
        """There is nothing to close."""


LATE_S = st.floats(0.0, 5.0).filter(lambda seconds: abs(seconds - STOOD_STILL_S) > 1e-6)
"""How late a look is; the sum of instants is rounded, so at the limit itself either answer is right."""


@given(st.lists(LATE_S, min_size=1, max_size=10))
def test_each_look_that_is_too_late_is_a_time_in_which_the_process_did_not_run(late: list[float]) -> None:
    looks = Looks(*((LOOK_S + each, []) for each in late))

    told = [seconds for seconds, _ in looks.arrivals.stood_still]

    assert told == pytest.approx([each for each in late if each > STOOD_STILL_S], abs=1e-9)
    assert all(10.0 < until <= looks.t for _, until in looks.arrivals.stood_still)
    assert looks.arrivals.suspended == []


def test_what_came_while_the_process_was_stopped_may_have_come_at_any_time_since_the_last_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "waiting_bytes", lambda descriptor: 1)

    looks = Looks((2.0, [(7, 1)]))

    assert looks.arrivals.take(7) == (12.0, 12.0)
    assert looks.arrivals.lateness == pytest.approx(2.0)


def test_a_machine_that_was_suspended_is_told_by_the_clock_that_went_on() -> None:
    looks = Looks((LOOK_S, []), (LOOK_S, []), asleep=(100.0, 100.0, 160.0))

    assert looks.arrivals.suspended == [(60.0, looks.t)]
    assert looks.arrivals.stood_still == []


def test_this_machine_has_been_suspended_for_no_negative_time() -> None:
    assert suspended() >= -WallClock.bound


@pytest.fixture
def clock() -> Iterator[RigClock]:
    clock = RigClock()
    yield clock
    clock.close()


def test_what_stood_still_is_told_in_the_order_of_its_ends(clock: RigClock) -> None:
    clock.arrivals.stood_still.append((2.0, -3.0))
    clock.arrivals.suspended.append((60.0, -4.0))
    bench = SimpleNamespace(stood_still=lambda: [(0.5, 1000.0)])

    found = standstills(clock, cast("Any", bench))

    assert [each.who for each in found] == [THE_BENCH, THE_MACHINE, THE_RUN]
    assert found[0].until == pytest.approx(clock.now() - 1000.0, abs=1.0)
    assert found[2] == Standstill(THE_RUN, 2.0, -3.0)


def test_in_virtual_time_nothing_stands_still() -> None:
    assert standstills(WallClock(), None) == []


def test_the_longest_is_told_with_what_to_do_about_it() -> None:
    run, machine = Standstill(THE_RUN, 2.0, 5.6), Standstill(THE_MACHINE, 60.0, 7.25)

    assert told_standstills([run]) == (
        "the process of this run stood still for 2.0 s, until 5.600 s. It was stopped, or its machine was too busy;"
        " nothing is said about the device. Rerun."
    )
    assert told_standstills([run, machine]).startswith(
        "this machine was suspended for 60.0 s, until 7.250 s, the longest of 2 such times. Keep the machine awake;"
    )
