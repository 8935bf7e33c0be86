"""Keys, coins, messages and falsified transactions that the protocol's tests and vectors share."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Final

from bitcoin.core import (
    CMutableTransaction,
    CMutableTxOut,
    COutPoint,
    CTransaction,
    CTxInWitness,
    CTxWitness,
    lx,
)
from bitcoin.core.script import SIGHASH_ALL, CScript, CScriptWitness
from embit.util import secp256k1

from hil.protocol.payment.coins import Coin, OutPoint
from hil.protocol.payment.signing import Key, sign_transaction
from hil.protocol.payment.transactions import build_payment
from hil.protocol.policy import Mode
from hil.protocol.wire.messages import Offer, PaymentRequest
from hil.units import Satoshi

SESSION: Final = bytes.fromhex("0102030405060708")
CABLE: Final = Key(b"\x11" * 32)
SOCKET: Final = Key(b"\x22" * 32)
STRANGER: Final = Key(b"\x33" * 32)
KEYS: Final = {CABLE.p2wpkh_script: CABLE, CABLE.p2pkh_script: CABLE}
ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""Order of secp256k1 (SEC 2)."""

Edit = Callable[[CMutableTransaction], None]


def coin(number: int, value: int, script: bytes = CABLE.p2wpkh_script) -> Coin:
    """Return a coin whose transaction id repeats ``number``."""
    return Coin(OutPoint(f"{number:02x}" * 32, number), Satoshi(value), script)


COINS: Final = (coin(1, 60_000), coin(2, 40_000, CABLE.p2pkh_script))
STRANGE_COIN: Final = coin(9, 70_000)


def offer(mode: Mode = Mode.SINGLE_FEE, **changes: object) -> Offer:
    """Return the offer of the slice of bread, with ``changes``."""
    fields: dict[str, object] = {
        "session": SESSION,
        "sequence": 1,
        "tariff_sat_per_wh": 1250,
        "quantum_sat": 10_000,
        "payee_script": SOCKET.p2wpkh_script,
        "fee_rate_sat_per_vb": 10,
        "mode": mode,
        "max_payments": 5,
        "min_confirmations": 1,
        "max_power_w": 3680,
    }
    return Offer(**(fields | changes))  # type: ignore[arg-type]


def proposal(quanta: int = 2, coins: tuple[Coin, ...] = COINS) -> CTransaction:
    """Return the honest proposal of ``quanta`` quanta under ``offer()``."""
    return build_payment(coins, SOCKET.p2wpkh_script, quanta, 10_000, CABLE.p2wpkh_script, 10)


def request(transaction: CTransaction, n: int = 2, energy_mwh: int = 6000) -> PaymentRequest:
    return PaymentRequest(SESSION, 7, n, transaction.serialize(), energy_mwh)


def edited(transaction: CTransaction, edit: Edit) -> CTransaction:
    """Return a copy of ``transaction`` on which ``edit`` was done."""
    mutable = CMutableTransaction.from_tx(transaction)
    edit(mutable)
    return CTransaction.from_tx(mutable)


def _move(satoshi: int, source: int, target: int) -> Edit:
    def edit(tx: CMutableTransaction) -> None:
        tx.vout[source].nValue -= satoshi
        tx.vout[target].nValue += satoshi

    return edit


def _value(index: int, more: int) -> Edit:
    def edit(tx: CMutableTransaction) -> None:
        tx.vout[index].nValue += more

    return edit


def _script(index: int, script: bytes) -> Edit:
    def edit(tx: CMutableTransaction) -> None:
        tx.vout[index].scriptPubKey = CScript(script)

    return edit


def _extra(tx: CMutableTransaction) -> None:
    tx.vout[1].nValue -= 1000
    tx.vout.append(CMutableTxOut(1000, CScript(STRANGER.p2wpkh_script)))


def _second_change(tx: CMutableTransaction) -> None:
    tx.vout[1].nValue -= 1000
    tx.vout.append(CMutableTxOut(1000, tx.vout[1].scriptPubKey))


def _no_change(tx: CMutableTransaction) -> None:
    del tx.vout[1]


def _outputs_swapped(tx: CMutableTransaction) -> None:
    tx.vout.reverse()


def _inputs_swapped(tx: CMutableTransaction) -> None:
    tx.vin.reverse()


def _input_missing(tx: CMutableTransaction) -> None:
    del tx.vin[1]


def _input_foreign(tx: CMutableTransaction) -> None:
    tx.vin[1].prevout = COutPoint(lx(STRANGE_COIN.outpoint.txid), STRANGE_COIN.outpoint.index)


def _input_twice(tx: CMutableTransaction) -> None:
    tx.vin.append(copy.copy(tx.vin[0]))


def _version(tx: CMutableTransaction) -> None:
    tx.nVersion = 1


def _locktime(tx: CMutableTransaction) -> None:
    tx.nLockTime = 1


