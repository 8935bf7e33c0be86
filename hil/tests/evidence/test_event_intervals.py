"""Intervals that must hold the true instant, whatever the phase of the sampling."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hil.evidence.documents import Event, Kind
from hil.evidence.event_intervals import (
    Interval,
    instant,
    power_came,
    power_lost,
    power_readings,
    voltage_lost,
    voltage_readings,
)
from hil.evidence.observations import EvidenceMissing

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


# --- at the bounds themselves ---------------------------------------------------------------------------------------


def test_by_how_long_one_instant_leads_another_holds_every_pair_of_them() -> None:
    found = Interval(5.0, 5.5).lead_of(Interval(3.0, 4.0))
    assert (found.low, found.high, found.began) == (1.0, 2.5, 3.0)
    behind = Interval(3.0, 4.0).lead_of(Interval(5.0, 5.5))
    assert (behind.low, behind.high, behind.began) == (-2.5, -1.0, 5.0)


def test_the_time_since_an_instant_holds_every_pair_of_them_and_counts_from_the_earliest() -> None:
    found = Interval(5.0, 5.5).since(Interval(3.0, 4.0))
    assert (found.low, found.high, found.began) == (1.0, 2.5, 3.0)
    assert Interval(3.5, 3.75).since(Interval(3.0, 4.0)).low == 0.0
    both = Interval(3.0, 3.5).since(Interval(3.5, 4.0))
    assert (both.low, both.high) == (0.0, 0.0)


def test_power_at_the_threshold_is_on_and_below_it_is_off() -> None:
    on = [reading(1.0, OFF_W, before=0.25), reading(2.0, math.nextafter(OFF_W, 0.0), after=0.125)]

    assert power_lost(on, after=0.0, off_w=OFF_W) == Interval(0.75, 2.125)
    assert power_came(on, after=0.5, off_w=OFF_W) == Interval(0.5, 1.0)
    assert math.isinf(power_came(on[1:], after=0.5, off_w=OFF_W).late)


def test_fifty_volts_are_live() -> None:
    seen = [Event(Kind.READING, t, "meter", {"voltage_V": value}) for t, value in ((1.0, 50.0), (2.0, 49.9))]
    assert voltage_lost(seen, 0.0) == Interval(1.0, 2.0)


def test_what_was_lost_before_the_instant_is_lost_at_it_and_no_earlier() -> None:
    events = [reading(1.0, 100.0), reading(2.0, 0.0, after=0.125), reading(9.0, 0.0)]
    assert power_lost(events, after=5.0, off_w=OFF_W) == Interval(5.0, 5.0)


def test_a_reading_at_the_very_instant_tells_nothing_of_what_was_lost_after_it() -> None:
    with pytest.raises(EvidenceMissing, match=r"no reading of power after 2\.000 s"):
        power_lost([reading(1.0, 100.0), reading(2.0, 0.0)], after=2.0, off_w=OFF_W)


def test_voltage_that_was_not_read_or_never_there_is_named() -> None:
    with pytest.raises(EvidenceMissing) as unread:
        voltage_lost([], 2.0)
    dead = [Event(Kind.READING, 3.0, "meter", {"voltage_V": 0.0})]
    with pytest.raises(EvidenceMissing) as never:
        voltage_lost(dead, 2.0)
    assert unread.value.what == "no reading of voltage after 2.000 s"
    assert never.value.what == "there was never any voltage"


def test_power_in_a_window_that_began_before_the_instant_does_not_count_unless_it_had_been_gone() -> None:
    before = [reading(1.0, 100.0), reading(2.1, 100.0), reading(2.2, 100.0, after=0.125)]
    assert power_came(before, after=2.0, off_w=OFF_W) == Interval(2.0, 2.325)
    gone = [reading(1.0, 100.0), reading(1.9, 0.0), reading(2.1, 100.0, after=0.125)]
    assert power_came(gone, after=2.0, off_w=OFF_W) == Interval(2.0, 2.225)
    first = [reading(2.1, 100.0, after=0.125)]
    assert power_came(first, after=2.0, off_w=OFF_W) == Interval(2.0, 2.225)


def test_power_came_no_earlier_than_the_window_of_the_last_reading_without_it() -> None:
    events = [reading(3.0, 0.0, before=0.5), reading(4.0, 100.0, after=0.125)]
    assert power_came(events, after=2.0, off_w=OFF_W) == Interval(2.5, 4.125)
    assert power_came(events, after=2.75, off_w=OFF_W) == Interval(2.75, 4.125)


def test_a_reading_at_the_very_instant_counts_for_power_that_comes() -> None:
    events = [reading(2.0, 0.0, before=0.0), reading(3.0, 100.0, before=0.0)]
    assert power_came(events[:1], after=2.0, off_w=OFF_W) == Interval(2.0, math.inf)
    assert power_came(events, after=2.0, off_w=OFF_W) == Interval(2.0, 3.0)


def test_readings_are_those_of_the_lab_meter_that_have_the_quantity() -> None:
    wanted = Event(Kind.READING, 1.0, "meter", {"power_W": 3, "voltage_V": 230})
    others = [
        Event(Kind.READING, 1.0, "socket", {"power_W": 3, "voltage_V": 230}),
        Event(Kind.FAULT, 1.0, "meter", {"power_W": 3, "voltage_V": 230}),
        Event(Kind.READING, 1.0, "meter", {"energy_Wh": 3}),
    ]
    assert power_readings([*others, wanted]) == [(wanted, 3.0)]
    assert voltage_readings([*others, wanted]) == [(wanted, 230.0)]


def test_a_window_that_begins_at_the_very_instant_tells_of_nothing_but_the_time_after() -> None:
    events = [reading(1.0, 100.0), reading(2.25, 100.0, before=0.25)]
    assert power_came(events, after=2.0, off_w=OFF_W) == Interval(2.0, 2.25)


def test_power_at_the_threshold_before_the_instant_was_not_gone() -> None:
    events = [reading(1.0, OFF_W), reading(2.125, 100.0, before=0.25)]
    assert power_came(events, after=2.0, off_w=OFF_W) == Interval(2.0, math.inf)
