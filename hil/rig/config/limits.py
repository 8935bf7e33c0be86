"""Limits of a bench, from its rig file: what makes it go to its safe state, and what its load keeps by itself."""

from __future__ import annotations

from pydantic import Field

from hil.ports import LoadLimits
from hil.rig.config.values import Current, Duration, Energy, Power, Voltage
from hil.units import Ampere, Volt, Watt
from hil.yaml_file import Strict


class OwnLimits(Strict):
    """What the load's own protections are armed with, at its own terminals: watts, amperes, volts."""

    power: Power | None = Field(default=None, gt=0)
    current: Current | None = Field(default=None, gt=0)
    voltage: Voltage | None = Field(default=None, gt=0)


class SafetyLimits(Strict):
    """If one of these limits is exceeded, the bench goes to its safe state. W, Wh, s of bench time, A."""

    power: Power = Field(gt=0)
    """At the lab meter."""
    energy: Energy = Field(gt=0)
    """In one scenario, at the lab meter."""
    session: Duration = Field(gt=0)
    """Longest scenario."""
    current: Current | None = Field(default=None, gt=0)
    """At the lab meter."""
    heartbeat: Duration = Field(default=10.0, gt=0)
    """Longest silence of the test process while the bench is in use, before the watchdog acts; wall clock only."""
    load: OwnLimits = OwnLimits()
    """Where they differ from ``power`` and ``current``, as behind an AC/DC adapter."""

    @property
    def of_load(self) -> LoadLimits:
        """What the load itself shall keep."""
        power, current = self.load.power or self.power, self.load.current or self.current
        return LoadLimits(
            Watt(power),
            None if current is None else Ampere(current),
            None if self.load.voltage is None else Volt(self.load.voltage),
        )
