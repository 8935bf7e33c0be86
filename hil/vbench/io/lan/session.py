"""What VXI-11 and HiSLIP share: messages with an end, an output queue, serial poll, device clear."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hil.vbench.io.instrument_port import InstrumentPort

MOST_INPUT: Final = 1 << 20
"""Bytes of a message without an end after which the input buffer is dropped."""

MESSAGE_AVAILABLE: Final = 1 << 4
"""MAV, the output queue's bit of the status byte (IEEE 488.2, 11.2.1.2)."""


class Session:
    """A client's conversation with one instrument.

    :param on_answer: called when a reply has come into the output queue.
    :param on_abort: called when the instrument is to lose its connections.
    """

    def __init__(self, port: InstrumentPort, on_answer: Callable[[], None], on_abort: Callable[[], None]) -> None:
        self.port = port
        self.abort = on_abort
        self.output: deque[bytes] = deque()
        """Replies that have not been read yet, oldest first."""
        self._on_answer = on_answer
        self._input = b""
        port.sessions.add(self)

    def write(self, data: bytes, *, end: bool) -> bool:
        """Take a part of a message, the last one if ``end``; return False if it was too long and is dropped whole."""
        *lines, self._input = (self._input + data).split(b"\n")
        if end and self._input:
            lines.append(self._input)
            self._input = b""
        for line in lines:
            self.port.take(self, line.decode("ascii", "replace").rstrip("\r"))
        if len(self._input) > MOST_INPUT:
            self._input = b""
            return False
        return True

    def answer(self, text: str) -> None:
        """Put a reply and a line end into the output queue."""
        self.output.append(text.encode("latin-1", "replace") + b"\n")
        self._on_answer()

    def clear(self) -> None:
        """Device clear: input buffer and output queue are empty, and nothing of this client waits."""
        self._input = b""
        self.output.clear()
        self.port.clear(self)

    def trigger(self) -> None:
        """Group execute trigger; the instrument takes it as ``*TRG`` (IEEE 488.2, 10.37)."""
        self.port.take(self, "*TRG")

    def status_byte(self) -> int:
        """Return the status byte as a serial poll reads it."""
        return self.port.status_byte() & ~MESSAGE_AVAILABLE | (MESSAGE_AVAILABLE if self.output else 0)

    def close(self) -> None:
        """End the conversation."""
        self.clear()
        self.port.sessions.discard(self)
        self.port.lock.release(self)


def instrument_named(name: str, stem: str, ports: Mapping[str, InstrumentPort]) -> InstrumentPort | None:
    """Return the instrument of ``<stem><number>`` in the order of ``ports``; of ``stem`` alone the first."""
    if not name.startswith(stem):
        return None
    number = name.removeprefix(stem).partition(",")[0] or "0"
    order = list(ports.values())
    return order[int(number)] if len(number) <= 3 and number.isdecimal() and int(number) < len(order) else None
