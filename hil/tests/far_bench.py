"""A virtual bench in memory, for tests of the lockstep clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hil.rig.virtual.lockstep_clock import LockstepClock


class Far:
    """A virtual bench in memory: it stops right after an instant at which a device sends on a line."""

    def __init__(self, sends: Mapping[str, list[tuple[float, bytes]]] | None = None) -> None:
        self.now = 0.0
        self.sends = {name: sorted(events, key=lambda event: event[0]) for name, events in (sends or {}).items()}
        self.sent = dict.fromkeys(self.sends, b"")
        self.asked: list[tuple[float, dict[str, int]]] = []

    def advance(
        self, until: float, received: Mapping[str, int], on_idle: Callable[[], None]
    ) -> tuple[float, Mapping[str, int]]:
        on_idle()
        self.asked.append((until, dict(received)))
        assert until >= self.now, "time was asked to go backwards"
        due = [events[0][0] for events in self.sends.values() if events and events[0][0] <= until]
        self.now = min([*due, until])
        for name, events in self.sends.items():
            while events and events[0][0] <= self.now:
                self.sent[name] += events.pop(0)[1]
        return self.now, {name: len(data) for name, data in self.sent.items()}


class NearLine:
    """The test side's end of a line of :class:`Far`."""

    def __init__(self, name: str, far: Far, clock: LockstepClock, listener: Callable[[bytes], None]) -> None:
        self.name = name
        self.bytes_sent = 0
        self._far, self._clock, self._listener = far, clock, listener
        self._received = 0
        self.arrivals: list[tuple[float, bytes]] = []

    def receive_until(self, total: int) -> None:
        data = self._far.sent[self.name][self._received : total]
        self._received = total
        if data:
            self.arrivals.append((self._clock.now(), data))
            self._listener(data)
