"""The ledger as a socket with seeded defects sees it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from hil.errors import RigFault
from hil.ports import Acceptance, CoinStatus
from hil.protocol.payment.coins import OutPoint
from hil.protocol.payment.transactions import parse_transaction, txid
from hil.units import Satoshi

if TYPE_CHECKING:
    from collections.abc import Collection

    from hil.devices.defects import Defect
    from hil.ports import LedgerView


class DefectiveLedger:
    """Implements :class:`hil.ports.LedgerView` over another one, without some of its answers."""

    def __init__(self, view: LedgerView, defects: Collection[Defect]) -> None:
        self._view = view
        self._defects = frozenset(defects)
        self._believed: dict[OutPoint, CoinStatus] = {}
        """Outputs of payments that were believed without asking the ledger."""

    def ready(self) -> bool:
        """Tell whether the ledger can be used."""
        return True if "believes-any-node" in self._defects else self._view.ready()

    def coin(self, outpoint: OutPoint) -> CoinStatus | None:
        """Return an output, also one that was believed without asking."""
        return self._believed.get(outpoint) or self._view.coin(outpoint)

    def accepts(self, transaction: bytes) -> Acceptance:
        """Tell whether the node would take the transaction."""
        if "credits-without-asking" in self._defects:
            return self._believe(transaction)
        try:
            return self._view.accepts(transaction)
        except RigFault:
            if "sells-without-ledger" in self._defects:
                return Acceptance(allowed=True)
            raise

    def broadcast(self, transaction: bytes) -> Acceptance:
        """Send the transaction."""
        if "credits-without-asking" in self._defects:
            self._view.broadcast(transaction)
            return self._believe(transaction)
        if "settles-once" in self._defects:
            with contextlib.suppress(RigFault):
                self._view.broadcast(transaction)
            return Acceptance(allowed=True)
        return self._view.broadcast(transaction)

    def _believe(self, transaction: bytes) -> Acceptance:
        parsed = parse_transaction(transaction)
        for index, output in enumerate(parsed.vout):
            script = bytes(output.scriptPubKey)
            self._believed[OutPoint(txid(parsed), index)] = CoinStatus(Satoshi(output.nValue), script, 0)
        return Acceptance(allowed=True)

    def conflict(self, transaction: bytes) -> str | None:
        """Return the id of a transaction that spends the same coins; None if there is none."""
        if "ignores-conflicts" in self._defects:
            return None
        try:
            return self._view.conflict(transaction)
        except RigFault:
            if "sells-without-ledger" in self._defects:
                return None
            raise
