"""Which coins a cable can declare: it sees no ledger, so it keeps what may be true, the likeliest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.protocol.payment.transactions import change_coin, parse_transaction
from hil.protocol.records import CableRecord, declared_coins

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hil.protocol.payment.coins import Coin


class Wallet:
    """Sets of coins, of which one is right: a session ends with its newest transaction, the one before, or none.

    A socket that does not find the coins that were declared says so; the next set is tried then.
    """

    def __init__(self, candidates: Sequence[tuple[Coin, ...]]) -> None:
        self.candidates = [coins for coins in candidates if coins]

    @property
    def coins(self) -> tuple[Coin, ...]:
        """What to declare now; empty if nothing is left."""
        return self.candidates[0] if self.candidates else ()

    def session_over(self, record: CableRecord, settled_txid: str, *, acknowledged: bool) -> None:
        """A session in which payments were signed has ended.

        :param settled_txid: the transaction that settled it, as CLOSE said; empty if nothing was said. It is a hint
            to the order only, a socket may lie.
        :param acknowledged: the socket has the newest payment, or may have it; the coins declared are then not free,
            even if the ledger still has them.
        """
        # The change of a payment exists only if that payment settled, so trying it can spend nothing twice.
        newest, before = _change(record.transaction, record), _change(record.before, record)
        if acknowledged:
            ends = [newest, before]
        else:
            ends = [before if record.before else declared_coins(record.funding), newest]
        ends.sort(key=lambda coins: not (coins and coins[0].outpoint.txid == settled_txid))
        self.candidates = [coins for coins in dict.fromkeys(ends) if coins]

    def not_found(self) -> bool:
        """The ledger does not have the coins declared; tell whether there are others to try."""
        if len(self.candidates) < 2:
            return False
        self.candidates.append(self.candidates.pop(0))
        return True


def _change(transaction: bytes, record: CableRecord) -> tuple[Coin, ...]:
    """Return what is left once ``transaction`` is on the ledger."""
    if not transaction:
        return ()
    change = change_coin(parse_transaction(transaction), record.funding.change_script)
    return (change,) if change is not None else ()
