"""Rigol DL3021 DC electronic load. Commands and their sources: the transcript dl3021.yaml."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from hil.instruments.dc_load import DcLoad
from hil.instruments.identity import Models
from hil.instruments.scpi import refuse_errors, wait_for_completion
from hil.instruments.scpi_load import Function, keep
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

POWER = Function("POW", "W", 0.01, highest=200.0)
CURRENT = Function("CURR", "A", 0.001, highest=MAX_CURRENT)
RESISTANCE = Function("RES", "ohm", 0.01, MIN_RESISTANCE, MAX_RESISTANCE)


class Dl3021(DcLoad):
    """Up to 200 W, 40 A and 150 V."""

    serves = Models("RIGOL TECHNOLOGIES", ("DL3021", "DL3021A"), ("RIGOL",))
    """DL3021A has more interfaces and a quicker transient mode, and the same ratings (u)."""

    max_power = Watt(POWER.highest)
    input_command = ":SOUR:INP:STAT"
    power_query = ":MEAS:POW?"
    error_query = ":SYST:ERR?"
    source = ":SOUR:"
    level = ":LEV:IMM"
    power, current, resistance = POWER, CURRENT, RESISTANCE

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

    def protect(self, limits: LoadLimits) -> list[Protection]:
        """Set the limits of current and voltage of every function; see :class:`hil.ports.Protecting`.

        It has none for power.
        """
        return [
            *keep(limits.power, self.max_power, "W"),
            *keep(limits.current, MAX_CURRENT, "A", partial(self._protect, "ILIM")),
            *keep(limits.voltage, MAX_VOLTAGE, "V", partial(self._protect, "VLIM")),
        ]

    def _protect(self, header: str, limit: float) -> None:
        for function in (self.power, self.current, self.resistance):
            command = f"{self.source}{function.scpi}:{header}"
            self._set(f"{command} {limit:.7g}")
            self._read_back(f"{command}?", limit, f"the protection {limit:g}")
