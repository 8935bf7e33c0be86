"""What the cable demands of an offer and of a request, from top to bottom; the first failure is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil.second.codes import ErrorCode, Mode
from hil.second.coins import kind_of
from hil.second.money.differences import difference
from hil.second.money.energy import bought_mwh
from hil.second.money.transactions import NotATransaction, parse

if TYPE_CHECKING:
    from collections.abc import Collection

    from hil.second.agreement import Agreement
    from hil.second.money.energy import TwoMeters
    from hil.second.money.transactions import Proposal
    from hil.second.terms import Limits
    from hil.second.wire.messages import Offer, PaymentRequest


@dataclass(frozen=True)
class Refused:
    """A check failed."""

    code: ErrorCode


@dataclass(frozen=True)
class Declined:
    """All checks passed, but honest meters might be a payment apart before this one is used up."""


def judge_offer(offer: Offer, limits: Limits, modes: Collection[Mode], meters: TwoMeters) -> ErrorCode | None:
    """Return why the cable does not declare its coins under these terms; None if it does."""
    payee = kind_of(offer.payee_script)
    if offer.mode not in modes:
        return ErrorCode.UNSUITABLE
    if offer.tariff_sat_per_wh > limits.max_tariff_sat_per_wh:
        return ErrorCode.TARIFF_TOO_HIGH
    if offer.quantum_sat > limits.max_quantum_sat:
        return ErrorCode.QUANTUM_TOO_HIGH
    if offer.fee_rate_sat_per_vb > limits.max_fee_rate_sat_per_vb:
        return ErrorCode.FEE_RATE_TOO_HIGH
    if payee is None:
        return ErrorCode.PAYEE_SCRIPT
    buys = bought_mwh(1, offer.quantum_sat, offer.tariff_sat_per_wh)
    if offer.quantum_sat < payee.dust_sat or buys < 1 or not meters.may_sign(0, 0, buys, buys):
        return ErrorCode.QUANTUM_TOO_LOW
    return None


def judge_request(
    request: PaymentRequest, agreement: Agreement, counted_mwh: int, limits: Limits, meters: TwoMeters
) -> Proposal | Refused | Declined:
    """Return the transaction that the cable signs, or why it does not.

    :param counted_mwh: what the cable counted in the session.
    """
    claimed = request.energy_mwh
    one = agreement.one_payment_mwh
    if request.n != agreement.made + 1:
        return Refused(ErrorCode.NOT_NEXT)
    if request.n > agreement.most_payments:
        return Refused(ErrorCode.TOO_MANY_PAYMENTS)
    if claimed > meters.most_claimed_mwh(counted_mwh, one):
        return Refused(ErrorCode.ENERGY_OVERCLAIMED)
    if agreement.bought_mwh(agreement.made) - claimed > limits.max_credit_at_request_mwh:
        return Refused(ErrorCode.PREMATURE)
    try:
        transaction = parse(request.transaction)
    except NotATransaction:
        return Refused(ErrorCode.TRANSACTION_MALFORMED)
    proposal = agreement.next_proposal()
    if proposal is None:
        return Refused(ErrorCode.FUNDS_EXHAUSTED)
    code = difference(transaction, proposal)
    if code is None and request.transaction != proposal.raw:
        code = ErrorCode.ALTERED
    if code is not None:
        return Refused(code)
    if not meters.may_sign(claimed, counted_mwh, agreement.bought_mwh(request.n), one):
        return Declined()
    return proposal
