"""When bytes arrive on the lines of a rig in real time, noted by a thread that does nothing else.

The rig's loop reads a line when it gets to it; while it waits for a relay or a node, bytes wait too. This thread sees
them come (edge-triggered epoll), notes the instant, and leaves them where they are. It also notices when it did not
run itself, or the machine was suspended.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import select
import termios
import threading
from collections import deque
from collections.abc import Callable

from hil.clock import suspended

LOOK_S = 0.05
"""Longest sleep; how late the thread wakes from it is how late it may note an arrival."""

REMEMBERED_LOOKS = 20
"""A late look counts for so many more: one second."""


STOOD_STILL_S = 0.25
"""A look that is so late was not late for a busy machine (50 ms were seen): this process did not run. A reader of the
ledger waits twice as long for an answer, everything else of a device longer.
"""


class Arrivals:
    """Watches file descriptors from ``watch`` until ``forget``.

    :param now: the clock's present instant; called in the thread.
    :param asleep: for how long the machine has been suspended so far; called in the thread.
    """

    def __init__(self, now: Callable[[], float], asleep: Callable[[], float] = suspended) -> None:
        self._now = now
        self._asleep = asleep
        self.stood_still: list[tuple[float, float]] = []
        """For how many seconds this process did not run, and until which instant."""
        self.suspended: list[tuple[float, float]] = []
        """For how many seconds the machine was suspended, which the clock does not count, and at which instant."""
        self._epoll = select.epoll()
        self._noted: dict[int, tuple[float, float]] = {}
        self._lock = threading.Lock()
        self._late: deque[float] = deque([0.0], maxlen=REMEMBERED_LOOKS)
        self._ended = False
        self._thread = threading.Thread(target=self._work, name="arrivals", daemon=True)

    @property
    def lateness(self) -> float:
        """The largest delay, in seconds, of the thread's last looks."""
        return max(self._late)

    def watch(self, descriptor: int) -> None:
        """Note what arrives there from now on."""
        self._epoll.register(descriptor, select.EPOLLIN | select.EPOLLET)
        if not self._thread.is_alive():
            self._thread.start()

    def forget(self, descriptor: int) -> None:
        """Note nothing there any more; does nothing if it is closed, or was never watched."""
        with contextlib.suppress(OSError, ValueError):
            self._epoll.unregister(descriptor)
        self.take(descriptor)

    def take(self, descriptor: int) -> tuple[float, float] | None:
        """Return the instants of the first and the last arrival that waits there; None: none was noted.

        To be called right before what arrived is read; :meth:`was_read` after it.
        """
        with self._lock:
            return self._noted.pop(descriptor, None)

    def was_read(self, descriptor: int) -> None:
        """Forget what was noted of bytes that were being read at that moment."""
        with self._lock:
            if not waiting_bytes(descriptor):
                self._noted.pop(descriptor, None)

    def close(self) -> None:
        """End the thread within ``LOOK_S``."""
        self._ended = True

    def _work(self) -> None:
        asleep = self._asleep()
        while not self._ended:
            asked = self._now()
            events = self._epoll.poll(LOOK_S)
            now = self._now()
            late = now - asked - LOOK_S
            if not events:
                self._late.append(max(0.0, late))
            elif late > 0:  # the thread could not run when they came, which may have been at any time
                self._late.append(now - asked)
            if late > STOOD_STILL_S:
                self.stood_still.append((late, now))
            asleep, before = self._asleep(), asleep
            if asleep - before > STOOD_STILL_S:
                self.suspended.append((asleep - before, now))
            for descriptor, _ in events:
                # the loop may have been quicker: then nothing waits, and the instant is not that of what comes next
                with self._lock:
                    if waiting_bytes(descriptor):
                        first, _ = self._noted.get(descriptor, (now, now))
                        self._noted[descriptor] = first, now
        self._epoll.close()


def waiting_bytes(descriptor: int) -> int:
    """Return how many bytes can be read there at once; 0 if it is closed."""
    count = array.array("i", [0])
    try:
        fcntl.ioctl(descriptor, termios.FIONREAD, count)
    except OSError:
        return 0
    return count[0]
