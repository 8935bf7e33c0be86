"""What a maker promises, as a budget: never less than he says, and growing with all that makes it grow."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.evidence.uncertainty import CertifiedUncertainty, Conditions
from hil.instruments.dialects import METERS
from hil.instruments.meter_limits import MakersLimits, half_digit
from hil.instruments.wt310e import LIMITS as WT310E
from hil.ports import Reading
from hil.units import Ampere, Second, Volt, Watt, WattHour

REFERENCE = Conditions()
SMALLEST_LOAD_W = 5.0
"""A telephone's charger, the smallest load that a feature plays (hil/scenario/profiles)."""

makers = st.sampled_from([METERS.get(name).limits for name in METERS.names()])
volts, amperes, factors = st.floats(0, 300), st.floats(0, 10), st.floats(-1, 1)
conditions = st.builds(
    Conditions,
    st.floats(5, 23),
    st.floats(23, 40),
    st.none() | st.builds(CertifiedUncertainty, st.floats(0, 0.01), st.floats(0, 2), st.floats(1, 3), st.just("C-1")),
)


def reading(voltage: float, current: float, factor: float = 1.0) -> Reading:
    power = voltage * current * factor
    return Reading(Volt(voltage), Ampere(current), Watt(power), WattHour(0.0), Second(0.0))


@given(makers, volts, amperes, factors, conditions)
def test_power_is_never_more_certain_than_reading_and_range_allow(
    limits: MakersLimits, voltage: float, current: float, factor: float, around: Conditions
) -> None:
    seen = reading(voltage, current, factor)
    least = limits.power.of_reading * abs(seen.power) + limits.power.of_range * limits.power.end
    assert limits.power_budget(seen, around).expanded >= least


@given(volts, amperes, factors)
def test_a_wt310e_is_never_more_certain_than_its_manual_says_for_the_power_factor(
    voltage: float, current: float, factor: float
) -> None:
    """IM WT310E-02EN, 7-8: reading x (error of reading + error of range x range / apparent + tan φ x influence)."""
    seen = reading(voltage, current, factor)
    apparent = voltage * current
    # with reading = apparent x cos φ, so that nothing is divided by zero
    manual = 0.001 * abs(seen.power) + 0.0005 * 3000 * abs(factor) + 0.001 * apparent * math.sqrt(1 - factor**2)
    assert WT310E.power_budget(seen, REFERENCE).expanded >= manual - 1e-9


@pytest.mark.parametrize(
    ("factor", "least", "most"),
    [
        (1.0, 1.3 + 1.5, 3.8),
        # 17 % more than at power factor 1
        (0.9, (1.3 + 1.35 + 1300 * 0.48432 * 0.001), 4.5),
        (0.5, (1.3 + 0.75 + 1300 * 1.73205 * 0.001), 6.1),
    ],
)
def test_the_reference_load_at_three_power_factors(factor: float, least: float, most: float) -> None:
    seen = reading(230.0, 1300 / 230 / factor, factor)
    assert seen.power == pytest.approx(1300)
    assert least < WT310E.power_budget(seen, REFERENCE).expanded < most


@given(makers, volts, amperes, amperes, conditions)
def test_uncertainty_grows_with_the_power(
    limits: MakersLimits, voltage: float, one: float, other: float, around: Conditions
) -> None:
    less, more = sorted((one, other))
    first, second = (limits.power_budget(reading(voltage, current), around).expanded for current in (less, more))
    assert first <= second + 1e-9


@given(makers, st.floats(1, 300), st.floats(0.1, 10), st.floats(0.01, 1), st.floats(0.01, 1))
def test_the_same_apparent_power_owes_more_to_its_power_factor_the_lower_that_is(
    limits: MakersLimits, voltage: float, current: float, one: float, other: float
) -> None:
    low, high = sorted((one, other))
    parts = [
        limits.power_budget(reading(voltage, current, each), REFERENCE).part("power factor") for each in (high, low)
    ]
    assert parts[0] <= parts[1] + 1e-9
    assert parts[1] >= limits.power_factor * voltage * current * math.sqrt(1 - low**2) - 1e-9


