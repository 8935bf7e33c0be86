"""An instrument's RS-232 port as a PTY: lines ended by LF or CRLF in, replies ended by LF out; any baud rate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hil.vbench.io.pty import Terminal

if TYPE_CHECKING:
    from hil.vbench.io.instrument_port import InstrumentPort

LONGEST_LINE: Final = 1 << 16
"""Bytes without a line end after which the input buffer is dropped."""


class ScpiTerminal:
    """Gives an instrument a PTY; ``terminal.path`` is what a client opens."""

    def __init__(self, port: InstrumentPort) -> None:
        self._port = port
        self._rest = b""
        self.terminal = Terminal(self._receive, fast=True)

    def _receive(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._port.take(self, line.decode("ascii", "replace").rstrip("\r"))
        if len(self._rest) > LONGEST_LINE:
            self._rest = b""

    def answer(self, text: str) -> None:
        """Send ``text`` and a line end."""
        self.terminal.write(text.encode("latin-1", "replace") + b"\n")

    def abort(self) -> None:
        """A serial line has no connection that could end."""
