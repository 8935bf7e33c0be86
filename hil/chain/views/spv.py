"""How a device sees the ledger by simplified payment verification: it stores headers and believes proofs only.

What it cannot know is in docs/ledger-views.md: above all, a server that consistently leaves something out.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self, TypeVar

from hil.chain.client.rpc import LedgerUnavailable
from hil.chain.electrum.client import ElectrumError, LedgerLied
from hil.chain.views.header_store import FileHeaders, MemoryHeaders, RecordHeaders
from hil.chain.views.header_sync import HeaderSync
from hil.chain.views.headers import REGTEST, HeaderChain, hash_of, network_named, time_of
from hil.chain.views.light import Entry, LightView, client_of
from hil.chain.views.proofs import ProofFailed, check_inclusion, is_signed, txid_of
from hil.clock import WallClock, stopwatch
from hil.ports import CoinStatus
from hil.protocol.payment.coins import Coin, OutPoint
from hil.units import Satoshi

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bitcoin.core import CTransaction

    from hil.chain.electrum.client import ElectrumClient
    from hil.chain.views.header_store import HeaderStore
    from hil.chain.views.headers import Network
    from hil.chain.views.servers import LedgerServer

T = TypeVar("T")

CHUNKS_PER_TURN: Final = 20
"""A view that is not ready loads this many times 2016 headers each time it is asked: 0.3 s of work or so."""
PATIENCE: Final = 0.5
"""Seconds in which a server must have brought its answers in line with each other after a new block: ten times the
period at which the bench's server looks at its node. A public server, which looks every 5 s, needs more."""
_PAUSE: Final = 0.02


