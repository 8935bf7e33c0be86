"""Intervals that must hold the true instant, whatever the phase of the sampling."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hil.evidence.documents import Event, Kind
from hil.evidence.observations import EvidenceMissing
from hil.evidence.timing import (
    Interval,
    instant,
    power_came,
    power_lost,
    voltage_lost,
)

PERIOD = 0.1
"""The lab meter averages over one update period, and a value may be one more period old when it is read."""

OFF_W = 3.1
"""Below this power counts as off."""

BOUND = 0.003
"""Half-width of the clock's error."""

powers = st.floats(2 * OFF_W, 3000)
instants = st.floats(1.0, 4.0)
phases = st.floats(0, PERIOD)


def reading(t: float, power: float, *, before: float = 2 * PERIOD, after: float = 0.0) -> Event:
    return Event(Kind.READING, t, "meter", {"power_W": power}, before=before, after=after)


def average(on: float, off: float, power: float, start: float, end: float) -> float:
    """Mean power from ``start`` to ``end`` of a load that draws ``power`` from ``on`` to ``off``."""
    return power * max(0.0, min(off, end) - max(on, start)) / (end - start)


def sampled(true_power: Callable[[float, float], float], updates: float, reads: float, error: float) -> list[Event]:
    """Read a meter whose updates end at ``updates`` + n periods, at ``reads`` + n periods, with a clock in error."""
    events = []
    for number in range(60):
        read = reads + number * PERIOD
        age = (read - updates) % PERIOD
        end = read - age
        events.append(reading(read + error, true_power(end - PERIOD, end), before=2 * PERIOD + BOUND, after=BOUND))
    return events


@given(instants, powers, phases, phases, st.floats(-BOUND, BOUND))
def test_power_lost_holds_the_true_instant_for_every_phase_of_the_sampling(
    off: float, power: float, updates: float, reads: float, error: float
) -> None:
    events = sampled(lambda start, end: average(0.0, off, power, start, end), updates, reads, error)

    found = power_lost(events, after=0.5, off_w=OFF_W)

    assert found.early - 1e-9 <= off <= found.late + 1e-9
    assert found.late - found.early <= 3 * PERIOD + 2 * BOUND + 1e-9


@given(instants, powers, phases, phases, st.floats(-BOUND, BOUND))
def test_power_came_holds_the_true_instant_for_every_phase_of_the_sampling(
    on: float, power: float, updates: float, reads: float, error: float
) -> None:
    events = sampled(lambda start, end: average(on, 100.0, power, start, end), updates, reads, error)

    found = power_came(events, after=0.5, off_w=OFF_W)

    assert found.early - 1e-9 <= on <= found.late + 1e-9
    assert found.late - found.early <= 3 * PERIOD + 2 * BOUND + 1e-9


@given(instants, st.floats(0, 2), powers, phases, phases)
def test_the_time_from_a_cause_to_the_loss_of_power_is_held_by_the_difference(
    cause: float, latency: float, power: float, updates: float, reads: float
) -> None:
    assume(cause + latency < 4.5)
    events = sampled(lambda start, end: average(0.0, cause + latency, power, start, end), updates, reads, 0.0)

    found = power_lost(events, after=cause, off_w=OFF_W).since(Interval(cause, cause))

    assert found.low - 1e-9 <= latency <= found.high + 1e-9


@given(st.floats(0, 10), st.floats(0, 1), st.floats(0, 10), st.floats(0, 1))
def test_a_difference_of_instants_is_never_negative_at_its_early_end(
    start: float, width: float, end: float, other: float
) -> None:
    found = Interval(end, end + other).since(Interval(start, start + width))

    assert 0.0 <= found.low <= found.high


def test_the_last_loss_counts_if_power_was_lost_twice() -> None:
    events = [reading(t / 10, power) for t, power in enumerate([100, 100, 0, 100, 100, 0, 0], 1)]

    found = power_lost(events, after=0.0, off_w=OFF_W)

    assert (found.early, found.late) == pytest.approx((0.3, 0.6))


def test_power_that_was_on_before_is_there_at_the_first_reading() -> None:
    events = [reading(1.0, 100.0), reading(2.0, 100.0)]

    assert power_came(events, after=1.5, off_w=OFF_W) == Interval(1.5, 2.0)


def test_an_instant_has_the_bounds_of_its_event() -> None:
    assert instant(reading(1.0, 0.0, before=0.2, after=0.1)) == Interval(0.8, 1.1)


@pytest.mark.parametrize(
    ("events", "why"),
    [
        ([], "no reading of power after 2.000 s"),
        ([reading(1.0, 100.0)], "no reading of power after 2.000 s"),
        ([reading(1.0, 0.0), reading(3.0, 0.0)], "there was never any power"),
    ],
)
def test_power_lost_says_which_evidence_is_missing(events: list[Event], why: str) -> None:
    with pytest.raises(EvidenceMissing) as caught:
        power_lost(events, after=2.0, off_w=OFF_W)

    assert caught.value.what == why


def test_power_that_still_flows_was_not_lost_until_the_window_of_the_last_reading() -> None:
    found = power_lost([reading(1.0, 100.0), reading(4.5, 100.0)], after=2.0, off_w=OFF_W)

    assert found.early == pytest.approx(4.3)
    assert math.isinf(found.late)
    assert found.since(Interval(2.0, 2.1)).low == pytest.approx(2.2)


def test_power_that_never_flowed_had_not_come_until_the_window_of_the_last_reading() -> None:
    found = power_came([reading(1.0, 0.0), reading(3.0, 0.0), reading(22.0, 0.0)], after=2.0, off_w=OFF_W)

    assert found.early == pytest.approx(21.8)
    assert math.isinf(found.late)


@pytest.mark.parametrize("events", [[], [reading(1.0, 100.0)]])
def test_power_came_says_that_nothing_was_read(events: list[Event]) -> None:
    with pytest.raises(EvidenceMissing, match=r"no reading of power after 2\.000 s"):
        power_came(events, after=2.0, off_w=OFF_W)


def test_readings_of_other_quantities_are_left_out() -> None:
    events = [
        reading(1.0, 100.0),
        Event(Kind.READING, 1.05, "socket", {"credit_Wh": 1.0}),
        reading(1.1, 0.0),
        Event(Kind.RELAY, 1.2, "K1", {"closed": False}),
    ]

    found = power_lost(events, after=0.0, off_w=OFF_W)

    assert (found.early, found.late) == pytest.approx((0.8, 1.1))


def test_voltage_is_lost_at_the_first_reading_below_fifty_volts() -> None:
    values = [(1.0, 230.0), (1.1, 229.9), (1.2, 72.0), (1.3, 0.0)]
    seen = [Event(Kind.READING, t, "meter", {"voltage_V": value}, before=0.2) for t, value in values]
    found = voltage_lost(seen, 0.0)
    assert (found.early, found.late) == (1.0, 1.3)
    still = voltage_lost(seen[:3], 0.0)
    assert still.early == pytest.approx(1.0)
    assert math.isinf(still.late)
