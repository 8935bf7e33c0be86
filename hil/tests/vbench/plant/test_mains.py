"""The mains of the virtual bench: a voltage that can be set, and power supplies that bridge a period of it."""

from __future__ import annotations

import pytest

from hil.errors import ConfigurationError
from hil.tests.vbench.plant.test_plant import K1, K3, K4, Rig


def powered() -> Rig:
    """A plant with 1 A drawn at the outlet and the socket's electronics fed."""
    rig = Rig()
    rig.draw(mode="CURR", current=1.0, input_on=True)
    rig.switch(K3, closed=True)
    rig.path_closed()
    return rig


def run_for(rig: Rig, seconds: float) -> None:
    rig.kernel.run_until(rig.kernel.now + seconds)


def test_a_brown_out_is_seen_by_meter_and_appliance_and_the_time_before_it_is_billed_at_the_old_voltage() -> None:
    rig = powered()
    before = rig.plant.energy()
    run_for(rig, 36.0)
    rig.plant.mains.set(115.0)
    run_for(rig, 36.0)
    assert rig.samples[-1].voltage == pytest.approx(115.0)
    assert rig.plant.energy() - before == pytest.approx(2.3 + 1.15)


def test_supplies_live_on_above_their_drop_out_voltage() -> None:
    rig = powered()
    rig.plant.mains.set(86.0)
    run_for(rig, 10.0)
    assert rig.supplies == [(0.0, "socket", True)]


def test_supplies_bridge_a_gap_of_half_a_period() -> None:
    rig = powered()
    rig.plant.mains.set(0.0)
    run_for(rig, 0.010)
    rig.plant.mains.set(230.0)
    run_for(rig, 1.0)
    assert rig.supplies == [(0.0, "socket", True)]


def test_a_longer_gap_takes_the_electronics_down_for_as_long_as_it_lasts() -> None:
    rig = powered()
    began = rig.kernel.now
    rig.plant.mains.set(0.0)
    run_for(rig, 1.0)
    rig.plant.mains.set(230.0)
    run_for(rig, 1.0)
    assert rig.supplies[1:] == [(pytest.approx(began + 0.02), "socket", False), (began + 1.0, "socket", True)]


def test_a_supply_that_is_connected_without_mains_gives_no_power_until_they_are_back() -> None:
    rig = powered()
    rig.plant.mains.set(0.0)
    run_for(rig, 1.0)
    rig.switch(K4, closed=True)
    run_for(rig, 1.0)
    assert ("cable", True) not in [(role, on) for _, role, on in rig.supplies]
    rig.plant.mains.set(230.0)
    run_for(rig, 1.0)
    assert [(role, on) for _, role, on in rig.supplies[-2:]] == [("socket", True), ("cable", True)]


def test_the_meter_shows_nothing_while_k1_is_open_whatever_the_voltage() -> None:
    rig = powered()
    rig.switch(K1, closed=False)
    rig.plant.mains.set(253.0)
    run_for(rig, 1.0)
    assert rig.samples[-1].voltage == 0.0


@pytest.mark.parametrize("voltage", [-1.0, 301.0, float("nan")])
def test_a_voltage_that_no_mains_have_is_refused(voltage: float) -> None:
    with pytest.raises(ConfigurationError, match="is not from 0 to 300 V"):
        powered().plant.mains.set(voltage)
