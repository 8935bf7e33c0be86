"""What the lab meter says, by readings that are written down one by one: bounds, instants, and words."""

from __future__ import annotations

import dataclasses
import math

import pytest

from hil.errors import RigFault
from hil.evidence.documents import Kind
from hil.evidence.event_intervals import Interval
from hil.evidence.observations import EvidenceMissing
from hil.instruments import hmc8015
from hil.instruments.meter_limits import MakersLimits
from hil.ports import Reading
from hil.scenario.measurements import lab
from hil.scenario.measurements.windows import windows
from hil.tests.scenario.sessions import Session
from hil.tests.scenario.timelines import Scene
from hil.units import Ampere, Second, Volt, Watt, WattHour

S = Session()
BEFORE_S = 0.2


def shown(watts: float = 0.0, watt_hours: float = 0.0, volts: float = 230.0, amperes: float | None = None) -> Reading:
    flowing = watts / 230 if amperes is None else amperes
    return Reading(Volt(volts), Ampere(flowing), Watt(watts), WattHour(watt_hours), Second(0.0))


def read(*readings: tuple[float, Reading], limits: MakersLimits = hmc8015.LIMITS) -> Scene:
    """A meter of ten windows a second shows these, each telling of the 0.2 s before it at most; it is 20 s now."""
    scene = Scene(metered=False, limits=limits)
    for second, each in readings:
        data = {"voltage_V": each.voltage, "current_A": each.current, "power_W": each.power, "energy_Wh": each.energy}
        scene.write(second, Kind.READING, "meter", data, before=BEFORE_S)
    return scene.run(20.0)


def limits_of(found: Interval | None) -> tuple[float, float]:
    assert found is not None
    return found.early, found.late


# --- waiting ---------------------------------------------------------------------------------------------------------


def test_a_reading_that_begins_at_the_instant_is_enough_and_one_that_begins_before_is_not() -> None:
    scene = read((1.0, shown()), (2.0, shown()), (5.0, shown()))
    lab.watch_past(scene.observer, 4.8)
    assert scene.clock.now() == 20.0
    scene.write(23.0, Kind.READING, "meter", {"power_W": 0.0}, before=BEFORE_S)
    lab.watch_past(scene.observer, 4.81)
    assert scene.clock.now() == 23.0


def test_how_far_back_a_reading_tells_is_its_own_and_not_that_of_another() -> None:
    scene = Scene(metered=False)
    for second, before in ((1.0, 0.9), (4.0, 0.0), (5.0, 0.5)):
        scene.write(second, Kind.READING, "meter", {"power_W": 0.0}, before=before)
    scene.run(6.0)
    lab.watch_past(scene.observer, 4.5)
    assert scene.clock.now() == 6.0
    scene.write(7.0, Kind.READING, "meter", {"power_W": 0.0}, before=0.0)
    lab.watch_past(scene.observer, 4.6)
    assert scene.clock.now() == 7.0


def test_readings_that_do_not_come_within_half_a_minute_are_the_meters_fault() -> None:
    scene = Scene(metered=False)
    with pytest.raises(RigFault, match="the lab meter's readings") as caught:
        lab.watch_past(scene.observer, 1.0)
    assert caught.value.place == "meter"
    assert scene.clock.now() == 30.0


def paid(second: float | None, until: float) -> Scene:
    scene = Scene(metered=False)
    scene.from_socket(0.2, S.offer())
    if second is not None:
        scene.from_cable(second - 0.1, S.payment(1))
        scene.from_socket(second, S.receipt(1))
    return scene.run(until)


def test_an_acceptance_is_watched_for_two_seconds_beyond_its_limit_and_not_once_that_is_over() -> None:
    for until, end in ((2.0, 6.5), (4.5, 6.5), (4.75, 4.75)):
        scene = paid(None, until)
        found = lab.first_acceptance(scene.observer, Interval(1.0, 1.5), 3.0)
        assert (found.low, found.high, found.began) == (end - 1.5, math.inf, 1.0)
        assert scene.clock.now() == end


def test_an_acceptance_that_comes_while_it_is_watched_for_counts() -> None:
    found = lab.first_acceptance(paid(5.0, 2.0).observer, Interval(1.0, 1.5), 3.0)
    assert (found.low, found.high, found.began) == (3.5, 4.0, 1.0)


def test_an_acceptance_that_has_passed_is_not_watched_for() -> None:
    scene = paid(2.0, 3.0)
    assert lab.first_acceptance(scene.observer, Interval(1.0, 1.5), 3.0).high == 1.0
    assert scene.clock.now() == 3.0


