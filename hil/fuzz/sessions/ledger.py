"""The ledger of adversarial sessions: one in memory, and a wrapper that fails any ledger and tells what it took."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from hil.chain.client.rpc import LedgerUnavailable
from hil.ports import Acceptance, CoinStatus
from hil.protocol.payment.coins import Coin, OutPoint
from hil.protocol.payment.transactions import parse_transaction, txid
from hil.units import Satoshi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hil.ports import LedgerView

THIEF = "ab" * 32
"""Id of the transaction by which somebody else spent the coins."""


class Parsed(NamedTuple):
    """What a ledger needs to know of a transaction."""

    txid: str
    spends: tuple[OutPoint, ...]
    outputs: tuple[tuple[int, bytes], ...]
    """Value in satoshi and script of each."""


@lru_cache(maxsize=64)
def parsed(transaction: bytes) -> Parsed:
    """Read a transaction; the same one is asked about several times in a row."""
    tx = parse_transaction(transaction)
    spends = tuple(OutPoint(txin.prevout.hash[::-1].hex(), txin.prevout.n) for txin in tx.vin)
    return Parsed(txid(tx), spends, tuple((int(txout.nValue), bytes(txout.scriptPubKey)) for txout in tx.vout))


class MemoryLedger:
    """Knows coins and who spent them; takes what spends unspent coins and creates no money.

    It does not look at scripts: whether a payment is properly signed is for the socket to judge.
    """

    def __init__(self, coins: Iterable[Coin], confirmations: int = 6) -> None:
        self._unspent = {coin.outpoint: CoinStatus(coin.value, coin.script, confirmations) for coin in coins}
        self._spent_by: dict[OutPoint, str] = {}
        self._known: set[str] = set()

    def ready(self) -> bool:
        return True

    def coin(self, outpoint: OutPoint) -> CoinStatus | None:
        return self._unspent.get(outpoint)

    def accepts(self, transaction: bytes) -> Acceptance:
        tx = parsed(transaction)
        coins = [self._unspent.get(outpoint) for outpoint in tx.spends]
        worth = sum(coin.value for coin in coins if coin is not None)
        if None in coins:
            return Acceptance(allowed=False, reason="missing-inputs")
        if worth < sum(value for value, _ in tx.outputs):
            return Acceptance(allowed=False, reason="bad-txns-in-belowout")
        return Acceptance(allowed=True)

    def broadcast(self, transaction: bytes) -> Acceptance:
        tx = parsed(transaction)
        if tx.txid in self._known:
            return Acceptance(allowed=True)
        answer = self.accepts(transaction)
        if answer.allowed:
            self._known.add(tx.txid)
            for outpoint in tx.spends:
                del self._unspent[outpoint]
                self._spent_by[outpoint] = tx.txid
            for index, (value, script) in enumerate(tx.outputs):
                self._unspent[OutPoint(tx.txid, index)] = CoinStatus(Satoshi(value), script, 0)
        return answer

    def conflict(self, transaction: bytes) -> str | None:
        tx = parsed(transaction)
        others = (self._spent_by.get(outpoint, tx.txid) for outpoint in tx.spends)
        return next((other for other in others if other != tx.txid), None)

    def spend_elsewhere(self, coins: Iterable[Coin]) -> bool:
        """Let somebody else spend those of ``coins`` that are unspent; tell whether there were any."""
        gone = [coin.outpoint for coin in coins if self._unspent.pop(coin.outpoint, None) is not None]
        self._spent_by |= dict.fromkeys(gone, THIEF)
        return bool(gone)


class WatchedLedger:
    """Any view of the ledger, that can be out of reach and tells what was broadcast.

    :param on_broadcast: is called with each transaction that the ledger took, once or again.
    """

    def __init__(self, view: LedgerView, on_broadcast: Callable[[bytes], None]) -> None:
        self._view = view
        self._on_broadcast = on_broadcast
        self.available = True

    def ready(self) -> bool:
        return self._reached().ready()

    def coin(self, outpoint: OutPoint) -> CoinStatus | None:
        return self._reached().coin(outpoint)

    def accepts(self, transaction: bytes) -> Acceptance:
        return self._reached().accepts(transaction)

    def broadcast(self, transaction: bytes) -> Acceptance:
        answer = self._reached().broadcast(transaction)
        if answer.allowed:
            self._on_broadcast(transaction)
        return answer

    def conflict(self, transaction: bytes) -> str | None:
        return self._reached().conflict(transaction)

    def _reached(self) -> LedgerView:
        if not self.available:
            raise LedgerUnavailable("no answer", place="ledger out of reach")
        return self._view
