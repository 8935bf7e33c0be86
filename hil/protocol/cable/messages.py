"""What a cable does with a message, and which ends of a session leave room for another (SPEC, "Restarts").

Each message is held against the session and the state; then it fires an event of the table, or is refused.
"""

from __future__ import annotations

from dataclasses import replace

from hil.protocol.cable.context import CableContext
from hil.protocol.cable.table import CableEvent
from hil.protocol.checks import Refusal, check_offer, check_proposal, fits_session
from hil.protocol.codes import CloseReason, ErrorCode
from hil.protocol.policy import credited_energy_mwh
from hil.protocol.sessions import CableSession
from hil.protocol.wire.messages import Close, Error, Message, Meter, Offer, PaymentRequest, Receipt

_E = CableEvent

HARMLESS = frozenset({ErrorCode.MALFORMED, ErrorCode.UNEXPECTED})
"""Errors after which the socket is where it was: one message was lost on it, the session goes on."""

PASSING_ERRORS = frozenset(
    {
        ErrorCode.UNKNOWN_SESSION,
        ErrorCode.SESSION_REUSED,
        ErrorCode.LEDGER_UNAVAILABLE,
        ErrorCode.COIN_UNCONFIRMED,
    }
)
"""Errors after which this session is over and a later one may go better."""

PASSING_REASONS = frozenset(
    {
        CloseReason.CREDIT_SPENT,
        CloseReason.PEER_SILENT,
        CloseReason.PEER_RESTARTED,
        CloseReason.UNPLUGGED,
        CloseReason.FAULT,
    }
)
"""Reasons of the socket's CLOSE after which the same holds; CREDIT_SPENT: the link was lost when a payment was due."""


def on_message(context: CableContext, message: Message) -> None:
    """Take a whole message from the line."""
    session = context.session
    if session is None or message.session != session.id:
        context.refused_events += 1
        return
    if message.sequence > session.heard:
        session.heard = message.sequence
    elif not _is_of_another_count(context, session, message):
        context.repeated_messages += 1
        return
    if context.silent_at is not None:
        context.listen_on()
    match message:
        case Offer():
            _on_offer(context, session, message)
        case PaymentRequest():
            _on_request(context, session, message)
        case Receipt():
            _on_receipt(context, session, message)
        case Meter():
            _on_meter(context, session, message)
        case Close():
            context.settled_txid = message.txid
            lost = message.reason in PASSING_REASONS and context.can_call_again and context.is_funded
            context.end_with(message.reason, _E.SESSION_LOST if lost else _E.CLOSE_RECEIVED)
        case Error():
            context.note(f"socket reports {message.code.name}: {message.text}")
            if message.code not in HARMLESS:
                _on_error(context, message.code)
        case _:
            context.refused_events += 1


def _is_of_another_count(context: CableContext, session: CableSession, message: Message) -> bool:
    """Tell whether its sender does not know the session, so that its sequence number says nothing."""
    if isinstance(message, Error):
        return message.sequence == 0
    to_be_resumed = session.offer is not None and context.allows(_E.OFFER_GOOD)
    return to_be_resumed and isinstance(message, Offer) and not _is_resumed(session, message)


def _is_resumed(session: CableSession, offer: Offer) -> bool:
    return session.offer is not None and replace(offer, sequence=session.offer.sequence) == session.offer


def lose_socket(context: CableContext) -> None:
    """Give up a silent socket: call again later if that makes sense, else end."""
    context.end_with(CloseReason.PEER_SILENT, _E.LINK_LOST if context.can_call_again else _E.SOCKET_SILENT)


def _on_error(context: CableContext, code: ErrorCode) -> None:
    lost = code in PASSING_ERRORS
    session = context.require_session()
    if code is ErrorCode.COIN_UNKNOWN and context.is_funded and not session.signed:
        lost = context.wallet.not_found()
        # the coins of the payment before are gone: the socket did take the one of which it said nothing
        context.undelivered_mwh += context.doubtful_mwh
        context.doubtful_mwh = 0
    again = lost and context.can_call_again and context.is_funded
    context.end_with(CloseReason.REFUSED, _E.SESSION_LOST if again else _E.ERROR_RECEIVED)


