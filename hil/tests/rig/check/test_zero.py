"""What the lab meter shows where nothing flows: within what its maker allows, beyond it, or not to be told."""

from __future__ import annotations

import pytest

from hil.evidence.uncertainty import Conditions
from hil.instruments import hmc8015
from hil.instruments.current_transformer import CLASSES, CurrentTransformer
from hil.ports import Reading
from hil.rig.check.findings import CheckFinding, Level
from hil.rig.check.parts import allowed_zero, zero
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


def test_what_a_transformer_may_lose_is_no_excuse_for_a_meter_that_shows_power_where_none_is() -> None:
    meter = MadeMeter(Truth(live=()), lambda: 0.0, 0.1, 0.0, 0.0, 0.0, 0.0, hmc8015.LIMITS)
    plain = allowed_zero(meter)
    meter.conditions = Conditions(transformer=CurrentTransformer(2.0, 10.0, CLASSES["1"], "class 1"))
    assert allowed_zero(meter) == 2 * plain
    assert meter.off_threshold_w > 4 * plain
