"""ITECH IT8615 AC/DC electronic load. Commands and their sources: the transcript it8615.yaml.

Power and crest factor go together: a sine may have any power factor, a current in pulses one between two limits. Those
limits are of a pulse of half a cosine that stays within its half-cycle, which gives what the manual of a sibling has
(Chroma 63800, table 3-1: 0.977 to 0.993 at a crest factor of 1.5; b). The load is told to keep the power factor, and it
would change the crest factor without a word: so a pair beyond the limits is refused here.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from hil.errors import AuthorError
from hil.instruments.identity import Models
from hil.instruments.scpi_load import Function, ScpiLoad, keep
from hil.units import SINE_CREST_FACTOR, Volt, Watt

if TYPE_CHECKING:
    from hil.ports import LoadLimits, Protection
    from hil.units import Ampere, CurrentShape, Ohm

MAINS = Volt(230.0)
"""At this voltage a current or a resistance is held against the rated power (docs/system.md)."""

POWER = Function("POW", "W", 0.5)
CURRENT = Function("CURR", "A", 0.005)
RESISTANCE = Function("RES", "ohm", 0.05)

HIGHEST_CREST_FACTOR = 5.0
SHAPE_RESOLUTION = 0.005
"""Smallest step of power and crest factor (u)."""


def power_factors_at(crest_factor: float) -> tuple[float, float]:
    """Return the least and the most that the power factor of a current with this crest factor can be."""
    if crest_factor <= SINE_CREST_FACTOR:
        return 0.0, 1.0
    ratio = crest_factor**2 / 2  # of a half-cycle to the pulse in it
    most = 4 * ratio**1.5 * math.cos(math.pi / (2 * ratio)) / (math.pi * (ratio**2 - 1))
    return most * math.sin(math.pi / (2 * ratio)), most


class It8615(ScpiLoad):
    """The load behind the cable: constant power, current or resistance on AC, at any power factor.

    Rated for 1.8 kVA (m), which at power factor 0.5 are 900 W. A setpoint beyond that at 230 V raises AuthorError and
    nothing is sent. After each setting the error queue is read: a protection that tripped is found at the next setting
    at the latest.
    """

    serves = Models("ITECH", ("IT8615",), ("ITECH Electronic",))
    max_power = Watt(1800.0)
    max_voltage = Volt(420.0)
    """R.m.s., beyond which the load opens its input (data sheet: u)."""

    input_command = "INPUT:STATE"
    power_query = "MEAS:POW?"
    source = "SOUR:"
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

    @classmethod
    def cannot_shape(cls, power: Watt, shape: CurrentShape) -> str:
        """See :class:`hil.ports.ShapingLoad`."""
        factor, crest = shape
        if not (0 < factor <= 1 and 1.41 <= crest <= HIGHEST_CREST_FACTOR):
            return (
                f"power factor {factor:g} and crest factor {crest:g} are not both within what its load draws:"
                f" above 0 to 1, and 1.41 to {HIGHEST_CREST_FACTOR:g}"
            )
        least, most = power_factors_at(crest)
        if not least - SHAPE_RESOLUTION <= factor <= most + SHAPE_RESOLUTION:
            return (
                f"power factor {factor:g} cannot go with crest factor {crest:g}: its load draws such a current at power"
                f" factors from {least:.2f} to {most:.2f}"
            )
        if power / factor > cls.max_power:
            return (
                f"{power:g} W at power factor {factor:g} are {power / factor:.4g} VA; its load takes at most"
                f" {cls.max_power:g} VA"
            )
        return ""

    def shape_current(self, shape: CurrentShape) -> None:
        """See :class:`hil.ports.ShapingLoad`; AuthorError, and nothing is sent, for a shape that it cannot draw."""
        if why := self.cannot_shape(Watt(0.0), shape):
            raise AuthorError(why, place=self._transport.place)
        self._set("SYST:CFPF:PRI PF")
        for command, value, what in (("PFAC", shape.power_factor, "power"), ("CFAC", shape.crest_factor, "crest")):
            self._set(f"SOUR:{command} {value:.7g}")
            self._read_back(f"SOUR:{command}?", value, f"the {what} factor {value:.7g}", SHAPE_RESOLUTION)

    def protect(self, limits: LoadLimits) -> list[Protection]:
        """Arm over-power and over-current protection; see :class:`hil.ports.Protecting`.

        It has none for voltage.
        """
        return [
            *keep(limits.power, self.max_power, "W", partial(self._arm, POWER)),
            *keep(limits.current, self.max_power / MAINS, "A", partial(self._arm, CURRENT)),
            *keep(limits.voltage, self.max_voltage, "V"),
        ]

    def _refuse_beyond_rating(self, value: float, power: float, function: Function) -> None:
        if not (0 <= power <= self.max_power and value < float("inf")):
            raise self._beyond(value, function.unit, f"0 to {self.max_power:g} W at {MAINS:g} V")


class It8615L(It8615):
    """The sister of the IT8615 for less voltage; the programming guide of the series (IT8600, V2.2) covers both.

    Rated for 1.5 kVA (u): the guide tells no ratings and no data sheet was to be had. The figures are the lower ones of
    those that are told of it, so that no bench asks for more than it takes; check them against the plate of yours.
    """

    serves = Models("ITECH", ("IT8615L",), ("ITECH Electronic",))
    max_power = Watt(1500.0)
    max_voltage = Volt(260.0)
    """R.m.s. (u)."""
