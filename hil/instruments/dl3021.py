"""Rigol DL3021 DC electronic load. Commands and their sources: the transcript dl3021.yaml.

A DC load cannot sit on 230 V AC, nor behind a bare bridge rectifier: that gives 325 V, and 150 V is its limit. On a
bench it stands behind an AC/DC adapter with an output of at most 150 V; all values here are at its own terminals.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from hil.errors import AuthorError
from hil.instruments.identity import Models
from hil.instruments.scpi import refuse_errors, wait_for_completion
from hil.instruments.scpi_load import ScpiLoad, check_function, keep
from hil.units import Ampere, Ohm, Volt, Watt

if TYPE_CHECKING:
    from hil.ports import LoadLimits, Protection

MAX_VOLTAGE = Volt(150.0)
MAX_CURRENT = Ampere(40.0)
MIN_RESISTANCE = Ohm(0.08)
MAX_RESISTANCE = Ohm(15_000.0)
"""The limits of the model (data sheet: u; 150 V, 40 A and 200 W also d). Its own protections watch the power."""

RESET_TIMEOUT = 10.0
"""Seconds for ``*RST`` (u)."""


@dataclass(frozen=True)
class Function:
    """One mode of operation: SCPI name, unit, limits, resolution (u)."""

    scpi: str
    unit: str
    lowest: float
    highest: float
    resolution: float


POWER = Function("POW", "W", 0.0, 200.0, 0.01)
CURRENT = Function("CURR", "A", 0.0, MAX_CURRENT, 0.001)
RESISTANCE = Function("RES", "ohm", MIN_RESISTANCE, MAX_RESISTANCE, 0.01)


class Dl3021(ScpiLoad):
    """The load behind the cable and an AC/DC adapter: constant power, current or resistance on DC.

    A setpoint beyond its limits raises AuthorError and nothing is sent. After each setting the error queue is read: a
    protection that tripped is found at the next setting at the latest. The meter before the cable shows more than the
    load takes: the adapter's loss.
    """

    serves = Models("RIGOL TECHNOLOGIES", ("DL3021", "DL3021A"), ("RIGOL",))
    """DL3021A has more interfaces and a quicker transient mode, and the same ratings (u)."""

    max_power = Watt(POWER.highest)
    input_command = ":SOUR:INP:STAT"
    power_query = ":MEAS:POW?"
    behind_adapter = True
    error_query = ":SYST:ERR?"
    read_back_tolerance = 0.001  # (u)

    def prepare(self) -> None:
        """Switch the input off, reset to fixed operation in the large current range.

        Errors that are left from before are thrown away; one that is caused here raises RigFault.
        """
        self._transport.write("*CLS")
        self.set_input(on=False)
        self._transport.write("*RST")
        wait_for_completion(self._transport, timeout=RESET_TIMEOUT)
        refuse_errors(self._transport, "*RST", self.error_query)
        self._set(":SOUR:FUNC:MODE FIX")
        self._set(f":SOUR:CURR:RANG {MAX_CURRENT:g}")
        self.set_input(on=False)

    def draw_power(self, power: Watt) -> None:
        """Set constant power in W, 0 to ``max_power``; does not switch the input."""
        self._operate(POWER, power)

    def draw_current(self, current: Ampere) -> None:
        """Set constant direct current in A, 0 to 40; does not switch the input."""
        self._operate(CURRENT, current)

    def present_resistance(self, resistance: Ohm) -> None:
        """Set constant resistance in ohm, 0.08 to 15 000; does not switch the input."""
        self._operate(RESISTANCE, resistance)

    def protect(self, limits: LoadLimits) -> list[Protection]:
        """Set the limits of current and voltage of every function; see :class:`hil.ports.Protecting`.

        It has none for power.
        """
        return [
            *keep(limits.power, self.max_power, "W"),
            *keep(limits.current, MAX_CURRENT, "A", partial(self._protect, "ILIM")),
            *keep(limits.voltage, MAX_VOLTAGE, "V", partial(self._protect, "VLIM")),
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
        self._set(f":SOUR:{function.scpi}:LEV:IMM {value:.7g}")
        self._set(f":SOUR:FUNC {function.scpi}")
        what = f"the setpoint {value:.7g} {function.unit}"
        self._read_back(f":SOUR:{function.scpi}:LEV:IMM?", value, what, function.resolution)
        check_function(self._transport, ":SOUR:FUNC?", function.scpi)

    def _protect(self, header: str, limit: float) -> None:
        for function in (POWER, CURRENT, RESISTANCE):
            command = f":SOUR:{function.scpi}:{header}"
            self._set(f"{command} {limit:.7g}")
            self._read_back(f"{command}?", limit, f"the protection {limit:g}")