@given(makers, volts, amperes, st.floats(-20, 60), st.floats(-20, 60))
def test_the_further_the_room_is_from_the_reference_the_less_is_certain(
    limits: MakersLimits, voltage: float, current: float, one: float, other: float
) -> None:
    near, far = sorted((one, other), key=lambda degrees: abs(degrees - 23))
    around = [
        limits.power_budget(reading(voltage, current), Conditions(min(23.0, each), max(23.0, each))).expanded
        for each in (near, far)
    ]
    assert around[0] <= around[1] + 1e-9


@given(makers, st.floats(0, 1000), st.floats(0, 1e5), st.floats(0, 1000), st.floats(0, 1e5))
def test_an_energy_is_the_less_certain_the_larger_it_is_and_the_longer_it_took(
    limits: MakersLimits, energy: float, loaded: float, more: float, longer: float
) -> None:
    first = limits.energy_budget(energy, loaded, energy, REFERENCE).expanded
    second = limits.energy_budget(energy + more, loaded + longer, energy + more, REFERENCE).expanded
    assert first <= second + 1e-9


@given(makers, st.floats(100, 300), st.floats(0.1, 10), st.floats(0.05, 1), st.floats(1, 36_000))
def test_an_energy_at_steady_power_is_no_more_certain_than_that_power(
    limits: MakersLimits, voltage: float, current: float, factor: float, loaded: float
) -> None:
    seen, hours = reading(voltage, current, factor), loaded / 3600
    energy = limits.energy_budget(seen.power * hours, loaded, voltage * current * hours, REFERENCE)
    power = limits.power_budget(seen, REFERENCE)
    for name in ("accuracy of reading", "accuracy of range", "power factor", "short update interval"):
        assert energy.part(name) == pytest.approx(power.part(name) * hours)


@given(makers, conditions)
def test_a_circuit_without_power_reads_below_the_threshold_with_all_its_uncertainty(
    limits: MakersLimits, around: Conditions
) -> None:
    threshold = limits.off_threshold(around)
    zero = limits.power_budget(reading(230.0, 0.0), around).expanded
    for shown in (-zero, 0.0, zero):
        seen = Reading(Volt(230.0), Ampere(abs(shown) / 230), Watt(shown), WattHour(0.0), Second(0.0))
        assert limits.power_budget(seen, around).bounds(shown)[1] <= threshold + 1e-9


@pytest.mark.parametrize("name", METERS.names())
def test_the_smallest_load_is_never_taken_for_none(name: str) -> None:
    limits = METERS.get(name).limits
    threshold = limits.off_threshold(REFERENCE)
    assert limits.power.of_range * limits.power.end < threshold
    shown = SMALLEST_LOAD_W - limits.power_budget(reading(230.0, SMALLEST_LOAD_W / 230), REFERENCE).expanded
    assert shown > threshold


@pytest.mark.parametrize("name", METERS.names())
def test_each_part_of_each_budget_names_its_source(name: str) -> None:
    limits = METERS.get(name).limits
    around = Conditions(10.0, 35.0, CertifiedUncertainty(0.0003, 0.1, 2.0, "C-2031-118"))
    seen = reading(230.0, 5.0, 0.8)
    budgets = [
        limits.power_budget(seen, around),
        limits.voltage_budget(seen, around),
        limits.current_budget(seen, around),
        limits.energy_budget(16.0, 60.0, 20.0, around),
    ]
    for budget in budgets:
        assert all(part.source and part.half_width > 0 for part in budget.components)
        assert {"accuracy of reading", "accuracy of range", "temperature", "resolution", "calibration"} <= {
            part.name for part in budget.components
        }
        assert "certificate C-2031-118, k = 2" in str(budget)


@pytest.mark.parametrize(
    ("value", "digits", "half"),
    [(3000.0, 5, 0.05), (300.0, 5, 0.005), (10.0, 5, 0.0005), (8.12, 6, 5e-6), (0.0, 5, 0.0)],
)
def test_resolution_is_half_of_the_last_digit(value: float, digits: int, half: float) -> None:
    assert half_digit(value, digits) == pytest.approx(half)
    assert half_digit(-value, digits) == pytest.approx(half)


def test_a_meter_under_other_conditions_states_other_budgets() -> None:
    driver = METERS.get("wt310e")
    seen = reading(230.0, 5.0)
    rooms = [Conditions(), Conditions(15.0, 30.0), Conditions(10.0, 35.0)]
    for cool, warm in pairwise(driver.limits.power_budget(seen, room).expanded for room in rooms):
        assert cool < warm
