"""Yokogawa WT310E power meter as the lab meter. Commands and their sources: the transcript wt310e.yaml."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.instruments.identity import Models
from hil.instruments.meter_limits import MakersLimits, QuantityLimits
from hil.instruments.one_query_meter import CHANGED, DIALECT, OneQueryMeter
from hil.instruments.scpi import (
    query_integer,
    read_back,
    read_errors,
    refuse_status,
    wait_for_completion,
)
from hil.ports import Identity
from hil.units import Ampere, Second, Volt, Watt

if TYPE_CHECKING:
    from hil.instruments.transport import Transport

VOLTAGE_RANGE = Volt(300.0)
"""The range for 230 V mains; fixed, so that no range changes while energy is integrated."""

CURRENT_RANGE = Ampere(10.0)
"""The range above the 7.8 A that a load of 1.8 kVA can draw at 230 V; a larger one would cost accuracy."""

POWER_RANGE = Watt(VOLTAGE_RANGE * CURRENT_RANGE)

UPDATE_PERIOD = Second(0.1)
"""The shortest of the meter's update intervals: 0.1, 0.25, 0.5, 1, 2, 5 s (research/scpi.md)."""

READ = ":NUM:NORM:VAL?"
ITEMS = {"U,1": "voltage", "I,1": "current", "P,1": "power", "WH,1": "energy", "TIME,1": "integrated time"}
"""Numeric items in the order in which one query reads them, with the quantity that each gives."""

QUANTITIES = tuple(ITEMS.values())
ERROR_QUERY = ":STAT:ERR?"
"""The WT series does not know ``SYST:ERR?``."""

RESET_TIMEOUT = 10.0
"""Seconds for ``*RST`` (u)."""

ZERO_TIMEOUT = 10.0
"""Seconds for ``*CAL?`` (u)."""

SETTLING = Second(1.0)
"""From the start of integration, after which working drivers wait 0.2 s (d), over several updates with fixed ranges."""

REMEDIES = {
    "overload": "Draw less, or choose a larger range; the fixed ranges are 300 V and 10 A, readable to 140 % (m).",
    "no valid data": "Check that the meter was prepared, has updated since, and that its integration runs.",
}


MANUAL = "WT310E manual, IM WT310E-02EN"
"""The Getting Started Guide, chapter 7. What is marked u stands on a page of it that could not be had."""

LIMITS = MakersLimits(
    voltage=QuantityLimits(0.001, 0.0005, VOLTAGE_RANGE, 5, f"{MANUAL}, 7-6, 45 to 66 Hz, 12 months (u)"),
    current=QuantityLimits(0.001, 0.0005, CURRENT_RANGE, 5, f"{MANUAL}, 7-6, 45 to 66 Hz, 12 months (u)"),
    power=QuantityLimits(0.001, 0.0005, POWER_RANGE, 5, f"{MANUAL}, 7-7, 45 to 66 Hz, 12 months (m)"),
    quick=0.0005,
    quick_source="GPM-8310 manual, p. 233, whose other limits are those of the WT310E (b)",
    integration=0.001,
    integration_source=f"{MANUAL}, integration (u)",
    energy_digits=6,
    power_factor=0.001,
    power_factor_source=f"{MANUAL}, 7-8, 0.1 % of apparent power at power factor 0 (m)",
    heat_of_voltage=1e-9,
    heat_of_current=1.3e-6,
    heat_source=f"{MANUAL}, 7-7 (m)",
    per_kelvin=0.0003,
    temperature_source=f"{MANUAL}, 7-6, beyond 23 ± 5 °C (u)",
)