# --- energy ----------------------------------------------------------------------------------------------------------


def test_energy_delivered_covers_from_the_window_of_the_first_reading_to_the_last() -> None:
    scene = read((5.0, shown(1000.0, 1.0)), (9.0, shown(0.0, 2.0)))
    found = lab.delivered(scene.observer)
    assert found.covers == (5.0 - BEFORE_S, 9.0)
    assert found.budget is not None
    assert (found.low, found.high) == found.budget.bounds(2.0)
    assert lab.delivered(read((0.1, shown())).observer).covers == (0.0, 0.1)


def test_power_in_the_last_reading_may_have_flowed_until_now() -> None:
    found = lab.delivered(read((5.0, shown(1000.0, 1.0))).observer)
    assert found.budget is not None
    assert found.budget.part("sampling") == pytest.approx(1000 * (15.0 + BEFORE_S) / 3600 / 2)


def test_energy_beyond_what_was_paid_is_the_energy_less_that() -> None:
    observer = read((5.0, shown(1000.0, 1.0)), (9.0, shown(0.0, 2.0))).observer
    all_of_it, beyond = lab.delivered(observer), lab.delivered_beyond(observer, 1.5)
    assert (beyond.low, beyond.high) == (all_of_it.low - 1.5, all_of_it.high - 1.5)


def counting() -> Scene:
    """1, 2, … Wh at these seconds, at 1 kW."""
    return read(*((float(second), shown(1000.0, float(second))) for second in range(1, 7)))


def test_energy_at_an_instant_is_that_of_the_reading_at_its_beginning_and_of_the_one_that_begins_at_its_end() -> None:
    found = lab.metered_at(counting().observer, Interval(2.0, 2.8))
    assert found.low == pytest.approx(2.0, abs=0.02)
    assert found.high == pytest.approx(3.0, abs=0.02)
    later = lab.metered_at(counting().observer, Interval(2.99, 3.81))
    assert later.low == pytest.approx(2.0, abs=0.02)
    assert later.high == pytest.approx(5.0, abs=0.02)


@pytest.mark.parametrize("when", [Interval(0.5, 3.0), Interval(3.0, 5.9), Interval(0.123, 7.0)])
def test_an_instant_without_a_reading_before_it_or_after_it_is_told_in_these_words(when: Interval) -> None:
    with pytest.raises(EvidenceMissing) as caught:
        lab.metered_at(counting().observer, when)
    assert caught.value.what == f"no reading of the lab meter before and after {when.early:.3f} s"


# --- when voltage came -----------------------------------------------------------------------------------------------


def came(*volts: float, begin: float = 1.0, limits: MakersLimits = hmc8015.LIMITS) -> tuple[float, float]:
    """Return when voltage came, of readings each tenth of a second that show so many volts."""
    steps = [(round(begin + number / 10, 1), shown(volts=each)) for number, each in enumerate(volts)]
    return limits_of(lab.live_since(read(*steps, limits=limits).observer))


def u_volts(volts: float, limits: MakersLimits = hmc8015.LIMITS) -> float:
    return Scene(metered=False, limits=limits).meter.voltage_budget(shown(volts=volts)).expanded


def test_voltage_came_within_its_first_window_by_the_square_of_its_share_of_the_next() -> None:
    u = u_volts(230.0)
    early, late = came(0, 0, 0, 0, 0, 100, 230, 231)
    assert early == pytest.approx(1.4 - 0.1 * ((100 + u) / (230 - u)) ** 2, abs=1e-9)
    assert late == pytest.approx(1.5 - 0.1 * ((100 - u) / (230 + u)) ** 2, abs=1e-9)


def test_a_first_window_with_full_voltage_may_have_been_live_as_a_whole_and_no_longer() -> None:
    u = u_volts(230.0)
    early, late = came(0, 0, 0, 0, 0, 230, 230)
    assert early == pytest.approx(1.3, abs=1e-9)
    assert late == pytest.approx(1.5 - 0.1 * ((230 - u) / (230 + u)) ** 2, abs=1e-9)
    assert came(0, 0, 0, 0, 0, 240, 230) == pytest.approx((1.3, 1.4))


@pytest.mark.parametrize("after", [(), (49.9,), (0.0,)])
def test_without_full_voltage_in_the_next_window_it_came_anywhere_in_the_first(after: tuple[float, ...]) -> None:
    assert came(0, 0, 0, 0, 0, 30, *after) == pytest.approx((1.3, 1.5))


