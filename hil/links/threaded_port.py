"""A serial port that a selector can watch, over one that it cannot: pyserial's ``rfc2217`` has no file descriptor."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Protocol

from hil.clock import stopwatch

POLL_S = 0.1
"""How long the thread waits for a byte before it looks whether the port is still wanted."""


class BlockingPort(Protocol):
    """The part of pyserial's ``Serial`` that such a port has."""

    timeout: float | None

    def read(self, size: int = 1) -> bytes:
        """Return at most ``size`` bytes; fewer when ``timeout`` is over."""

    def write(self, data: bytes) -> int | None:
        """Send bytes."""

    @property
    def in_waiting(self) -> int:
        """How many bytes can be read at once."""


class ThreadedPort:
    """Reads a port in a thread of its own and passes what arrives through a socket pair.

    Implements :class:`hil.links.serial_line.SerialPort`. When the port is lost, the socket ends and every read with it.
    """

    def __init__(self, port: BlockingPort) -> None:
        self._port = port
        self.timeout: float | None = None
        self.write_timeout: float | None = None
        """For the owner to set; pyserial's RFC 2217 has none, the kernel's buffer takes what is written."""
        port.timeout = POLL_S
        self._ours, self._theirs = socket.socketpair()
        self._wanted = True
        self._thread = threading.Thread(target=self._read_on, name="serial port", daemon=True)
        self._thread.start()

    def fileno(self) -> int:
        """Return the descriptor of the socket, which a selector can watch."""
        return self._ours.fileno()

    @property
    def in_waiting(self) -> int:
        """How many bytes are there."""
        with contextlib.suppress(BlockingIOError):
            return len(self._ours.recv(1 << 16, socket.MSG_PEEK | socket.MSG_DONTWAIT))
        return 0

    def read(self, size: int = 1) -> bytes:
        """Return ``size`` bytes, or what came until ``timeout``, or until the port was lost."""
        data, elapsed = b"", stopwatch()
        while len(data) < size:
            left = None if self.timeout is None else self.timeout - elapsed()
            if left is not None and left <= 0:
                break
            self._ours.settimeout(left)
            try:
                more = self._ours.recv(size - len(data))
            except TimeoutError:
                break
            if not more:
                break
            data += more
        return data

    def write(self, data: bytes) -> int | None:
        """Send bytes; return how many were taken."""
        return self._port.write(data)

    def close(self) -> None:
        """End the thread; the port itself stays open."""
        self._wanted = False
        self._thread.join(2 * POLL_S + 1.0)
        self._ours.close()

    def _read_on(self) -> None:
        with self._theirs, contextlib.suppress(OSError):  # SerialException is one; the owner sees the socket's end
            while self._wanted:
                data = self._port.read(max(1, self._port.in_waiting))
                if data:
                    self._theirs.sendall(data)
