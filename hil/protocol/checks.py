"""What each side checks before it commits itself (SPEC, "What each side checks"). Pure functions; they raise Refusal.

Both sides rebuild the transaction that must come and hold what came against it, byte for byte in the end. The
comparison before that only finds the most telling name for a difference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.errors import PeerViolation
from hil.protocol.codes import ErrorCode
from hil.protocol.payment.signing import SignatureFlaw, SignatureRefused, script_type, verify_signatures
from hil.protocol.payment.transaction_diff import difference
from hil.protocol.payment.transactions import (
    FundsExhausted,
    TransactionError,
    build_payment,
    dust_limit,
    fee_for,
    parse_transaction,
    without_signatures,
)
from hil.protocol.policy import CableLimits, Mode, SocketTerms, credited_energy_mwh, quantum_energy_mwh

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bitcoin.core import CTransaction

    from hil.protocol.payment.coins import Coin
    from hil.protocol.wire.messages import Funding, Offer, PaymentRequest


class Refusal(PeerViolation):
    """A check failed: ``code``, which ERROR tells the other side, says which; ``text`` what was found and agreed."""

    def __init__(self, code: ErrorCode, text: str) -> None:
        super().__init__(f"{code.name}: {text}")
        self.code = code
        self.text = text


_SIGNATURE_CODES = {
    SignatureFlaw.COINS: ErrorCode.ALTERED,
    SignatureFlaw.SCRIPT_TYPE: ErrorCode.COIN_SCRIPT,
    SignatureFlaw.STACK: ErrorCode.SIGNATURE_SHAPE,
    SignatureFlaw.PUBLIC_KEY: ErrorCode.WRONG_KEY,
    SignatureFlaw.HASH_TYPE: ErrorCode.HASH_TYPE,
    SignatureFlaw.DER: ErrorCode.SIGNATURE_ENCODING,
    SignatureFlaw.HIGH_S: ErrorCode.HIGH_S,
    SignatureFlaw.INVALID: ErrorCode.BAD_SIGNATURE,
}


def quanta_of(mode: Mode, n: int) -> int:
    """Return how many quanta the transaction of payment ``n`` pays: n in single-fee, one in per-payment."""
    return n if mode is Mode.SINGLE_FEE else 1


def check_offer(offer: Offer, limits: CableLimits) -> None:
    """The cable, before it declares coins: the offer is within its limits and can be paid at all."""
    if offer.mode not in limits.modes:
        raise Refusal(ErrorCode.UNSUITABLE, f"mode {offer.mode.label}, asked for {_labels(limits.modes)}")
    if offer.tariff_sat_per_wh > limits.max_tariff_sat_per_wh:
        raise _above(
            ErrorCode.TARIFF_TOO_HIGH, "tariff", offer.tariff_sat_per_wh, limits.max_tariff_sat_per_wh, "sat/Wh"
        )
    if offer.quantum_sat > limits.max_quantum_sat:
        raise _above(ErrorCode.QUANTUM_TOO_HIGH, "quantum", offer.quantum_sat, limits.max_quantum_sat, "sat")
    if offer.fee_rate_sat_per_vb > limits.max_fee_rate_sat_per_vb:
        raise _above(
            ErrorCode.FEE_RATE_TOO_HIGH,
            "fee rate",
            offer.fee_rate_sat_per_vb,
            limits.max_fee_rate_sat_per_vb,
            "sat/vB",
        )
    if script_type(offer.payee_script) is None:
        raise Refusal(ErrorCode.PAYEE_SCRIPT, f"{offer.payee_script.hex()} is neither P2WPKH nor P2PKH")
    if offer.quantum_sat < dust_limit(offer.payee_script):
        limit = dust_limit(offer.payee_script)
        raise Refusal(ErrorCode.QUANTUM_TOO_LOW, f"quantum {offer.quantum_sat} sat, dust is below {limit} sat")
    quantum_mwh = quantum_energy_mwh(offer)
    if quantum_mwh < 1:
        raise Refusal(ErrorCode.QUANTUM_TOO_LOW, f"{offer.quantum_sat} sat buy less than 1 mWh")
    if not _stays_within_a_payment(1, 0, 0, offer, limits):
        text = f"{offer.quantum_sat} sat buy {quantum_mwh} mWh, less than two honest meters may differ by meanwhile"
        raise Refusal(ErrorCode.QUANTUM_TOO_LOW, text)


def check_funding(funding: Funding, terms: SocketTerms) -> None:
    """The socket, before it asks the ledger: the coins are distinct, spendable here, and worth one payment."""
    outpoints = {(coin.txid, coin.index) for coin in funding.coins}
    if len(outpoints) != len(funding.coins):
        raise Refusal(ErrorCode.COIN_DUPLICATE, "an outpoint is declared twice")
    for coin in funding.coins:
        if script_type(coin.script) is None:
            where = f"{coin.txid}:{coin.index}"
            raise Refusal(ErrorCode.COIN_SCRIPT, f"{where} is guarded by {coin.script.hex()}, not P2WPKH or P2PKH")
    if script_type(funding.change_script) is None:
        raise Refusal(ErrorCode.CHANGE_SCRIPT, f"{funding.change_script.hex()} is neither P2WPKH nor P2PKH")
    total = sum(coin.value_sat for coin in funding.coins)
    # The payee script is not needed: the fee is taken for the smaller output, and the proposal reckons exactly.
    fee = fee_for([coin.script for coin in funding.coins], [_SMALLEST_SCRIPT], terms.fee_rate_sat_per_vb)
    if total < terms.quantum_sat + fee:
        text = f"the coins hold {total} sat; {terms.quantum_sat} sat and a fee of {fee} sat are needed"
        raise Refusal(ErrorCode.FUNDS_EXHAUSTED, text)


_SMALLEST_SCRIPT = b"\x00\x14" + bytes(20)


def check_proposal(
    request: PaymentRequest,
    *,
    expected_n: int,
    offer: Offer,
    coins: Sequence[Coin],
    change_script: bytes,
    limits: CableLimits,
    used_mwh: int,
) -> CTransaction:
    """The cable, before it signs: return the transaction if it is exactly the one agreed and it is due.

    :param expected_n: number of the next payment, from 1.
    :param coins: single-fee: the declared coins; per-payment: the same, then the change of the payment before.
    :param used_mwh: energy of this session by the cable's own meter.
    """
    _check_number(request.n, expected_n, min(offer.max_payments, limits.max_payments))
    _check_energy(request, offer, limits, used_mwh)
    transaction = _parse(request.transaction)
    quanta = quanta_of(offer.mode, request.n)
    try:
        expected = build_payment(
            coins, offer.payee_script, quanta, offer.quantum_sat, change_script, offer.fee_rate_sat_per_vb
        )
    except FundsExhausted as exhausted:
        raise Refusal(ErrorCode.FUNDS_EXHAUSTED, exhausted.what) from None
    _check_same(transaction, expected, coins)
    if request.transaction != expected.serialize():
        raise Refusal(ErrorCode.ALTERED, "the proposal holds signatures")
    return transaction


def fits_session(request: PaymentRequest, offer: Offer, limits: CableLimits, used_mwh: int) -> bool:
    """Tell whether honest meters differ by at most one payment until what ``request`` asks for is used up.

    If not, the cable leaves the payment to another session: this one ends in order when its credit is used up.
    """
    return _stays_within_a_payment(request.n, request.energy_mwh, used_mwh, offer, limits)


def check_payment(proposal: bytes, payment: bytes, coins: Sequence[Coin]) -> CTransaction:
    """The socket, before it asks the ledger: return the payment if it is the proposal, properly signed.

    :param proposal: the unsigned transaction as it was sent in PAYMENT_REQUEST.
    :param payment: the signed transaction as it came.
    :param coins: the outputs that the proposal spends, in the order of its inputs.
    """
    transaction = _parse(payment)
    stripped = without_signatures(transaction)
    _check_same(stripped, parse_transaction(proposal), coins)
    if stripped.serialize() != proposal:
        raise Refusal(ErrorCode.ALTERED, "without its signatures it is not the proposal")
    try:
        verify_signatures(transaction, coins)
    except SignatureRefused as refused:
        raise Refusal(_SIGNATURE_CODES[refused.reason], refused.what) from None
    return transaction


def _check_number(n: int, expected: int, most: int) -> None:
    if n != expected:
        raise Refusal(ErrorCode.NOT_NEXT, f"payment {n} is asked for, the next is {expected}")
    if n > most:
        raise Refusal(ErrorCode.TOO_MANY_PAYMENTS, f"payment {n} is asked for, agreed are {most}")


def _check_energy(request: PaymentRequest, offer: Offer, limits: CableLimits, used_mwh: int) -> None:
    claimed, most = request.energy_mwh, limits.most_claimable_mwh(used_mwh, quantum_energy_mwh(offer))
    if claimed > most:
        text = f"{claimed} mWh are claimed, {used_mwh} mWh were used, at most {most} mWh can be claimed"
        raise Refusal(ErrorCode.ENERGY_OVERCLAIMED, text)
    left = credited_energy_mwh(offer, request.n - 1) - claimed
    if left > limits.max_credit_at_request_mwh:
        raise _above(ErrorCode.PREMATURE, "credit left", left, limits.max_credit_at_request_mwh, "mWh")


def _stays_within_a_payment(n: int, claimed_mwh: int, used_mwh: int, offer: Offer, limits: CableLimits) -> bool:
    last_mwh = credited_energy_mwh(offer, n) + limits.energy_tolerance_mwh  # the contact opens no later
    ahead_mwh = claimed_mwh - used_mwh + limits.most_divergence_mwh(last_mwh - claimed_mwh)
    return ahead_mwh <= quantum_energy_mwh(offer)


def _check_same(actual: CTransaction, expected: CTransaction, coins: Sequence[Coin]) -> None:
    found = difference(actual, expected, coins)
    if found is not None:
        raise Refusal(*found)


def _parse(raw: bytes) -> CTransaction:
    try:
        return parse_transaction(raw)
    except TransactionError as error:
        raise Refusal(ErrorCode.TRANSACTION_MALFORMED, error.what) from None


def _above(code: ErrorCode, name: str, found: int, most: int, unit: str) -> Refusal:
    return Refusal(code, f"{name} {found} {unit}, at most {most} {unit}")


def _labels(modes: Sequence[Mode]) -> str:
    return ", ".join(mode.label for mode in modes)