def test_a_stamp_that_may_be_in_error_widens_on_either_side_when_voltage_came() -> None:
    scene = Scene(metered=False, bound=0.01)
    for second, volts in ((1.3, 0.0), (1.4, 0.0), (1.5, 30.0)):
        data = {"voltage_V": volts, "current_A": 0.0, "power_W": 0.0, "energy_Wh": 0.0}
        scene.write(second, Kind.READING, "meter", data, before=BEFORE_S)
    assert limits_of(lab.live_since(scene.run(2.0).observer)) == pytest.approx((1.29, 1.51))


def test_fifty_volts_in_the_next_window_are_full_voltage() -> None:
    u = u_volts(50.0)
    early, late = came(0, 0, 0, 0, 0, 30, 50)
    assert early == pytest.approx(1.4 - 0.1 * ((30 + u) / (50 - u)) ** 2, abs=1e-9)
    assert late == pytest.approx(1.5 - 0.1 * ((30 - u) / (50 + u)) ** 2, abs=1e-9)


def test_a_meter_that_cannot_tell_a_trace_from_nothing_does_not_tell_that_any_of_the_window_was_live() -> None:
    coarse = dataclasses.replace(hmc8015.LIMITS.voltage, of_reading=0.0, of_range=0.02)
    limits = dataclasses.replace(hmc8015.LIMITS, voltage=coarse)
    u = u_volts(230.0, limits)
    assert u > 6
    early, late = came(0, 0, 0, 0, 0, 6, 230, limits=limits)
    assert early == pytest.approx(1.4 - 0.1 * ((6 + u) / (230 - u)) ** 2, abs=1e-9)
    assert late == pytest.approx(1.5, abs=1e-12)


def test_five_volts_are_a_trace_of_voltage_and_less_is_none() -> None:
    assert came(0, 0, 0, 4.9, 5.0, 4.9)[1] == pytest.approx(1.4)
    assert lab.live_since(read((1.0, shown(volts=4.9))).observer) is None


def test_voltage_in_the_first_reading_may_have_come_at_any_time_before() -> None:
    early, late = came(115, 230, 230)
    assert early == 0.0
    assert 0.9 < late < 1.0


@pytest.mark.parametrize(
    ("dead", "early"), [((1.0,), 0.9), ((1.0, 1.1), 1.0), ((1.2, 1.3), 1.2), ((1.0, 1.2), 1.1), ((1.3, 1.4), 1.3)]
)
def test_voltage_may_have_come_in_a_window_that_nobody_read(dead: tuple[float, ...], early: float) -> None:
    live = ((1.5, shown(volts=230.0)), (1.6, shown(volts=230.0)))
    scene = read(*((second, shown(volts=0.0)) for second in dead), *live)
    assert limits_of(lab.live_since(scene.observer))[0] == pytest.approx(early)


def test_a_window_of_a_meter_whose_updates_were_observed_may_be_as_short_as_was_seen() -> None:
    told = {"stated_s": 0.2, "update_period_s": 0.1, "at_least_s": 0.08, "at_most_s": 0.1}
    scene = Scene(metered=False)
    scene.write(0.5, Kind.READING, "meter updates", told)
    u = u_volts(230.0)
    for second, volts in ((1.3, 0.0), (1.4, 0.0), (1.5, 100.0), (1.6, 230.0)):
        data = {"voltage_V": volts, "current_A": 0.0, "power_W": 0.0, "energy_Wh": 0.0}
        scene.write(second, Kind.READING, "meter", data, before=BEFORE_S)
    early, late = limits_of(lab.live_since(scene.run(2.0).observer))
    assert early == pytest.approx(1.5 - BEFORE_S + 0.08 - 0.08 * ((100 + u) / (230 - u)) ** 2, abs=1e-9)
    assert late == pytest.approx(1.5 - 0.08 * ((100 - u) / (230 + u)) ** 2, abs=1e-9)


def test_without_a_reading_nothing_is_known_of_voltage_and_power() -> None:
    for ask in (lab.live_since, lab.highest_power):
        with pytest.raises(EvidenceMissing, match=r"^no reading of the lab meter$"):
            ask(Scene(metered=False).observer)


# --- the highest power -----------------------------------------------------------------------------------------------


def u_watts(reading: Reading) -> float:
    return Scene(metered=False).meter.power_budget(reading).expanded


