"""Defences that a simulated socket can be made to lack, to see that the bench finds out: seeded defects."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from hil.devices.burial import BURIED_CONFIRMATIONS
from hil.errors import RigFault
from hil.ports import Acceptance, CoinStatus
from hil.protocol.coins import OutPoint
from hil.protocol.policy import Policy
from hil.protocol.transactions import parse_transaction, txid
from hil.units import Satoshi

if TYPE_CHECKING:
    from collections.abc import Collection

    from hil.ports import LedgerView

Defect = Literal[
    "ignores-conflicts",
    "forgets-payments",
    "trusts-the-first-block",
    "settles-once",
    "credits-without-asking",
    "believes-any-node",
    "believes-its-server",
    "sells-without-ledger",
    "waits-for-late-answers",
    "has-no-patience",
]
"""- ignores-conflicts: looks for no other spend of the coins that it was paid with
- forgets-payments: does not look again for what it broadcast
- trusts-the-first-block: leaves a payment alone as soon as one block lies on it
- settles-once: takes what it sent for settled, whatever the ledger says, and does not look again
- credits-without-asking: asks for the declared coins only, and takes every payment from them for good
- believes-any-node: does not ask whether its node is behind or of another network
- believes-its-server: keeps no headers and checks no proofs where it should (SPV)
- sells-without-ledger: takes silence of the ledger for consent
- waits-for-late-answers: sells on, however long an answer takes
- has-no-patience: takes an answer that is late for none, though it comes in time
"""


def policy_of(defects: Collection[Defect]) -> Policy:
    """Return the limits that a socket with these defects keeps."""
    if "waits-for-late-answers" in defects:
        return Policy(ledger_answer_s=math.inf)
    return Policy(ledger_answer_s=0.0) if "has-no-patience" in defects else Policy()


def view_of(kind: str, defects: object) -> str:
    """Return how a socket with these defects (its profile's) sees a ledger that it should see by ``kind``."""
    return "api" if isinstance(defects, Sequence) and "believes-its-server" in defects else kind


def burial_depth_of(defects: Collection[Defect]) -> int | None:
    """Return the confirmations after which it leaves a payment alone; None for a socket that never looks again."""
    if not {"forgets-payments", "settles-once"}.isdisjoint(defects):
        return None
    return 1 if "trusts-the-first-block" in defects else BURIED_CONFIRMATIONS


class DefectiveLedger:
    """Implements :class:`hil.ports.LedgerView` over another one, without some of its answers."""

    def __init__(self, view: LedgerView, defects: Collection[Defect]) -> None:
        self._view = view
        self._defects = frozenset(defects)
        self._believed: dict[OutPoint, CoinStatus] = {}
        """Outputs of payments that nobody was asked about."""

    def ready(self) -> bool:
        return True if "believes-any-node" in self._defects else self._view.ready()

    def coin(self, outpoint: OutPoint) -> CoinStatus | None:
        return self._believed.get(outpoint) or self._view.coin(outpoint)

    def accepts(self, transaction: bytes) -> Acceptance:
        if "credits-without-asking" in self._defects:
            return self._believe(transaction)
        try:
            return self._view.accepts(transaction)
        except RigFault:
            if "sells-without-ledger" in self._defects:
                return Acceptance(allowed=True)
            raise

    def broadcast(self, transaction: bytes) -> Acceptance:
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
        if "ignores-conflicts" in self._defects:
            return None
        try:
            return self._view.conflict(transaction)
        except RigFault:
            if "sells-without-ledger" in self._defects:
                return None
            raise
