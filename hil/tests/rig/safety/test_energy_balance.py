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
