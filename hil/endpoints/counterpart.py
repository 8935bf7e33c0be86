"""The side that the rig plays: a player on a line of the bench, in the bench's time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.endpoints.endpoints import CablePlayer, SocketPlayer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hil.clock import Clock, Timer
    from hil.ports import Line
    from hil.protocol.payment.coins import Coin
    from hil.protocol.records import Record


class MemoryJournal:
    """The counterpart's journal: it loses no power, so it only keeps what a scenario may ask for."""

    def __init__(self) -> None:
        self.transactions: dict[bytes, dict[int, bytes]] = {}
        """Signed transactions by session id and payment number."""

    def remember(self, record: Record) -> None:
        self.transactions.setdefault(record.session, {})[record.n] = record.transaction

    def keep_coins(self, candidates: Sequence[tuple[Coin, ...]]) -> None:
        """The machine has them."""

    def forget(self) -> None:
        """A scenario may still ask for the session."""


class Counterpart:
    """Lets a player live on a line. It starts with ``start`` and falls silent with ``stop``."""

    def __init__(self, player: SocketPlayer | CablePlayer, line: Line, clock: Clock) -> None:
        self.player = player
        self._line = line
        self._clock = clock
        self._timer: Timer | None = None
        self._running = False

    def start(self) -> None:
        """Listen, and (a cable) begin to call."""
        self._running = True
        self._line.listen(self._on_bytes)
        if isinstance(self.player, CablePlayer):
            self.player.plug(self._clock.now())
        self._arm()

    def stop(self) -> None:
        """Neither say nor hear anything any more, as a cable that was pulled."""
        self._running = False
        if self._timer is not None:
            self._timer.cancel()

    def poke(self) -> None:
        """Serve the player now: a meter that it reads has changed."""
        if self._running:
            self._on_time()

    def _on_bytes(self, data: bytes) -> None:
        if self._running:
            self.player.on_bytes(data, self._clock.now())
            self._arm()

    def _on_time(self) -> None:
        if self._running:
            self.player.on_time(self._clock.now())
            self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self.player.next_deadline()
        if due is not None and self._running:  # a player's hook may have stopped it
            self._timer = self._clock.call_at(due, self._on_time)
