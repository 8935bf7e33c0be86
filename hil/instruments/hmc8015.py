"""Rohde & Schwarz HMC8015 power analyzer as the lab meter. Commands and their sources: the transcript hmc8015.yaml."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.instruments.identity import Models
from hil.instruments.meter_limits import MakersLimits, QuantityLimits
from hil.instruments.one_query_meter import CHANGED, DIALECT, OneQueryMeter
from hil.instruments.scpi import (
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
"""The range for 230 V mains. Fixed: the integrator fails when an automatic range changes (d)."""

CURRENT_RANGE = Ampere(10.0)
"""The range above the 7.8 A that the load can draw at 230 V; a larger one would cost accuracy."""

POWER_RANGE = Watt(VOLTAGE_RANGE * CURRENT_RANGE)

READ = "CHAN1:MEAS:DATA?"
FUNCTIONS = {"URMS": "voltage", "IRMS": "current", "P": "power", "WH": "energy", "TIME": "integrated time"}
"""Measurement functions in the order in which one query reads them, with the quantity that each gives."""

QUANTITIES = tuple(FUNCTIONS.values())

RESET_TIMEOUT = 10.0
"""Seconds for ``*RST``; R&S's own drivers allow 5 s and more for it (d)."""

REMEDIES = {
    "overload": "Draw less, or choose a larger range; the fixed ranges are 300 V and 10 A.",
    "no valid data": "Check that the meter was prepared and has updated since (its first reading takes up to 3 s).",
}


BASIC = "HMC8015, basic accuracy 0.05 % (u)"
AS_WT310E = "taken for that of the WT310E, until the data sheet of the HMC8015 is at hand (u)"

LIMITS = MakersLimits(
    voltage=QuantityLimits(0.0005, 0.0005, VOLTAGE_RANGE, 5, BASIC),
    current=QuantityLimits(0.0005, 0.0005, CURRENT_RANGE, 5, BASIC),
    power=QuantityLimits(0.0005, 0.0005, POWER_RANGE, 5, BASIC),
    quick=0.0,
    quick_source="ten readings a second are its own rate (u)",
    integration=0.0,
    integration_source=f"{BASIC}; of its integrator nothing more is known",
    energy_digits=7,
    power_factor=0.001,
    power_factor_source=AS_WT310E,
    heat_of_voltage=0.0,
    heat_of_current=0.0,
    heat_source=f"{BASIC}; of heat nothing is known",
    per_kelvin=0.0003,
    temperature_source=f"beyond 23 ± 5 °C, {AS_WT310E}",
)


class Hmc8015(OneQueryMeter):
    """Voltage, current, active power and integrated energy of channel 1, ten readings a second.

    The range of power is 300 V x 10 A = 3 kW, of which the maker's limits are 1.5 W. It has no ratio for a current
    transformer (its EXT input takes the voltage of a shunt or a probe), so this driver multiplies.
    """

    serves = Models("Rohde&Schwarz", ("HMC8015", "HMC8015-G"), ("R&S", "HAMEG"))
    """HMC8015-G has GPIB as well. The series was sold under the name HAMEG at first (u)."""

    update_period = Second(0.1)
    limits = LIMITS
    settling = Second(3.0)
    """The maker's own examples wait 2 to 3 s before the first reading (research/scpi.md)."""

    def __init__(self, transport: Transport, identity: Identity) -> None:
        super().__init__(transport, identity, READ, QUANTITIES, REMEDIES)

    def prepare(self) -> None:
        """Reset, set ranges and functions, clear and start the integrator; read everything back.

        The first reading is there after one update period at best; R&S's own examples wait 2 to 3 s (d).
        Raises RigFault if a read-back disagrees, or if the status or the error queue tells of an error.
        """
        self._refuse_current_beyond(CURRENT_RANGE)
        send = self._transport.write
        send("*RST")
        wait_for_completion(self._transport, timeout=RESET_TIMEOUT)
        send("*CLS")
        self._lock_panel("SYST:REM", "SYST:LOC")
        send("CHAN1:ACQ:MODE AUTO")
        for quantity, value in (("VOLT", VOLTAGE_RANGE), ("CURR", CURRENT_RANGE)):
            send(f"CHAN1:ACQ:{quantity}:RANG:AUTO OFF")
            send(f"CHAN1:ACQ:{quantity}:RANG {value:g}")
        send(f"CHAN1:MEAS:FUNC {','.join(FUNCTIONS)}")
        send("INT ON")
        send("INT:MODE MAN")
        send("INT:RES")
        send("INT:STAR")
        wait_for_completion(self._transport)
        refuse_status(self._transport, "preparing the meter")
        self._read_back()

    def verify(self) -> None:
        """Raise RigFault if a range is no longer that of ``prepare``."""
        self._compare_ranges(*CHANGED)

    def errors(self) -> list[str]:
        """Read the error queue empty, each entry as ``code,text``."""
        return read_errors(self._transport)

    def _read_back(self) -> None:
        command = "CHAN1:MEAS:FUNC?"
        reply = self._transport.query(command)
        if [name.strip().upper() for name in reply.split(",")] != list(FUNCTIONS):
            raise self._transport.fault(
                command, reply, f"the functions {','.join(FUNCTIONS)} were not taken", "Check firmware and dialect."
            )
        self._compare_ranges(*DIALECT)

    def _compare_ranges(self, wrong: str, remedy: str) -> None:
        for quantity, value in (("VOLT", VOLTAGE_RANGE), ("CURR", CURRENT_RANGE)):
            read_back(
                self._transport,
                f"CHAN1:ACQ:{quantity}:RANG?",
                value,
                tolerance=1e-3 * value,
                what=f"the range {value:g}",
                remedy=remedy,
                wrong=wrong,
            )
