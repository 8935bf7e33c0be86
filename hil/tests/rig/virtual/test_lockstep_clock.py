"""The clock over a virtual bench: what it does beyond every clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import RigFault
from hil.rig.virtual.lockstep_clock import LockstepClock
from hil.tests.far_bench import Far, NearLine


def test_virtual_time_moves_only_while_somebody_waits_and_then_exactly() -> None:
    clock = LockstepClock(Far())
    assert clock.now() == 0.0

    clock.sleep(110.8)

    assert clock.now() == 110.8
    assert clock.bound == 0.0


def test_bytes_are_handed_over_in_the_instant_in_which_they_were_sent() -> None:
    far = Far({"link": [(1.5, b"hello"), (2.25, b"again"), (2.25, b"!")]})
    clock = LockstepClock(far)
    line = NearLine("link", far, clock, lambda data: None)
    clock.attach(line)

    clock.sleep(10.0)

    assert line.arrivals == [(1.5, b"hello"), (2.25, b"again!")]


def test_a_listener_that_answers_is_heard_before_time_goes_on() -> None:
    far = Far({"link": [(1.5, b"question")]})
    clock = LockstepClock(far)

    def answer(data: bytes) -> None:
        line.bytes_sent += 7

    line = NearLine("link", far, clock, answer)
    clock.attach(line)
    clock.sleep(3.0)

    assert far.now == 3.0
    assert [received.get("link", 0) for _, received in far.asked] == [0, 7]


def test_a_wait_ends_with_the_bytes_that_fulfil_it() -> None:
    far = Far({"link": [(1.5, b"payment")]})
    clock = LockstepClock(far)
    line = NearLine("link", far, clock, lambda data: None)
    clock.attach(line)

    clock.wait_for(lambda: line.arrivals, timeout=100.0, what="bytes")

    assert clock.now() == 1.5


def test_a_reset_begins_at_zero_without_timers_and_lines() -> None:
    far = Far({"link": [(0.5, b"old")]})
    clock = LockstepClock(far)
    line = NearLine("link", far, clock, lambda data: None)
    clock.attach(line)
    ran: list[str] = []
    clock.call_at(2.0, lambda: ran.append("old"))
    clock.sleep(1.0)

    clock.reset()
    far.now = 0.0
    assert clock.now() == 0.0
    clock.sleep(5.0)

    assert ran == []
    assert far.asked[-1] == (5.0, {})


@given(st.lists(st.floats(0, 50), max_size=20), st.floats(0, 50))
def test_virtual_timers_run_exactly_when_due_in_order_and_none_too_early(dues: list[float], end: float) -> None:
    clock = LockstepClock(Far())
    ran: list[tuple[float, float]] = []
    for due in dues:
        clock.call_at(due, lambda due=due: ran.append((due, clock.now())))  # type: ignore[misc]  # as above

    clock.sleep(end)

    assert [due for due, _ in ran] == sorted(due for due in dues if due <= end)
    assert all(due == at for due, at in ran)


class LostBench(Far):
    """A bench that is gone when its answer is awaited."""

    def advance(
        self, until: float, received: Mapping[str, int], on_idle: Callable[[], None]
    ) -> tuple[float, Mapping[str, int]]:
        on_idle()
        raise RigFault("the bench is gone")


def test_an_interrupt_while_the_bench_has_its_turn_is_raised_when_the_clock_knows_the_instant() -> None:
    clock = LockstepClock(Far())
    clock.on_idle = interrupted
    with pytest.raises(KeyboardInterrupt):
        clock.sleep(2.0)

    assert clock.now() == 2.0


def test_an_interrupt_is_not_lost_when_the_bench_is() -> None:
    clock = LockstepClock(LostBench())
    clock.on_idle = interrupted
    with pytest.raises(KeyboardInterrupt) as caught:
        clock.sleep(2.0)

    assert isinstance(caught.value.__context__, RigFault)


def interrupted() -> None:
    raise KeyboardInterrupt