def test_the_highest_power_is_bounded_by_the_readings_that_reach_furthest_each_for_its_own_bound() -> None:
    # much current that does no work makes a reading uncertain
    sure, unsure = shown(1000.0, amperes=1000 / 230), shown(999.0, amperes=15.0)
    least = shown(900.0)
    for readings in ((sure, unsure, least), (unsure, sure, least), (least, unsure, sure)):
        scene = read(*((round(1 + number / 10, 1), each) for number, each in enumerate(readings)))
        found = lab.highest_power(scene.observer)
        assert found.low == pytest.approx(1000 - u_watts(sure))
        assert found.high == pytest.approx(999 + u_watts(unsure))
        assert found.high > 1000 + u_watts(sure)
        assert found.covers == pytest.approx((0.8, 1.2))
        assert found.budget is not None
        assert found.budget.expanded == pytest.approx(u_watts(unsure))


def test_energy_tells_of_power_between_two_readings_only_if_a_window_was_not_read() -> None:
    adjacent = read((1.0, shown(100.0, 0.0)), (1.1, shown(101.0, 1.0)))
    assert lab.highest_power(adjacent.observer).high == pytest.approx(101 + u_watts(shown(101.0)))
    apart = read((1.0, shown(100.0, 0.0)), (1.2, shown(101.0, 1.0)))
    found, mean = lab.highest_power(apart.observer), lab.between(apart.observer, *windows(apart.observer))
    assert (found.low, found.high) == (mean.low, mean.high)
    assert mean.low <= 18_000 <= mean.high


def test_a_mean_below_the_readings_changes_nothing() -> None:
    scene = read((1.0, shown(100.0, 0.0)), (3.0, shown(101.0, 0.001)))
    found = lab.highest_power(scene.observer)
    assert found.low == pytest.approx(101 - u_watts(shown(101.0)))
    assert found.high == pytest.approx(101 + u_watts(shown(101.0)))


def mean(earlier: Reading, later: Reading, apart: float) -> tuple[float, float]:
    scene = read((2.0, earlier), (2.0 + apart, later))
    found = lab.between(scene.observer, *windows(scene.observer))
    return found.low, found.high


def u_mean(reading: Reading, last_wh: float, seconds: float) -> float:
    meter = Scene(metered=False).meter
    apparent = reading.voltage * reading.current
    digit = meter.energy_budget(WattHour(last_wh), Second(0.0), 0.0).part("resolution")
    return meter.energy_budget(WattHour(reading.power), Second(3600.0), apparent).expanded + 2 * digit * 3600 / seconds


@pytest.mark.parametrize("swapped", [False, True])
def test_a_mean_power_is_energy_by_time_with_the_uncertainty_of_the_less_certain_reading(swapped: bool) -> None:
    wh = 500 / 3600
    earlier, later = shown(1000.0, 0.0, amperes=12.0), shown(100.0, wh)
    u = u_mean(earlier, wh, 1.0)
    if swapped:
        earlier, later = shown(100.0, 0.0), shown(1000.0, wh, amperes=12.0)
    assert mean(earlier, later, 1.0) == pytest.approx((500 - u, 500 + u))


def test_between_two_points_of_the_grid_the_time_is_one_update_more_or_less() -> None:
    wh = 550 / 3600
    u = u_mean(shown(500.0), wh, 1.0)
    assert mean(shown(500.0), shown(500.0, wh), 1.05) == pytest.approx((500 - u, 550 + u))


def test_energy_that_falls_is_a_negative_mean_with_its_bounds_in_order() -> None:
    u = u_mean(shown(0.0), 1.0, 1.0)
    found = mean(shown(0.0, 1.0 + 11 / 3600), shown(0.0, 1.0), 1.05)
    assert found == pytest.approx((-11 - u, -10 + u))


def test_one_update_is_the_least_time_between_two_windows() -> None:
    wh = 50 / 3600
    u = u_mean(shown(500.0), wh, 0.1)
    assert mean(shown(500.0), shown(500.0, wh), 0.1) == pytest.approx((500 - u, 500 + u))


def test_the_last_digit_of_the_energy_counts_twice_and_less_the_longer_the_time() -> None:
    wh, joules = 100_000.0, 2 * 500.0
    u = u_mean(shown(500.0), wh, 2.0)
    found = mean(shown(500.0, wh - joules / 3600), shown(500.0, wh), 2.0)
    assert found == pytest.approx((500 - u, 500 + u), rel=1e-6, abs=0.0)
    assert u == pytest.approx(2 * 0.05 * 3600 / 2, rel=0.02)
