"""The serial line under an ``ASRL`` resource, made strict and quick.

pyvisa-py reads a serial port byte by byte, several system calls for each, and hands a late reply to the next query.
This session reads what is there at once, up to the line feed, and refuses what no query asked for.
"""

from __future__ import annotations

import errno
import os
import select
from typing import TYPE_CHECKING

from pyvisa.constants import StatusCode
from pyvisa_py.serial import SerialSession

from hil.clock import stopwatch
from hil.instruments.visa.raw_socket import LINE_FEED, LONGEST_REPLY, LineSession, UnaskedBytes

if TYPE_CHECKING:
    from serial import Serial


class VisaSerial:
    """An open serial port that reads one line for each query."""

    def __init__(self, port: Serial) -> None:
        self._port = port
        self._descriptor: int = port.fileno()
        self._poll = select.poll()
        self._poll.register(self._descriptor, select.POLLIN)
        self.seen = b""
        """What was received since the last ``begin()``: what a fault reports as read."""
        self._timeout = 0.0
        self._elapsed = stopwatch()

    def begin(self, timeout: float) -> None:
        """Start a query whose reply must be whole within ``timeout`` seconds; UnaskedBytes if bytes lie there."""
        self.seen = b""
        self._timeout = timeout
        self._elapsed = stopwatch()
        if self._poll.poll(0):
            self._receive()
            raise UnaskedBytes("bytes that no query asked for")

    def read_line(self) -> bool:
        """Read up to the line feed; tell whether it came in time. Raises OSError if the line is gone or talks on."""
        while self._elapsed() < LineSession.patience:
            if self._poll.poll(0) and self._receive():
                return True
        while (remaining := self._timeout - self._elapsed()) > 0:
            if self._poll.poll(remaining * 1000) and self._receive():
                return True
        return False

    def _receive(self) -> bool:
        try:
            data = os.read(self._descriptor, 4096)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno == errno.EIO:  # what a terminal says when its other end is gone
                raise ConnectionAbortedError("the serial line is gone") from error
            raise
        if not data:
            raise ConnectionAbortedError("the serial line is gone")
        self.seen += data
        end = self.seen.find(LINE_FEED)
        if end < 0 and len(self.seen) > LONGEST_REPLY:
            raise UnaskedBytes(f"more than {LONGEST_REPLY} bytes without a line feed")
        if 0 <= end < len(self.seen) - 1:
            raise UnaskedBytes("more than one line for one query")
        return end >= 0

    def close(self) -> None:
        """Close the port; does nothing the second time."""
        self._port.close()


class SerialLineSession(SerialSession):  # type: ignore[misc]  # pyvisa-py has no types
    """pyvisa-py's session for a serial line that carries one short reply for each query."""

    line: VisaSerial

    def read(self, count: int) -> tuple[bytes, StatusCode]:
        """Read up to the line feed, or return what came until the query's time-out."""
        if self.line.read_line():
            return self.line.seen, StatusCode.success_termination_character_read
        return self.line.seen, StatusCode.error_timeout


def take_over_serial(session: SerialSession) -> VisaSerial:
    """Make a SerialLineSession of pyvisa-py's ASRL ``session``, throwing away what lies in its buffers."""
    session.interface.reset_input_buffer()
    line = VisaSerial(session.interface)
    session.__class__ = SerialLineSession
    session.line = line
    return line
