"""One PTY between the bench and a device that is a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tty
from collections.abc import Callable

from hil.vbench.io.fast_path import FastLaneLoop


class Terminal:
    """A PTY in raw mode: the device opens ``path``, the bench holds the other end.

    :param receive: gets what the device writes.
    :param fast: ``receive`` schedules nothing in the event loop, so it can be called past asyncio's queue.
    """

    def __init__(self, receive: Callable[[bytes], None], *, fast: bool = False) -> None:
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        os.set_blocking(self._ours, False)
        self.path = os.ttyname(self._theirs)
        self._receive = receive
        loop = asyncio.get_running_loop()
        loop.add_reader(self._ours, self.read)
        if fast and isinstance(loop, FastLaneLoop):
            loop.fast_lane.handlers[self._ours] = self._take

    def _take(self, data: bytes) -> bool:
        self._receive(data)
        return True

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
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._ours)
        if isinstance(loop, FastLaneLoop):
            loop.fast_lane.handlers.pop(self._ours, None)
        os.close(self._ours)
        os.close(self._theirs)
