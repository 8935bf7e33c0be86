"""How often a meter updates is told by its readings, within the step in which it is asked."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.conformance.update_period import SLOWEST_S, UpdateProbe, Updates
from hil.errors import RigFault
from hil.ports import Reading
from hil.units import Ampere, Second, Volt, Watt, WattHour

STATED = 0.1


def reading(update: int, period: float, resolution: float, noise: bool) -> Reading:
    integrated = update * period
    if resolution:
        integrated = math.floor(integrated / resolution + 1e-9) * resolution
    volts = 0.01 + (update % 7) / 1000 if noise else 0.0
    return Reading(Volt(volts), Ampere(0.0), Watt(0.0), WattHour(0.0), Second(integrated))


def probe(period: float, phase: float = 0.0, *, resolution: float = 0.0, noise: bool = True) -> UpdateProbe:
    """Return what a probe saw of a meter that updates each ``period``, first at ``phase``."""
    found = UpdateProbe(STATED)
    step = 0
    while not found.done:
        now = 3.0 + step * found.step
        found.see(reading(math.floor((now - phase) / period + 1e-9), period, resolution, noise), now, now)
        step += 1
    return found


@given(st.floats(0.04, SLOWEST_S), st.floats(0.0, 1.0))
def test_the_true_period_lies_between_the_bounds(period: float, phase: float) -> None:
    updates = probe(period, phase).result()
    assert updates.at_least is not None
    assert updates.at_most is not None
    assert updates.at_least - 1e-6 <= period <= updates.at_most + 1e-6
    assert updates.at_most - updates.at_least <= 2 * STATED / 10 + 1e-6


@given(st.floats(0.04, SLOWEST_S), st.floats(0.0, 1.0))
def test_what_is_reckoned_with_is_never_shorter_than_the_truth(period: float, phase: float) -> None:
    assert probe(period, phase).result().period >= period / 1.1 - STATED / 10


@pytest.mark.parametrize("period", [0.095, 0.1, 0.105])
def test_a_meter_that_keeps_what_its_driver_states_is_reckoned_with_as_stated(period: float) -> None:
    updates = probe(period).result()
    assert not updates.slow
    assert updates.period == STATED


@pytest.mark.parametrize("period", [0.25, 0.5, 1.0])
def test_a_slower_meter_is_reckoned_with_as_it_was_seen_and_says_so(period: float) -> None:
    updates = probe(period).result()
    assert updates.slow
    assert period <= updates.period <= period + 0.021
    assert "its driver assumes 0.10 s" in str(updates)


@pytest.mark.parametrize("period", [0.02, 0.05, 0.07])
def test_a_faster_meter_is_reckoned_with_as_it_was_seen_and_says_so(period: float) -> None:
    updates = probe(period).result()
    assert updates.fast
    assert period <= updates.period <= period + 0.021
    assert "its driver assumes 0.10 s" in str(updates)


def test_integrated_time_that_runs_all_the_time_tells_nothing_of_updates() -> None:
    updates = probe(0.001, noise=False).result()
    assert not updates.fast
    assert updates.period == STATED


@pytest.mark.parametrize("period", [1.5, 5.0, 1e9])
def test_a_meter_that_no_bench_can_work_with_is_a_rig_fault_that_names_it(period: float) -> None:
    with pytest.raises(RigFault, match=r"its driver assumes 0\.10 s") as caught:
        probe(period).result()
    assert caught.value.place == "meter"


def test_whole_seconds_alone_tell_nothing_of_the_period() -> None:
    updates = probe(0.1, resolution=1.0, noise=False).result()
    assert updates == Updates(STATED, None, None, timed=False)
    assert updates.period == STATED


def test_values_tell_the_period_where_the_integrated_time_comes_in_whole_seconds() -> None:
    updates = probe(0.5, resolution=1.0).result()
    assert updates.slow
    assert not updates.timed


def test_integrated_time_that_moves_with_each_update_tells_the_age_of_a_reading() -> None:
    assert probe(0.25).result().timed
