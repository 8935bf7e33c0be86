"""A Modbus TCP server for a board of coils, as the specification has it: each wrong request gets its exception.

Sources: MODBUS Application Protocol Specification V1.1b3, 6.1, 6.2, 6.5, 6.11 and 7; MODBUS Messaging on TCP/IP
Implementation Guide V1.0b, 3.1.3. A library's server reads the value of function 5 as true or false; here only FF00
closes a relay, and only 0000 opens one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hil.vbench.io.sockets import ByteProtocol

READ_COILS, READ_DISCRETE_INPUTS, WRITE_COIL, WRITE_COILS = 1, 2, 5, 15
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3

ON, OFF = 0xFF00, 0x0000
MOST_READ, MOST_WRITTEN = 2000, 1968
"""Bits that one request may read or write: 07D0 and 07B0."""

HEADER_BYTES = 7
"""Transaction, protocol and length with two bytes each, and the unit identifier."""

LARGEST_PDU = 253


class Board(Protocol):
    """What the server answers for."""

    def coils(self) -> Sequence[bool]:
        """Return how the coils are driven."""

    def inputs(self) -> Sequence[bool]:
        """Return the discrete inputs: the contacts, as many as there are coils."""

    def drive(self, first: int, values: Sequence[bool]) -> None:
        """Drive the coils from number ``first`` on; there is one for each value."""


def reply_to(request: bytes, board: Board) -> bytes:
    """Return the reply to a request, both without header: function code and data, or the exception."""
    function, body = request[0], request[1:]
    match function:
        case 1 | 2:
            reply = _read(body, board.coils() if function == READ_COILS else board.inputs())
        case 5:
            reply = _write_one(body, board)
        case 15:
            reply = _write_several(body, board)
        case _:
            reply = ILLEGAL_FUNCTION
    if isinstance(reply, int):
        return bytes([function | 0x80, reply])
    return bytes([function]) + reply


def _read(body: bytes, bits: Sequence[bool]) -> bytes | int:
    if len(body) != 4:
        return ILLEGAL_VALUE
    first, count = _word(body, 0), _word(body, 2)
    if not 1 <= count <= MOST_READ:
        return ILLEGAL_VALUE
    if first + count > len(bits):
        return ILLEGAL_ADDRESS
    packed = sum(bit << place for place, bit in enumerate(bits[first : first + count]))
    size = (count + 7) // 8
    return bytes([size]) + packed.to_bytes(size, "little")


def _write_one(body: bytes, board: Board) -> bytes | int:
    if len(body) != 4:
        return ILLEGAL_VALUE
    coil, value = _word(body, 0), _word(body, 2)
    if value not in {ON, OFF}:
        return ILLEGAL_VALUE
    if coil >= len(board.coils()):
        return ILLEGAL_ADDRESS
    board.drive(coil, [value == ON])
    return body


def _write_several(body: bytes, board: Board) -> bytes | int:
    if len(body) < 5:
        return ILLEGAL_VALUE
    first, count, size = _word(body, 0), _word(body, 2), body[4]
    if not 1 <= count <= MOST_WRITTEN or size != (count + 7) // 8 or len(body) != 5 + size:
        return ILLEGAL_VALUE
    if first + count > len(board.coils()):
        return ILLEGAL_ADDRESS
    packed = int.from_bytes(body[5:], "little")
    board.drive(first, [bool(packed >> place & 1) for place in range(count)])
    return body[:4]


def _word(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "big")


class ModbusConnection(ByteProtocol):
    """One client of the board. Any unit identifier is answered, as boards with one unit do.

    A frame of another protocol is dropped; one whose length cannot be ends the connection, since nothing tells where
    the next one begins.
    """

    def __init__(self, board: Board) -> None:
        super().__init__()
        self._board = board
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        """Take bytes; answer each request that is whole."""
        self._rest += data
        while len(self._rest) >= HEADER_BYTES:
            size = _word(self._rest, 4) - 1  # the length counts the unit identifier
            if not 1 <= size <= LARGEST_PDU:
                self.transport.abort()
                return
            frame, rest = self._rest[: HEADER_BYTES + size], self._rest[HEADER_BYTES + size :]
            if len(frame) < HEADER_BYTES + size:
                return
            self._rest = rest
            if _word(frame, 2) == 0:
                reply = reply_to(frame[HEADER_BYTES:], self._board)
                self.reply(frame[:4] + (len(reply) + 1).to_bytes(2, "big") + frame[6:7] + reply)