def _sequence(tx: CMutableTransaction) -> None:
    tx.vin[0].nSequence = 0xFFFFFFFD


EDITS: Final[dict[str, tuple[Edit, str]]] = {
    "underpaid by 1 sat": (_move(1, 0, 1), "UNDERPAID"),
    "underpaid by half": (_move(10_000, 0, 1), "UNDERPAID"),
    "underpaid in favour of the fee": (_value(0, -1), "UNDERPAID"),
    "overpaid by 1 sat": (_move(1, 1, 0), "OVERPAID"),
    "pays a stranger": (_script(0, STRANGER.p2wpkh_script), "WRONG_PAYEE"),
    "pays the payee's key by another script": (_script(0, SOCKET.p2pkh_script), "WRONG_PAYEE"),
    "change to a stranger": (_script(1, STRANGER.p2wpkh_script), "CHANGE_DIVERTED"),
    "change missing": (_no_change, "CHANGE_MISSING"),
    "extra output to a stranger": (_extra, "EXTRA_OUTPUT"),
    "change in two outputs": (_second_change, "EXTRA_OUTPUT"),
    "fee 1 sat too high": (_value(1, -1), "FEE_TOO_HIGH"),
    "fee 1 sat too low": (_value(1, 1), "FEE_TOO_LOW"),
    "outputs in another order": (_outputs_swapped, "ALTERED"),
    "inputs in another order": (_inputs_swapped, "ALTERED"),
    "input missing": (_input_missing, "MISSING_INPUT"),
    "input replaced by a foreign one": (_input_foreign, "FOREIGN_INPUT"),
    "input twice": (_input_twice, "DUPLICATE_INPUT"),
    "version 1": (_version, "VERSION"),
    "locktime 1": (_locktime, "LOCKTIME"),
    "sequence that signals replacement": (_sequence, "SEQUENCE"),
}
"""What may be done to a transaction over COINS with change, and the code of the refusal."""


def signed(transaction: CTransaction, coins: tuple[Coin, ...] = COINS, hash_type: int = SIGHASH_ALL) -> CTransaction:
    """Sign all inputs with the cable's key, whatever the transaction is."""
    return sign_transaction(transaction, coins, KEYS, hash_type)


def witness_stack(transaction: CTransaction, index: int) -> list[bytes]:
    """Return the witness items of an input."""
    return [bytes(item) for item in transaction.wit.vtxinwit[index].scriptWitness]


def with_signature(transaction: CTransaction, index: int, change: Callable[[bytes], bytes]) -> CTransaction:
    """Return ``transaction`` with ``change`` done to the DER signature (with hash type) of a P2WPKH input."""

    def edit(tx: CMutableTransaction) -> None:
        signature, *others = witness_stack(transaction, index)
        _set_stack(tx, transaction, index, [change(signature), *others])

    return edited(transaction, edit)


def with_stack(transaction: CTransaction, index: int, stack: list[bytes]) -> CTransaction:
    """Return ``transaction`` with another witness stack on one input."""
    return edited(transaction, lambda tx: _set_stack(tx, transaction, index, stack))


def with_script_sig(transaction: CTransaction, index: int, script_sig: bytes) -> CTransaction:
    """Return ``transaction`` with another scriptSig on one input."""

    def edit(tx: CMutableTransaction) -> None:
        tx.vin[index].scriptSig = CScript(script_sig)

    return edited(transaction, edit)


def _set_stack(tx: CMutableTransaction, original: CTransaction, index: int, stack: list[bytes]) -> None:

    witnesses = list(original.wit.vtxinwit)
    witnesses[index] = CTxInWitness(CScriptWitness(stack))
    tx.wit = CTxWitness(witnesses)


def high_s(signature: bytes) -> bytes:
    """Return the other valid signature of the same digest: S replaced by order minus S."""
    compact = secp256k1.ecdsa_signature_serialize_compact(secp256k1.ecdsa_signature_parse_der(signature[:-1]))
    other = ORDER - int.from_bytes(compact[32:], "big")
    parsed = secp256k1.ecdsa_signature_parse_compact(compact[:32] + other.to_bytes(32, "big"))
    return bytes(secp256k1.ecdsa_signature_serialize_der(parsed)) + signature[-1:]


def padded(signature: bytes) -> bytes:
    """Return the signature with a needless zero before R: not strict DER, the same numbers."""
    length, r_length = signature[1], signature[3]
    return bytes([0x30, length + 1, 2, r_length + 1, 0]) + signature[4:]


def long_form(signature: bytes) -> bytes:
    """Return the signature with its length in two bytes: BER, not DER, the same numbers."""
    return b"\x30\x81" + signature[1:]


def forged(signature: bytes) -> bytes:
    """Return a well-formed low-S signature that nobody made: one byte of R differs."""
    return signature[:10] + bytes([signature[10] ^ 1]) + signature[11:]
