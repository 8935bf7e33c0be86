"""What the last digit of the lab meter hides: trials that do not differ tell no repeatability.

A value may lie anywhere within half a digit of what is shown. Such a uniform distribution has a standard deviation of
half a digit over the root of 3; repeatability is taken to be that at least.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hil.instruments.dialects import METERS
from hil.ports import Reading
from hil.rig.check.capabilities import NOMINAL_V, driver_of, update_period
from hil.study.design import UNITS
from hil.units import Ampere, Second, Volt, Watt, WattHour

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hil.rig.config.rig_file import RigFile

PART = "resolution"
"""Name of half a digit in the budgets of a meter."""

ROUNDING = 1e-9
"""Of a level: numbers of a computer that differ by less are equal."""


def shares_of_resolution(rig: RigFile, highest: Mapping[str, float]) -> dict[str, float | None]:
    """Return the standard deviation that the meter's resolution alone makes, by quantity; None: it is not known.

    :param highest: the highest level of each quantity.
    """
    meter = driver_of(rig, METERS)
    if meter is None:
        return dict.fromkeys(UNITS)
    limits, conditions = meter.limits, rig.conditions
    power = highest.get("power", 0.0)
    reading = Reading(Volt(NOMINAL_V), Ampere(power / NOMINAL_V), Watt(power), WattHour(0.0), Second(0.0))
    energy = WattHour(highest.get("energy", 0.0))
    half_digits = {
        "power": limits.power_budget(reading, conditions).part(PART),
        "voltage": limits.voltage_budget(reading, conditions).part(PART),
        "energy": limits.energy_budget(energy, Second(0.0), energy, conditions).part(PART),
        # readings come once per update: that is the digit of a time
        "time": update_period(rig) / 2,
    }
    return {name: half / math.sqrt(3) for name, half in half_digits.items()}
