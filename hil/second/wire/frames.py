"""Frames: COBS over payload and CRC, ended by a zero."""

from __future__ import annotations

import enum
import zlib

from cobs import cobs

MOST_PAYLOAD = 4096
"""Longest payload in bytes."""
MOST_ENCODED = 4117
"""Longest frame without its zero: payload and CRC, and a code byte for each 254 of them."""
_CRC_BYTES = 4


class FrameFlaw(enum.StrEnum):
    """Why a frame was dropped."""

    EMPTY = "EMPTY"
    TOO_LONG = "TOO_LONG"
    BAD_COBS = "BAD_COBS"
    TOO_SHORT = "TOO_SHORT"
    BAD_CRC = "BAD_CRC"


def frame(payload: bytes) -> bytes:
    """Return the one frame of a payload of 1 to 4096 bytes, its zero included. Raises ValueError for other lengths."""
    if not 1 <= len(payload) <= MOST_PAYLOAD:
        raise ValueError(f"a payload of {len(payload)} bytes; 1 to {MOST_PAYLOAD} are allowed")
    encoded: bytes = cobs.encode(payload + _crc(payload))
    return encoded + b"\0"


class FrameReader:
    """Takes the bytes of a line in any pieces, and keeps at most one frame of them."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._too_long = False

    def feed(self, data: bytes) -> list[bytes | FrameFlaw]:
        """Return what ended in ``data``, in order: the payload of each good frame, the flaw of each bad one."""
        *ended, rest = data.split(b"\0")
        results = []
        for piece in ended:
            self._keep(piece)
            results.append(FrameFlaw.TOO_LONG if self._too_long else unframe(bytes(self._kept)))
            self._kept.clear()
            self._too_long = False
        self._keep(rest)
        return results

    def _keep(self, piece: bytes) -> None:
        if len(self._kept) + len(piece) > MOST_ENCODED:
            self._too_long = True
        if not self._too_long:
            self._kept += piece


def unframe(encoded: bytes) -> bytes | FrameFlaw:
    """Return the payload of one frame, given without its zero, or what is wrong with it."""
    if not encoded:
        return FrameFlaw.EMPTY
    try:
        content = cobs.decode(encoded)
    except cobs.DecodeError:
        return FrameFlaw.BAD_COBS
    if cobs.encode(content) != encoded:
        return FrameFlaw.BAD_COBS
    payload, crc = content[:-_CRC_BYTES], content[-_CRC_BYTES:]
    if not payload:
        return FrameFlaw.TOO_SHORT
    if len(payload) > MOST_PAYLOAD:
        return FrameFlaw.TOO_LONG
    return payload if crc == _crc(payload) else FrameFlaw.BAD_CRC


def _crc(payload: bytes) -> bytes:
    return zlib.crc32(payload).to_bytes(_CRC_BYTES, "big")
