"""The ledger as a socket in virtual time sees it: the real node, asked only when the answer can have changed.

In lockstep nobody but the test side and the virtual devices touch the chain of the bench. The test side counts its
changes and tells the virtual bench with each ``advance``; until that count changes, the same question has the same
answer. A socket looks for conflicting spends several times a second, and each look at the node costs as much as all
other work of that step.
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
"""However quiet it is, the node is asked this often in virtual time: somebody else may use an external node too."""


class QuietLedger:
    """Implements :class:`hil.ports.LedgerView` over another one.

    :param touched: how often the test side has changed the chain, as it last said.
    :param now: virtual time in seconds.
    :param on_silence: told each time the ledger gives no answer.
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
        return self._ask(self._view.ready)

    def coin(self, outpoint: OutPoint) -> CoinStatus | None:
        return self._ask(lambda: self._view.coin(outpoint))

    def accepts(self, transaction: bytes) -> Acceptance:
        return self._ask(lambda: self._view.accepts(transaction))

    def broadcast(self, transaction: bytes) -> Acceptance:
        self._no_conflict = None
        return self._ask(lambda: self._view.broadcast(transaction))

    def conflict(self, transaction: bytes) -> str | None:
        question = transaction, self._touched()
        if question == self._no_conflict and self._now() < self._ask_at:
            return None
        found = self._ask(lambda: self._view.conflict(transaction))
        self._no_conflict = question if found is None else None
        self._ask_at = self._now() + LOOK_AGAIN_S
        return found

    def _ask(self, question: Callable[[], T]) -> T:
        """Ask; a ledger that did not answer is not waited for again until the test side did something, or a while."""
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
