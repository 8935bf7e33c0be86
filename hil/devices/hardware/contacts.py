"""The coil of the socket's power relay on a real machine: a pin of a Raspberry Pi, or a coil of a Modbus board."""

from __future__ import annotations

from typing import Protocol

from pymodbus.client import ModbusTcpClient
from pymodbus.exceptions import ModbusException

from hil.errors import ConfigurationError, RigFault

MODBUS_TIMEOUT_S = 0.1
"""For one answer of the board: three tries and the read-back stay within the 500 ms of a cut (docs/system.md)."""


class DeviceContact(Protocol):
    """A :class:`hil.devices.board.Contact` that can be let go of."""

    def set(self, *, closed: bool) -> None:
        """Switch the contact."""

    def close(self) -> None:
        """Release the hardware."""


class NoContact:
    """The contact of a device that has none (the cable)."""

    def set(self, *, closed: bool) -> None:
        """Nothing is connected."""

    def close(self) -> None:
        """Nothing is held."""


class GpioRelay:
    """A relay driver on a pin, energised while the pin is high. Needs the extra ``raspberry`` (gpiozero).

    :param pin: BCM number, 0 to 27.

    The pin keeps its state if the program is killed: a socket that must survive that needs a hardware watchdog that
    drops the coil. ``close`` makes the pin an input, so that the driver's pull-down opens the contact.
    """

    def __init__(self, pin: int) -> None:
        self._place = f"relay gpio:{pin}"
        try:
            import gpiozero
        except ImportError:
            raise ConfigurationError(
                "gpiozero is not installed", place=self._place, remedy="Install micropay-hil[raspberry]."
            ) from None
        try:
            self._output = gpiozero.DigitalOutputDevice(pin, active_high=True, initial_value=False)
        except (gpiozero.GPIOZeroError, OSError) as error:
            raise RigFault(
                f"the pin cannot be had ({error})", place=self._place, remedy="Check pin and rights."
            ) from None

    def set(self, *, closed: bool) -> None:
        """Switch and read the pin back; raises RigFault if it disagrees."""
        self._output.value = closed
        if bool(self._output.value) is not closed:
            raise _disobeys(self._place, closed)

    def close(self) -> None:
        """Release the pin."""
        self._output.off()
        self._output.close()


class ModbusCoil:
    """A coil of a relay board on Modbus TCP.

    :param coil: its address, from 0.
    :param unit: the board's unit identifier; boards with one unit answer any.
    """

    def __init__(self, host: str, port: int, coil: int, *, unit: int = 1) -> None:
        self._place = f"relay modbus:{host}:{port}/{coil}"
        self._coil, self._unit = coil, unit
        self._client = ModbusTcpClient(host, port=port, timeout=MODBUS_TIMEOUT_S, retries=2)

    def set(self, *, closed: bool) -> None:
        """Write and read back; raises RigFault if the board does not answer, refuses, or reads back otherwise."""
        try:
            written = self._client.write_coil(self._coil, closed, device_id=self._unit)
            read = self._client.read_coils(self._coil, count=1, device_id=self._unit)
        except ModbusException as error:
            raise RigFault(
                f"the relay board does not answer ({error})", place=self._place, remedy="Check its address and supply."
            ) from None
        if written.isError() or read.isError():
            raise RigFault(
                f"the relay board refuses ({written if written.isError() else read})",
                place=self._place,
                remedy="Check the coil's number.",
            )
        if bool(read.bits[0]) is not closed:
            raise _disobeys(self._place, closed)

    def close(self) -> None:
        """Close the connection to the board."""
        self._client.close()  # type: ignore[no-untyped-call]  # pymodbus


def _disobeys(place: str, closed: bool) -> RigFault:
    told, reads = ("close", "open") if closed else ("open", "closed")
    return RigFault(f"told to {told} and reads back {reads}", place=place, remedy="Check the relay and its wiring.")
