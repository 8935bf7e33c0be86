"""The event loop's way to wait, with a fast lane for the requests of lockstep.

In lockstep thousands of requests a second come one at a time, each within some 100 µs after the reply to the last.
asyncio takes a request through six calls and a queue before anybody sees it, which costs as much as answering it. On
the fast lane it is read and answered where it is noticed; asyncio hears only of what the fast lane leaves to it.
"""

from __future__ import annotations

import asyncio
import os
import selectors
from collections.abc import Callable
from typing import TypeAlias

from hil.clock import stopwatch

READ_SIZE = 1 << 13

FastHandler: TypeAlias = Callable[[bytes], bool]
"""Takes what was read; tells whether the loop can go on waiting: True if nothing was scheduled."""


class FastLaneSelector(selectors.EpollSelector):
    """An epoll selector that serves registered connections itself."""

    def __init__(self) -> None:
        super().__init__()
        self._scheduled = False
        self.handlers: dict[int, FastHandler] = {}
        """By file descriptor; only for connections that asyncio has registered for reading as well."""
        self.errors: dict[int, OSError] = {}
        """Why connections on the fast lane were lost that have not left it yet, by file descriptor."""
        self.first = -1
        """Of the descriptors that can be read at a time, the one that is served before the others."""
        self.patience = 0.0
        """Seconds to go on looking before it sleeps: a process that sleeps takes longer to wake than to answer."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait for I/O as ``selectors`` does; serve the fast lanes meanwhile."""
        elapsed = stopwatch()
        remaining = timeout
        while True:
            ready = self._look(remaining)
            if ready and self.handlers:
                ready = self._in_order(ready)
            slow = [event for event in ready if not self._serve(*event)]
            if slow or not ready or self._scheduled:
                self._scheduled = False
                return slow
            if timeout is not None:
                remaining = max(0.0, timeout - elapsed())

    def _in_order(self, ready: list[tuple[selectors.SelectorKey, int]]) -> list[tuple[selectors.SelectorKey, int]]:
        """Return them with the first one first, also if it could be read before the others and was not noticed: a
        descriptor that gets data while the kernel goes through the ready ones is told of in the next round.
        """
        if self.first in self.handlers and all(key.fd != self.first for key, _ in ready):
            seen = {key.fd for key, _ in ready}
            ready = [*(event for event in super().select(0) if event[0].fd not in seen), *ready]
        return sorted(ready, key=lambda event: event[0].fd != self.first) if len(ready) > 1 else ready

    def _look(self, timeout: float | None) -> list[tuple[selectors.SelectorKey, int]]:
        if self.patience and timeout != 0:
            elapsed = stopwatch()
            while elapsed() < self.patience:
                if ready := super().select(0):
                    return ready
        return super().select(timeout)

    def _serve(self, key: selectors.SelectorKey, events: int) -> bool:
        handler = self.handlers.get(key.fd)
        if handler is None or events != selectors.EVENT_READ:
            return False
        try:
            data = os.read(key.fd, READ_SIZE)
        except OSError as error:
            # asyncio closes the connection, and only meets its end: the kernel tells an error once
            if not isinstance(error, BlockingIOError):
                self.errors[key.fd] = error
            return False
        if not data:
            return False
        if not handler(data):
            self._scheduled = True
        return True


class FastLaneLoop(asyncio.SelectorEventLoop):
    """The loop of the virtual bench."""

    def __init__(self) -> None:
        self.fast_lane = FastLaneSelector()
        super().__init__(self.fast_lane)
