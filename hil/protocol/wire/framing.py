"""Frames on the serial line: COBS, delimited by zero bytes, with a CRC-32 inside (SPEC, "Framing").

A bad frame costs that frame only: the decoder reports a typed error, counts it, and starts afresh at the next zero.
"""

from __future__ import annotations

import enum
import zlib
from collections import Counter

from cobs import cobs

from hil.errors import PeerViolation
from hil.protocol.policy import Misuse

MAX_PAYLOAD = 4096
"""Longest payload in bytes: the longest message, a PAYMENT over 16 P2PKH inputs, has 2.5 kB; 0.36 s at 115 200 8N1."""

CRC_SIZE = 4
"""CRC-32 (IEEE 802.3, as in zlib), big-endian, behind the payload."""

DELIMITER = b"\x00"


def longest_encoded(payload: int) -> int:
    """Return the longest COBS form in bytes, without delimiter, of a frame with ``payload`` bytes."""
    plain = payload + CRC_SIZE
    return plain + -(-plain // 254)


class FrameErrorCode(enum.StrEnum):
    """What can be wrong with a frame."""

    EMPTY = "empty"
    TOO_SHORT = "too short"
    TOO_LONG = "too long"
    BAD_COBS = "bad COBS"
    BAD_CRC = "bad CRC"


class FrameError(PeerViolation):
    """A frame that was dropped: ``code`` for programs, ``text`` for people."""

    def __init__(self, code: FrameErrorCode, text: str) -> None:
        super().__init__(f"{code.value}: {text}")
        self.code = code
        self.text = text


def encode_frame(payload: bytes) -> bytes:
    """Return ``payload`` (1 to 4096 bytes) as one frame with its closing zero; Misuse for another length."""
    if not 1 <= len(payload) <= MAX_PAYLOAD:
        raise Misuse(f"a frame carries 1 to {MAX_PAYLOAD} bytes, not {len(payload)}")
    encoded: bytes = cobs.encode(payload + zlib.crc32(payload).to_bytes(CRC_SIZE, "big"))
    return encoded + DELIMITER


class FrameDecoder:
    """Turns bytes, in any pieces, into payloads and errors. Holds at most one frame of ``max_payload`` bytes."""

    def __init__(self, max_payload: int = MAX_PAYLOAD) -> None:
        self._max_payload = max_payload
        self._max_encoded = longest_encoded(max_payload)
        self._pending = bytearray()
        self._overrun = 0
        self.frames = 0
        """Good frames so far."""
        self.errors: Counter[FrameErrorCode] = Counter()
        """Dropped frames so far, by what was wrong."""

    def feed(self, data: bytes) -> list[bytes | FrameError]:
        """Return the payloads and errors that ``data`` completes, in order of arrival."""
        done: list[bytes | FrameError] = []
        *closed, rest = data.split(DELIMITER)
        for piece in closed:
            self._keep(piece)
            done.append(self._finish())
        self._keep(rest)
        return done

    def _keep(self, piece: bytes) -> None:
        room = self._max_encoded - len(self._pending)
        self._pending += piece[:room]
        self._overrun += max(0, len(piece) - room)

    def _finish(self) -> bytes | FrameError:
        encoded, overrun = bytes(self._pending), self._overrun
        self._pending.clear()
        self._overrun = 0
        try:
            payload = self._unpack(encoded, overrun)
        except FrameError as error:
            self.errors[error.code] += 1
            # the traceback would keep a kilobyte alive for each zero that a hostile peer sends
            return error.with_traceback(None)
        self.frames += 1
        return payload

    def _unpack(self, encoded: bytes, overrun: int) -> bytes:
        if overrun:
            raise FrameError(
                FrameErrorCode.TOO_LONG, f"{len(encoded) + overrun} bytes, at most {self._max_encoded} are allowed"
            )
        if not encoded:
            raise FrameError(FrameErrorCode.EMPTY, "two delimiters in a row")
        try:
            plain: bytes = cobs.decode(encoded)
        except cobs.DecodeError as error:
            raise FrameError(FrameErrorCode.BAD_COBS, str(error)) from None
        payload, crc = plain[:-CRC_SIZE], plain[-CRC_SIZE:]
        if not payload:
            raise FrameError(FrameErrorCode.TOO_SHORT, f"{len(plain)} bytes hold no payload and CRC")
        if len(payload) > self._max_payload:
            raise FrameError(FrameErrorCode.TOO_LONG, f"payload of {len(payload)} bytes, at most {self._max_payload}")
        # One payload has one frame: COBS alone would let the same bytes arrive in several spellings.
        if cobs.encode(plain) != encoded:
            raise FrameError(FrameErrorCode.BAD_COBS, "not the shortest encoding")
        expected = zlib.crc32(payload).to_bytes(CRC_SIZE, "big")
        if crc != expected:
            raise FrameError(FrameErrorCode.BAD_CRC, f"read {crc.hex()}, computed {expected.hex()}")
        return payload
