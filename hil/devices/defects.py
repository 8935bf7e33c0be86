"""Defences that a simulated socket can be made to lack, to see that the bench finds out: seeded defects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from hil.errors import RigFault
from hil.ports import Acceptance

if TYPE_CHECKING:
    from collections.abc import Collection

    from hil.ports import CoinStatus, LedgerView
    from hil.protocol.coins import OutPoint

Defect = Literal["ignores-conflicts", "forgets-payments", "believes-any-node", "sells-without-ledger"]
"""- ignores-conflicts: looks for no other spend of the coins that it was paid with
- forgets-payments: does not look again for what it broadcast
- believes-any-node: does not ask whether its node is behind
- sells-without-ledger: takes silence of the ledger for consent
"""


class DefectiveLedger:
    """Implements :class:`hil.ports.LedgerView` over another one, without some of its answers."""

    def __init__(self, view: LedgerView, defects: Collection[Defect]) -> None:
        self._view = view
        self._defects = frozenset(defects)

    def ready(self) -> bool:
        return True if "believes-any-node" in self._defects else self._view.ready()

    def coin(self, outpoint: OutPoint) -> CoinStatus | None:
        return self._view.coin(outpoint)

    def accepts(self, transaction: bytes) -> Acceptance:
        try:
            return self._view.accepts(transaction)
        except RigFault:
            if "sells-without-ledger" in self._defects:
                return Acceptance(allowed=True)
            raise

    def broadcast(self, transaction: bytes) -> Acceptance:
        return self._view.broadcast(transaction)

    def conflict(self, transaction: bytes) -> str | None:
        if "ignores-conflicts" in self._defects:
            return None
        try:
            return self._view.conflict(transaction)
        except RigFault:
            if "sells-without-ledger" in self._defects:
                return None
            raise
