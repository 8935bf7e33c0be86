"""A ledger view that asks the node only when the answer can have changed; used in virtual time.

In lockstep only the test side and the virtual devices change the chain of the bench. The test side counts its changes
and sends the count with each ``advance``; until the count changes, the same question has the same answer. A socket
looks for conflicting spends several times a second, and each look at the node costs as much as all other work of that
step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from hil.errors import RigFault

if TYPE_CHECKING:
    from hil.ports import Acceptance, CoinStatus, LedgerView
    from hil.protocol.payment.coins import OutPoint

T = TypeVar("T")

LOOK_AGAIN_S = 60.0
"""Longest life of a cached answer, in virtual time: an external node may have other users."""


class CachingLedgerView:
    """Implements :class:`hil.ports.LedgerView` over another one.

    :param touched: how often the test side has changed the chain, as it last said.
    :param now: virtual time in seconds.
    :param on_silence: called each time the ledger gives no answer.
    """

    def __init__(
        self,
        view: LedgerView,
        touched: Callable[[], int],
        now: Callable[[], float],
        on_silence: Callable[[RigFault], None] = lambda fault: None,
    ) -> None:
        self._view = view
        self._touched = touched
        self._now = now
        self._on_silence = on_silence
        self._no_conflict: tuple[bytes, int] | None = None
        self._ask_at = 0.0
        self._silent: tuple[int, float, RigFault] | None = None

    def ready(self) -> bool:
        """Ask whether the ledger can be used."""
        return self._ask(self._view.ready)

    def coin(self, outpoint: OutPoint) -> CoinStatus | None:
        """Ask for an output; None if it does not exist or is spent."""
        return self._ask(lambda: self._view.coin(outpoint))

    def accepts(self, transaction: bytes) -> Acceptance:
        """Ask whether the node would take the transaction."""
        return self._ask(lambda: self._view.accepts(transaction))

    def broadcast(self, transaction: bytes) -> Acceptance:
        """Send the transaction; after that the cached answer about conflicts is void."""
        self._no_conflict = None
        return self._ask(lambda: self._view.broadcast(transaction))

    def conflict(self, transaction: bytes) -> str | None:
        """Return the id of a transaction that spends the same coins; None if there is none, as far as is known."""
        question = transaction, self._touched()
        if question == self._no_conflict and self._now() < self._ask_at:
            return None
        found = self._ask(lambda: self._view.conflict(transaction))
        self._no_conflict = question if found is None else None
        self._ask_at = self._now() + LOOK_AGAIN_S
        return found

    def _ask(self, question: Callable[[], T]) -> T:
        """Ask. After a failure, repeat it without asking until the count changes or ``LOOK_AGAIN_S`` have passed."""
        if self._silent is not None:
            touched, until, fault = self._silent
            if touched == self._touched() and self._now() < until:
                raise fault
            self._silent = None
        try:
            return question()
        except RigFault as fault:
            self._silent = self._touched(), self._now() + LOOK_AGAIN_S, fault
            self._on_silence(fault)
            raise
