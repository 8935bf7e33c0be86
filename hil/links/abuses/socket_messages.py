"""Tricks of a socket with its messages: what it offers, when it asks, what it claims, and what it does not deliver."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from bitcoin.core import CTransaction, CTxOut

from hil.links.abuses.messages import (
    ANYTHING,
    LAST_SEQUENCE,
    NO_TRANSACTION,
    OTHER_SESSION,
    earlier,
    edit,
    flood,
    follow,
    precede,
    repeat,
    withhold,
)
from hil.links.abuses.model import Cheat, Trick
from hil.links.abuses.transactions import NONSTANDARD, SCRIPT_HASH
from hil.protocol.codes import CloseReason, ErrorCode
from hil.protocol.payment.transactions import parse_transaction, txid
from hil.protocol.policy import CableLimits, Mode, Network, quantum_energy_mwh
from hil.protocol.wire.messages import Close, Error, Hello, Message, Meter, Offer, PaymentRequest, Receipt

CLAIM_MARGIN_MWH = 250
"""The cable may have counted this much more than an over-billing socket has metered: the lab meter's readings are 0.2 s
old at most (72 mWh at 1300 W), and the socket counts the least energy that they allow (50 mWh in the first 20 Wh)."""
CLAIM_MARGIN_PERMILLE = 2
"""The same for the error of the cable's meter (class 0.2)."""


UNHEARD = 1000
"""A sequence number beyond those of a session: a message is not dropped for having one that was seen."""


def _dearer(request: PaymentRequest, cheat: Cheat) -> Message:
    """Offer at a higher tariff, and at a higher fee rate, by which who takes it can build no payment of the session."""
    offer = earlier(cheat, Offer)
    return replace(offer, tariff_sat_per_wh=cheat.amount, fee_rate_sat_per_vb=2 * offer.fee_rate_sat_per_vb)


def _next_request(receipt: Receipt, cheat: Cheat) -> Message:
    """Ask for the next payment of a single-fee session while the present one is hardly begun."""
    asked = earlier(cheat, PaymentRequest)
    proposal = parse_transaction(asked.transaction)
    paid, change = proposal.vout
    quantum = earlier(cheat, Offer).quantum_sat
    outputs = [
        CTxOut(paid.nValue + quantum, paid.scriptPubKey),
        CTxOut(change.nValue - quantum, change.scriptPubKey),
    ]
    following = CTransaction(proposal.vin, outputs, proposal.nLockTime, proposal.nVersion)
    return PaymentRequest(receipt.session, 0, receipt.n + 1, following.serialize(), asked.energy_mwh)


def _one_satoshi_more(request: PaymentRequest, cheat: Cheat) -> Message:
    """Ask for the same payment again, by a transaction that pays a satoshi more."""
    proposal = parse_transaction(request.transaction)
    paid, change = proposal.vout
    outputs = [CTxOut(paid.nValue + 1, paid.scriptPubKey), CTxOut(change.nValue - 1, change.scriptPubKey)]
    other = CTransaction(proposal.vin, outputs, proposal.nLockTime, proposal.nVersion)
    return replace(request, transaction=other.serialize())


def _credit_left(request: PaymentRequest, cheat: Cheat) -> PaymentRequest:
    """Claim just so much energy that ``amount`` mWh of credit are left."""
    return replace(request, energy_mwh=earlier(cheat, Receipt).credited_mwh - cheat.amount)


def _close_naming_the_payment(message: Receipt | Meter, cheat: Cheat, energy_mwh: int) -> Close:
    """Return a CLOSE in place of a message: another cable calls, it says, and the newest payment settles."""
    settles = txid(parse_transaction(earlier(cheat, PaymentRequest).transaction))
    return Close(message.session, message.sequence, CloseReason.PEER_RESTARTED, energy_mwh, settles)


def _close_in_mid_delivery(cheat: Cheat, message: Message) -> Sequence[Message] | None:
    """Send no receipt, deliver, and in place of a METER close in the name of the payment, once."""
    if not isinstance(message, Meter):
        return ()
    if len(cheat.earlier.get(Meter, ())) != cheat.amount:
        return None
    return (_close_naming_the_payment(message, cheat, message.energy_mwh),)


def _forget_at_once(cheat: Cheat, message: Message) -> Sequence[Message]:
    """Answer coins by ERROR ``amount``, once, and say nothing else about them."""
    return (Error(message.session, 0, ErrorCode(cheat.amount), "nothing is wrong"),)


def _overbill(cheat: Cheat, message: Message) -> Sequence[Message] | None:
    """Claim ``amount`` percent more than was delivered, once that is more than a cable must put up with."""
    if not isinstance(message, Meter):
        return None
    claimed = message.energy_mwh * (100 + cheat.amount) // 100
    used = message.energy_mwh * (1000 + CLAIM_MARGIN_PERMILLE) // 1000 + CLAIM_MARGIN_MWH
    if claimed <= CableLimits().most_claimable_mwh(used, quantum_energy_mwh(earlier(cheat, Offer))):
        return None
    return (replace(message, energy_mwh=claimed),)


def _deliver_nothing(cheat: Cheat, message: Message) -> Sequence[Message]:
    cheat.withhold_power()
    return (message,)


