"""Transactions as the specification shapes them: the socket proposes them, the cable rebuilds them byte for byte.

One shape for both modes: every agreed coin as input, in the agreed order; output 0 pays the payee; output 1, unless
it would be dust, returns the rest minus the fee. Version 2, locktime 0, sequences 0xffffffff. Final sequences signal
no replacement (BIP 125), so a payment that was broadcast is not bumped by mistake, and they switch locktimes off.
They are no protection: nodes replace by fee regardless, hence the watch for conflicts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bitcoin.core import COutPoint, CTransaction, CTxIn, CTxOut, CTxWitness, b2lx, lx
from bitcoin.core.script import CScript
from bitcoin.core.serialize import SerializationError

from hil.errors import ExitCode, HilError, PeerViolation
from hil.protocol.payment.coins import Coin, OutPoint
from hil.protocol.payment.signing import ScriptType, script_type
from hil.protocol.policy import Misuse
from hil.protocol.wire.messages import MAX_TRANSACTION
from hil.units import Satoshi

if TYPE_CHECKING:
    from collections.abc import Sequence

VERSION: Final = 2
LOCKTIME: Final = 0
SEQUENCE: Final = 0xFFFFFFFF

# Weight units (BIP 141) of a signed input: outpoint 36, scriptSig with length, sequence 4, all times 4, and the
# witness. A signature counts 72 bytes (low-S strict DER is at most 71, and the hash type), a public key 33.
_INPUT_WEIGHT: Final = {ScriptType.P2WPKH: 4 * (36 + 1 + 4) + (1 + 1 + 72 + 1 + 33), ScriptType.P2PKH: 4 * 148}
_FRAME_WEIGHT: Final = 4 * (4 + 1 + 1 + 4)  # version, two counts below 253, locktime
_SEGWIT_WEIGHT: Final = 2  # marker and flag

_DUST_LIMITS: Final = {ScriptType.P2WPKH: Satoshi(294), ScriptType.P2PKH: Satoshi(546)}


class FundsExhausted(HilError):
    """The coins do not hold the quanta asked for and the fee: who asked for more than was given is to blame."""

    exit_code = ExitCode.AUTHOR_ERROR


class TransactionError(PeerViolation):
    """The bytes are not one transaction as the protocol takes it."""


def dust_limit(script: bytes) -> Satoshi:
    """Return the least value in satoshi that a node relays to ``script``: 294 P2WPKH, 546 P2PKH (dust limit).

    Misuse for any other type of script.
    """
    return _DUST_LIMITS[_type_of(script)]


def virtual_size(input_scripts: Sequence[bytes], output_scripts: Sequence[bytes]) -> int:
    """Return the size in vB that the fee is reckoned with: the most that a signed transaction of this shape can have.

    It depends on the types of inputs and outputs only, so both sides find the same number before anything is
    signed; the transaction itself is smaller by at most 1 vB for each input, but for the rare signature with a short
    R or S.
    """
    kinds = [_type_of(script) for script in input_scripts]
    weight = _FRAME_WEIGHT + sum(_INPUT_WEIGHT[kind] for kind in kinds)
    weight += sum(4 * (8 + 1 + len(script)) for script in output_scripts)
    if ScriptType.P2WPKH in kinds:
        # With one witness in the transaction, each input without has at least an empty one of 1 byte (BIP 144).
        weight += _SEGWIT_WEIGHT + kinds.count(ScriptType.P2PKH)
    return -(-weight // 4)


def fee_for(input_scripts: Sequence[bytes], output_scripts: Sequence[bytes], fee_rate: int) -> Satoshi:
    """Return the agreed fee in satoshi: ``fee_rate`` in sat/vB times ``virtual_size``."""
    return Satoshi(fee_rate * virtual_size(input_scripts, output_scripts))


def build_payment(
    coins: Sequence[Coin], payee_script: bytes, quanta: int, quantum_sat: int, change_script: bytes, fee_rate: int
) -> CTransaction:
    """Return the unsigned transaction that pays ``quanta`` x ``quantum_sat`` from ``coins``.

    Single-fee: payment n is built from the declared coins with n quanta. Per-payment: each payment is built with one
    quantum, from the declared coins at first and then from the change of the payment before (``change_coin``).
    Change below dust is left to the fee: at most the dust limit and the fee of one output more than agreed.
    Raises FundsExhausted if quanta and fee exceed the coins; Misuse for scripts or amounts that are never valid.
    """
    paid = quanta * quantum_sat
    if paid < dust_limit(payee_script):
        raise Misuse(f"a payment of {paid} sat is below the dust limit of {dust_limit(payee_script)} sat")
    total = sum(coin.value for coin in coins)
    scripts = [coin.script for coin in coins]
    outputs = [CTxOut(paid, CScript(payee_script))]
    change = total - paid - fee_for(scripts, [payee_script, change_script], fee_rate)
    if change >= dust_limit(change_script):
        outputs.append(CTxOut(change, CScript(change_script)))
    else:
        fee = fee_for(scripts, [payee_script], fee_rate)
        if total < paid + fee:
            raise FundsExhausted(f"the coins hold {total} sat; {paid} sat and a fee of {fee} sat are needed")
    inputs = [CTxIn(COutPoint(lx(coin.outpoint.txid), coin.outpoint.index), nSequence=SEQUENCE) for coin in coins]
    return CTransaction(inputs, outputs, LOCKTIME, VERSION)


def change_coin(transaction: CTransaction, change_script: bytes) -> Coin | None:
    """Return output 1 of a payment as a coin, None if it has no change.

    Works on the signed transaction: the id of one with P2PKH inputs covers its signatures.
    """
    if len(transaction.vout) < 2 or bytes(transaction.vout[1].scriptPubKey) != change_script:
        return None
    return Coin(OutPoint(txid(transaction), 1), Satoshi(transaction.vout[1].nValue), change_script)


def txid(transaction: CTransaction) -> str:
    """Return the transaction id as people and RPC write it."""
    text: str = b2lx(transaction.GetTxid())
    return text


def without_signatures(transaction: CTransaction) -> CTransaction:
    """Return ``transaction`` with empty scriptSigs and no witness, as it was when it was proposed."""
    inputs = [CTxIn(txin.prevout, CScript(), txin.nSequence) for txin in transaction.vin]
    return CTransaction(inputs, transaction.vout, transaction.nLockTime, transaction.nVersion, CTxWitness())


def parse_transaction(raw: bytes) -> CTransaction:
    """Return the one transaction in ``raw``, which must serialise to the same bytes again.

    Raises TransactionError for more than 3500 bytes, for anything that is not a whole transaction with inputs and
    outputs, and for a second spelling of one (long counts, empty witness).
    """
    if len(raw) > MAX_TRANSACTION:
        raise TransactionError(f"transaction of {len(raw)} bytes, at most {MAX_TRANSACTION} are taken")
    try:
        transaction = CTransaction.deserialize(raw)
        again = transaction.serialize()
    except (SerializationError, ValueError) as error:
        raise TransactionError(f"not a transaction: {error}") from None
    if not transaction.vin or not transaction.vout:
        raise TransactionError("a transaction has inputs and outputs")
    if again != raw:
        raise TransactionError("the transaction is not in its one serialised form")
    return transaction


def _type_of(script: bytes) -> ScriptType:
    kind = script_type(script)
    if kind is None:
        raise Misuse(f"script {script.hex()} is neither P2WPKH nor P2PKH")
    return kind
