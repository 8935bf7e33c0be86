"""B&K Precision 8500B DC electronic load. Commands and their sources: the transcript bk8500b.yaml."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from hil.instruments.dc_load import DcLoad
from hil.instruments.identity import Models
from hil.instruments.scpi_load import Function, keep
from hil.units import Ampere, Ohm, Volt, Watt

if TYPE_CHECKING:
    from hil.ports import LoadLimits, Protection

MAX_VOLTAGE = Volt(150.0)
MAX_CURRENT = Ampere(30.0)
MIN_RESISTANCE = Ohm(0.05)
MAX_RESISTANCE = Ohm(7500.0)
"""The limits of the model (u)."""

POWER = Function("POW", "W", 0.01, highest=300.0)
CURRENT = Function("CURR", "A", 0.001, highest=MAX_CURRENT)
RESISTANCE = Function("RES", "ohm", 0.01, MIN_RESISTANCE, MAX_RESISTANCE)


class Bk8500b(DcLoad):
    """Up to 300 W, 30 A and 150 V."""

    serves = Models("B&K PRECISION", ("8500B",), ("B&K Precision", "BK PRECISION"))
    max_power = Watt(POWER.highest)
    input_command = "INP"
    power_query = "MEAS:POW?"
    power, current, resistance = POWER, CURRENT, RESISTANCE

    def prepare(self) -> None:
        """Take remote control, switch the input off, reset to constant current in the large ranges.

        Errors that are left from before are thrown away; one that is caused here raises RigFault.
        """
        self._transport.write("SYST:REM")
        self._transport.write("*CLS")
        self.set_input(on=False)
        for command in ("*RST", "INP:SHOR 0", f"CURR:RANG {MAX_CURRENT:g}", f"VOLT:RANG {MAX_VOLTAGE:g}"):
            self._set(command)
        self.set_input(on=False)

    def protect(self, limits: LoadLimits) -> list[Protection]:
        """Arm over-power and over-current protection; see :class:`hil.ports.Protecting`."""
        return [
            *keep(limits.power, self.max_power, "W", partial(self._arm, POWER)),
            *keep(limits.current, MAX_CURRENT, "A", partial(self._arm, CURRENT)),
            *keep(limits.voltage, MAX_VOLTAGE, "V"),
        ]