class Wt310e(OneQueryMeter):
    """Voltage, current, active power and integrated energy of element 1, ten readings a second.

    The range of power is 300 V x 10 A = 3 kW, of which the maker's limits are 1.5 W.
    """

    serves = Models("YOKOGAWA", ("WT310E", "WT310EH"), ("YOKOGAWA ELECTRIC", "YOKOGAWA Test & Measurement"))
    """WT310EH takes up to 40 A. It has the same commands, the 10 A range too (IM WT310E-01EN, 2-7), and the same limits
    of error of power at 45 to 66 Hz (IM WT310E-02EN, 7-7)."""

    update_period = UPDATE_PERIOD
    limits = LIMITS
    settling = SETTLING
    scales_itself = True

    def __init__(self, transport: Transport, identity: Identity) -> None:
        super().__init__(transport, identity, READ, QUANTITIES, REMEDIES)

    def prepare(self) -> None:
        """Reset, set update interval, ranges and items, clear and start the integrator; read everything back.

        Raises RigFault if a read-back disagrees, or if the status or the error queue tells of an error.
        """
        self._refuse_current_beyond(CURRENT_RANGE)
        send = self._transport.write
        # what an earlier session left running would forbid the reset its settings (error 813)
        for command in (":INTEG:STOP", ":INTEG:RES", "*RST"):
            send(command)
        wait_for_completion(self._transport, timeout=RESET_TIMEOUT)
        self._lock_panel(":COMM:REM ON", ":COMM:REM OFF")
        for command in (
            "*CLS",
            ":COMM:HEAD OFF",  # else each reply begins with the header of its question
            ":NUM:FORM ASC",
            f":RATE {UPDATE_PERIOD * 1000:.0f}MS",
            ":INP:MODE RMS",
            ":INP:CFAC 3",
            ":INP:VOLT:AUTO OFF",
            f":INP:VOLT:RANG {VOLTAGE_RANGE:g}V",
            ":INP:CURR:AUTO OFF",
            f":INP:CURR:RANG {CURRENT_RANGE:g}A",
            *self._scaling(),
            f":NUM:NORM:NUM {len(ITEMS)}",
            *(f":NUM:NORM:ITEM{number} {item}" for number, item in enumerate(ITEMS, 1)),
            ":INTEG:MODE NORM",
            ":INTEG:RES",
            ":INTEG:STAR",
        ):
            send(command)
        wait_for_completion(self._transport)
        refuse_status(self._transport, "preparing the meter", ERROR_QUERY)
        self._read_back()

    def errors(self) -> list[str]:
        """Read the error queue empty, each entry as ``code,text``."""
        return read_errors(self._transport, ERROR_QUERY)

    def verify(self) -> None:
        """Raise RigFault if update interval, a range or a ratio is no longer that of ``prepare``."""
        self._compare(*CHANGED)

    def zero(self) -> None:
        """Compensate the zero level of the inputs; integration stops. See :class:`hil.ports.ZeroAdjusting`."""
        for command in (":INTEG:STOP", "*CLS"):  # to stop what does not run is an error (844), and no matter here
            self._transport.write(command)
        if (code := query_integer(self._transport, "*CAL?", timeout=ZERO_TIMEOUT)) != 0:
            remedy = "See that nothing is at its inputs, let it warm up, and try again."
            raise self._transport.fault("*CAL?", str(code), "its zero level was not compensated", remedy)
        refuse_status(self._transport, "compensating the zero level", ERROR_QUERY)

    def _scaling(self) -> tuple[str, ...]:
        """Return what has it multiply by the ratio of the current transformer; nothing without one."""
        transformer = self.conditions.transformer
        if transformer is None:
            return ()
        return ":INP:SCAL:VT 1", f":INP:SCAL:CT {transformer.ratio:.4f}", ":INP:SCAL:SFAC 1", ":INP:SCAL ON"

    def _scaling_read_back(self) -> tuple[tuple[str, float], ...]:
        transformer = self.conditions.transformer
        if transformer is None:
            return ((":INP:SCAL:STAT?", 0.0),)
        factors = ((":INP:SCAL:VT?", 1.0), (":INP:SCAL:CT?", transformer.ratio), (":INP:SCAL:SFAC?", 1.0))
        return (":INP:SCAL:STAT?", 1.0), *factors

    def _read_back(self) -> None:
        self._compare(*DIALECT)
        command = f":NUM:NORM:ITEM{len(ITEMS)}?"
        reply = self._transport.query(command)
        if "".join(reply.split()).upper() != (item := list(ITEMS)[-1]):
            raise self._transport.fault(command, reply, f"the item {item} was not taken", "Check firmware and dialect.")

    def _compare(self, wrong: str, remedy: str) -> None:
        for command, value in (
            (":RATE?", UPDATE_PERIOD),
            (":INP:VOLT:RANG?", VOLTAGE_RANGE),
            (":INP:CURR:RANG?", CURRENT_RANGE),
            (":INP:VOLT:AUTO?", 0.0),
            (":INP:CURR:AUTO?", 0.0),
            *self._scaling_read_back(),
            (":NUM:NORM:NUM?", len(ITEMS)),
        ):
            read_back(
                self._transport,
                command,
                value,
                tolerance=1e-3 * value,
                what=f"the setting {value:g}",
                remedy=remedy,
                wrong=wrong,
            )
