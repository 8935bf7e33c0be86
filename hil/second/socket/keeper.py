"""Looks after what was broadcast until six blocks lie on it (SPEC, "Settlement")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.second.money.transactions import txid_of
from hil.second.socket.ledger import Ledger, LedgerSilent

if TYPE_CHECKING:
    from collections.abc import Callable

LOOK_S = 30.0
"""How often the ledger is asked for what is not final."""
_FINAL_BLOCKS = 6
_PAYEE_OUTPUT = 0


class Keeper:
    """Sends a transaction again when the ledger has lost it.

    :param note: takes a line for people; one that holds ``lost`` gives a payment up.
    """

    def __init__(self, ledger: Ledger, note: Callable[[str], None]) -> None:
        self._ledger = ledger
        self._note = note
        self._kept: list[bytes] = []
        self._look_at: float | None = None

    def keep(self, raw: bytes) -> None:
        """Look after a transaction that the ledger has taken."""
        if raw not in self._kept:
            self._kept.append(raw)

    def next_deadline(self) -> float | None:
        """Return when it looks next; None if nothing is kept, or ``look`` was not called since."""
        return self._look_at if self._kept else None

    def look(self, now: float) -> None:
        """Look if it is time to; the first look is 30 s after there was something to look after."""
        if not self._kept:
            self._look_at = None
        elif self._look_at is None:
            self._look_at = round(now + LOOK_S, 6)
        elif self._look_at <= now:
            self._look_at = round(now + LOOK_S, 6)
            try:
                self._kept = [raw for raw in self._kept if self._is_not_final(raw)]
            except LedgerSilent:
                self._note("the ledger does not tell what became of the payments")

    def _is_not_final(self, raw: bytes) -> bool:
        output = self._ledger.coin(txid_of(raw), _PAYEE_OUTPUT)
        if output is not None:
            return output.confirmations < _FINAL_BLOCKS
        reason = self._ledger.broadcast(raw)
        if reason is None:
            return True
        conflict = self._ledger.conflict(raw)
        if conflict is None:
            return True
        self._note(f"payment {txid_of(raw)} is lost: {conflict} spends its coins ({reason})")
        return False