class SpvView(LightView):
    """Implements :class:`hil.ports.LedgerView` by headers and proofs.

    Believed on proof: the header chain (link, difficulty, proof of work, median time; the one with the most work
    wins, and reorganisations are followed), a transaction's bytes (its id is recomputed), its block (Merkle proof),
    that a spend is signed by the coin's owner. Raises LedgerLied where the server fails to prove.

    :param store: where headers are kept; default: in memory.
    :param minimum_work: least work in hashes that the true chain has; a chain with less is refused. Protects a
        cold start, when no chain is known that a cheap one would have to beat.
    :param unix_time: the present in Unix seconds, for a device that has a clock.
    :param most_tip_age_s: a tip older than this is taken for withheld blocks; needs ``unix_time``.
    :param patience_s: see :data:`PATIENCE`.
    """

    def __init__(
        self,
        client: ElectrumClient,
        *,
        network: Network = REGTEST,
        store: HeaderStore | None = None,
        minimum_work: int = 0,
        unix_time: Callable[[], float] | None = None,
        most_tip_age_s: float | None = None,
        patience_s: float = PATIENCE,
    ) -> None:
        super().__init__(client)
        self._store = store if store is not None else MemoryHeaders()
        self.chain = HeaderChain(network, self._store)
        self._sync = HeaderSync(client, self.chain)
        self._minimum_work = minimum_work
        self._unix_time = unix_time
        self._most_tip_age_s = most_tip_age_s
        self._patience_s = patience_s
        self._proven: dict[str, tuple[int, str]] = {}

    @classmethod
    def opened(cls, server: LedgerServer) -> Self:
        """See :class:`hil.chain.views.servers.ViewClass`; raises ConfigurationError for an unknown network."""
        headers = server.headers
        store: HeaderStore | None = None
        if headers is not None:
            store = FileHeaders(headers) if isinstance(headers, Path) else RecordHeaders(headers)
        network = network_named(server.network)
        return cls(client_of(server), network=network, store=store, minimum_work=server.minimum_work)

    def ready(self) -> bool:
        """Load headers for a turn; tell whether the chain is complete. Raises LedgerLied where the server lies."""
        try:
            if not self._sync.follow(CHUNKS_PER_TURN):
                return False
        except LedgerLied:
            raise
        except LedgerUnavailable:
            return False
        self._check_chain()
        return True

    def coin(self, outpoint: OutPoint) -> CoinStatus | None:
        """See :class:`hil.ports.LedgerView`."""
        return self._patiently(lambda: self._proven_coin(outpoint))

    def conflict(self, transaction: bytes) -> str | None:
        """See the port; a spend that its owner did not sign raises LedgerLied, since it is an invention."""
        return self._patiently(lambda: super(SpvView, self).conflict(transaction))

    def storage_bytes(self) -> int:
        """See :class:`hil.chain.views.light.LightView`."""
        return self._store.size()

    def _patiently(self, ask: Callable[[], T]) -> T:
        """Ask again while the server may only be taking in a new block: it does so in several steps."""
        elapsed = stopwatch()
        while True:
            try:
                return ask()
            except LedgerLied as error:
                if error.certain or elapsed() >= self._patience_s:
                    raise
            WallClock().sleep(_PAUSE)

    def _proven_coin(self, outpoint: OutPoint) -> CoinStatus | None:
        self._follow()
        funding = self._transaction(outpoint.txid)
        if funding is None or outpoint.index >= len(funding.vout):
            return None
        output = funding.vout[outpoint.index]
        script = bytes(output.scriptPubKey)
        history = self._history(script)
        entry = next((one for one in history if one.txid == outpoint.txid), None)
        if entry is None or self._spender_in(history, outpoint) is not None:
            return None
        height = self._prove(entry, funding)
        confirmations = self.chain.height - height + 1 if height else 0
        return CoinStatus(Satoshi(output.nValue), script, confirmations)

    def _tip(self) -> tuple[int, int]:
        self._follow()
        return self.chain.height, time_of(self.chain.header(self.chain.height))

    def _follow(self) -> None:
        if not self._sync.follow(CHUNKS_PER_TURN):
            raise LedgerUnavailable(f"headers are being loaded, {self.chain.height + 1} so far", place=self._place)
        self._check_chain()

    def _check_chain(self) -> None:
        if self.chain.work < self._minimum_work:
            self._lied(
                f"its chain has a work of {self.chain.work} hashes; the true one has {self._minimum_work} at least"
            )
        if self._unix_time is not None and self._most_tip_age_s is not None:
            age = self._unix_time() - time_of(self.chain.header(self.chain.height))
            if age > self._most_tip_age_s:
                raise LedgerUnavailable(
                    f"its newest block is {age:.0f} s old, at most {self._most_tip_age_s:.0f} s are expected: it is "
                    "behind, or withholds blocks",
                    place=self._place,
                )

    def _prove(self, entry: Entry, transaction: CTransaction) -> int:
        """Return the height of the block that provably holds the transaction, 0 if the server claims none."""
        if entry.height <= 0:
            return 0
        claim = f"says that {entry.txid} is in the block at height {entry.height}"
        if entry.height > self.chain.height:
            self._lied(f"{claim}, but announces a chain that ends at {self.chain.height}", certain=False)
        block = hash_of(self.chain.header(entry.height))
        if self._proven.get(entry.txid) == (entry.height, block):
            return entry.height
        try:
            proof = self.client.call("blockchain.transaction.get_merkle", entry.txid, entry.height)
        except ElectrumError as error:
            self._lied(f"{claim} and has no proof", error, certain=False)
        position, branch = self._read_proof(proof)
        try:
            check_inclusion(transaction, position, branch, self.chain.merkle_root(entry.height))
        except ProofFailed as failed:
            self._lied(f"{claim}: {failed}", failed, certain=False)
        self._proven[entry.txid] = entry.height, block
        return entry.height

    def _read_proof(self, proof: Mapping[str, Any]) -> tuple[int, list[bytes]]:
        try:
            return int(proof["pos"]), [bytes.fromhex(one)[::-1] for one in proof["merkle"]]
        except (TypeError, KeyError, ValueError) as error:
            self._nonsense("blockchain.transaction.get_merkle", error)

    def _check_transaction(self, txid: str, transaction: CTransaction) -> None:
        if txid_of(transaction) != txid:
            self._lied(f"gave transaction {txid_of(transaction)} as {txid}")

    def _check_spend(self, entry: Entry, index: int, outpoint: OutPoint) -> None:
        spender, funding = self._transaction(entry.txid), self._transaction(outpoint.txid)
        if spender is None or funding is None:
            return
        output = funding.vout[outpoint.index]
        coin = Coin(outpoint, Satoshi(output.nValue), bytes(output.scriptPubKey))
        if is_signed(spender, index, coin) is False:
            self._lied(f"says that {entry.txid} spends {outpoint}, and it is not signed by the owner of that coin")
        self._follow()
        self._prove(entry, spender)

    def _check_sent(self, txid: str, said: object) -> None:
        if said != txid:
            self._lied(f"took {txid} and calls it {said!r}")
        self._transactions.pop(txid, None)
        if self._transaction(txid) is None:
            self._lied(f"said that it took {txid} and does not have it")

    def _is_in_block(self, transaction: CTransaction) -> bool:
        txid = txid_of(transaction)
        self._follow()
        for output in transaction.vout:
            entry = next((one for one in self._history(bytes(output.scriptPubKey)) if one.txid == txid), None)
            if entry is not None:
                return self._prove(entry, transaction) > 0
        return False

    @property
    def _place(self) -> str:
        return self.client.endpoint.place

    def _lied(self, what: str, cause: Exception | None = None, *, certain: bool = True) -> NoReturn:
        remedy = "Ask another server; nothing may be sold on this one's word"
        raise LedgerLied(what, place=self._place, remedy=remedy, certain=certain) from cause
