"""What a UART reads when the other end sends at another baud rate: the bits are there, at the wrong times."""

from __future__ import annotations

from itertools import chain

BITS = 10
"""8N1: a start bit (0), eight data bits, least significant first, a stop bit (1)."""


def resample(data: bytes, sent_baud: int, read_baud: int) -> bytes:
    """Return what a receiver at ``read_baud`` makes of bytes sent back to back at ``sent_baud``.

    It waits for a start bit, looks at the middle of each of the eight bits that should follow, and waits for the line
    to rise before the next start bit. A byte whose stop bit reads 0 (a framing error) is handed over too, as by most
    UARTs.
    """
    line = list(chain.from_iterable(_bits(byte) for byte in data))
    step = sent_baud / read_baud  # bits of the sender in one bit of the receiver
    read = bytearray()
    at = 0.0
    while True:
        while _level(line, at) and at < len(line):
            at = int(at) + 1.0
        if at >= len(line):
            return bytes(read)
        read.append(sum(_level(line, at + (bit + 1.5) * step) << bit for bit in range(8)))
        at += (BITS - 0.5) * step
        while not _level(line, at):
            at = int(at) + 1.0


def _bits(byte: int) -> list[int]:
    return [0, *(byte >> bit & 1 for bit in range(8)), 1]


def _level(line: list[int], at: float) -> int:
    """Return the level at an instant, in bits of the sender; the line rests at 1."""
    return line[int(at)] if at < len(line) else 1
