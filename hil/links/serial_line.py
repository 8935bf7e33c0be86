"""A serial line on the test side: pyserial underneath, served by the bench's clock."""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol
from zlib import crc32

from hil.errors import RigFault

READ_TIMEOUT_S = 5.0
"""Bytes that the virtual bench says it sent must be readable within this wall time; they already left it."""


WRITE_TIMEOUT_S = 5.0
"""A frame of 4 kB takes 0.36 s at 115 200 8N1; an other end that takes no bytes for this wall time is gone."""


class SerialPort(Protocol):
    """The part of pyserial's ``Serial`` that a line needs. Real ports and ``socket://`` have it; for ``rfc2217://`` see
    :mod:`hil.links.threaded_port`.
    """

    timeout: float | None
    write_timeout: float | None

    def read(self, size: int = 1) -> bytes:
        """Return at most ``size`` bytes; fewer when ``timeout`` is over."""

    def write(self, data: bytes) -> int | None:
        """Send bytes."""

    def fileno(self) -> int:
        """Return the descriptor that a selector can watch."""

    def close(self) -> None:
        """Close the port."""

    @property
    def in_waiting(self) -> int:
        """How many bytes can be read at once."""


def _discard(data: bytes) -> None:
    """Drop bytes: no listener is attached yet."""


class SerialLine:
    """Implements :class:`hil.ports.Line`, and both line protocols of :mod:`hil.clock`."""

    def __init__(self, name: str, port: SerialPort) -> None:
        self.name = name
        self.bytes_sent = 0
        self.bytes_received = 0
        self.checksum_sent = self.checksum_received = 0
        """CRC-32 over what was sent and received since the last reset, to be held against the other end's."""
        self._port = port
        self._listener: Callable[[bytes], None] = _discard
        port.timeout = READ_TIMEOUT_S
        port.write_timeout = WRITE_TIMEOUT_S

    def listen(self, listener: Callable[[bytes], None]) -> None:
        """Give what arrives from now on to ``listener``, in place of the one before."""
        self._listener = listener

    def reset(self) -> None:
        """Start counting at zero again: the bench was reset and has discarded what was on its way."""
        self.bytes_sent = self.bytes_received = 0
        self.checksum_sent = self.checksum_received = 0
        self._listener = _discard

    def drain(self, total: int | None = None) -> None:
        """Drop what came and was not passed on, so that the next scenario does not get it.

        :param total: bytes that the other end has sent since the last reset, where that is known.
        """
        self._listener = _discard
        if total is not None:
            self.receive_until(total)
        try:
            while waiting := self._port.in_waiting:
                if not self._port.read(waiting):
                    raise ConnectionError("end of stream")
        except OSError as error:
            raise self._lost(error) from error

    def write(self, data: bytes) -> None:
        """Send bytes; RigFault if the line is lost."""
        try:
            self._port.write(data)
        except OSError as error:  # SerialException is an OSError
            raise self._lost(error) from error
        self.bytes_sent += len(data)
        self.checksum_sent = crc32(data, self.checksum_sent)

    def receive_until(self, total: int) -> None:
        """Read until ``total`` bytes have come since the last reset; RigFault if they do not come in time."""
        missing = total - self.bytes_received
        if missing <= 0:
            return
        try:
            data = self._port.read(missing)
        except OSError as error:
            raise self._lost(error) from error
        if len(data) < missing:
            raise RigFault(
                f"{missing} bytes were announced and {len(data)} came within {READ_TIMEOUT_S:g} s",
                place=f"line {self.name}",
                remedy="See whether the line's other end still runs.",
            )
        self._take(data)

    def fileno(self) -> int:
        """Return the descriptor that a selector can watch."""
        return self._port.fileno()

    def on_readable(self) -> None:
        """Read what has come; RigFault if the line is lost."""
        try:
            data = self._port.read(max(1, self._port.in_waiting))
        except OSError as error:
            raise self._lost(error) from error
        if not data:
            raise self._lost(ConnectionError("end of stream"))
        self._take(data)

    def inspect(self) -> None:
        """Raise RigFault if the line's other end is gone, or if there are bytes to read that were not announced."""
        try:
            waiting = self._port.in_waiting
            data = self._port.read(waiting) if waiting else b""
        except OSError as error:
            raise self._lost(error) from error
        if waiting and not data:
            raise self._lost(ConnectionError("end of stream"))
        if data:
            raise RigFault(
                f"{len(data)} bytes came that nobody sent: {data[:20].hex(' ')}",
                place=f"line {self.name}",
                remedy="Check cable, adapter and termination; see whether somebody else holds the other end.",
            )

    def _take(self, data: bytes) -> None:
        self.bytes_received += len(data)
        self.checksum_received = crc32(data, self.checksum_received)
        self._listener(data)

    def close(self) -> None:
        """Give the port up; idempotent."""
        self._port.close()

    def _lost(self, error: OSError) -> RigFault:
        return RigFault(
            f"the line is lost ({error})", place=f"line {self.name}", remedy="Check its cable and adapter, then rerun."
        )


def close_together(lines: Collection[SerialLine]) -> None:
    """Give up the ports of ``lines`` at the same time: pyserial waits 0.3 s after each ``socket://`` that it closes.

    All are closed when it returns, or when it raises what the first of them that failed raised.
    """
    with ThreadPoolExecutor(max(1, len(lines)), "closing line") as each_its_own:
        closings = [each_its_own.submit(line.close) for line in lines]
    for closing in closings:
        closing.result()
