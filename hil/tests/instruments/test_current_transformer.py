"""What a current transformer adds to the budgets of the meter behind it, against a virtual one at its limits."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.evidence.uncertainty import Conditions
from hil.instruments import hmc8015, wt310e
from hil.instruments.current_transformer import CLASSES, MINUTE, MOST, CurrentTransformer
from hil.instruments.meter_limits import MakersLimits
from hil.ports import Reading
from hil.units import Ampere, Second, Volt, Watt, WattHour
from hil.vbench.plant.current_transformer import CurrentTransformer as Virtual
from hil.vbench.plant.terminals import MeterSample

RATED_A = 50.0
RATIO = 10.0
OF_PLANT = ("0.1", "0.2", "0.5", "1")
ends = st.sampled_from([-1.0, 1.0])


def transformer(name: str) -> CurrentTransformer:
    return CurrentTransformer(RATIO, RATED_A, CLASSES[name], f"class {name}")


def virtual(name: str, error: float, displacement: float) -> Virtual:
    """Return one whose errors are these parts of what its class allows at rated current."""
    limit = CLASSES[name][-1]
    error, displacement = error * limit.ratio_error / 100, displacement * limit.displacement
    return Virtual(RATIO, RATED_A, float(name), "seed", error=error, displacement=displacement)


def reading(amperes: float, watts: float, volts: float = 230.0) -> Reading:
    return Reading(Volt(volts), Ampere(amperes), Watt(watts), WattHour(0.0), Second(0.0))


@given(
    name=st.sampled_from(sorted(CLASSES)),
    part=st.floats(0.0, MOST),
    at=st.floats(0.0, MOST),
)
def test_the_line_of_any_current_lies_above_the_limits_of_every_current(name: str, part: float, at: float) -> None:
    one = transformer(name)
    reached = [limit for limit in one.limits if limit.part <= part]
    ratio_error, minutes = (reached[-1].ratio_error, reached[-1].displacement) if reached else (0.0, 0.0)
    for line, allowed in (
        (one._ratio_line(at * RATED_A), ratio_error / 100),
        (one._phase_line(at * RATED_A), minutes * MINUTE),
    ):
        assert line.slope * part * RATED_A + line.offset >= allowed * part * RATED_A * (1 - 1e-12)


@given(
    name=st.sampled_from(OF_PLANT),
    amperes=st.floats(0.05, MOST * RATED_A),
    factor=st.floats(0.0, 1.0),
    error=ends,
    displacement=ends,
)
def test_the_budget_holds_the_errors_of_a_transformer_at_the_limits_of_its_class(
    name: str, amperes: float, factor: float, error: float, displacement: float
) -> None:
    apparent = 230.0 * amperes
    true = MeterSample(0.1, 0.1, 230.0, amperes, apparent * factor, 50.0, apparent * math.sqrt(1 - factor * factor))
    seen = virtual(name, error, displacement).seen(true)
    conditions = Conditions(transformer=transformer(name))
    shown = reading(seen.current * RATIO, seen.power * RATIO)

    low, high = wt310e.LIMITS.power_budget(shown, conditions).bounds(shown.power)
    assert low <= true.power <= high
    low, high = wt310e.LIMITS.current_budget(shown, conditions).bounds(shown.current)
    assert low <= true.current <= high
    assert abs(shown.power - true.power) <= sum(
        each.half_width
        for each in wt310e.LIMITS.power_budget(shown, conditions).components
        if "transformer" in each.name
    )


@given(
    name=st.sampled_from(OF_PLANT),
    stretches=st.lists(
        st.tuples(st.floats(0.0, MOST * RATED_A), st.floats(0.0, 1.0), st.floats(1.0, 3600.0)), min_size=1, max_size=5
    ),
    error=ends,
    displacement=ends,
)
def test_the_budget_of_an_energy_holds_however_the_current_changed_meanwhile(
    name: str, stretches: list[tuple[float, float, float]], error: float, displacement: float
) -> None:
    one = virtual(name, error, displacement)
    true = shown = apparent = seconds = 0.0
    for amperes, factor, lasted in stretches:
        volt_amperes = 230.0 * amperes
        reactive = volt_amperes * math.sqrt(1 - factor * factor)
        sample = MeterSample(0.1, 0.1, 230.0, amperes, volt_amperes * factor, 50.0, reactive)
        seen = one.seen(sample)
        hours = lasted / 3600
        true += sample.power * hours
        shown += seen.power * RATIO * hours
        apparent += 230.0 * seen.current * RATIO * hours
        seconds += lasted

    budget = hmc8015.LIMITS.energy_budget(shown, seconds, apparent, Conditions(transformer=transformer(name)))
    assert abs(shown - true) <= sum(each.half_width for each in budget.components if "transformer" in each.name)


def test_the_budget_names_the_ratio_and_the_phase_displacement_with_their_source() -> None:
    budget = wt310e.LIMITS.power_budget(reading(5.65, 650.0), Conditions(transformer=transformer("0.5")))
    named = {each.name: each.source for each in budget.components}
    assert named["ratio of the current transformer"] == "class 0.5"
    assert named["phase displacement of the current transformer"] == "class 0.5"
    assert budget.part("accuracy of range") == RATIO * 0.0005 * 3000


def test_the_phase_displacement_counts_most_at_a_low_power_factor() -> None:
    conditions = Conditions(transformer=transformer("0.5"))
    at_one, at_half = (wt310e.LIMITS.power_budget(reading(25.0, watts), conditions) for watts in (5750.0, 2875.0))
    name = "phase displacement of the current transformer"
    assert at_half.part(name) > 3 * at_one.part(name)
    # 30' to 45' of 4980 var
    assert 4980 * 30 * MINUTE < at_half.part(name) < 4980 * 60 * MINUTE


@pytest.mark.parametrize("limits", [hmc8015.LIMITS, wt310e.LIMITS])
def test_without_power_a_reading_with_its_uncertainty_stays_below_the_threshold(limits: MakersLimits) -> None:
    plain, behind = Conditions(), Conditions(transformer=transformer("0.5"))
    assert limits.off_threshold(behind) > RATIO * limits.off_threshold(plain)
    most = RATIO * limits.power_budget(reading(0.0, 0.0, 300.0), plain).expanded
    shown = reading(0.0, most, 300.0)
    assert shown.power + limits.power_budget(shown, behind).expanded <= limits.off_threshold(behind) + 1e-6


def test_nothing_changes_without_a_transformer() -> None:
    budget = wt310e.LIMITS.power_budget(reading(5.65, 1300.0), Conditions())
    assert not any("transformer" in each.name for each in budget.components)
