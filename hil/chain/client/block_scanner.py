"""Finding transactions in blocks: each block is read once and remembered by its hash, so a reorganisation is seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bitcoin.core import COutPoint, lx

from hil.chain.client.rpc import RpcClient, to_satoshi
from hil.protocol.payment.coins import OutPoint

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from hil.units import Satoshi

_BATCH = 200
_RAW, _DECODED = 0, 2
"""How a node tells a block (``getblock``): its bytes, or every transaction with its fee, ten times as long."""


@dataclass(frozen=True)
class Mined:
    """A transaction in a block of the best chain; coinbases are left out."""

    txid: str
    raw: bytes
    fee: Satoshi
    spends: frozenset[OutPoint]
    height: int


class BlockScanner:
    """Reads the blocks of the best chain, each one once, and has the node decode only those that matter."""

    def __init__(self, client: RpcClient) -> None:
        self._client = client
        self._raw: dict[str, bytes] = {}
        self._decoded: dict[str, tuple[Mined, ...]] = {}

    def spending(self, height: int, outpoints: Collection[OutPoint]) -> tuple[list[Mined], int]:
        """Return what spends these in blocks above ``height``, in the order of the chain, and the height of the tip."""
        names, tip = self._names(height)
        for name, raw in self._read([name for name in names if name not in self._raw], _RAW):
            self._raw[name] = bytes.fromhex(raw)
        wanted = frozenset(outpoints)
        needles = [COutPoint(lx(one.txid), one.index).serialize() for one in wanted]
        holding = [name for name in names if any(needle in self._raw[name] for needle in needles)]
        return [mined for mined in self._transactions(holding) if mined.spends & wanted], tip

    def find(self, height: int, txid: str) -> tuple[Mined | None, int]:
        """Return the transaction if it is in a block above ``height``, and the height of the tip."""
        names, tip = self._names(height)
        return next((mined for mined in self._transactions(names) if mined.txid == txid), None), tip

    def _names(self, height: int) -> tuple[list[str], int]:
        tip = int(self._client.call("getblockcount"))
        numbers = [(number,) for number in range(height + 1, tip + 1)]
        return list(self._in_batches("getblockhash", numbers)), tip

    def _transactions(self, names: list[str]) -> list[Mined]:
        for name, block in self._read([name for name in names if name not in self._decoded], _DECODED):
            self._decoded[name] = tuple(_mined(one, block["height"]) for one in block["tx"][1:])
        return [mined for name in names for mined in self._decoded[name]]

    def _read(self, names: list[str], how: int) -> Iterable[tuple[str, Any]]:
        return zip(names, self._in_batches("getblock", [(name, how) for name in names]), strict=True)

    def _in_batches(self, method: str, parameters: list[tuple[Any, ...]]) -> Iterable[Any]:
        results: list[Any] = []
        for start in range(0, len(parameters), _BATCH):
            results += self._client.batch([(method, *one) for one in parameters[start : start + _BATCH]])
        return results


def _mined(transaction: dict[str, Any], height: int) -> Mined:
    spends = frozenset(OutPoint(one["txid"], one["vout"]) for one in transaction["vin"])
    return Mined(transaction["txid"], bytes.fromhex(transaction["hex"]), to_satoshi(transaction["fee"]), spends, height)
