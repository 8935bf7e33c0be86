"""Contacts that read back open and are not: found by what goes through them."""

from __future__ import annotations

import pytest

from hil.errors import RigFault
from hil.ports import Reading
from hil.rig.safety.weld_detection import ContactWatch
from hil.units import Ampere, Second, Volt, Watt, WattHour


def reading(volts: float, watts: float) -> Reading:
    return Reading(Volt(volts), Ampere(watts / 230), Watt(watts), WattHour(0.0), Second(0.0))


@pytest.fixture
def watch() -> ContactWatch:
    """K1 and K2 were opened at 10 s, K3 as well."""
    watch = ContactWatch(3.2)
    for name in ("K1", "K2", "K3"):
        watch.on_switch(name, 1.0, closed=True)
    assert watch.idle
    for name in ("K1", "K2", "K3"):
        watch.on_switch(name, 10.0, closed=False)
    return watch


def test_voltage_behind_an_open_k1_is_a_weld_once_the_meter_must_have_seen_it_go(watch: ContactWatch) -> None:
    watch.on_reading(reading(230.0, 0.0), 11.7)
    with pytest.raises(RigFault, match="the meter shows 230 V behind it: it is welded shut") as caught:
        watch.on_reading(reading(230.0, 0.0), 11.9)
    assert caught.value.place == "relay K1"


def test_power_through_an_open_k2_is_a_weld(watch: ContactWatch) -> None:
    watch.on_switch("K1", 11.0, closed=True)
    with pytest.raises(RigFault, match="1300 W flow through it") as caught:
        watch.on_reading(reading(230.0, 1300.0), 12.0)
    assert caught.value.place == "relay K2"


def test_voltage_without_current_is_what_an_open_k2_lets_through(watch: ContactWatch) -> None:
    watch.on_switch("K1", 11.0, closed=True)
    watch.on_reading(reading(230.0, 0.2), 100.0)


def test_a_dead_circuit_is_what_an_open_k1_leaves(watch: ContactWatch) -> None:
    watch.on_reading(reading(0.3, 0.0), 100.0)


def test_a_device_that_talks_long_after_its_supply_was_taken_tells_of_a_weld(watch: ContactWatch) -> None:
    watch.on_talk("K3", "socket", 11.5)
    watch.on_talk("K4", "cable", 99.0)
    with pytest.raises(RigFault, match="the socket talks without a supply") as caught:
        watch.on_talk("K3", "socket", 12.1)
    assert caught.value.place == "relay K3"


def test_a_relay_that_was_closed_again_is_not_watched(watch: ContactWatch) -> None:
    for name in ("K1", "K2", "K3"):
        watch.on_switch(name, 11.0, closed=True)
    assert watch.idle
    watch.on_reading(reading(230.0, 1300.0), 100.0)
    watch.on_talk("K3", "socket", 100.0)
