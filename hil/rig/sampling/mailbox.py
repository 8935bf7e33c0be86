"""What a thread hands over to the clock's loop."""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """Threads ``put``; the wall clock, to which it is attached as a line, hands each item to ``listener`` in its loop.

    :param listener: called in the thread that waits on the clock, in the order of ``put``.
    """

    def __init__(self, listener: Callable[[T], None]) -> None:
        self._listener = listener
        self._items: deque[T] = deque()
        self._near, self._far = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def put(self, item: T) -> None:
        """Hand over ``item`` and wake the loop; never waits."""
        self._items.append(item)
        with contextlib.suppress(BlockingIOError):  # full of wake-ups: one of them is enough
            os.write(self._far, b"\0")

    def fileno(self) -> int:
        """Return the descriptor that becomes readable with each item."""
        return self._near

    def on_readable(self) -> None:
        """Hand each item that waits to the listener."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._near, 1 << 16)
        while self._items:
            self._listener(self._items.popleft())

    def close(self) -> None:
        """Give up the pipe, once no thread is left that could put anything."""
        os.close(self._near)
        os.close(self._far)
