"""The TCP line under a raw ``SOCKET`` resource, made strict.

pyvisa-py leaves four cases open that a bench meets: it takes a refused connection for an open one, spins until the
time-out when the instrument closes the line, waits without end for an instrument that sends without a line feed,
and hands a late reply to the next query. This socket takes the place of the one inside pyvisa-py's session and ends
each of them with an OSError.
"""

from __future__ import annotations

import os
import socket
import struct
from typing import ClassVar

from pyvisa.constants import StatusCode
from pyvisa_py.tcpip import TCPIPSocketSession

from hil.clock import stopwatch

LINE_FEED = b"\n"
LONGEST_REPLY = 65_536
"""Bytes without a line feed after which an instrument is held to be talking nonsense; its longest reply has 200."""


class UnaskedBytes(OSError):
    """The instrument sent something that was not asked for: replies and queries are out of step."""


class VisaSocket(socket.socket):
    """A connected TCP socket that reads one line for each query; latency first (TCP_NODELAY)."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(fileno=descriptor)
        self.seen = b""
        """What was received since the last ``begin()``: what a fault reports as read."""
        self._elapsed = stopwatch()
        self._timeout = 0.0
        self._lines = 1
        """How many lines are awaited."""
        self._patience: float | None = None
        error = self.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            self.close()
            raise OSError(error, os.strerror(error))
        self.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def begin(self, timeout: float) -> None:
        """Start a query whose reply must be whole within ``timeout`` seconds.

        Raises UnaskedBytes if something lies there already, ConnectionAbortedError if the line is closed.
        """
        self.await_lines(timeout, 1)
        try:
            self.seen = super().recv(4096, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        if not self.seen:
            raise ConnectionAbortedError("closed by the instrument")
        raise UnaskedBytes("bytes that no query asked for")

    def await_lines(self, timeout: float, lines: int) -> None:
        """Let the next ``recv`` bring this many lines, whole within ``timeout`` seconds."""
        self.seen = b""
        self._timeout, self._lines = timeout, lines
        self._elapsed = stopwatch()

    @property
    def whole(self) -> bool:
        """Whether all lines that are awaited have come."""
        return self.seen.endswith(LINE_FEED) and self.seen.count(LINE_FEED) == self._lines

    def wait_at_most(self, seconds: float | None) -> None:
        """Let each later ``recv`` wait this long, None for ever; the kernel keeps the time (SO_RCVTIMEO)."""
        if seconds != self._patience:
            self._patience = seconds
            # zero would mean for ever
            whole, part = divmod(0 if seconds is None else max(1, round(seconds * 1e6)), 1_000_000)
            self.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", whole, part))

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Read what is there, and hold it against the lines that are awaited."""
        data = super().recv(size, flags)
        if not data:
            raise ConnectionAbortedError("closed by the instrument")
        self.seen += data
        if not self.whole:
            if (lines := self.seen.count(LINE_FEED)) >= self._lines:
                raise UnaskedBytes("more than one line for one query")
            if self._elapsed() > self._timeout:
                raise TimeoutError("no line feed")
            if len(self.seen) > LONGEST_REPLY * (lines + 1):
                raise UnaskedBytes(f"more than {LONGEST_REPLY} bytes without a line feed")
        return data


class LineSession(TCPIPSocketSession):  # type: ignore[misc]  # pyvisa-py has no types
    """pyvisa-py's session for a line that carries one short reply for each query.

    It leaves out what pyvisa-py's own does for streams of any length (chunks, a look at four attributes, a select
    before each write), which takes longer than the reply of a meter.
    """

    interface: VisaSocket
    patience: ClassVar[float] = 0.0
    """Seconds to look for a reply before sleeping. Only a virtual bench answers so soon that this pays."""

    def write(self, data: bytes) -> tuple[int, StatusCode]:
        self.interface.sendall(data)
        return len(data), StatusCode.success

    def read(self, count: int) -> tuple[bytes, StatusCode]:
        """Read up to the last line feed, or return what came until the session's time-out."""
        line = self.interface
        line.wait_at_most(self.timeout)
        elapsed = stopwatch()
        while elapsed() < self.patience:
            try:
                line.recv(count, socket.MSG_DONTWAIT)
            except BlockingIOError:
                continue
            if line.whole:
                return line.seen, StatusCode.success_termination_character_read
        while True:
            try:
                line.recv(count)
            except (BlockingIOError, TimeoutError):
                return line.seen, StatusCode.error_timeout
            if line.whole:
                return line.seen, StatusCode.success_termination_character_read


def take_over(session: TCPIPSocketSession) -> VisaSocket:
    """Make a LineSession over a VisaSocket of pyvisa-py's TCPIP SOCKET ``session``.

    Raises OSError if the connection was not made after all.
    """
    line = VisaSocket(session.interface.detach())
    session.interface = line
    session.__class__ = LineSession
    return line
