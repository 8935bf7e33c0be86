"""The energy meter PZEM-004T v3 on Modbus RTU: what its ten input registers mean, and a finer count of energy.

Source: the maker's "PZEM-004T V3.0 Datasheet-User Manual"; frames of real modules in
fixtures/data/transcripts/pzem004t.yaml. The module is fed from the mains that it measures, and silent without: a
socket's must sit ahead of its contact, and a cable's is silent until a socket delivers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from pymodbus.client import ModbusSerialClient, ModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.framer import FramerType

from hil.devices.board import RegisterCount
from hil.errors import RigFault
from hil.units import Ampere, Volt, Watt, WattHour

BAUD: Final = 9600
GENERAL_ADDRESS: Final = 0xF8
"""Every module answers to it; for a bus with one module only."""

REGISTERS: Final = 10
POLL_S: Final = 0.1
"""A reading takes 35 ms on the wire: 8 bytes there, 25 back."""

ANSWER_TIMEOUT_S: Final = 0.12
TRIES: Final = 3
"""A socket that cannot read its meter any more has opened its contact within TRIES x ANSWER_TIMEOUT_S."""

DARK_POLL_S: Final = 0.5
"""A module that is dark is asked this often, once: each question to it keeps the program waiting in vain."""

LONGEST_DARKNESS_S: Final = DARK_POLL_S + TRIES * ANSWER_TIMEOUT_S
"""Between the last question to a dark module and its first answer power may have flowed for so long, unseen."""

LONGEST_EXTRAPOLATION_S: Final = 3 * POLL_S
"""Between readings the power is taken to stay as it was, but not for longer than this."""


@dataclass(frozen=True)
class PzemReading:
    """One reading of all input registers."""

    voltage: Volt
    """0.1 V a step."""
    current: Ampere
    """1 mA a step."""
    power: Watt
    """0.1 W a step."""
    energy_wh: int
    """Whole watt-hours since the module's counter was cleared; survives power cuts."""
    frequency_hz: float
    """0.1 Hz a step."""
    power_factor: float
    """0.01 a step."""
    alarm: bool
    """The power exceeds the module's alarm threshold."""


def decode(registers: Sequence[int]) -> PzemReading:
    """Return the meaning of input registers 0x0000 to 0x0009; values of 32 bits have their low word first."""
    if len(registers) != REGISTERS:
        raise ValueError(f"{len(registers)} registers, not {REGISTERS}")
    voltage, i_low, i_high, p_low, p_high, e_low, e_high, frequency, factor, alarm = registers
    return PzemReading(
        Volt(voltage / 10),
        Ampere((i_high << 16 | i_low) / 1000),
        Watt((p_high << 16 | p_low) / 10),
        e_high << 16 | e_low,
        frequency / 10,
        factor / 100,
        alarm == 0xFFFF,
    )


LIVE_V = 80.0
"""The module measures from 80 V on (its data sheet)."""


class EnergyCount:
    """Energy since the start in watt-hours: power integrated between readings, held to the register of whole Wh.

    The register starts at an unknown fraction of a watt-hour. Each reading narrows the interval in which that can lie;
    once integral and register contradict each other, the integral has drifted and is moved to the nearest value that
    they agree on. It is never told to have fallen.
    """

    def __init__(self) -> None:
        self._integral = 0.0
        self._register = RegisterCount()
        self._first: int | None = None
        self._fraction = 0.0, 1.0
        """Lowest and highest that the fraction at the start can be."""
        self._last: tuple[float, float] | None = None
        """Instant and power of the last reading."""
        self._dark_since: float | None = None
        self._before_first = 0.0
        """What may have flowed before the first reading, whose register holds it already."""
        self._told = 0.0

    def pause(self, now: float) -> None:
        """Nothing flowed at ``now``, and there is no reading until it does.

        What may have flowed by the next reading counts in full: a cable that underrated it would take an honest socket
        for one that bills too much (3680 W for 0.9 s are 0.9 Wh).
        """
        self._last = None
        self._dark_since = now

    def add(self, now: float, power: Watt, register_wh: int) -> None:
        """Take a reading; raises RigFault if the register went back."""
        is_first = self._first is None
        if self._first is None:
            self._first = register_wh
        if self._last is not None:
            then, before = self._last
            self._integral += (before + power) / 2 * (now - then) / 3600
        elif self._dark_since is not None:
            unseen = power * min(now - self._dark_since, LONGEST_DARKNESS_S) / 3600
            if is_first:
                self._before_first = unseen
            else:
                self._integral += unseen
        self._last = now, float(power)
        counted = self._register.add(register_wh)
        if counted < 0:
            raise RigFault(f"its counter went back from {self._first} to {register_wh} Wh", place="meter")
        low, high = self._fraction
        narrowed = max(low, counted - self._integral), min(high, counted + 1 - self._integral)
        if narrowed[0] <= narrowed[1]:
            self._fraction = narrowed
        else:
            self._integral = counted - high if counted - self._integral > high else counted + 1 - low

    def at(self, now: float) -> WattHour:
        """Return the energy at ``now``, which is not before the last reading."""
        ahead = 0.0
        if self._last is not None:
            then, power = self._last
            ahead = min(now - then, LONGEST_EXTRAPOLATION_S) * power / 3600
        self._told = max(self._told, self._before_first + self._integral + ahead)
        return WattHour(self._told)


class SilentMeter(RigFault):
    """The module did not answer."""


