"""One PTY between the bench and a device that is a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tty
from collections.abc import Callable


class Terminal:
    """A PTY in raw mode: the device opens ``path``, the bench holds the other end.

    :param receive: gets what the device writes.
    """

    def __init__(self, receive: Callable[[bytes], None]) -> None:
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        os.set_blocking(self._ours, False)
        self.path = os.ttyname(self._theirs)
        self._receive = receive
        asyncio.get_running_loop().add_reader(self._ours, self.read)

    def read(self) -> None:
        """Hand over what the device has written."""
        try:
            data = os.read(self._ours, 1 << 16)
        except BlockingIOError:
            return
        self._receive(data)

    def write(self, data: bytes) -> None:
        """Write to the device; what it does not read in time is lost, as in the UART of one that hangs."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._ours, data)

    def close(self) -> None:
        """Hang up."""
        asyncio.get_running_loop().remove_reader(self._ours)
        os.close(self._ours)
        os.close(self._theirs)
