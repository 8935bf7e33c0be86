"""What the drivers of DC loads have in common: each function has limits of its own, and tells which one is set.

A DC load cannot sit on 230 V AC, nor behind a bare bridge rectifier: that gives 325 V, and 150 V is the limit of those
that have a driver. On a bench it stands behind an AC/DC adapter with an output below that; all values are at its own
terminals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from hil.instruments.scpi_load import Function, ScpiLoad

if TYPE_CHECKING:
    from hil.units import Ampere, Ohm, Watt

NAMES = {
    "CURR": ("CURR", "CURRENT", "CC"),
    "POW": ("POW", "POWER", "CP"),
    "RES": ("RES", "RESISTANCE", "CR"),
}
"""Names by which loads tell the function that is set by the first: short form, long form, or the front panel's."""


class DcLoad(ScpiLoad):
    """The load behind the cable and an AC/DC adapter: constant power, current or resistance on DC.

    A setpoint beyond its limits raises AuthorError and nothing is sent. After each setting the error queue is read: a
    protection that tripped is found at the next setting at the latest. The meter before the cable shows more than the
    load takes: the adapter's loss.
    """

    power: ClassVar[Function]
    current: ClassVar[Function]
    resistance: ClassVar[Function]
    """The functions of the model, with its limits."""

    behind_adapter = True
    read_back_tolerance = 0.001  # (u)

    def draw_power(self, power: Watt) -> None:
        """Set constant power in W; does not switch the input."""
        self._operate(self.power, power)

    def draw_current(self, current: Ampere) -> None:
        """Set constant direct current in A; does not switch the input."""
        self._operate(self.current, current)

    def present_resistance(self, resistance: Ohm) -> None:
        """Set constant resistance in ohm; does not switch the input."""
        self._operate(self.resistance, resistance)

    def _operate(self, function: Function, value: float) -> None:
        super()._operate(function, value)
        query = f"{self.source}FUNC?"
        reply = self._transport.query(query)
        if reply.strip().upper() not in NAMES[function.scpi]:
            names = ", ".join(NAMES[function.scpi])
            raise self._transport.fault(query, reply, f"one of {names} was awaited", "Check firmware and dialect.")