class Pzem004t:
    """Implements :class:`hil.devices.board.EnergyMeter`; ``poll`` must be called every ``POLL_S`` and does all I/O.

    :param bus: an RTU client, on a serial line or through a gateway; opened here.
    :param unit: the module's address, 1 to 247, or ``GENERAL_ADDRESS``.
    :param now: the present instant in seconds.
    :param behind_contact: the module has no mains while the other device's contact is open (the cable's): its silence
        means that nothing flows. Otherwise silence is a fault.
    """

    def __init__(
        self,
        bus: ModbusSerialClient | ModbusTcpClient,
        unit: int,
        now: Callable[[], float],
        *,
        behind_contact: bool = False,
    ) -> None:
        self._bus = bus
        self._unit = unit
        self._now = now
        self._behind_contact = behind_contact
        self._dark = behind_contact
        self._ask_again_at = 0.0
        self._count = EnergyCount()
        self._power = Watt(0.0)
        self._voltage, self._current = Volt(0.0), Ampere(0.0)
        self._place = f"meter pzem {bus.comm_params.host}"
        if not bus.connect():
            raise RigFault("cannot be opened", place=self._place, remedy="Check the path, and who else holds it.")

    def poll(self) -> None:
        """Read the module; raises RigFault if it is silent (see above), refuses or answers nonsense."""
        if self._dark and self._now() < self._ask_again_at:
            return
        asked = self._now()
        try:
            reading = self.read(tries=1 if self._dark else TRIES)
        except SilentMeter:
            if not self._behind_contact:
                raise
            self._dark, self._ask_again_at = True, self._now() + DARK_POLL_S
            self._power, self._voltage, self._current = Watt(0.0), Volt(0.0), Ampere(0.0)
            self._count.pause(asked)
            return
        self._dark, self._power = False, reading.power
        self._voltage, self._current = reading.voltage, reading.current
        self._count.add(self._now(), reading.power, reading.energy_wh)

    def read(self, *, tries: int = TRIES) -> PzemReading:
        """Return a reading of now; raises SilentMeter, and RigFault as ``poll`` does."""
        try:
            answer = self._bus.read_input_registers(0, count=REGISTERS, device_id=self._unit)
        except ModbusException as error:
            if tries > 1:
                return self.read(tries=tries - 1)
            raise SilentMeter(
                f"the energy meter does not answer ({error})",
                place=self._place,
                remedy="Check its wiring and that its mains side is fed.",
            ) from None
        if answer.isError() or len(answer.registers) != REGISTERS:
            raise RigFault(f"the energy meter answers {answer}", place=self._place, remedy="Check its address.")
        return decode(answer.registers)

    def energy(self) -> WattHour:
        """Return the energy since power-on, by the newest reading."""
        return self._count.at(self._now())

    def power(self) -> Watt:
        """Return the active power of the newest reading."""
        return self._power

    def voltage(self) -> Volt:
        """Return the voltage of the newest reading; 0 where there is no mains."""
        return self._voltage

    def current(self) -> Ampere:
        """Return the current of the newest reading."""
        return self._current

    def live(self) -> bool:
        """Tell whether there was mains voltage at the newest reading."""
        return self._voltage >= LIVE_V

    def close(self) -> None:
        """Close the port."""
        self._bus.close()  # type: ignore[no-untyped-call]  # pymodbus


class ToldSilence:
    """A module whose silence is told when it is asked, and not when it is polled: a program must hear of it and decide.

    Implements :class:`hil.devices.board.MeasuringMeter`.
    """

    def __init__(self, module: Pzem004t) -> None:
        self._module = module
        self._silence: SilentMeter | None = None

    def poll(self) -> None:
        """Read the module; raises RigFault only if it answers nonsense."""
        try:
            self._module.poll()
            self._silence = None
        except SilentMeter as silence:
            self._silence = silence

    def energy(self) -> WattHour:
        """Return the energy since power-on; raises SilentMeter if the module did not answer."""
        return self._answering().energy()

    def power(self) -> Watt:
        """Return the active power; raises likewise."""
        return self._answering().power()

    def voltage(self) -> Volt:
        """Return the voltage; raises likewise."""
        return self._answering().voltage()

    def current(self) -> Ampere:
        """Return the current; raises likewise."""
        return self._answering().current()

    def live(self) -> bool:
        """Tell whether there is mains voltage; raises likewise."""
        return self._answering().live()

    def _answering(self) -> Pzem004t:
        if self._silence is not None:
            raise SilentMeter(self._silence.what, place=self._silence.place, remedy=self._silence.remedy)
        return self._module


def on_serial(
    path: str, now: Callable[[], float], unit: int = GENERAL_ADDRESS, *, behind_contact: bool = False
) -> Pzem004t:
    """Open the module on a serial port at 9600 8N1."""
    bus = ModbusSerialClient(path, baudrate=BAUD, timeout=ANSWER_TIMEOUT_S, retries=0, framer=FramerType.RTU)
    return Pzem004t(bus, unit, now, behind_contact=behind_contact)


def on_tcp(host: str, port: int, unit: int, now: Callable[[], float], *, behind_contact: bool = False) -> Pzem004t:
    """Open the module behind a serial server that passes RTU frames through TCP."""
    bus = ModbusTcpClient(host, port=port, timeout=ANSWER_TIMEOUT_S, retries=0, framer=FramerType.RTU)
    return Pzem004t(bus, unit, now, behind_contact=behind_contact)
