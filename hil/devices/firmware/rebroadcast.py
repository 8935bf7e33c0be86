"""Broadcasts a payment again if the ledger loses it, until it has enough confirmations.

A mempool may drop a transaction (eviction by dearer ones, a restart, two weeks), and a reorganisation may take back the
block that held it. Only the socket has reason to send it again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.endpoints.ledger_checks import MISSING_INPUTS, settle
from hil.errors import RigFault
from hil.protocol.payment.coins import OutPoint
from hil.protocol.payment.transactions import parse_transaction, txid

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.devices.storage.journal import DeviceJournal
    from hil.ports import LedgerView

FINAL_CONFIRMATIONS = 6
"""Confirmations after which a transaction counts as final: an hour on average, the custom since 2009."""

LOOK_S = 30.0
"""Seconds between two looks at the ledger while something is unconfirmed."""

MOST_KEPT = 1000
"""Transactions kept at most; the oldest go first. Six blocks hold fewer of one socket's unless payments are tiny."""


class Rebroadcaster:
    """Holds the transactions that were broadcast and are not final; in the journal, so that no power cut loses one.

    :param say: writes a line to the console.
    :param depth: confirmations after which a transaction is final.
    """

    def __init__(
        self,
        journal: DeviceJournal,
        ledger: LedgerView,
        say: Callable[[str], None],
        depth: int = FINAL_CONFIRMATIONS,
    ) -> None:
        self._journal = journal
        self._ledger = ledger
        self._say = say
        self._depth = depth
        self._kept = journal.unconfirmed()
        self._due: float | None = None

    def start(self, now: float) -> None:
        """Take up the transactions that were kept before the restart; the ledger is asked later."""
        self._due = now + LOOK_S if self._kept else None

    def add(self, transaction: bytes, now: float) -> None:
        """Keep a transaction that the ledger has just taken."""
        if transaction not in self._kept:
            self._kept = [*self._kept, transaction][-MOST_KEPT:]
            self._journal.keep_unconfirmed(self._kept)
        if self._due is None:
            self._due = now + LOOK_S

    def next_deadline(self) -> float | None:
        """Return the instant of the next look at the ledger; None if nothing is kept."""
        return self._due

    def on_time(self, now: float) -> None:
        """Look whether the ledger still has what is kept, and send again what it lost."""
        if self._due is None or now < self._due:
            return
        try:
            lost: set[str] = set()
            kept = [each for each in self._kept if not self._is_done(each, lost)]
        except RigFault:  # it cannot be asked: nothing is known, nothing changes
            self._due = now + LOOK_S
            return
        if kept != self._kept:
            self._kept = kept
            self._journal.keep_unconfirmed(kept)
        self._due = now + LOOK_S if kept else None

    def _is_done(self, transaction: bytes, lost: set[str]) -> bool:
        """Tell whether it needs no more care.

        :param lost: ids of those that were found lost; oldest first, so that each comes before what spends its change.
        """
        parsed = parse_transaction(transaction)
        name = txid(parsed)
        paid = OutPoint(name, 0)
        status = self._ledger.coin(paid)
        if status is not None:
            return status.confirmations >= self._depth
        outcome = settle(self._ledger, transaction)
        if outcome.failure == MISSING_INPUTS and (
            any(txin.prevout.hash[::-1].hex() in lost for txin in parsed.vin)
            or self._ledger.conflict(transaction) is not None
        ):
            lost.add(name)
            self._say(f"payment {name} lost: {outcome.failure}")
            return True
        if outcome.failure is not None:
            self._say(f"payment {name} is not on the ledger and is sent again later: {outcome.failure}")
            return False
        if self._ledger.coin(paid) is None:
            return True  # the ledger has it, and its owner has spent what it paid
        self._say(f"payment {name} was no longer on the ledger: sent again")
        return False
