"""What the lab meter shows where nothing flows: within what its maker allows, beyond it, or not to be told."""

from __future__ import annotations

import pytest

from hil.instruments import hmc8015
from hil.ports import Reading
from hil.rig.check.findings import CheckFinding, Level
from hil.rig.check.parts import zero
from hil.tests.scenario.timelines import MadeMeter, Truth


def found(offset: float, *live: tuple[float, float]) -> CheckFinding:
    """Read a meter with this offset in W ten times in the first second, with voltage at these times."""
    now = 0.0
    meter = MadeMeter(Truth(live=live), lambda: now, 0.1, 0.0, 0.0, offset, 0.0, hmc8015.LIMITS)
    readings: list[Reading] = []
    while len(readings) < 10:
        now = 0.1 * (1 + len(readings))
        readings.append(meter.read())
    return zero(meter, readings)


@pytest.mark.parametrize("offset", [0.0, 0.3, -0.3])
def test_an_offset_that_the_maker_allows_is_told(offset: float) -> None:
    finding = found(offset)
    assert finding.level is Level.OK
    assert finding.what == f"{offset:g} W without voltage, the mean of 10 readings"


@pytest.mark.parametrize("offset", [20.0, -20.0])
def test_a_meter_that_shows_power_where_none_is_has_to_be_zeroed(offset: float) -> None:
    finding = found(offset)
    assert finding.level is Level.FAULT
    assert finding.what.startswith(f"{offset:g} W without voltage")
    assert "zero it by its manual" in finding.what


def test_with_voltage_at_its_terminals_nothing_is_said_of_its_zero() -> None:
    finding = found(20.0, (0.0, 10.0))
    assert finding.level is Level.NOTE
    assert finding.what == "not looked at: there are 230 V at its terminals"
