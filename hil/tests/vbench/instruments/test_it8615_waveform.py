"""Which currents the virtual IT8615 can draw: held against a sum over one half-cycle, and against a manual's table."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.instruments.it8615 import power_factors_at
from hil.vbench.instruments.it8615_waveform import (
    HIGHEST_CREST_FACTOR,
    SINE_UP_TO,
    crest_factors,
    peak_power,
    played,
    power_factors,
)
from hil.vbench.plant.waveform import SINE, Waveform

STEPS = 20_000
crests = st.floats(1.45, HIGHEST_CREST_FACTOR)


def pulse(crest: float, shift: float) -> tuple[float, float, float]:
    """Return power factor, crest factor and peak power per VA of half a cosine in a half-cycle, by summing up."""
    width = 2 * math.pi / crest**2
    angles = [math.pi * ((step + 0.5) / STEPS - 0.5) for step in range(STEPS)]
    currents = [math.cos(math.pi * (a - shift) / width) if abs(a - shift) <= width / 2 else 0.0 for a in angles]
    powers = [math.sqrt(2) * math.cos(a) * i for a, i in zip(angles, currents, strict=True)]
    rms = math.sqrt(sum(i * i for i in currents) / STEPS)
    return sum(powers) / STEPS / rms, max(currents) / rms, max(powers) / rms


@given(crest=crests, part=st.floats(0, 1))
def test_a_pulse_has_the_power_factor_that_a_sum_over_its_half_cycle_gives(crest: float, part: float) -> None:
    least, most = power_factors(crest)
    shift = part * (math.pi - 2 * math.pi / crest**2) / 2
    factor, summed, peak = pulse(crest, shift)
    assert summed == pytest.approx(crest, rel=2e-3)
    assert factor == pytest.approx(most * math.cos(shift), rel=2e-3)
    assert least - 1e-3 <= factor <= most + 1e-3
    assert peak_power(Waveform(factor, crest), 1.0) == pytest.approx(peak, rel=0.02)


@pytest.mark.parametrize(("crest", "least", "most"), [(1.5, 0.977, 0.993), (3.0, 0.219, 0.593)])
def test_the_limits_are_those_of_the_siblings_manual(crest: float, least: float, most: float) -> None:
    assert power_factors(crest) == pytest.approx((least, most), abs=0.02)


@given(crest=crests)
def test_driver_and_virtual_load_agree_on_the_power_factors_of_a_crest_factor(crest: float) -> None:
    assert power_factors_at(crest) == pytest.approx(power_factors(crest), abs=1e-9)


@given(factor=st.floats(0.05, 1.0), crest=st.floats(1.41, HIGHEST_CREST_FACTOR))
def test_what_has_priority_is_played_as_it_was_set(factor: float, crest: float) -> None:
    by_factor, by_crest = played(factor, crest, "PF"), played(factor, crest, "CF")
    assert by_factor.power_factor == factor
    assert by_crest.crest_factor == pytest.approx(crest, abs=0.005)
    for waveform in (by_factor, by_crest):
        if waveform.crest_factor > SINE_UP_TO:
            least, most = power_factors(waveform.crest_factor)
            assert least - 1e-6 <= waveform.power_factor <= most + 1e-6


@given(factor=st.floats(0.05, 0.95))
def test_the_crest_factors_of_a_power_factor_are_those_that_have_it_as_a_limit(factor: float) -> None:
    least, most = crest_factors(factor)
    assert power_factors(least)[0] == pytest.approx(factor, abs=1e-6)
    if most < HIGHEST_CREST_FACTOR - 1e-6:
        assert power_factors(most)[1] == pytest.approx(factor, abs=1e-6)


@pytest.mark.parametrize("crest", [1.41, 1.4142, 1.415])
def test_a_sine_in_phase_is_what_a_resistance_draws(crest: float) -> None:
    assert played(1.0, crest, "PF") is SINE


def test_a_power_factor_that_no_pulse_has_is_that_of_a_shifted_sine() -> None:
    assert played(0.01, 3.0, "PF") == Waveform(0.01)
