"""Coins whose ids depend on the seed and the scenario only, whatever was run on the chain before.

A transaction's id follows from the coins that it spends. Were each scenario funded with the change of the one before,
a scenario that is run alone would see other ids, other signatures, and messages of another length. So some coinbases
are the roots of trees: each coin can be split into twelve, and a scenario takes the coin at the end of a path that a
hash of its name chooses. The transactions on the way are made when they are first needed, and are the same whoever
needs them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bitcoin.core import COutPoint, CTransaction, CTxIn, CTxOut, b2lx, lx
from bitcoin.core.script import CScript

from hil.chain.funding.signing import sign_all
from hil.protocol.payment.coins import Coin, OutPoint
from hil.units import Satoshi

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hil.protocol.payment.signing import Key

ROOTS: Final = 32
"""Coinbases that are roots; a quarter of them for sums that are larger than a leaf, so that these cut no leaf off."""

BRANCHES: Final = 12
DEPTH: Final = 4
"""Splits from a root to a leaf: 500 000 leaves of 240 000 satoshi, a little more than a scenario's usual funds. Among
500 scenarios two want the same leaf in one run of four: hence :meth:`CoinTree.is_taken`."""

_FEE: Final = 1_000
"""Of a split, in satoshi: 2.2 sat/vB."""

Path = tuple[int, ...]


@dataclass(frozen=True)
class Drawn:
    """A coin of the tree, and the transactions that must be on the chain before it can be spent, oldest first."""

    coin: Coin
    splits: list[bytes]


class CoinTree:
    """The trees of one chain.

    :param roots: mature coins of one P2WPKH script, the same on every chain of this seed; none, or at least four.
    :param keys: of that script.
    """

    def __init__(self, roots: Sequence[Coin], keys: Mapping[bytes, Key]) -> None:
        self._coins: dict[Path, Coin] = {(number,): coin for number, coin in enumerate(roots)}
        """Those that exist and were neither split nor drawn."""
        self._split: set[Path] = set()
        self._keys = keys
        self._large = len(roots) // 4
        self._usual = len(roots) - self._large
        self._worth = [min((int(coin.value) for coin in roots), default=0)]
        for _ in range(DEPTH):
            self._worth.append((self._worth[-1] - _FEE) // BRANCHES)
        self.txids: set[str] = set()
        """Of all splits so far: the bench's own business."""

    def draw(self, purpose: bytes, value: int) -> Drawn | None:
        """Take the coin of ``purpose``, 32 bytes that name it, worth at least ``value`` satoshi.

        None if no coin of the tree is worth so much, or if another purpose has had it.
        """
        depth = next((depth for depth in range(DEPTH, -1, -1) if self._worth[depth] >= value), None)
        if depth is None or not self._usual:
            return None
        path = self._path(purpose, depth)
        splits: list[bytes] = []
        for length in range(1, len(path)):
            if path[:length] not in self._split:
                if path[:length] not in self._coins:
                    return None  # somebody has drawn it whole; nothing was split yet below it
                splits.append(self._split_at(path[:length]))
        coin = self._coins.pop(path, None)
        return None if coin is None else Drawn(coin, splits)

    def is_taken(self, purpose: bytes) -> bool:
        """Tell whether the leaf of ``purpose`` was there once and another purpose has had it."""
        if not self._usual:
            return False
        path = self._path(purpose, DEPTH)
        return not any(path[:length] in self._coins for length in range(1, len(path) + 1))

    def _path(self, purpose: bytes, depth: int) -> Path:
        number = int.from_bytes(purpose, "big")
        number, root = divmod(number, self._usual if depth == DEPTH else self._large)
        path: Path = (root if depth == DEPTH else self._usual + root,)
        for _ in range(depth):
            number, branch = divmod(number, BRANCHES)
            path = (*path, branch)
        return path

    def _split_at(self, path: Path) -> bytes:
        coin = self._coins.pop(path)
        self._split.add(path)
        value = Satoshi(self._worth[len(path)])
        outputs = [CTxOut(value, CScript(coin.script))] * BRANCHES
        spent = [CTxIn(COutPoint(lx(coin.outpoint.txid), coin.outpoint.index))]
        signed = sign_all(CTransaction(spent, outputs, 0, 2), [coin], self._keys)
        txid = b2lx(signed.GetTxid())
        self.txids.add(txid)
        for branch in range(BRANCHES):
            self._coins[(*path, branch)] = Coin(OutPoint(txid, branch), value, coin.script)
        raw: bytes = signed.serialize()
        return raw