def _claim_without_delivering(cheat: Cheat, message: Message) -> Sequence[Message] | None:
    if isinstance(message, Meter):
        return (replace(message, energy_mwh=message.energy_mwh + cheat.amount),)
    cheat.withhold_power()
    return None


def _cut_later(cheat: Cheat, message: Message) -> Sequence[Message]:
    """Deliver for ``amount`` seconds, then no more."""

    def cut() -> None:
        cheat.struck()
        cheat.withhold_power()

    cheat.later(float(cheat.amount), cut)
    return (message,)


def _instead_of_receipt(make: Callable[[Receipt, Cheat], Message]) -> Trick:
    """Take the payment, deliver nothing, and say something else than RECEIPT."""

    def act(cheat: Cheat, message: Message) -> Sequence[Message] | None:
        if not isinstance(message, Receipt):
            return None
        cheat.withhold_power()
        return (make(message, cheat),)

    return Trick(Receipt, act)


SOCKET_MESSAGE_TRICKS: Mapping[str, Trick] = MappingProxyType(
    {
        "offer-tariff": edit(Offer, lambda offer, cheat: replace(offer, tariff_sat_per_wh=cheat.amount)),
        "offer-quantum": edit(Offer, lambda offer, cheat: replace(offer, quantum_sat=cheat.amount)),
        "offer-fee-rate": edit(Offer, lambda offer, cheat: replace(offer, fee_rate_sat_per_vb=cheat.amount)),
        "offer-payments": edit(Offer, lambda offer, cheat: replace(offer, max_payments=cheat.amount)),
        "offer-script-hash": edit(Offer, lambda offer, _: replace(offer, payee_script=SCRIPT_HASH)),
        "offer-nonstandard": edit(Offer, lambda offer, _: replace(offer, payee_script=NONSTANDARD)),
        "offer-to-other-session": edit(Offer, lambda offer, _: replace(offer, session=OTHER_SESSION), once=True),
        "offer-again-dearer": precede(PaymentRequest, _dearer),
        "ask-before-offer": precede(Offer, lambda m, _: PaymentRequest(m.session, 0, 1, NO_TRANSACTION, 0)),
        "number-ahead": edit(PaymentRequest, lambda m, cheat: replace(m, n=m.n + cheat.amount)),
        "ask-next-at-once": follow(Receipt, _next_request),
        "request-energy": edit(PaymentRequest, lambda m, cheat: replace(m, energy_mwh=m.energy_mwh + cheat.amount)),
        "request-other-bytes": follow(PaymentRequest, _one_satoshi_more),
        "request-with-credit": edit(PaymentRequest, _credit_left, once=True),
        "error-for-request": Trick(PaymentRequest, _forget_at_once, once=True),
        "close-for-request": Trick(
            PaymentRequest,
            lambda cheat, m: (Close(m.session, m.sequence, CloseReason(cheat.amount), 0, ""),),
            once=True,
        ),
        "repeat-first-meter": Trick(
            ANYTHING, lambda cheat, m: cheat.earlier[Meter][:1] if Meter in cheat.earlier else None
        ),
        "close-with-payment": _instead_of_receipt(lambda m, cheat: _close_naming_the_payment(m, cheat, 0)),
        "close-in-mid-delivery": Trick((Receipt, Meter), _close_in_mid_delivery),
        "receipt-before": precede(Receipt, lambda m, cheat: earlier(cheat, Receipt)),
        "repeat-request": repeat(PaymentRequest),
        "flood": flood(PaymentRequest),
        "receipt-less": edit(Receipt, lambda m, cheat: replace(m, credited_mwh=m.credited_mwh - cheat.amount)),
        "number-receipt-ahead": edit(Receipt, lambda m, cheat: replace(m, n=m.n + cheat.amount)),
        "withhold-receipt": withhold(Receipt),
        "fall-silent": withhold(*ANYTHING),
        "overbill": Trick(Meter, _overbill),
        "deliver-nothing": Trick(Receipt, _deliver_nothing, once=True),
        "claim-without-delivering": Trick((Receipt, Meter), _claim_without_delivering),
        "cut-later": Trick(Receipt, _cut_later, once=True, later=True),
        "close-for-receipt": _instead_of_receipt(
            lambda m, cheat: Close(m.session, m.sequence, CloseReason(cheat.amount), 0, "")
        ),
        "error-for-receipt": _instead_of_receipt(
            lambda m, cheat: Error(m.session, m.sequence, ErrorCode(cheat.amount), "nothing is wrong")
        ),
        "send-hello": precede(PaymentRequest, lambda m, _: Hello(m.session, 0, 1, (Mode.SINGLE_FEE,), Network.REGTEST)),
        "send-error": precede(
            PaymentRequest, lambda m, _: Error(m.session, 0, ErrorCode.UNEXPECTED, "nothing is wrong")
        ),
        "send-other-session": Trick(
            PaymentRequest, lambda cheat, m: (Close(OTHER_SESSION, UNHEARD, CloseReason.FAULT, 0, ""), m), once=True
        ),
        "old-sequence": edit(PaymentRequest, lambda m, _: replace(m, sequence=1), once=True),
        "last-sequence": edit(PaymentRequest, lambda m, _: replace(m, sequence=LAST_SEQUENCE), once=True),
    }
)
