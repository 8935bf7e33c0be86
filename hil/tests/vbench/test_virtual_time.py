import math
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.vbench.virtual_time import Kernel

instants = st.floats(0, 1e6, allow_nan=False)


@given(st.lists(instants), instants)
def test_alarms_ring_at_exactly_their_instants_in_order_and_time_ends_at_until(dues: list[float], until: float) -> None:
    kernel = Kernel()
    rung: list[tuple[float, float]] = []

    def ring(due: float) -> None:
        rung.append((due, kernel.now))

    for due in dues:
        kernel.call_at(due, partial(ring, due))
    kernel.run_until(until)
    assert rung == [(due, due) for due in sorted(dues) if due <= until]
    assert kernel.now == until


def test_alarms_of_one_instant_ring_in_the_order_they_were_set() -> None:
    kernel = Kernel()
    rung: list[int] = []
    for number in range(20):
        kernel.call_at(1.0, partial(rung.append, number))
    kernel.run_until(1.0)
    assert rung == list(range(20))


def test_a_cancelled_alarm_never_rings_and_cancelling_twice_or_too_late_is_harmless() -> None:
    kernel = Kernel()
    rung: list[str] = []
    dropped = kernel.call_at(1.0, lambda: rung.append("dropped"))
    kept = kernel.call_at(2.0, lambda: rung.append("kept"))
    dropped.cancel()
    dropped.cancel()
    kernel.run_until(3.0)
    kept.cancel()
    assert rung == ["kept"]


def test_an_alarm_in_the_past_rings_at_the_present_instant() -> None:
    kernel = Kernel()
    kernel.run_until(5.0)
    rung: list[float] = []
    kernel.call_at(1.0, lambda: rung.append(kernel.now))
    kernel.run_until(5.0)
    assert rung == [5.0]


def test_stop_ends_the_run_right_after_the_event_and_the_next_run_goes_on_from_there() -> None:
    kernel = Kernel()
    rung: list[str] = []

    def first() -> None:
        rung.append("first")
        kernel.stop()

    kernel.call_at(1.0, first)
    kernel.call_at(1.0, lambda: rung.append("second"))
    kernel.run_until(9.0)
    assert (rung, kernel.now) == (["first"], 1.0)
    kernel.run_until(9.0)
    assert (rung, kernel.now) == (["first", "second"], 9.0)


def test_a_fault_stops_the_run_and_is_kept() -> None:
    kernel = Kernel()
    kernel.call_at(1.0, lambda: kernel.fail("socket", "broken"))
    kernel.run_until(2.0)
    assert (kernel.now, kernel.faults) == (1.0, [("socket", "broken")])


@pytest.mark.parametrize("until", [0.5, -1.0, math.nan, math.inf])
def test_time_neither_goes_back_nor_to_an_instant_that_is_none(until: float) -> None:
    kernel = Kernel()
    kernel.run_until(1.0)
    with pytest.raises(ValueError, match="present instant"):
        kernel.run_until(until)
