"""How a device sees the ledger: through a full node."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from bitcoin.core import CTransaction, b2lx
from bitcoin.core.serialize import SerializationError

from hil.chain.client.block_scanner import BlockScanner
from hil.chain.client.rpc import LedgerUnavailable, RpcClient, RpcEndpoint, RpcError, to_satoshi
from hil.chain.node.base import REGTEST
from hil.chain.views.servers import NODE
from hil.ports import Acceptance, CoinStatus
from hil.protocol.payment.coins import OutPoint

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hil.chain.views.servers import LedgerServer

_PARENTHESES = re.compile(r"\((.*)\)$", re.DOTALL)
_KNOWN: Final = frozenset({"txn-already-in-mempool", "txn-already-known"})
_NOT_FOUND: Final = -5
_NO_TRANSACTION: Final = -22
_ALREADY_CONFIRMED: Final = -27
_REFUSALS: Final = frozenset({_NO_TRANSACTION, -25, -26, _ALREADY_CONFIRMED})
"""The codes by which the node refuses a transaction (``RPC_DESERIALIZATION_ERROR`` and ``RPC_VERIFY_…``)."""
_SAME_REASON: Final = {
    "bad-txns-inputs-missingorspent": "missing-inputs",
    "dust-nonanchor": "dust",
    "e.g. -maxtxfee, maxfeerate": "max-fee-exceeded",
}
"""Other words for the same: of ``sendrawtransaction`` against ``testmempoolaccept``, and of Knots against Core."""


def normalised(reason: str) -> str:
    """Return a node's reason without what changes between its versions.

    The text in final parentheses if there is one (prefixes were renamed: ``mandatory-script-verify-flag-failed (x)``
    became ``mempool-script-verify-flag-failed (x)``), else the part before the first comma, which separates details.
    """
    inner = _PARENTHESES.search(reason)
    text = inner[1] if inner else reason.partition(", ")[0]
    return _SAME_REASON.get(text, text)


class NodeView:
    """Implements :class:`hil.ports.LedgerView` over a full node.

    Conflicts in blocks are found by the transaction index, from the block of the spent coin on; on a node without
    it, from the height at which this view first answered.

    :param chain: the network that it must be on, as the node names it; another one is never ready.
    """

    asks: ClassVar[str] = NODE

    def __init__(self, client: RpcClient, chain: str = REGTEST) -> None:
        self._client = client
        self._chain = chain
        self._scanner = BlockScanner(client)
        self._first_height: int | None = None

    @classmethod
    def opened(cls, server: LedgerServer) -> Self:
        """See :class:`hil.chain.views.servers.ViewClass`."""
        return cls(RpcClient(RpcEndpoint(server.host, server.port, server.user, server.password), server.timeout))

    def close(self) -> None:
        """Close the connection to the node."""
        self._client.close()

    def ready(self) -> bool:
        """See :class:`hil.ports.LedgerView`."""
        try:
            info = self._client.call("getblockchaininfo")
        except LedgerUnavailable:
            return False
        if self._first_height is None:
            self._first_height = int(info["blocks"])
        return info["chain"] == self._chain and not info["initialblockdownload"]

    def coin(self, outpoint: OutPoint) -> CoinStatus | None:
        """See :class:`hil.ports.LedgerView`."""
        output = self._client.call("gettxout", outpoint.txid, outpoint.index, True)
        if output is None:
            return None
        script = bytes.fromhex(output["scriptPubKey"]["hex"])
        return CoinStatus(to_satoshi(output["value"]), script, int(output["confirmations"]))

    def accepts(self, transaction: bytes) -> Acceptance:
        """See :class:`hil.ports.LedgerView`."""
        try:
            answer = self._client.call("testmempoolaccept", [transaction.hex()])[0]
        except RpcError as error:
            if error.code not in _REFUSALS:
                raise
            return Acceptance(allowed=False, reason=_reason(error))
        if answer.get("allowed"):
            return Acceptance(allowed=True)
        return Acceptance(allowed=False, reason=normalised(answer.get("reject-reason") or answer["package-error"]))

    def broadcast(self, transaction: bytes) -> Acceptance:
        """See :class:`hil.ports.LedgerView`."""
        try:
            self._client.call("sendrawtransaction", transaction.hex())
        except RpcError as error:
            if error.code not in _REFUSALS:
                raise
            reason = _reason(error)
            if error.code == _ALREADY_CONFIRMED or reason in _KNOWN or self._is_confirmed(transaction, error.code):
                return Acceptance(allowed=True)
            return Acceptance(allowed=False, reason=reason)
        return Acceptance(allowed=True)

    def conflict(self, transaction: bytes) -> str | None:
        """See the port; raises ValueError if ``transaction`` is none."""
        own, spent = _own_and_spent(transaction)
        # cheap and nearly always enough, since a device asks several times a second: the coins are still there, or
        # this very transaction has taken them
        first = [("gettxout", own, 0, True), *(("gettxout", one.txid, one.index, True) for one in spent)]
        paid, *coins = self._client.batch(first)
        if paid is not None or all(coin is not None for coin in coins):
            return None
        query = [{"txid": one.txid, "vout": one.index} for one in spent]
        calls: list[tuple[Any, ...]] = [("gettxout", one.txid, one.index, False) for one in spent]
        spending, *outputs = self._client.batch([("gettxspendingprevout", query), *calls])
        for one in spending:
            if one.get("spendingtxid", own) != own:
                return str(one["spendingtxid"])
        gone = {one for one, output in zip(spent, outputs, strict=True) if output is None}
        return self._confirmed_spender(gone, own) if gone else None

    def _confirmed_spender(self, outpoints: Iterable[OutPoint], own: str) -> str | None:
        wanted = frozenset(outpoints)
        starts = [height for one in wanted if (height := self._height_to_search_from(one.txid)) is not None]
        if not starts:
            return None  # no such coins in any block, so no block spends them
        mined, _ = self._scanner.spending(min(starts) - 1, wanted)
        return next((one.txid for one in mined if one.txid != own), None)

    def _height_to_search_from(self, txid: str) -> int | None:
        """Return the height of the block with this transaction, None if the node knows that there is none."""
        if (block := self._block_of(txid)) is not None:
            return int(self._client.call("getblockheader", block)["height"])
        return None if self._client.call("getindexinfo").get("txindex") else self._first_height

    def _block_of(self, txid: str) -> str | None:
        """Return the hash of the block of the best chain that holds the transaction; None if none does."""
        try:
            found = self._client.call("getrawtransaction", txid, True)
        except RpcError as error:
            if error.code == _NOT_FOUND:
                return None
            raise
        # after a reorganisation the transaction index still names the block that was left behind
        return str(found["blockhash"]) if found.get("confirmations", 0) >= 1 else None

    def _is_confirmed(self, transaction: bytes, code: int) -> bool:
        """Tell whether a refused transaction is in a block; all its outputs may be spent, so the node can't tell."""
        return code != _NO_TRANSACTION and self._block_of(b2lx(_parse(transaction).GetTxid())) is not None


def _reason(error: RpcError) -> str:
    # here the node's words quote the whole transaction
    return "TX decode failed" if error.code == _NO_TRANSACTION else normalised(error.message)


@lru_cache(maxsize=16)
def _own_and_spent(transaction: bytes) -> tuple[str, tuple[OutPoint, ...]]:
    """Return the transaction's id and the coins that it spends; asked again and again for the same transaction."""
    parsed = _parse(transaction)
    return b2lx(parsed.GetTxid()), tuple(OutPoint(b2lx(one.prevout.hash), one.prevout.n) for one in parsed.vin)


def _parse(transaction: bytes) -> CTransaction:
    try:
        return CTransaction.deserialize(transaction)
    except SerializationError as error:
        raise ValueError(f"not a transaction: {error}") from error
