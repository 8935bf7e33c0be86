"""A virtual PZEM-004T v3: the devices' own energy meter as its maker's manual describes it, on Modbus RTU.

Like the real one it is fed from the mains that it measures, and silent without. Shares no code with the driver in
hil.devices.hardware; both are held against the same transcript. It knows no direction: power that flows back is shown,
and counted, as if it were delivered (the manual names no sign, and its registers have none).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

READ_HOLDING, READ_INPUT, WRITE_HOLDING, RESET_ENERGY = 0x03, 0x04, 0x06, 0x42
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_DATA = 1, 2, 3
GENERAL_ADDRESS = 0xF8
LOWEST_VOLTAGE = 80.0
"""The measuring range begins there, and the module's own supply ends."""
HIGHEST_UNIT = 0xF7
ENERGY_WH = 10_000_000
"""The energy register goes on from 0 there: the manual's range ends at 9999.99 kWh."""

REQUEST_BYTES, RESET_BYTES = 8, 4


@dataclass(frozen=True)
class PzemValues:
    """What the module measures. V, A, W, Wh, Hz; power and energy without a sign."""

    voltage: float
    current: float
    power: float
    energy: float
    frequency: float


class VirtualPzem:
    """The module: whole requests in, replies out.

    :param measure: the present values; the energy counts from the module's first power-on.
    """

    def __init__(self, measure: Callable[[], PzemValues]) -> None:
        self._measure = measure
        self._unit = 1
        self._alarm_threshold_w = 23_000
        """The module's default: its full range."""
        self._cleared_at_wh = 0.0

    def answer(self, request: bytes) -> bytes | None:
        """Return the reply, None if the frame is damaged or meant for another module, or the module is dark."""
        if self._measure().voltage < LOWEST_VOLTAGE:
            return None
        if len(request) < RESET_BYTES or crc16(request) != 0 or request[0] not in {self._unit, GENERAL_ADDRESS}:
            return None
        function, body = request[1], request[2:-2]
        reply = self._act(function, body)
        if isinstance(reply, int):
            reply = bytes([function | 0x80, reply])
        return _sealed(request[:1] + reply)

    def _act(self, function: int, body: bytes) -> bytes | int:
        """Return function code and data, or an exception code."""
        if function == RESET_ENERGY and not body:
            self._cleared_at_wh = self._measure().energy
            return bytes([RESET_ENERGY])
        if function not in {READ_HOLDING, READ_INPUT, WRITE_HOLDING}:
            return ILLEGAL_FUNCTION
        if len(body) != 4:
            return ILLEGAL_DATA
        address, value = int.from_bytes(body[:2], "big"), int.from_bytes(body[2:], "big")
        if function == WRITE_HOLDING:
            return self._write(address, value) or bytes([function]) + body
        if not value:
            return ILLEGAL_DATA
        registers = self._input() if function == READ_INPUT else {1: self._alarm_threshold_w, 2: self._unit}
        wanted = range(address, address + value)
        if not set(wanted) <= set(registers):
            return ILLEGAL_ADDRESS
        data = b"".join(registers[number].to_bytes(2, "big") for number in wanted)
        return bytes([function, len(data)]) + data

    def _write(self, address: int, value: int) -> int:
        """Set a parameter; return an exception code, 0 if it is set."""
        if address == 1:
            self._alarm_threshold_w = value
            return 0
        if address != 2:
            return ILLEGAL_ADDRESS
        if not 1 <= value <= HIGHEST_UNIT:
            return ILLEGAL_DATA
        self._unit = value
        return 0

    def _input(self) -> dict[int, int]:
        now = self._measure()
        current, power = round(now.current * 1000), round(now.power * 10)
        energy = int((now.energy - self._cleared_at_wh) % ENERGY_WH)
        apparent = now.voltage * now.current
        factor = round(100 * min(1.0, now.power / apparent)) if apparent > 0 else 0
        alarm = 0xFFFF if now.power > self._alarm_threshold_w else 0
        values = [round(now.voltage * 10), *_words(current), *_words(power), *_words(energy)]
        return dict(enumerate([*values, round(now.frequency * 10), factor, alarm]))


class RtuPort:
    """Cuts a byte stream into requests for a module and sends its replies.

    :param send: writes a reply to the wire.
    :param call_later: an event loop's: runs an action after some seconds.

    A request is whole when its function's length is reached and its CRC fits, or after a silence: one of another
    length, or of a function that the module does not have, gets its exception then. The reply leaves when both would
    have been on the wire at 9600 8N1.
    """

    BYTE_S = 10 / 9600
    SILENCE_S = 0.02
    """Longer than the 3.5 characters of the standard: an operating system stands in between."""

    def __init__(
        self,
        module: VirtualPzem,
        send: Callable[[bytes], None],
        call_later: Callable[[float, Callable[[], None]], object],
    ) -> None:
        self._module = module
        self._send = send
        self._call_later = call_later
        self._received = bytearray()
        self._blocks = 0

    def receive(self, data: bytes) -> None:
        """Take bytes of the request; answer when it is whole."""
        self._received += data
        self._blocks += 1
        length = RESET_BYTES if self._received[1:2] == bytes([RESET_ENERGY]) else REQUEST_BYTES
        if len(self._received) == length and crc16(bytes(self._received)) == 0:
            self._answer()
            return
        block = self._blocks
        self._call_later(self.SILENCE_S, lambda: self._end_frame(block))

    def _end_frame(self, block: int) -> None:
        if block == self._blocks and self._received:
            self._answer()

    def _answer(self) -> None:
        request, self._received = bytes(self._received), bytearray()
        reply = self._module.answer(request)
        if reply is not None:
            self._call_later((len(request) + len(reply)) * self.BYTE_S, lambda: self._send(reply))


def crc16(data: bytes) -> int:
    """Return the CRC of Modbus RTU (polynomial 0xA001, start 0xFFFF); 0 over a frame with its own CRC."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def _sealed(frame: bytes) -> bytes:
    return frame + crc16(frame).to_bytes(2, "little")


def _words(value: int) -> tuple[int, int]:
    """Return low and high word."""
    return value & 0xFFFF, value >> 16 & 0xFFFF
