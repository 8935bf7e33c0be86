"""The bench's own money: keys from the seed, coins in a fixed order, funding transactions built here.

The node's wallet picks keys, coins and the place of the change at random; this one picks nothing at random.
"""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass
from typing import Final

from bitcoin.core import COutPoint, CTransaction, CTxIn, CTxOut, b2lx, lx
from bitcoin.core.script import CScript

from hil.chain.funding.blocks import MATURITY
from hil.chain.funding.signing import sign_all
from hil.errors import AuthorError
from hil.protocol.payment.coins import Coin, OutPoint
from hil.protocol.payment.signing import Key
from hil.units import Satoshi

FEE_RATE: Final = 2
"""In sat/vB; twice what nodes ask for relay by default."""

_WITNESS_VSIZE: Final = 28
"""Signature, key and their lengths of a P2WPKH input, in vB, rounded up."""
_DUST: Final = 294
_MOST_OUTPUTS: Final = 2000
"""Keeps a funding transaction below the standard size of 100 000 vB."""
_MOST_INPUTS: Final = 200


class NotEnough(Exception):
    """The coins that are mature now do not suffice; the ledger mines and asks again."""


def derive(seed: int, purpose: str) -> bytes:
    """Return 32 bytes that depend on the seed of the run and the purpose only."""
    return hashlib.sha256(f"micropay-hil/{seed}/{purpose}".encode()).digest()


@dataclass(frozen=True)
class Payment:
    """A signed funding transaction: its bytes, the coins it makes, those it spends, and the wallet's change."""

    raw: bytes
    coins: list[Coin]
    spent: list[Coin]
    change: Coin | None


class FundingWallet:
    """Holds coins of one P2WPKH script and spends them oldest first."""

    def __init__(self, seed: int) -> None:
        key = Key(derive(seed, "bank"))
        self.script = key.p2wpkh_script
        self._keys = {self.script: key}
        self._change: deque[Coin] = deque()
        self._coinbases: deque[tuple[int, Coin]] = deque()

    @property
    def keys(self) -> dict[bytes, Key]:
        """The key of the wallet's script."""
        return self._keys

    def take_coinbase(self, height: int, coin: Coin) -> None:
        """Add the coinbase of the block at ``height``; heights must rise."""
        self._coinbases.append((height, coin))

    def take(self, coin: Coin) -> None:
        """Add a coin that can be spent at once."""
        self._change.append(coin)

    @staticmethod
    def check(value: Satoshi, outputs: int) -> None:
        """Raise AuthorError for an amount that no transaction can carry."""
        if not 1 <= outputs <= _MOST_OUTPUTS:
            raise AuthorError(f"{outputs} coins at once; allowed: 1 to {_MOST_OUTPUTS}")
        if value < _DUST:
            raise AuthorError(f"a coin of {value} sat is dust; the least is {_DUST} sat")

    def pay(self, script: bytes, value: Satoshi, outputs: int, height: int) -> Payment:
        """Build a signed transaction with ``outputs`` outputs of ``value`` to ``script``; settle it once it is sent.

        Raises NotEnough if the coins that are mature in the block above ``height`` do not suffice, AuthorError for an
        amount that no transaction can carry.
        """
        self.check(value, outputs)
        return self._pay_with(self._choose(value * outputs, outputs, len(script), height), script, value, outputs)

    def pay_with(self, coin: Coin, script: bytes, value: Satoshi, outputs: int) -> Payment:
        """Build the same from ``coin``, which is ours and covers :meth:`needed`."""
        return self._pay_with([coin], script, value, outputs)

    def needed(self, script: bytes, value: Satoshi, outputs: int) -> int:
        """Return what a single coin must be worth to pay this and the fee, in satoshi."""
        return value * outputs + self._fee(1, outputs, len(script))

    def _pay_with(self, spent: list[Coin], script: bytes, value: Satoshi, outputs: int) -> Payment:
        rest = sum(coin.value for coin in spent) - value * outputs - self._fee(len(spent), outputs, len(script))
        has_change = rest >= _DUST
        inputs = [CTxIn(COutPoint(lx(coin.outpoint.txid), coin.outpoint.index)) for coin in spent]
        paid = [CTxOut(value, CScript(script))] * outputs
        change = [CTxOut(rest, CScript(self.script))] if has_change else []
        signed = sign_all(CTransaction(inputs, paid + change, 0, 2), spent, self._keys)
        txid = b2lx(signed.GetTxid())
        return Payment(
            raw=signed.serialize(),
            coins=[Coin(OutPoint(txid, index), value, script) for index in range(outputs)],
            spent=spent,
            change=Coin(OutPoint(txid, outputs), Satoshi(rest), self.script) if has_change else None,
        )

    def settle(self, payment: Payment) -> None:
        """Count the inputs of ``payment`` as spent and its change as ours: the node has taken it."""
        for coin in payment.spent:
            if coin in self._change:
                self._change.remove(coin)
        self._coinbases = deque(one for one in self._coinbases if one[1] not in payment.spent)
        if payment.change is not None:
            self._change.appendleft(payment.change)

    def _choose(self, amount: int, outputs: int, script_size: int, height: int) -> list[Coin]:
        """Return coins that cover the amount and the fee, change before coinbases, old before new."""
        available = [*self._change, *(coin for born, coin in self._coinbases if height + 1 - born >= MATURITY)]
        chosen: list[Coin] = []
        while sum(coin.value for coin in chosen) < amount + self._fee(len(chosen), outputs, script_size):
            if len(chosen) == _MOST_INPUTS:
                raise AuthorError(f"{amount} sat at once is more than the bench's bank can pay")
            if len(chosen) == len(available):
                raise NotEnough
            chosen.append(available[len(chosen)])
        return chosen

    @staticmethod
    def _fee(inputs: int, outputs: int, script_size: int) -> int:
        # version, counts, marker, locktime: 13 with long counts; an input 41 and its witness; the change 31
        size = 13 + inputs * (41 + _WITNESS_VSIZE) + outputs * (9 + script_size) + 31
        return FEE_RATE * size
