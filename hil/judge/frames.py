"""Frames on the line as the judge reads them (SPEC, "Framing"), each with the bytes that it had on the wire."""

from __future__ import annotations

import enum
import zlib
from functools import lru_cache
from typing import TypeAlias

from cobs import cobs

from hil.errors import PeerViolation
from hil.judge.messages import Message, MessageFlaw, decode_message

DELIMITER = b"\x00"
LONGEST_PAYLOAD = 4096
LONGEST_ENCODED = 4117
"""Bytes of the longest frame without the zero at its end."""
CRC_BYTES = 4


class FrameFault(enum.StrEnum):
    """What is wrong with a frame."""

    EMPTY = "empty"
    TOO_LONG = "too long"
    BAD_COBS = "bad COBS"
    TOO_SHORT = "too short"
    BAD_CRC = "bad CRC"


class FrameFlaw(PeerViolation):
    """Bytes up to a zero that are no frame."""

    def __init__(self, fault: FrameFault, text: str) -> None:
        super().__init__(f"{fault.value}: {text}")
        self.fault = fault


Decoded: TypeAlias = "Message | FrameFlaw | MessageFlaw"
"""What the bytes up to a zero are: a message, or why they are none."""


class FrameReader:
    """One direction of a line, in any pieces. It keeps at most the longest frame."""

    def __init__(self) -> None:
        self._begun = b""
        self._dropped = 0

    def feed(self, data: bytes) -> list[tuple[Decoded, bytes]]:
        """Return what ``data`` completes, each with its bytes on the wire; of too long a frame the first ones."""
        *ended, rest = data.split(DELIMITER)
        found = []
        for piece in ended:
            self._take(piece)
            found.append((self._judge(), self._begun + DELIMITER))
            self._begun, self._dropped = b"", 0
        self._take(rest)
        return found

    def _take(self, piece: bytes) -> None:
        if not self._begun and len(piece) <= LONGEST_ENCODED:
            self._begun = piece
            return
        room = LONGEST_ENCODED - len(self._begun)
        self._begun += piece[:room]
        self._dropped += max(0, len(piece) - room)

    def _judge(self) -> Decoded:
        try:
            if self._dropped:
                size = len(self._begun) + self._dropped
                raise FrameFlaw(FrameFault.TOO_LONG, f"{size} bytes, at most {LONGEST_ENCODED} are allowed")
            return _message_in(self._begun)
        except (FrameFlaw, MessageFlaw) as flaw:
            return flaw.with_traceback(None)  # a traceback would keep a kilobyte alive for each zero on the line


@lru_cache(maxsize=4096)
def _message_in(encoded: bytes) -> Message:
    """Return the message of a frame without its zero; kept, since the monitor reads again what the tap has read."""
    return decode_message(payload_of(encoded))


def payload_of(encoded: bytes) -> bytes:
    """Return the payload of a frame, given without its zero; raises FrameFlaw."""
    if not encoded:
        raise FrameFlaw(FrameFault.EMPTY, "two delimiters in a row")
    try:
        plain: bytes = cobs.decode(encoded)
    except cobs.DecodeError as error:
        raise FrameFlaw(FrameFault.BAD_COBS, str(error)) from None
    payload, crc = plain[:-CRC_BYTES], plain[-CRC_BYTES:]
    if not payload:
        raise FrameFlaw(FrameFault.TOO_SHORT, f"{len(plain)} bytes hold no payload and CRC")
    if len(payload) > LONGEST_PAYLOAD:
        raise FrameFlaw(FrameFault.TOO_LONG, f"payload of {len(payload)} bytes, at most {LONGEST_PAYLOAD}")
    if cobs.encode(plain) != encoded:
        raise FrameFlaw(FrameFault.BAD_COBS, "not the shortest encoding")
    computed = zlib.crc32(payload).to_bytes(CRC_BYTES, "big")
    if crc != computed:
        raise FrameFlaw(FrameFault.BAD_CRC, f"read {crc.hex()}, computed {computed.hex()}")
    return payload
