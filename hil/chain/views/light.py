"""What the views of the ledger that ask an Electrum server have in common; they differ in what they believe."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn

from bitcoin.core import CTransaction

from hil.chain.client.rpc import LedgerUnavailable, to_satoshi
from hil.chain.electrum.client import ElectrumClient, ElectrumEndpoint, ElectrumError, script_hash
from hil.chain.views.full_node import normalised
from hil.chain.views.light_policy import Surroundings, judge, spent_by
from hil.chain.views.proofs import parse, txid_of
from hil.chain.views.servers import ELECTRUM
from hil.ports import Acceptance, CoinStatus
from hil.protocol.payment.coins import OutPoint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hil.chain.views.servers import LedgerServer

LEAST_RELAY_FEE: Final = 1000
"""In sat/kvB. The server's word can only raise it: too low a fee would leave a settlement unsent."""

_REMEMBERED: Final = 1000
_UNKNOWN: Final = ("No such mempool", "No such mempool or blockchain transaction")
_HAS_IT: Final = frozenset(
    {
        "txn-already-in-mempool",
        "txn-already-known",
        "Transaction already in block chain",
        "Transaction outputs already in utxo set",
    }
)


def client_of(server: LedgerServer) -> ElectrumClient:
    """Return a client of the Electrum server; nothing is asked yet."""
    return ElectrumClient(ElectrumEndpoint(server.host, server.port), timeout=server.timeout)


@dataclass(frozen=True)
class Entry:
    """A transaction that touches a script.

    :param height: of its block as the server says; 0 in the mempool, -1 there with unconfirmed inputs.
    """

    txid: str
    height: int


