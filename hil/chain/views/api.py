"""How a device sees the ledger through a third party's API (slides): it stores nothing and believes everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from hil.chain.client.rpc import LedgerUnavailable
from hil.chain.electrum.client import script_hash
from hil.chain.views.headers import time_of
from hil.chain.views.light import Entry, LightView, client_of
from hil.chain.views.proofs import txid_of
from hil.ports import CoinStatus
from hil.units import Satoshi

if TYPE_CHECKING:
    from bitcoin.core import CTransaction

    from hil.chain.views.servers import LedgerServer
    from hil.protocol.payment.coins import OutPoint


class ApiView(LightView):
    """Implements :class:`hil.ports.LedgerView` on the word of one Electrum server. Nothing is checked, on purpose."""

    @classmethod
    def opened(cls, server: LedgerServer) -> Self:
        """See :class:`hil.chain.views.servers.ViewClass`."""
        return cls(client_of(server))

    def ready(self) -> bool:
        """See :class:`hil.ports.LedgerView`."""
        try:
            self._tip()
        except LedgerUnavailable:
            return False
        return True

    def coin(self, outpoint: OutPoint) -> CoinStatus | None:
        """See :class:`hil.ports.LedgerView`."""
        funding = self._transaction(outpoint.txid)
        if funding is None or outpoint.index >= len(funding.vout):
            return None
        output = funding.vout[outpoint.index]
        script = bytes(output.scriptPubKey)
        height, _ = self._tip()
        unspent = self._ask("blockchain.scripthash.listunspent", script_hash(script))
        try:
            for one in unspent:
                if (one["tx_hash"], one["tx_pos"]) == (outpoint.txid, outpoint.index):
                    confirmations = height - one["height"] + 1 if one["height"] > 0 else 0
                    return CoinStatus(Satoshi(output.nValue), script, confirmations)
        except (TypeError, KeyError) as error:
            self._nonsense("blockchain.scripthash.listunspent", error)
        return None

    def storage_bytes(self) -> int:
        """See :class:`hil.chain.views.light.LightView`; it keeps nothing."""
        return 0

    def _tip(self) -> tuple[int, int]:
        height, header = self._subscribe()
        return height, time_of(header)

    def _check_transaction(self, txid: str, transaction: CTransaction) -> None:
        """Believe it."""

    def _check_spend(self, entry: Entry, index: int, outpoint: OutPoint) -> None:
        """Believe it."""

    def _check_sent(self, txid: str, said: object) -> None:
        """Believe it."""

    def _is_in_block(self, transaction: CTransaction) -> bool:
        txid = txid_of(transaction)
        for output in transaction.vout:
            entry = next((one for one in self._history(bytes(output.scriptPubKey)) if one.txid == txid), None)
            if entry is not None:
                return entry.height > 0
        return False
