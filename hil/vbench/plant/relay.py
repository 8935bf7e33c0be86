"""A coil and its contact, with the ways in which both can fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.vbench.virtual_time import Alarm, Kernel

WELDED, DEAF, BOUNCING, CHATTERING = "welded", "ignores its coil", "bounces", "chatters"
FAULTS = (WELDED, DEAF, BOUNCING, CHATTERING)

BOUNCE_S = 0.003
"""Until a small contactor's contact rests: a usual figure."""

CHATTER_S = 0.02
"""For so long a chattering contact opens: one cycle of the mains."""

CHATTER_EVERY_S = 3.07
"""So often it does; no multiple of a meter's update period, so that the gaps fall anywhere in its windows."""

BOUNCES = (0.2, 0.5, 0.7, 1.0)
"""Parts of that time at which a contact that closes opens, closes, opens and closes."""


class Relay:
    """A coil and the contact that follows it after the operate or release time; starts open.

    ``fault`` is seeded: welded contacts stay closed once they are; a deaf relay keeps its coil as it is, and reads that
    back; contacts that close bounce; chattering ones open by themselves for an instant, again and again.
    """

    def __init__(
        self, kernel: Kernel, operate_time: float, release_time: float, on_edge: Callable[[bool], None]
    ) -> None:
        self._kernel = kernel
        self._times = {True: operate_time, False: release_time}
        self._on_edge = on_edge
        self._pending: list[Alarm] = []
        self.fault = ""
        self.bounce_s = BOUNCE_S
        self._chatter: Alarm | None = None
        self.coil = False
        self.closed = False
        self.edge: float | None = None
        """Instant of the contact's last change; None if it never moved."""

    def set(self, *, closed: bool) -> None:
        """Energise or release the coil; a contact that has not moved yet stays where it is."""
        if closed == self.coil or self.fault == DEAF:
            return
        self.coil = closed
        for alarm in self._pending:
            alarm.cancel()
        self._pending = []
        if closed != self.closed:
            self._pending = [self._kernel.call_at(self._kernel.now + self._times[closed], self._arrive)]

    def chatter(self, seconds: float) -> None:
        """Open by itself for so long every ``CHATTER_EVERY_S``, while the coil is energised, until mended."""
        self.fault = CHATTERING
        if self._chatter is None:
            due = self._kernel.now + CHATTER_EVERY_S
            self._chatter = self._kernel.call_at(due, lambda: self._open_briefly(seconds))

    def _open_briefly(self, seconds: float) -> None:
        self._chatter = None
        if self.fault != CHATTERING:
            return
        if self.closed:
            self._move(False)
            self._kernel.call_at(self._kernel.now + seconds, self._fall_back)
        self.chatter(seconds)

    def _fall_back(self) -> None:
        if self.coil and not self.closed and not self._pending:
            self._move(True)

    def mend(self) -> None:
        """Obey again; a contact that was welded goes where its coil has it."""
        welded, self.fault = self.fault == WELDED, ""
        if welded and self.closed != self.coil:
            self._pending = [self._kernel.call_at(self._kernel.now, self._arrive)]

    def _arrive(self) -> None:
        self._pending = []
        if self.fault == WELDED and self.closed:
            return
        self._move(self.coil)
        if self.fault == BOUNCING and self.closed:
            now = self._kernel.now
            for number, part in enumerate(BOUNCES):
                closed = number % 2 == 1
                self._pending.append(self._kernel.call_at(now + part * self.bounce_s, self._mover(closed=closed)))

    def _mover(self, *, closed: bool) -> Callable[[], None]:
        return lambda: self._move(closed)

    def _move(self, closed: bool) -> None:
        self._on_edge(closed)  # the time before the edge belongs to the old state
        self.closed = closed
        self.edge = self._kernel.now
