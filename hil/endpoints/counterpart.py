"""The counterpart that the rig plays: an endpoint on a line of the bench, run by the bench's clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hil.clock import Clock, Timer
    from hil.ports import Line
    from hil.protocol.payment.coins import Coin
    from hil.protocol.records import Record


class MemoryJournal:
    """The counterpart's journal, in memory: it loses no power. Keeps what a scenario may ask for."""

    def __init__(self) -> None:
        self.transactions: dict[bytes, dict[int, bytes]] = {}
        """Signed transactions by session id and payment number."""

    def remember(self, record: Record) -> None:
        """Keep the newest transaction of the session."""
        self.transactions.setdefault(record.session, {})[record.n] = record.transaction

    def keep_coins(self, candidates: Sequence[tuple[Coin, ...]]) -> None:
        """Keep nothing: the machine has the coins."""

    def forget(self) -> None:
        """Keep the session: a scenario may still ask for it."""


class Endpoint(Protocol):
    """One side of the protocol, as the first or the second implementation plays it. Holds no clock."""

    def on_bytes(self, data: bytes, now: float) -> None:
        """Take bytes from the line, in any pieces."""

    def on_time(self, now: float) -> None:
        """Serve what is due."""

    def next_deadline(self) -> float | None:
        """Return the instant at which ``on_time`` must be called at the latest; None if nothing is due."""


class Counterpart:
    """Runs an endpoint on a line, from ``start`` to ``stop``.

    :param plug: what a cable does when it is plugged in: it begins to call. None for a socket.
    """

    def __init__(
        self, endpoint: Endpoint, line: Line, clock: Clock, plug: Callable[[float], None] | None = None
    ) -> None:
        self.endpoint = endpoint
        self._plug = plug
        self._line = line
        self._clock = clock
        self._timer: Timer | None = None
        self._running = False

    def start(self) -> None:
        """Listen, and (a cable) begin to call."""
        self._running = True
        self._line.listen(self._on_bytes)
        if self._plug is not None:
            self._plug(self._clock.now())
        self._arm()

    def stop(self) -> None:
        """Send and receive nothing from now on, as a cable that was pulled."""
        self._running = False
        if self._timer is not None:
            self._timer.cancel()

    def poke(self) -> None:
        """Serve the endpoint now: a meter that it reads has changed."""
        if self._running:
            self._on_time()

    def _on_bytes(self, data: bytes) -> None:
        if self._running:
            self.endpoint.on_bytes(data, self._clock.now())
            self._arm()

    def _on_time(self) -> None:
        if self._running:
            self.endpoint.on_time(self._clock.now())
            self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self.endpoint.next_deadline()
        if due is not None and self._running:  # an endpoint's hook may have stopped it
            self._timer = self._clock.call_at(due, self._on_time)
