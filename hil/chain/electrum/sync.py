"""Waiting until an Electrum server shows what its bitcoind has: in virtual time, a view must not look before that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bitcoin.core import CTransaction

from hil.chain.client.rpc import LedgerUnavailable, RpcError
from hil.chain.electrum.client import script_hash
from hil.clock import WallClock, stopwatch

if TYPE_CHECKING:
    from hil.chain.client.rpc import RpcClient
    from hil.chain.electrum.client import ElectrumClient

TIMEOUT: Final = 10.0
_PAUSE: Final = 0.005
_NOT_FOUND: Final = -5
_DATA: Final = b"\x6a"
"""OP_RETURN; servers keep no history of such scripts."""


class ServerFollower:
    """Compares a server with its node: tip and mempool."""

    def __init__(self, node: RpcClient, server: ElectrumClient) -> None:
        self._node = node
        self._server = server
        self._height = -1
        """Of the newest block that the server has shown."""
        self._scripts: dict[str, str] = {}
        """Of each transaction of the mempool that the server is known to show: one script, as the server names it."""

    def catch_up(self, timeout: float = TIMEOUT) -> None:
        """Return when the server shows the node's tip and exactly the node's mempool.

        One that stood still for long may have thousands of blocks to read. Raises LedgerUnavailable, with what differed
        last, when for ``timeout`` seconds it has come no block nearer to the tip.
        """
        elapsed, pause, height = stopwatch(), WallClock(), -1
        while difference := self._difference():
            if self._height > height:
                elapsed, height = stopwatch(), self._height
            elif elapsed() > timeout:
                raise LedgerUnavailable(
                    f"waited {timeout:g} s for it to show more of what its node has in vain; last seen: {difference}",
                    place=self._server.endpoint.place,
                )
            pause.sleep(_PAUSE)

    def _difference(self) -> str:
        tip, mempool = self._node.batch([("getbestblockhash",), ("getrawmempool",)])
        header = self._node.call("getblockheader", tip, False)
        shown = self._server.call("blockchain.headers.subscribe")
        self._height = int(shown["height"])
        if shown["hex"] != header:
            return f"its tip is at height {shown['height']} and is not {tip}"
        for txid in mempool:
            if txid not in self._scripts:
                try:
                    raw = self._node.call("getrawtransaction", txid)
                except RpcError as error:
                    if error.code != _NOT_FOUND:
                        raise
                    return f"{txid} came and went"
                outputs = CTransaction.deserialize(bytes.fromhex(raw)).vout
                scripts = [bytes(one.scriptPubKey) for one in outputs]
                script = next((one for one in scripts if one[:1] != _DATA), None)
                if script is None:
                    continue  # it pays nobody: nothing can be asked about it
                if not self._shows(txid, script_hash(script)):
                    return f"it does not show {txid}"
                self._scripts[txid] = script_hash(script)
        for txid in [one for one in self._scripts if one not in mempool]:
            if self._shows(txid, self._scripts[txid]):
                return f"it still shows {txid} in the mempool"
            del self._scripts[txid]
        return ""

    def _shows(self, txid: str, script: str) -> bool:
        return any(one["tx_hash"] == txid for one in self._server.call("blockchain.scripthash.get_mempool", script))
