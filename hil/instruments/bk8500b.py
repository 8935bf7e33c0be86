"""B&K Precision 8500B DC electronic load. Commands and their sources: the transcript bk8500b.yaml.

Like the DL3021 it stands behind an AC/DC adapter; all values here are at its own terminals.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from hil.errors import AuthorError
from hil.instruments.identity import Models
from hil.instruments.scpi_load import ScpiLoad, check_function, keep
from hil.units import Ampere, Ohm, Volt, Watt

if TYPE_CHECKING:
    from hil.ports import LoadLimits, Protection

MAX_VOLTAGE = Volt(150.0)
MAX_CURRENT = Ampere(30.0)
MIN_RESISTANCE = Ohm(0.05)
MAX_RESISTANCE = Ohm(7500.0)
"""The limits of the model (u)."""


@dataclass(frozen=True)
class Function:
    """One mode of operation: SCPI name, unit, limits, resolution (u)."""

    scpi: str
    unit: str
    lowest: float
    highest: float
    resolution: float


POWER = Function("POW", "W", 0.0, 300.0, 0.01)
CURRENT = Function("CURR", "A", 0.0, MAX_CURRENT, 0.001)
RESISTANCE = Function("RES", "ohm", MIN_RESISTANCE, MAX_RESISTANCE, 0.01)


class Bk8500b(ScpiLoad):
    """The load behind the cable and an AC/DC adapter: constant power, current or resistance on DC.

    A setpoint beyond its limits raises AuthorError and nothing is sent. After each setting the error queue is read: a
    protection that tripped is found at the next setting at the latest.
    """

    serves = Models("B&K PRECISION", ("8500B",), ("B&K Precision", "BK PRECISION"))
    max_power = Watt(POWER.highest)
    input_command = "INP"
    power_query = "MEAS:POW?"
    behind_adapter = True
    read_back_tolerance = 0.001  # (u)

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

    def draw_power(self, power: Watt) -> None:
        """Set constant power in W, 0 to ``max_power``; does not switch the input."""
        self._operate(POWER, power)

    def draw_current(self, current: Ampere) -> None:
        """Set constant direct current in A, 0 to 30; does not switch the input."""
        self._operate(CURRENT, current)

    def present_resistance(self, resistance: Ohm) -> None:
        """Set constant resistance in ohm, 0.05 to 7500; does not switch the input."""
        self._operate(RESISTANCE, resistance)

    def protect(self, limits: LoadLimits) -> list[Protection]:
        """Arm over-power and over-current protection; see :class:`hil.ports.Protecting`."""
        return [
            *keep(limits.power, self.max_power, "W", partial(self._protect, POWER)),
            *keep(limits.current, MAX_CURRENT, "A", partial(self._protect, CURRENT)),
            *keep(limits.voltage, MAX_VOLTAGE, "V"),
        ]

    def _operate(self, function: Function, value: float) -> None:
        if not function.lowest <= value <= function.highest:
            raise AuthorError(
                f"{value:g} {function.unit} is beyond this load, which takes {function.lowest:g} to"
                f" {function.highest:g} {function.unit}",
                place=self._transport.place,
                remedy="Ask for less, or use a bench with a larger load.",
            )
        # the setpoint before the function: with the input on, an old setpoint must not act for a moment
        self._set(f"{function.scpi} {value:.7g}")
        self._set(f"FUNC {function.scpi}")
        what = f"the setpoint {value:.7g} {function.unit}"
        self._read_back(f"{function.scpi}?", value, what, function.resolution)
        check_function(self._transport, "FUNC?", function.scpi)

    def _protect(self, function: Function, limit: float) -> None:
        header = f"{function.scpi}:PROT"
        for setting, value in (("", limit), (":STAT", 1.0)):
            self._set(f"{header}{setting} {value:.7g}")
            self._read_back(f"{header}{setting}?", value, f"the protection {value:g}")
