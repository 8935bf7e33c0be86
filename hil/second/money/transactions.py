"""The transactions that both sides build alike: size, fee, change, bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bitcoin.core import (
    CMutableTransaction,
    COutPoint,
    CTransaction,
    CTxIn,
    CTxOut,
    CTxWitness,
    b2lx,
    lx,
)
from bitcoin.core.script import CScript
from bitcoin.core.serialize import SerializationError

from hil.second.coins import Coin, ScriptKind, known_kind_of

if TYPE_CHECKING:
    from collections.abc import Sequence

FINAL = 0xFFFFFFFF
"""The sequence number of every input."""
VERSION = 2
"""The version of every transaction."""
_CHANGE_INDEX = 1


class NotATransaction(Exception):
    """The bytes are not one whole transaction in its only form, or it has no inputs or no outputs."""


@dataclass(frozen=True)
class Proposal:
    """An unsigned transaction, and what it was made from.

    :param coins: what it spends, in the order of its inputs.
    :param payee_script: to whom output 0 goes.
    :param amount_sat: what output 0 pays.
    :param change_script: to whom output 1 goes, if there is one.
    :param change_sat: what output 1 returns; 0 if there is none.
    """

    coins: tuple[Coin, ...]
    payee_script: bytes
    amount_sat: int
    change_script: bytes
    change_sat: int

    @property
    def fee_sat(self) -> int:
        """What is left for the miner."""
        return sum(coin.value_sat for coin in self.coins) - self.amount_sat - self.change_sat

    @property
    def raw(self) -> bytes:
        """Its bytes."""
        inputs = [CTxIn(COutPoint(lx(coin.txid), coin.index), nSequence=FINAL) for coin in self.coins]
        outputs = [CTxOut(self.amount_sat, CScript(self.payee_script))]
        if self.change_sat:
            outputs.append(CTxOut(self.change_sat, CScript(self.change_script)))
        raw: bytes = CTransaction(inputs, outputs, nLockTime=0, nVersion=VERSION).serialize()
        return raw

    def change_of(self, signed: bytes) -> tuple[Coin, ...]:
        """Return the coin that its change is, once it is signed to these bytes; nothing if there is no change."""
        if not self.change_sat:
            return ()
        return (Coin(txid_of(signed), _CHANGE_INDEX, self.change_sat, self.change_script),)


def propose(
    coins: Sequence[Coin], payee_script: bytes, amount_sat: int, change_script: bytes, fee_rate_sat_per_vb: int
) -> Proposal | None:
    """Return the transaction that pays ``amount_sat`` from the coins; None if they do not hold it and its fee."""
    left = sum(coin.value_sat for coin in coins) - amount_sat
    if left < fee_rate_sat_per_vb * virtual_size(coins, [payee_script]):
        return None
    change = left - fee_rate_sat_per_vb * virtual_size(coins, [payee_script, change_script])
    if change < known_kind_of(change_script).dust_sat:
        change = 0
    return Proposal(tuple(coins), payee_script, amount_sat, change_script, change)


def virtual_size(coins: Sequence[Coin], output_scripts: Sequence[bytes]) -> int:
    """Return the size in virtual bytes that the fee is reckoned from, before anything is signed."""
    kinds = [known_kind_of(coin.script) for coin in coins]
    weight = 40 + sum(kind.input_weight for kind in kinds) + sum(4 * (9 + len(script)) for script in output_scripts)
    if ScriptKind.P2WPKH in kinds:
        weight += 2 + kinds.count(ScriptKind.P2PKH)
    return -(-weight // 4)


def parse(raw: bytes) -> CTransaction:
    """Return the transaction of these bytes. Raises NotATransaction."""
    try:
        transaction = CTransaction.deserialize(raw)
    except (SerializationError, ValueError) as error:
        raise NotATransaction(str(error)) from None
    if not transaction.vin or not transaction.vout:
        raise NotATransaction("it has no inputs or no outputs")
    if transaction.serialize() != raw:
        raise NotATransaction("it has another form than its only one")
    return transaction


def unsigned(transaction: CTransaction) -> CTransaction:
    """Return the transaction without its signatures: empty scriptSigs, no witness."""
    bare = CMutableTransaction.from_tx(transaction)
    bare.vin = [CTxIn(each.prevout, nSequence=each.nSequence) for each in transaction.vin]
    bare.wit = CTxWitness()
    return CTransaction.from_tx(bare)


def unsigned_bytes(raw: bytes) -> bytes:
    """Return the bytes of a transaction without its signatures. Raises NotATransaction."""
    bare: bytes = unsigned(parse(raw)).serialize()
    return bare


def txid_of(raw: bytes) -> str:
    """Return the id of a transaction as people write it. Raises NotATransaction."""
    txid: str = b2lx(parse(raw).GetTxid())
    return txid
