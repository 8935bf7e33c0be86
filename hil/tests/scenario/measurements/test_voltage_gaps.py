"""Whether the power was interrupted: windows, readings that skip them, and readings that repeat them."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hil.evidence.documents import Kind
from hil.evidence.observations import DeviceIdle, EvidenceMissing, Timed
from hil.scenario.measurements.voltage_gaps import SHORTEST_INTERRUPTION_S, longest_interruption
from hil.tests.scenario.sessions import Session
from hil.tests.scenario.timelines import Scene, Truth


def measured(off: tuple[float, float] | None, until: float = 8.0, watts: float = 1000.0, **options: float) -> Timed:
    """Measure an outlet that is live from 1 s on, but for one interruption, until two seconds before the end."""
    end = until - 2
    live = ((1.0, end),) if off is None else ((1.0, off[0]), (off[1], end))
    scene = Scene(Truth(live, watts), **options)  # type: ignore[arg-type]
    return longest_interruption(scene.run(until).observer, 0.0)


def fails(found: Timed) -> bool:
    return found.low > SHORTEST_INTERRUPTION_S


def passes(found: Timed) -> bool:
    return found.high <= SHORTEST_INTERRUPTION_S


@pytest.mark.parametrize("period", [0.1, 0.25, 0.5])
def test_power_that_flows_all_the_time_was_not_interrupted(period: float) -> None:
    assert passes(measured(None, period=period, phase=0.03))


@pytest.mark.parametrize("phase", [0.0, 0.013, 0.05, 0.099])
@pytest.mark.parametrize("watts", [0.0, 50.0, 1000.0])
def test_ninety_milliseconds_at_ten_hertz_are_found_and_measured(phase: float, watts: float) -> None:
    found = measured((3.02, 3.11), watts=watts, phase=phase)

    assert fails(found)
    assert found.low - 1e-9 <= 0.09 <= found.high + 1e-9
    assert found.high < 0.095  # of two windows it is not known that their spells touch


def test_three_seconds_between_readings_ten_seconds_apart_are_found_by_the_energy() -> None:
    found = measured((33.0, 36.0), until=80.0, read_every=10.0)

    assert fails(found)
    assert found.low <= 3.0 <= found.high
    assert found.high - found.low < 0.3


def test_readings_ten_seconds_apart_do_not_tell_that_nothing_was_interrupted() -> None:
    found = measured(None, until=80.0, read_every=10.0)
    assert not fails(found)
    assert not passes(found)


def test_an_unsteady_load_gives_no_lower_bound_between_readings() -> None:
    scene = Scene(Truth(((1.0, 33.0), (36.0, 78.0))), read_every=10.0)
    scene.write(34.0, Kind.LOAD, "load", {"power_W": 500.0})
    found = longest_interruption(scene.run(80.0).observer, 0.0)
    assert found.low == 0.0
    assert found.high >= 3.0


@pytest.mark.parametrize("period", [0.1, 0.25, 0.5])
def test_a_window_that_is_read_several_times_counts_once(period: float) -> None:
    found = measured((3.0, 4.13), period=period, phase=0.07)

    assert found.low - 1e-9 <= 1.13 <= found.high + 1e-9
    assert found.high - found.low <= 2 * period


def test_an_update_period_of_half_the_reading_period_does_not_hide_an_interruption() -> None:
    found = measured((3.052, 3.148), period=0.05)
    assert found.low - 1e-9 <= 0.096 <= found.high + 1e-9
    assert fails(found)


def test_what_is_shorter_than_a_cycle_is_no_interruption() -> None:
    assert passes(measured((3.02, 3.025)))


def test_an_outlet_that_goes_dead_for_good_was_not_interrupted() -> None:
    assert passes(measured(None, until=4.0))


def test_two_spells_do_not_add_up_if_there_was_voltage_between_them() -> None:
    scene = Scene(Truth(((1.0, 3.0), (3.3, 4.0), (4.2, 9.0))))
    found = longest_interruption(scene.run(10.0).observer, 0.0)
    assert found.low - 1e-9 <= 0.3 <= found.high + 1e-9
    assert found.high < 0.4


def test_without_any_voltage_an_idle_device_fails_and_a_silent_bench_does_not_decide() -> None:
    s = Session()
    idle = Scene(Truth())
    idle.from_cable(0.5, s.payment(1))
    with pytest.raises(DeviceIdle, match="never any voltage"):
        longest_interruption(idle.run(4.0).observer, 0.0)
    with pytest.raises(EvidenceMissing, match="never any voltage"):
        longest_interruption(Scene(metered=False).run(4.0).observer, 0.0)


@settings(max_examples=50)
@given(
    start=st.floats(2.5, 4.0),
    length=st.floats(0.0, 1.5),
    phase=st.floats(0.0, 0.0999),
    watts=st.sampled_from([0.0, 20.0, 1500.0]),
    period=st.sampled_from([0.05, 0.1, 0.25, 0.5]),
    volts_gain=st.floats(-0.0009, 0.0009),
)
@example(start=3.0, length=0.1, phase=0.0, watts=1500.0, period=0.1, volts_gain=0.0)
def test_the_true_length_of_one_interruption_lies_within_its_bounds(
    start: float, length: float, phase: float, watts: float, period: float, volts_gain: float
) -> None:
    found = measured((start, start + length), watts=watts, phase=phase, period=period, volts_gain=volts_gain)

    assert found.low - 1e-6 <= length <= found.high + 1e-6


@pytest.mark.parametrize("volts", [184.0, 115.0])
def test_mains_that_the_bench_lowers_for_a_moment_are_no_interruption_by_the_device(volts: float) -> None:
    scene = Scene(Truth(((1.0, 9.0),)))
    scene.fault(3.02, "mains", f"mains at {volts} V for 60 ms")
    scene.fault(3.08, "mains", "mains restored")
    scene.run(3.05)
    scene.meter.truth = Truth(((1.0, 9.0),), volts=volts)
    scene.run(3.15)
    scene.meter.truth = scene.truth
    found = longest_interruption(scene.run(10.0).observer, 0.0)
    assert not fails(found)


def test_one_live_window_amid_windows_of_a_voltage_that_is_dead_and_still_there_is_judged() -> None:
    observer = Scene(Truth(((1.0, 6.0),), 1000.0)).run(8.0).observer
    events = observer.recorder.events
    for index, event in enumerate(events):
        if event.kind is Kind.READING and 3.0 < event.t < 4.0 and not 3.45 < event.t < 3.55:
            events[index] = event._replace(data={**event.data, "voltage_V": 30.0})

    assert fails(longest_interruption(observer, 0.0))


CHATTER_S = 0.005
"""A limit for a contact that opens by itself, far below the time between two readings."""


def chattered(*gaps: float, watts: float = 1000.0) -> Timed:
    """Measure an outlet whose contact opens for 20 ms up to each of these instants."""
    live = tuple(zip((1.0, *gaps), (*(gap - 0.02 for gap in gaps), 6.0), strict=True))
    return longest_interruption(Scene(Truth(live, watts)).run(8.0).observer, 0.0)


@pytest.mark.parametrize("gaps", [(3.05,), (3.01,), (2.33, 3.44, 4.55)])
@pytest.mark.parametrize("watts", [0.0, 200.0, 1000.0])
def test_a_contact_that_opens_for_20_ms_between_two_readings_is_found(gaps: tuple[float, ...], watts: float) -> None:
    found = chattered(*gaps, watts=watts)
    assert found.low > CHATTER_S
    assert found.high < 0.022


def test_without_chatter_the_longest_interruption_is_known_to_a_millisecond() -> None:
    assert measured(None).high < 0.001


def test_a_sag_of_the_mains_under_a_load_of_constant_power_is_not_taken_for_chatter() -> None:
    sagging = Scene(Truth(((1.0, 6.0),), sag=(3.04, 3.12, 0.8)))
    found = longest_interruption(sagging.run(8.0).observer, 0.0)
    assert found.low <= CHATTER_S  # the power went on, so it cannot be a failure
    assert found.high > CHATTER_S  # the voltage did not, so it is no pass either


def test_a_mains_contactor_that_bounces_when_the_bench_closes_it_is_not_taken_for_chatter() -> None:
    scene = Scene(Truth(((1.0, 3.0), (3.48, 3.49), (3.51, 3.52), (3.53, 6.0))))
    scene.write(2.99, Kind.FAULT, "mains", {"what": "mains interrupted for 500 ms", "who": "bench"})
    scene.write(3.48, Kind.FAULT, "mains", {"what": "mains restored", "who": "bench"})
    assert longest_interruption(scene.run(8.0).observer, 0.0).low <= CHATTER_S
