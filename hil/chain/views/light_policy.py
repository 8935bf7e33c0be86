"""What a device without a node can judge of a transaction that was not sent yet.

The same reasons as a node's ``testmempoolaccept`` where the rule is the same. Numbers: Bitcoin Core
``src/policy/policy.h``; dust and fees as seen on a node.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bitcoin.core import CTransaction, CTxOut, b2lx

from hil.chain.views.proofs import stripped_size
from hil.ports import Acceptance, CoinStatus
from hil.protocol.payment.coins import Coin, OutPoint
from hil.protocol.payment.signing import SignatureRefused, script_type, verify_signatures
from hil.units import Satoshi

MOST_MONEY: Final = 21_000_000 * 100_000_000
MOST_WEIGHT: Final = 400_000
LEAST_SIZE: Final = 65
"""In bytes without witness: one of 64 could pass for a node of the Merkle tree (CVE-2017-12842)."""
MOST_FEE_RATE: Final = 10_000_000
"""In sat/kvB: 0.1 BTC/kvB, the ``maxfeerate`` of ``testmempoolaccept``."""
DUST_RATE: Final = 3000
"""In sat/kvB."""
_STANDARD_VERSIONS: Final = (1, 2, 3)
_FINAL: Final = 0xFFFFFFFF
_TIME_LOCKS: Final = 500_000_000
_NO_RELATIVE_LOCK: Final = 1 << 31
_RELATIVE_TIME: Final = 1 << 22


@dataclass(frozen=True)
class Surroundings:
    """What the judgement depends on besides the transaction.

    :param coins: for each input what it spends, None where that does not exist or is spent.
    :param relay_fee: least fee in sat/kvB; a light client has the server's word for it.
    :param next_height: height of the block that comes next.
    :param tip_time: Unix time of the tip, for locktimes; earlier than what nodes use (the median), so stricter.
    """

    coins: Mapping[OutPoint, CoinStatus | None]
    relay_fee: int
    next_height: int
    tip_time: int


def spent_by(transaction: CTransaction) -> list[OutPoint]:
    """Return the coins that the transaction spends, in its order."""
    return [OutPoint(b2lx(one.prevout.hash), one.prevout.n) for one in transaction.vin]


def judge(transaction: CTransaction, around: Surroundings) -> Acceptance:
    """Return whether a node that sees the same coins would take the transaction, as far as that can be told.

    Stricter than a node: every input must be P2WPKH or P2PKH and signed with SIGHASH_ALL, and a transaction that
    would replace another is refused as ``missing-inputs``, since its coins are spent.
    """
    outpoints = spent_by(transaction)
    reason = _malformed(transaction, outpoints) or _not_standard(transaction) or _locked(transaction, around)
    if reason:
        return Acceptance(allowed=False, reason=reason)
    coins = []
    for outpoint in outpoints:
        status = around.coins.get(outpoint)
        if status is None:
            return Acceptance(allowed=False, reason="missing-inputs")
        coins.append(Coin(outpoint, status.value, status.script))
    confirmations = [status.confirmations for one in outpoints if (status := around.coins[one]) is not None]
    reason = _relative_lock(transaction, confirmations) or _fee(transaction, coins, around.relay_fee)
    if not reason:
        try:
            verify_signatures(transaction, coins)
        except SignatureRefused as refused:
            reason = refused.reason.value
    return Acceptance(allowed=not reason, reason=reason)


def virtual_size(transaction: CTransaction) -> int:
    """Return the size in vB (BIP 141)."""
    return -(-_weight(transaction) // 4)


def dust_limit(output: CTxOut) -> Satoshi:
    """Return the least value in satoshi that is worth spending: 294 for P2WPKH, 546 for P2PKH; 0 for data."""
    script = bytes(output.scriptPubKey)
    if script[:1] == b"\x6a":
        return Satoshi(0)
    size = len(output.serialize())
    # an input that spends it: 148 bytes, with the signature in a witness 67 (a witness byte counts a quarter)
    size += 67 if _is_witness(script) else 148
    return Satoshi(size * DUST_RATE // 1000)


def _malformed(transaction: CTransaction, outpoints: Sequence[OutPoint]) -> str:
    if not transaction.vin:
        return "bad-txns-vin-empty"
    if not transaction.vout:
        return "bad-txns-vout-empty"
    values = [one.nValue for one in transaction.vout]
    if min(values) < 0:
        return "bad-txns-vout-negative"
    if sum(values) > MOST_MONEY:
        return "bad-txns-txouttotal-toolarge"
    if len(set(outpoints)) < len(outpoints):
        return "bad-txns-inputs-duplicate"
    return "coinbase" if any(one.prevout.is_null() for one in transaction.vin) else ""


def _not_standard(transaction: CTransaction) -> str:
    if transaction.nVersion not in _STANDARD_VERSIONS:
        return "version"
    if _weight(transaction) > MOST_WEIGHT:
        return "tx-size"
    if not all(_is_standard(bytes(one.scriptPubKey)) for one in transaction.vout):
        return "scriptpubkey"
    if any(one.nValue < dust_limit(one) for one in transaction.vout):
        return "dust"
    return "tx-size-small" if stripped_size(transaction) < LEAST_SIZE else ""


def _locked(transaction: CTransaction, around: Surroundings) -> str:
    lock = transaction.nLockTime
    reached = lock < (around.next_height if lock < _TIME_LOCKS else around.tip_time)
    return "" if reached or all(one.nSequence == _FINAL for one in transaction.vin) else "non-final"


def _relative_lock(transaction: CTransaction, confirmations: Sequence[int]) -> str:
    """BIP 68; locks in time, which need times of blocks long ago, count as not reached."""
    if transaction.nVersion < 2:
        return ""
    for one, confirmed in zip(transaction.vin, confirmations, strict=True):
        wait = one.nSequence & 0xFFFF
        if not one.nSequence & _NO_RELATIVE_LOCK and wait and (one.nSequence & _RELATIVE_TIME or confirmed < wait):
            return "non-BIP68-final"
    return ""


def _fee(transaction: CTransaction, coins: Sequence[Coin], relay_fee: int) -> str:
    fee = sum(coin.value for coin in coins) - sum(one.nValue for one in transaction.vout)
    size = virtual_size(transaction)
    if fee < 0:
        return "bad-txns-in-belowout"
    if fee * 1000 < relay_fee * size:
        return "min relay fee not met"
    return "max-fee-exceeded" if fee * 1000 > MOST_FEE_RATE * size else ""


def _weight(transaction: CTransaction) -> int:
    return 3 * stripped_size(transaction) + len(transaction.serialize())


def _is_witness(script: bytes) -> bool:
    """BIP 141: a version (0 or 1 to 16) and one push of 2 to 40 bytes."""
    version_ok = bool(script) and (script[0] == 0 or 0x51 <= script[0] <= 0x60)
    return version_ok and 4 <= len(script) <= 42 and script[1] == len(script) - 2


def _is_standard(script: bytes) -> bool:
    pays_script_hash = len(script) == 23 and script[:2] == b"\xa9\x14" and script[-1:] == b"\x87"
    is_data = script[:1] == b"\x6a" and len(script) <= 83
    return script_type(script) is not None or _is_witness(script) or pays_script_hash or is_data