def _on_offer(context: CableContext, session: CableSession, offer: Offer) -> None:
    if not context.allows(_E.OFFER_GOOD):  # the answer to a HELLO that was repeated
        context.refused_events += 1
        return
    if _is_resumed(session, offer):
        context.fire(_E.OFFER_RESUMED)
        return
    try:
        if session.offer is not None:
            raise Refusal(ErrorCode.UNSUITABLE, "not the session that was begun")
        if not context.wallet.coins:
            raise Refusal(ErrorCode.FUNDS_EXHAUSTED, "the cable has no coins")
        check_offer(offer, context.limits)
    except Refusal as refusal:
        context.refuse(refusal, _E.OFFER_REFUSED)
        return
    session.offer = offer
    context.fire(_E.OFFER_GOOD)


def _on_request(context: CableContext, session: CableSession, request: PaymentRequest) -> None:
    if not context.allows(_E.REQUEST_REFUSED):
        context.refused_events += 1
        return
    if request.n == session.signed and request.transaction == session.signed_request:
        context.fire(_E.REQUEST_REPEATED)
        return
    if request.n == session.signed + 1:  # it says that the payment before was taken
        bought_mwh = credited_energy_mwh(session.require_offer(), session.signed)
        session.credited_mwh = max(session.credited_mwh, bought_mwh)
    try:
        context.check_request(context, session, request)
    except Refusal as refusal:
        context.refuse(refusal, _E.REQUEST_REFUSED)
        return
    if not context.fits_session(context, session, request):
        _decline(context, session, request)
        return
    session.request = request
    context.fire(_E.REQUEST_GOOD)


def _decline(context: CableContext, session: CableSession, request: PaymentRequest) -> None:
    if session.declined != request.n and context.allows(_E.REQUEST_DECLINED):
        session.declined = request.n
        ahead = request.energy_mwh - context.counted_mwh(session)
        context.note(f"payment {request.n} is left to another session: the socket's meter is {ahead} mWh ahead")
    context.fire(_E.REQUEST_DECLINED)


def check_request(context: CableContext, session: CableSession, request: PaymentRequest) -> None:
    """Raise Refusal if the request is not for the next payment as agreed."""
    check_proposal(
        request,
        expected_n=session.signed + 1,
        offer=session.require_offer(),
        coins=session.coins,
        change_script=context.change_script,
        limits=replace(context.limits, max_payments=session.require_funding().max_payments),
        used_mwh=context.counted_mwh(session),
    )


def fits_in_session(context: CableContext, session: CableSession, request: PaymentRequest) -> bool:
    """Tell whether honest meters stay within one payment of each other until this one is used up."""
    return fits_session(request, session.require_offer(), context.limits, context.counted_mwh(session))


def _on_receipt(context: CableContext, session: CableSession, receipt: Receipt) -> None:
    if not context.allows(_E.RECEIPT_GOOD):
        context.refused_events += 1
        return
    if receipt.n < session.signed:  # it was sent again and crossed the newest payment
        context.repeated_messages += 1
        return
    owed = credited_energy_mwh(session.require_offer(), session.signed)
    if receipt.n != session.signed or receipt.credited_mwh < owed:
        text = f"receipt {receipt.n} over {receipt.credited_mwh} mWh, paid for {owed} mWh"
        context.refuse(Refusal(ErrorCode.RECEIPT_SHORT, text), _E.RECEIPT_REFUSED)
        return
    session.credited_mwh = receipt.credited_mwh
    context.fire(_E.RECEIPT_GOOD)


def _on_meter(context: CableContext, session: CableSession, meter: Meter) -> None:
    if session.offer is not None and meter.energy_mwh > context.most_claimable_mwh(session):
        text = f"socket claims {meter.energy_mwh} mWh, cable used {context.session_energy_mwh} mWh"
        context.refuse(Refusal(ErrorCode.ENERGY_OVERCLAIMED, text), _E.ENERGY_OVERCLAIMED)
