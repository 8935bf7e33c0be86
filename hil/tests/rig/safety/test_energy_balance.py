"""Energy and power of one meter: no false alarm inside its data sheet, and an alarm when one of them is made up."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.ports import Reading
from hil.rig.safety.energy_balance import EnergyBalance
from hil.units import Ampere, Second, Volt, Watt, WattHour

ZERO_W = 6.4
"""Twice what counts as no power: what :class:`hil.rig.safety.meter_plausibility.MeterWatch` allows."""


class Meter:
    """Integrates what it is told flows, with errors; shows the mean of each update."""

    def __init__(self, period: float, gain: float, offset: float, *, resolution: float, seed: int) -> None:
        self.period = period
        self._gain, self._offset, self._resolution = gain, offset, resolution
        self._noise = random.Random(seed)  # noqa: S311 - repeatable
        self._wh = self._time = 0.0
        self.power = 0.0

    def update(self, powers: list[float]) -> None:
        """Take one update period, in which these powers flowed one after the other for equal times."""
        steady = sum(powers) / len(powers) * (1 + self._gain) + self._offset
        self._wh += steady * self.period / 3600
        self._time += self.period
        self.power = round(steady + self._noise.uniform(-0.3, 0.3), 1)

    def read(self) -> Reading:
        integrated = self._time // self._resolution * self._resolution if self._resolution else self._time
        energy = WattHour(float(f"{self._wh:.5e}"))
        return Reading(Volt(230.0), Ampere(abs(self.power) / 230), Watt(self.power), energy, Second(integrated))


def told(meter: Meter, profile: list[list[float]], every: int, *, timed: bool) -> str:
    """Return what a balance finds that sees every so many updates of ``profile``."""
    balance = EnergyBalance(meter.period, 4000.0, ZERO_W, timed=timed)
    for number, powers in enumerate(profile):
        meter.update(powers)
        if number % every == 0 and (wrong := balance.check(meter.read(), number * meter.period)):
            return wrong
    return ""


loads = st.sampled_from([0.0, 5.0, 100.0, 1300.0, 1800.0])
bouncing = st.lists(loads, min_size=1, max_size=6)
profiles = st.lists(st.tuples(bouncing, st.integers(1, 60)), min_size=1, max_size=8)


@settings(max_examples=200)
@given(
    profiles,
    st.sampled_from([0.05, 0.1, 0.25, 0.5]),
    st.sampled_from([-0.002, 0.0, 0.002]),
    st.sampled_from([-1.5, 0.0, 1.5]),
    st.sampled_from([0.0, 1.0]),
    st.integers(0, 1000),
)
def test_steps_dips_and_bounces_are_no_contradiction_whatever_the_errors_inside_the_data_sheet(
    profile: list[tuple[list[float], int]], period: float, gain: float, offset: float, resolution: float, seed: int
) -> None:
    meter = Meter(period, gain, offset, resolution=resolution, seed=seed)
    updates = [each for powers, times in profile for each in [powers, *[[powers[-1]]] * times]]
    assert told(meter, updates, 1, timed=resolution == 0.0) == ""


@given(profiles, st.integers(2, 100))
def test_updates_that_nobody_read_are_no_contradiction(profile: list[tuple[list[float], int]], every: int) -> None:
    meter = Meter(0.1, 0.001, 1.5, resolution=0.0, seed=1)
    assert told(meter, [powers for powers, times in profile for _ in range(times)], every, timed=True) == ""


@pytest.mark.parametrize("timed", [True, False])
@pytest.mark.parametrize("watts", [100.0, 1300.0])
@pytest.mark.parametrize("lie", ["no power", "energy stands", "half the power"])
def test_power_and_energy_that_contradict_each_other_are_found(timed: bool, watts: float, lie: str) -> None:
    meter = Meter(0.1, 0.0, 0.0, resolution=0.0 if timed else 1.0, seed=1)
    balance = EnergyBalance(0.1, 4000.0, ZERO_W, timed=timed)
    found = ""
    for number in range(300):
        meter.update([watts])
        true = meter.read()
        power = {"no power": 0.0, "half the power": true.power / 2}.get(lie, true.power)
        energy = 1.0 if lie == "energy stands" else true.energy
        shown = Reading(true.voltage, true.current, Watt(power), WattHour(energy), true.integrated)
        found = found or balance.check(shown, number * 0.1)
    assert "its energy grew by" in found


# --- what the margin consists of ------------------------------------------------------------------------------------
# In these a watt is big and an update takes a second, so that each part of the margin stands in the words.


def shown(second: float, watts: float, watt_hours: float) -> Reading:
    return Reading(Volt(230.0), Ampere(1.0), Watt(watts), WattHour(watt_hours), Second(second))


def last_word(
    *readings: tuple[float, float, float], highest: float = 0.0, zero: float = 0.0, timed: bool = True
) -> str:
    """Return what is found at the last of these readings (second, W, Wh); the ones before must be right."""
    balance = EnergyBalance(1.0, highest, zero, timed=timed)
    words = [balance.check(shown(*each), each[0]) for each in readings]
    assert not any(words[:-1])
    return words[-1]


def steady(seconds: int, since: int = 0) -> list[tuple[float, float, float]]:
    """1 Wh each second, as power and energy."""
    return [(float(each), 3600.0, float(each)) for each in range(since, seconds + 1)]


def test_the_margin_is_a_hundredth_of_the_energy_and_four_updates_of_the_largest_power() -> None:
    found = last_word(*steady(9), (10.0, 3600.0, 20.0))
    assert found == "its energy grew by 20.000 Wh in 10.0 s, and its power makes it 5.899 to 14.101 Wh"


def test_rounding_counts_by_all_energy_so_far_and_growth_from_the_first_reading_only() -> None:
    readings = [(t, watts, 1_000_000 + energy) for t, watts, energy in (*steady(9), (10.0, 3600.0, 60.0))]
    found = last_word(*readings)
    assert found == "its energy grew by 60.000 Wh in 10.0 s, and its power makes it 0.000 to 54.102 Wh"


def test_what_both_err_by_at_zero_counts_for_the_time_and_one_update_more() -> None:
    found = last_word(*steady(9), (10.0, 3600.0, 20.0), zero=360.0)
    assert found == "its energy grew by 20.000 Wh in 10.0 s, and its power makes it 4.799 to 15.201 Wh"


def test_an_update_that_was_not_read_may_have_had_any_power_and_none() -> None:
    for timed in (True, False):
        found = last_word(*steady(9), (12.0, 3600.0, 40.0), highest=7200.0, timed=timed)
        assert found == "its energy grew by 40.000 Wh in 12.0 s, and its power makes it 5.898 to 18.102 Wh"


def test_the_integrated_time_tells_of_updates_only_if_it_moves_with_each() -> None:
    def told(timed: bool) -> str:
        balance = EnergyBalance(1.0, 7200.0, 0.0, timed=timed)
        assert not balance.check(shown(0.0, 3600.0, 0.0), 0.0)
        return balance.check(shown(3.0, 3600.0, 30.0), 1.0)

    assert told(timed=True).endswith("its power makes it 0.000 to 9.011 Wh")
    assert told(timed=False).endswith("its power makes it 0.000 to 5.011 Wh")


def test_up_to_one_and_a_half_periods_there_was_one_update_and_beyond_there_was_another() -> None:
    late = last_word((0.0, 3600.0, 0.0), (1.5, 3600.0, 30.0), highest=7200.0)
    assert late == "its energy grew by 30.000 Wh in 1.5 s, and its power makes it 0.000 to 5.516 Wh"
    missed = last_word((0.0, 3600.0, 0.0), (1.75, 3600.0, 30.0), highest=7200.0)
    assert missed == "its energy grew by 30.000 Wh in 1.8 s, and its power makes it 0.000 to 6.511 Wh"


def test_each_step_of_power_adds_two_updates_of_its_height() -> None:
    up_and_down = [(0.0, 0.0, 0.0), (1.0, 7200.0, 2.0), (2.0, 3600.0, 3.0), (3.0, 3600.0, 60.0)]
    found = last_word(*up_and_down)
    assert found == "its energy grew by 60.000 Wh in 3.0 s, and its power makes it 0.000 to 18.042 Wh"


def test_the_largest_power_may_be_that_of_the_first_reading_or_of_the_last() -> None:
    found = last_word((0.0, 7200.0, 0.0), (1.0, 0.0, 60.0))
    assert found == "its energy grew by 60.000 Wh in 1.0 s, and its power makes it 0.000 to 12.002 Wh"
    found = last_word((0.0, 0.0, 0.0), (1.0, 7200.0, 60.0))
    assert found == "its energy grew by 60.000 Wh in 1.0 s, and its power makes it 0.000 to 14.022 Wh"


def test_power_that_flows_back_is_as_uncertain_as_power_that_flows() -> None:
    assert last_word((0.0, -3600.0, 0.0), (1.0, -3600.0, -1.0)) == ""
    found = last_word((0.0, -3600.0, 0.0), (1.0, -3600.0, 9.0))
    assert found == "its energy grew by 9.000 Wh in 1.0 s, and its power makes it 0.000 to 3.010 Wh"


def test_after_thirty_seconds_all_sums_begin_anew() -> None:
    steps = [(0.0, 72_000.0, 0.0), (5.0, 3600.0, 5.0)]  # both an unread update and a step, which are to be forgotten
    for end, seconds in ((30.0, "30.0"), (31.0, "31.0"), (32.0, "1.0"), (61.0, "30.0"), (62.0, "31.0"), (63.0, "1.0")):
        found = last_word(*steps, *steady(int(end) - 1, since=6), (end, 3600.0, 5000.0), highest=7200.0)
        assert f"in {seconds} s" in found
    found = last_word(*steps, *steady(40, since=6), (41.0, 3600.0, 141.0))
    assert found == "its energy grew by 110.000 Wh in 10.0 s, and its power makes it 5.894 to 14.106 Wh"


def test_energy_on_the_bound_is_right_and_a_joule_beyond_is_wrong() -> None:
    assert last_word((0.0, 0.0, 0.0), (1.0, 0.0, 0.0)) == ""
    for joules in (-1.0, 1.0):
        assert last_word((0.0, 0.0, 0.0), (1.0, 0.0, joules / 3600)) != ""


def test_a_reading_that_is_shown_again_adds_nothing() -> None:
    balance = EnergyBalance(1.0, 7200.0, 0.0, timed=False)
    first = shown(0.0, 3600.0, 0.0)
    assert balance.check(first, 0.0) == balance.check(first, 4.0) == ""
    found = balance.check(shown(5.0, 3600.0, 100.0), 5.0)
    assert found == "its energy grew by 100.000 Wh in 5.0 s, and its power makes it 0.000 to 13.014 Wh"
