"""A device's UART on a real machine: a serial port or PTY by its path, 8N1."""

from __future__ import annotations

from collections.abc import Callable

import serial

from hil.errors import RigFault

LINK_BAUD = 115_200
"""docs/system.md: the wire between cable and socket."""

WRITE_TIMEOUT_S = 0.5
"""The largest frame takes 0.36 s at this speed; a driver that takes no bytes for longer is broken."""


class SerialLink:
    """Implements :class:`hil.devices.board.SerialOut` and :class:`hil.clock.WallLine`.

    :param path: of the port; raises RigFault if it cannot be opened or is held by another program.
    """

    def __init__(self, path: str) -> None:
        self._place = f"link {path}"
        try:
            self._port = serial.Serial(path, LINK_BAUD, timeout=0, write_timeout=WRITE_TIMEOUT_S, exclusive=True)
        except (OSError, ValueError) as error:  # SerialException is an OSError
            raise RigFault(
                f"cannot be opened ({error})", place=self._place, remedy="Check the path, and who else holds it."
            ) from None
        self.listener: Callable[[bytes], None] = lambda _: None
        """Gets each block of bytes that arrived."""

    def write(self, data: bytes) -> None:
        """Send ``data``; raises RigFault if the port does not take it."""
        try:
            self._port.write(data)
        except OSError as error:
            raise self._lost(error) from None

    def fileno(self) -> int:
        """Return the descriptor that a selector can watch."""
        return int(self._port.fileno())

    def on_readable(self) -> None:
        """Hand over what is there; raises RigFault if the port is gone."""
        try:
            data = self._port.read(max(1, self._port.in_waiting))
        except OSError as error:
            raise self._lost(error) from None
        if data:
            self.listener(data)

    def close(self) -> None:
        """Close the port."""
        self._port.close()

    def _lost(self, error: OSError) -> RigFault:
        return RigFault(f"the port is lost ({error})", place=self._place, remedy="Check its cable and adapter.")
