"""ITECH IT8615 AC/DC electronic load. Commands and their sources: the transcript it8615.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from hil.errors import AuthorError
from hil.instruments.identity import Models
from hil.instruments.scpi_load import ScpiLoad, keep
from hil.units import Volt, Watt

if TYPE_CHECKING:
    from hil.ports import LoadLimits, Protection
    from hil.units import Ampere, Ohm

MAINS = Volt(230.0)
"""At this voltage a current or a resistance is held against the rated power (docs/system.md)."""


@dataclass(frozen=True)
class Function:
    """One mode of operation: its SCPI name, its unit, and the smallest step that the load resolves (u)."""

    scpi: str
    unit: str
    resolution: float


POWER = Function("POW", "W", 0.5)
CURRENT = Function("CURR", "A", 0.005)
RESISTANCE = Function("RES", "ohm", 0.05)


class It8615(ScpiLoad):
    """The load behind the cable: constant power, current or resistance on AC, power factor 1.

    Rated for 1.8 kVA (m). A setpoint beyond that at 230 V raises AuthorError and nothing is sent. After each setting
    the error queue is read: a protection that tripped is found at the next setting at the latest.
    """

    serves = Models("ITECH", ("IT8615",), ("ITECH Electronic",))
    max_power = Watt(1800.0)
    max_voltage = Volt(420.0)
    """R.m.s., beyond which the load opens its input (data sheet: u)."""

    input_command = "INPUT:STATE"
    power_query = "MEAS:POW?"
    read_back_tolerance = 0.005  # (u)

    def prepare(self) -> None:
        """Take remote control, switch the input off, reset to AC operation and clear old protections.

        Errors that are left from before are thrown away; one that is caused here raises RigFault.
        """
        self._transport.write("SYST:REM")
        self._transport.write("*CLS")
        self.set_input(on=False)
        for command in ("*RST", "PROT:CLE", "SYST:MODE AC", "SOUR:PFAC 1;:SOUR:CFAC 1.41"):
            self._set(command)
        self.set_input(on=False)

    def draw_power(self, power: Watt) -> None:
        """Set constant power in W, 0 to ``max_power``; does not switch the input."""
        self._refuse_beyond_rating(power, power, POWER)
        self._operate(POWER, power)

    def draw_current(self, current: Ampere) -> None:
        """Set constant r.m.s. current in A, 0 to ``max_power`` / 230 V; does not switch the input."""
        self._refuse_beyond_rating(current, current * MAINS, CURRENT)
        self._operate(CURRENT, current)

    def present_resistance(self, resistance: Ohm) -> None:
        """Set constant resistance in ohm, not below (230 V)² / ``max_power``; does not switch the input."""
        power = MAINS**2 / resistance if resistance > 0 else float("inf")
        self._refuse_beyond_rating(resistance, power, RESISTANCE)
        self._operate(RESISTANCE, resistance)

    def protect(self, limits: LoadLimits) -> list[Protection]:
        """Arm over-power and over-current protection; see :class:`hil.ports.Protecting`.

        It has none for voltage.
        """
        return [
            *keep(limits.power, self.max_power, "W", partial(self._protect, POWER)),
            *keep(limits.current, self.max_power / MAINS, "A", partial(self._protect, CURRENT)),
            *keep(limits.voltage, self.max_voltage, "V"),
        ]

    def _refuse_beyond_rating(self, value: float, power: float, function: Function) -> None:
        if not (0 <= power <= self.max_power and value < float("inf")):
            raise AuthorError(
                f"{value:g} {function.unit} is beyond this load, which takes 0 to {self.max_power:g} W at {MAINS:g} V",
                place=self._transport.place,
                remedy="Ask for less, or use a bench with a larger load.",
            )

    def _operate(self, function: Function, value: float) -> None:
        # the setpoint before the function: with the input on, an old setpoint must not act for a moment
        self._set(f"SOUR:{function.scpi} {value:.7g}")
        self._set(f"SOUR:FUNC {function.scpi}")
        what = f"the setpoint {value:.7g} {function.unit}"
        self._read_back(f"SOUR:{function.scpi}?", value, what, function.resolution)

    def _protect(self, function: Function, limit: float) -> None:
        header = f"SOUR:{function.scpi}:PROT"
        for setting, value in (("", limit), (":STAT", 1.0)):
            self._set(f"{header}{setting} {value:.7g}")
            self._read_back(f"{header}{setting}?", value, f"the protection {value:g}")


class It8615L(It8615):
    """The sister of the IT8615 for less voltage; the programming guide of the series (IT8600, V2.2) covers both.

    Rated for 1.5 kVA (u): the guide tells no ratings and no data sheet was to be had. The figures are the lower ones of
    those that are told of it, so that no bench asks for more than it takes; check them against the plate of yours.
    """

    serves = Models("ITECH", ("IT8615L",), ("ITECH Electronic",))
    max_power = Watt(1500.0)
    max_voltage = Volt(260.0)
    """R.m.s. (u)."""
