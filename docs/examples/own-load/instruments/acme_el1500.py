"""Acme EL1500 AC load, a made-up instrument. Commands and their sources: the transcript acme_el1500.yaml."""

from __future__ import annotations

from hil.errors import AuthorError
from hil.instruments.identity import Models
from hil.instruments.scpi import wait_for_completion
from hil.instruments.scpi_load import ScpiLoad
from hil.units import Ampere, Ohm, Watt

RATINGS = {"POW": (0.0, 1500.0, "W"), "CURR": (0.0, 10.0, "A"), "RES": (5.0, 5000.0, "ohm")}
"""Lowest and highest set-point of each mode (u)."""


class AcmeEl1500(ScpiLoad):
    """Constant power, current or resistance on AC; it has no protections that can be set."""

    serves = Models("ACME", ("EL1500",), aliases=("Acme Instruments",))
    max_power = Watt(1500.0)
    input_command = "INP"
    power_query = "MEAS:POW?"
    read_back_tolerance = 0.001  # (u)

    def prepare(self) -> None:
        """Switch the input off and reset; errors that are left from before are thrown away."""
        self._transport.write("*CLS")
        self.set_input(on=False)
        self._transport.write("*RST")
        wait_for_completion(self._transport, timeout=10.0)
        self.set_input(on=False)

    def draw_power(self, power: Watt) -> None:
        """Set constant power in W, 0 to 1500; AuthorError beyond that."""
        self._operate("POW", power)

    def draw_current(self, current: Ampere) -> None:
        """Set constant current in A, 0 to 10; likewise."""
        self._operate("CURR", current)

    def present_resistance(self, resistance: Ohm) -> None:
        """Set constant resistance in ohm, 5 to 5000; likewise."""
        self._operate("RES", resistance)

    def _operate(self, mode: str, value: float) -> None:
        lowest, highest, unit = RATINGS[mode]
        if not lowest <= value <= highest:
            what = f"{value:g} {unit} is beyond this load, which takes {lowest:g} to {highest:g} {unit}"
            raise AuthorError(what, place=self._transport.place, remedy="Ask for a value that it takes.")
        self._set(f"{mode} {value:.7g}")
        self._read_back(f"{mode}?", value, f"the set-point {value:g} {unit}")
        self._set(f"MODE {mode}")
        if (reply := self._transport.query("MODE?")) != mode:
            raise self._transport.fault("MODE?", reply, f"{mode} was awaited", "Check firmware and dialect.")