class LightView(ABC):
    """Implements :class:`hil.ports.LedgerView` over an Electrum server; see the two kinds for what they check."""

    asks: ClassVar[str] = ELECTRUM

    def __init__(self, client: ElectrumClient) -> None:
        self.client = client
        self._transactions: OrderedDict[str, tuple[CTransaction, bytes]] = OrderedDict()
        self._relay_fee: int | None = None

    def close(self) -> None:
        """Close the connection to the server."""
        self.client.close()

    @abstractmethod
    def ready(self) -> bool:
        """See :class:`hil.ports.LedgerView`."""

    @abstractmethod
    def coin(self, outpoint: OutPoint) -> CoinStatus | None:
        """See :class:`hil.ports.LedgerView`."""

    @abstractmethod
    def storage_bytes(self) -> int:
        """Return what this view keeps on the device."""

    @abstractmethod
    def _tip(self) -> tuple[int, int]:
        """Return height and time (Unix seconds) of the tip."""

    @abstractmethod
    def _check_transaction(self, txid: str, transaction: CTransaction) -> None:
        """Raise LedgerLied if what the server gave for ``txid`` is another transaction."""

    @abstractmethod
    def _check_spend(self, entry: Entry, index: int, outpoint: OutPoint) -> None:
        """Raise LedgerLied if the spend of ``outpoint`` by input ``index`` of ``entry`` is an invention."""

    @abstractmethod
    def _check_sent(self, txid: str, said: object) -> None:
        """Raise LedgerLied if the server took the transaction by word only."""

    @abstractmethod
    def _is_in_block(self, transaction: CTransaction) -> bool:
        """Tell whether the transaction is in a block, as far as this view believes the server."""

    def accepts(self, transaction: bytes) -> Acceptance:
        """Judge without a node (:mod:`hil.chain.views.light_policy`).

        Cannot know: the mempool's present minimum fee, its limits on chains of unconfirmed transactions, the rules
        of replacement, scripts that are neither P2WPKH nor P2PKH, and every rule that the network changes later.
        """
        try:
            parsed = parse(transaction)
        except ValueError:
            return Acceptance(allowed=False, reason="TX decode failed")
        outpoints = spent_by(parsed)
        height, time = self._tip()
        coins = {one: self.coin(one) for one in outpoints}
        if None in coins.values():
            own = txid_of(parsed)
            if any(self._spender(one) == own for one, status in coins.items() if status is None):
                known = "txn-already-known" if self._is_in_block(parsed) else "txn-already-in-mempool"
                return Acceptance(allowed=False, reason=known)
        return judge(parsed, Surroundings(coins, self._least_fee(), height + 1, time))

    def broadcast(self, transaction: bytes) -> Acceptance:
        """See :class:`hil.ports.LedgerView`."""
        try:
            parsed = parse(transaction)
        except ValueError:
            return Acceptance(allowed=False, reason="TX decode failed")
        try:
            said = self.client.call("blockchain.transaction.broadcast", transaction.hex())
        except ElectrumError as error:
            reason = normalised(_refusal(error.message))
            if reason in _HAS_IT or (reason == "missing-inputs" and self._is_in_block(parsed)):
                return Acceptance(allowed=True)
            return Acceptance(allowed=False, reason=reason)
        self._check_sent(txid_of(parsed), said)
        return Acceptance(allowed=True)

    def conflict(self, transaction: bytes) -> str | None:
        """See the port; raises ValueError if ``transaction`` is none."""
        parsed = parse(transaction)
        own = txid_of(parsed)
        for outpoint in spent_by(parsed):
            spender = self._spender(outpoint)
            if spender is not None and spender != own:
                return spender
        return None

    def _spender(self, outpoint: OutPoint) -> str | None:
        """Return the transaction that spends ``outpoint``; None if none does, or if there is no such output."""
        funding = self._transaction(outpoint.txid)
        if funding is None or outpoint.index >= len(funding.vout):
            return None
        return self._spender_in(self._history(bytes(funding.vout[outpoint.index].scriptPubKey)), outpoint)

    def _spender_in(self, history: list[Entry], outpoint: OutPoint) -> str | None:
        made = next((one.height for one in history if one.txid == outpoint.txid), 0)
        for entry in history:
            if entry.txid == outpoint.txid or 0 < entry.height < made:
                continue  # a transaction in an earlier block cannot spend it
            transaction = self._transaction(entry.txid)
            if transaction is None:
                continue  # left the mempool between the two answers
            for index, spent in enumerate(spent_by(transaction)):
                if spent == outpoint:
                    self._check_spend(entry, index, outpoint)
                    return entry.txid
        return None

    def _transaction(self, txid: str) -> CTransaction | None:
        """Return a transaction of the mempool or the chain, None if the server says that there is none."""
        known = self._transactions.get(txid)
        if known is not None:
            self._transactions.move_to_end(txid)
            return known[0]
        answer = self._ask("blockchain.transaction.get", txid)
        if answer is None:
            return None
        try:
            raw = bytes.fromhex(answer)
            transaction = parse(raw)
        except (ValueError, TypeError) as error:
            self._nonsense("blockchain.transaction.get", error)
        self._check_transaction(txid, transaction)
        self._transactions[txid] = transaction, raw
        while len(self._transactions) > _REMEMBERED:
            self._transactions.popitem(last=False)
        return transaction

    def _history(self, script: bytes) -> list[Entry]:
        answer = self._ask("blockchain.scripthash.get_history", script_hash(script))
        try:
            return [Entry(str(one["tx_hash"]), int(one["height"])) for one in answer]
        except (TypeError, KeyError, ValueError) as error:
            self._nonsense("blockchain.scripthash.get_history", error)

    def _least_fee(self) -> int:
        if self._relay_fee is None:
            answer = self._ask("blockchain.relayfee")
            try:
                self._relay_fee = max(LEAST_RELAY_FEE, to_satoshi(answer))
            except (ArithmeticError, TypeError, ValueError) as error:
                self._nonsense("blockchain.relayfee", error)
        return self._relay_fee

    def _subscribe(self) -> tuple[int, bytes]:
        """Return height and header of the server's tip."""
        answer: Mapping[str, Any] = self._ask("blockchain.headers.subscribe")
        try:
            return int(answer["height"]), bytes.fromhex(answer["hex"])
        except (TypeError, KeyError, ValueError) as error:
            self._nonsense("blockchain.headers.subscribe", error)

    def _ask(self, method: str, *params: object) -> Any:
        """Return the answer, None for a transaction that there is not; LedgerUnavailable for every other refusal."""
        try:
            return self.client.call(method, *params)
        except ElectrumError as error:
            if method == "blockchain.transaction.get" and any(words in error.message for words in _UNKNOWN):
                return None
            raise LedgerUnavailable(error.what, place=error.place) from error

    def _nonsense(self, method: str, cause: Exception) -> NoReturn:
        place = self.client.endpoint.place
        raise LedgerUnavailable(f"gave no proper answer to {method} ({cause})", place=place) from cause


def _refusal(message: str) -> str:
    """Return the node's words out of the server's, which frame and end them with the transaction itself."""
    parts = message.split("\n")
    return parts[2] if len(parts) > 2 else message
