"""A device while it writes to a slow storage: it says and switches nothing before the write is done, and hears none."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.devices.board import Contact, SerialOut
    from hil.vbench.virtual_time import Alarm, Kernel


class Busy:
    """Until when the device is busy. A program in the bench takes no time by itself; a slow write takes some."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._until = 0.0
        self._waiting: list[Alarm] = []

    @property
    def now(self) -> bool:
        """Whether a write lasts at this instant."""
        return self._until > self._kernel.now

    def take(self, seconds: float) -> None:
        """A write takes so long, behind those that last."""
        self._until = max(self._until, self._kernel.now) + seconds

    def then(self, act: Callable[[], None]) -> None:
        """Do something when no write lasts any more: now, or later and in this order."""
        if not self.now:
            act()
            return
        self._waiting = [alarm for alarm in self._waiting if alarm.due > self._kernel.now]
        self._waiting.append(self._kernel.call_at(self._until, act))

    def end(self) -> None:
        """Power is cut: nothing of what waits is done."""
        for alarm in self._waiting:
            alarm.cancel()
        self._waiting.clear()
        self._until = 0.0


class BusyOut:
    """An output that waits for the write that lasts."""

    def __init__(self, out: SerialOut, busy: Busy) -> None:
        self._out = out
        self._busy = busy

    def write(self, data: bytes) -> None:
        """Send bytes when no write lasts any more."""
        self._busy.then(lambda: self._out.write(data))


class BusyContact:
    """A contact whose coil waits for the write that lasts."""

    def __init__(self, contact: Contact, busy: Busy) -> None:
        self._contact = contact
        self._busy = busy

    def set(self, *, closed: bool) -> None:
        """Switch when no write lasts any more."""
        self._busy.then(lambda: self._contact.set(closed=closed))
