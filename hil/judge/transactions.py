"""Transactions as SPEC shapes them ("Transactions"), by python-bitcoinlib: read, built, and what they cost and buy."""

from __future__ import annotations

from collections.abc import Sequence

from bitcoin.core import COutPoint, CTransaction, CTxIn, CTxOut, b2lx, lx
from bitcoin.core.script import CScript

from hil.errors import PeerViolation
from hil.judge.codes import Mode
from hil.judge.messages import MOST_UINT32, Coin, Funding, Offer

LONGEST = 3500
"""Bytes of the longest transaction on the line."""

FRAME_WEIGHT, SEGWIT_WEIGHT = 40, 2
INPUT_WEIGHTS = {"P2WPKH": 272, "P2PKH": 592}
OUTPUT_WEIGHTS = {"P2WPKH": 124, "P2PKH": 136}
DUST_SAT = {"P2WPKH": 294, "P2PKH": 546}


class NoTransaction(PeerViolation):
    """Bytes that are not one whole transaction in its one serialised form."""


def parse(raw: bytes) -> CTransaction:
    """Return the transaction of which ``raw`` is the one serialised form (BIP 144); raises NoTransaction."""
    if len(raw) > LONGEST:
        raise NoTransaction(f"{len(raw)} bytes, at most {LONGEST} are allowed")
    try:
        found = CTransaction.deserialize(raw)
        again = found.serialize()
    except Exception as error:  # whatever the library makes of hostile bytes, they are no transaction
        raise NoTransaction(f"no transaction: {error}") from None
    if again != raw or not found.vin or not found.vout:
        raise NoTransaction("not in its one serialised form, or without inputs or outputs")
    return found


def txid_of(transaction: CTransaction) -> str:
    """Return its id as people write it."""
    return str(b2lx(transaction.GetTxid()))


def txid_of_bytes(raw: bytes) -> str:
    """Return the id of a transaction as people write it; empty if the bytes are none."""
    try:
        return txid_of(parse(raw))
    except NoTransaction:
        return ""


def unsigned(transaction: CTransaction) -> bytes:
    """Return the bytes that it had before it was signed."""
    inputs = [CTxIn(each.prevout, CScript(), each.nSequence) for each in transaction.vin]
    plain: bytes = CTransaction(inputs, transaction.vout, transaction.nLockTime, transaction.nVersion).serialize()
    return plain


def type_of(script: bytes) -> str:
    """Return ``P2WPKH``, ``P2PKH``, or ``""`` for a script that the protocol does not use."""
    if len(script) == 22 and script.startswith(b"\x00\x14"):
        return "P2WPKH"
    if len(script) == 25 and script.startswith(b"\x76\xa9\x14") and script.endswith(b"\x88\xac"):
        return "P2PKH"
    return ""


def virtual_size(inputs: Sequence[bytes], outputs: Sequence[bytes]) -> int:
    """Return the size in vB for which the fee is paid, by the types of the scripts; KeyError for another type."""
    kinds = [type_of(script) for script in inputs]
    weight = FRAME_WEIGHT
    for kind in kinds:
        weight += INPUT_WEIGHTS[kind]
    for script in outputs:
        weight += OUTPUT_WEIGHTS[type_of(script)]
    if "P2WPKH" in kinds:
        weight += SEGWIT_WEIGHT + kinds.count("P2PKH")
    return (weight + 3) // 4


def proposal(offer: Offer, funding: Funding, coins: Sequence[Coin], n: int) -> bytes | None:
    """Return the unsigned transaction of payment ``n`` as both sides must build it; None if the coins do not hold it.

    :param coins: the agreed ones: those declared; in per-payment mode from payment 2 on the change of the one before.
    """
    paid = (n if offer.mode is Mode.SINGLE_FEE else 1) * offer.quantum_sat
    held = sum(coin.value_sat for coin in coins)
    inputs = [coin.script for coin in coins]
    both, alone = (offer.payee_script, funding.change_script), (offer.payee_script,)
    outputs = [CTxOut(paid, CScript(offer.payee_script))]
    change = held - paid - offer.fee_rate_sat_per_vb * virtual_size(inputs, both)
    if change >= DUST_SAT[type_of(funding.change_script)]:
        outputs.append(CTxOut(change, CScript(funding.change_script)))
    elif held < paid + offer.fee_rate_sat_per_vb * virtual_size(inputs, alone):
        return None
    spends = [CTxIn(COutPoint(lx(coin.txid), coin.index), CScript(), 0xFFFFFFFF) for coin in coins]
    built: bytes = CTransaction(spends, outputs, 0, 2).serialize()
    return built


def change_of(transaction: CTransaction, funding: Funding) -> Coin | None:
    """Return the change output of a signed payment as a coin; None if it has none."""
    if len(transaction.vout) < 2:
        return None
    second = transaction.vout[1]
    return Coin(txid_of(transaction), 1, int(second.nValue), bytes(second.scriptPubKey))


def bought_mwh(offer: Offer, n: int) -> int:
    """Return the energy in mWh that ``n`` payments buy, rounded down once; no more than a message can tell."""
    return min(n * offer.quantum_sat * 1000 // offer.tariff_sat_per_wh, MOST_UINT32)


def difference(seen: bytes, due: bytes) -> str:
    """Return in words in what a transaction differs from the one that was due, in the order of SPEC."""
    try:
        found = parse(seen)
    except NoTransaction as error:
        return error.what
    wanted = parse(due)
    spent, outputs = [_spent(each) for each in (found, wanted)], [_outputs(each) for each in (found, wanted)]
    if spent[0] != spent[1]:
        return f"its inputs are {', '.join(spent[0])}; due are {', '.join(spent[1])}"
    if outputs[0] != outputs[1] and sorted(outputs[0]) == sorted(outputs[1]):
        return "its outputs are in another order: the payment is due first, then the change"
    for number, name in enumerate(("payment", "change")):
        had, due_output = (each[number] if number < len(each) else None for each in outputs)
        if had != due_output:
            return f"its {name} is {_told(had)}; due is {_told(due_output)}{_apart(name, had, due_output)}"
    if len(outputs[0]) > len(outputs[1]):
        return f"it has {len(outputs[0])} outputs"
    for name in ("nVersion", "nLockTime"):
        if getattr(found, name) != getattr(wanted, name):
            return f"its {name[1:].lower()} is {getattr(found, name)}; due is {getattr(wanted, name)}"
    if any(each.nSequence != 0xFFFFFFFF for each in found.vin):
        return "an input's sequence is not ffffffff"
    return "it differs in another way from the one that was due"


def _spent(transaction: CTransaction) -> list[str]:
    return [f"{b2lx(each.prevout.hash)}:{each.prevout.n}" for each in transaction.vin]


def _outputs(transaction: CTransaction) -> list[tuple[int, str]]:
    return [(int(each.nValue), bytes(each.scriptPubKey).hex()) for each in transaction.vout]


def _apart(name: str, had: tuple[int, str] | None, due: tuple[int, str] | None) -> str:
    """Return what that means: who loses by it, or which part of the agreement it breaks."""
    if had is None or due is None:
        return ""
    if had[1] != due[1]:
        return f": the {name} goes to another script"
    less = due[0] - had[0]
    if name == "payment":
        return f": underpaid by {less} sat" if less > 0 else f": overpaid by {-less} sat"
    return f": the fee is {less} sat too high" if less > 0 else f": the fee is {-less} sat too low"


def _told(output: tuple[int, str] | None) -> str:
    return "none" if output is None else f"{output[0]} sat to {output[1]}"
