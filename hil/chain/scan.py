"""Finding transactions in blocks: each block is read once and remembered by its hash, so a reorganisation is seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hil.chain.rpc import RpcClient, to_satoshi
from hil.protocol.coins import OutPoint

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hil.units import Satoshi

_BATCH = 200


@dataclass(frozen=True)
class Mined:
    """A transaction in a block of the best chain; coinbases are left out."""

    txid: str
    raw: bytes
    fee: Satoshi
    spends: frozenset[OutPoint]
    height: int


class BlockScanner:
    """Reads the blocks of the best chain, each one once."""

    def __init__(self, client: RpcClient) -> None:
        self._client = client
        self._blocks: dict[str, tuple[Mined, ...]] = {}

    def since(self, height: int) -> tuple[list[Mined], int]:
        """Return the transactions in blocks above ``height`` in the chain's order, and the height of the tip."""
        tip = int(self._client.call("getblockcount"))
        hashes = self._in_batches("getblockhash", [(number,) for number in range(height + 1, tip + 1)])
        unread = [(name, 2) for name in hashes if name not in self._blocks]
        for block in self._in_batches("getblock", unread):
            self._blocks[block["hash"]] = tuple(_mined(one, block["height"]) for one in block["tx"][1:])
        return [mined for name in hashes for mined in self._blocks[name]], tip

    def _in_batches(self, method: str, parameters: list[tuple[Any, ...]]) -> Iterable[Any]:
        results: list[Any] = []
        for start in range(0, len(parameters), _BATCH):
            results += self._client.batch([(method, *one) for one in parameters[start : start + _BATCH]])
        return results


def _mined(transaction: dict[str, Any], height: int) -> Mined:
    spends = frozenset(OutPoint(one["txid"], one["vout"]) for one in transaction["vin"])
    return Mined(transaction["txid"], bytes.fromhex(transaction["hex"]), to_satoshi(transaction["fee"]), spends, height)
