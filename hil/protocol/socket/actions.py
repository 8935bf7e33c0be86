"""What a socket does: each action of its table, and what it tells the cable besides (SPEC, "States and timers").

An action returns the event that follows from it at once; None if none does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, TypeAlias

from hil.protocol.checks import Refusal, quanta_of
from hil.protocol.codes import CloseReason, ErrorCode
from hil.protocol.effects import (
    Credited,
    ExamineCoins,
    ExaminePayment,
    SessionEnded,
    Settle,
    SwitchContact,
)
from hil.protocol.payment.transactions import FundsExhausted, build_payment, change_coin, parse_transaction, txid
from hil.protocol.policy import Mode
from hil.protocol.sessions import SocketSession
from hil.protocol.socket.context import SocketContext
from hil.protocol.socket.table import SocketAction, SocketEvent, SocketState
from hil.protocol.wire.messages import Close, Error, Offer, PaymentRequest, Receipt

SocketActions: TypeAlias = Mapping[SocketAction, Callable[[SocketContext], SocketEvent | None]]
"""What each action of the table does."""


def send_error(context: SocketContext, code: ErrorCode, text: str, session: bytes) -> None:
    """Send ERROR. For a session that is not running it has sequence 0, which every receiver accepts."""
    running = context.session is not None and session == context.session.id
    sequence = context.require_session().next_sequence() if running else 0
    context.transmit(Error(session, sequence, code, text))


def send_receipt(context: SocketContext) -> None:
    """Send RECEIPT over all that was credited."""
    session = context.require_session()
    context.transmit(Receipt(session.id, session.next_sequence(), session.accepted, context.credited_mwh))


def begin_session(context: SocketContext) -> None:
    """Take the session that HELLO names, with a fresh payee script; the same session keeps what it has."""
    hello = context.hello
    if hello is None:
        raise AssertionError("a session begins with HELLO")
    context.listen_on()
    context.question = None
    if context.session is not None:
        if context.session.id == hello.session:  # the cable did not hear the offer and calls again
            context.session.heard = hello.sequence
            return
        context.past.append(context.session.id)
    terms = context.terms
    offer = Offer(
        session=hello.session,
        sequence=0,
        tariff_sat_per_wh=terms.tariff_sat_per_wh,
        quantum_sat=terms.quantum_sat,
        payee_script=context.new_payee(),
        fee_rate_sat_per_vb=terms.fee_rate_sat_per_vb,
        mode=terms.mode,
        max_payments=terms.max_payments,
        min_confirmations=terms.min_confirmations,
        max_power_w=terms.max_power_w,
    )
    context.session = SocketSession(
        hello.session, heard=hello.sequence, offer=offer, energy_origin_mwh=context.energy_mwh
    )


def _send_offer(context: SocketContext) -> None:
    session = context.require_session()
    context.transmit(replace(session.offer, sequence=session.next_sequence()))


def _send_refusal(context: SocketContext) -> None:
    send_error(context, context.refusal.code, str(context.refusal), context.refused_session)


def _examine_coins(context: SocketContext) -> None:
    session = context.require_session()
    context.effects.append(ExamineCoins(context.new_question(), session.coins, session.offer.min_confirmations))


def _propose_payment(context: SocketContext) -> SocketEvent | None:
    session = context.require_session()
    n = session.accepted + 1
    try:
        proposal = build_payment(
            session.coins,
            session.offer.payee_script,
            quanta_of(session.offer.mode, n),
            session.offer.quantum_sat,
            session.change_script,
            session.offer.fee_rate_sat_per_vb,
        )
    except FundsExhausted as exhausted:
        session.exhausted = True
        session.close_reason = CloseReason.FUNDS_EXHAUSTED
        context.refusal = Refusal(ErrorCode.FUNDS_EXHAUSTED, exhausted.what)
        context.refused_session = session.id
        context.note(f"no further payment: {exhausted}")
        return SocketEvent.FUNDS_EXHAUSTED
    session.proposal, session.proposed, session.candidate = proposal.serialize(), n, b""
    session.asked_at = context.now
    _repeat_request(context)
    return None


def _repeat_request(context: SocketContext) -> None:
    session = context.require_session()
    context.reply_due = context.now + context.policy.reply_s
    context.transmit(
        PaymentRequest(session.id, session.next_sequence(), session.proposed, session.proposal, context.told_energy_mwh)
    )


def _examine_payment(context: SocketContext) -> None:
    session = context.require_session()
    context.reply_due = None
    declared = {coin.outpoint for coin in session.declared}
    context.effects.append(
        ExaminePayment(
            question=context.new_question(),
            n=session.proposed,
            transaction=session.candidate,
            coins=tuple(coin for coin in session.coins if coin.outpoint in declared),
            min_confirmations=session.offer.min_confirmations,
            broadcast=session.offer.mode is Mode.PER_PAYMENT,
        )
    )


def _credit_payment(context: SocketContext) -> None:
    session = context.require_session()
    session.accepted, session.newest = session.proposed, session.candidate
    context.remember()
    if session.offer.mode is Mode.PER_PAYMENT:
        session.settled = True
        change = change_coin(parse_transaction(session.newest), session.change_script)
        session.coins = (change,) if change is not None else ()
    context.effects.append(Credited(session.accepted, context.credited_mwh))
    send_receipt(context)


def _close_contact(context: SocketContext) -> None:
    session = context.require_session()
    context.effects.append(SwitchContact(closed=True, reason=f"payment {session.accepted} accepted"))
    if context.meter_due is None:
        context.meter_due = context.now + context.policy.meter_s


def _open_contact(context: SocketContext) -> None:
    session = context.require_session()
    context.meter_due = None
    context.effects.append(SwitchContact(closed=False, reason=session.close_reason.name.lower()))
    session.over = context.state is SocketState.SETTLING
    if session.accepted:
        context.remember()  # what was delivered up to here is known for good, and that the session is over


def settle(context: SocketContext) -> SocketEvent | None:
    """Single-fee: have the newest transaction broadcast. If there is none, or it is on the ledger, it is settled."""
    session = context.require_session()
    context.silent_at = context.reply_due = context.question = None
    if not session.newest or session.offer.mode is Mode.PER_PAYMENT:
        return SocketEvent.SETTLED
    context.effects.append(Settle(context.new_question(), session.newest))
    return None


def _retry_later(context: SocketContext) -> None:
    context.settle_due = context.now + context.policy.settle_s


def _send_close(context: SocketContext) -> None:
    session = context.require_session()
    settled = txid(parse_transaction(session.newest)) if session.newest and session.settled else ""
    context.transmit(Close(session.id, session.next_sequence(), session.close_reason, context.told_energy_mwh, settled))


def _end_session(context: SocketContext) -> None:
    session = context.require_session()
    context.effects.append(SessionEnded(session.id, session.close_reason.name.lower(), session.accepted))
    context.past.append(session.id)
    context.session = context.question = None
    context.reply_due = context.silent_at = context.meter_due = context.settle_due = None


SOCKET_ACTIONS: Final[SocketActions] = {
    SocketAction.BEGIN_SESSION: begin_session,
    SocketAction.SEND_OFFER: _send_offer,
    SocketAction.AWAIT_CABLE: SocketContext.listen_on,
    SocketAction.SEND_REFUSAL: _send_refusal,
    SocketAction.EXAMINE_COINS: _examine_coins,
    SocketAction.PROPOSE_PAYMENT: _propose_payment,
    SocketAction.REPEAT_REQUEST: _repeat_request,
    SocketAction.EXAMINE_PAYMENT: _examine_payment,
    SocketAction.CREDIT_PAYMENT: _credit_payment,
    SocketAction.CLOSE_CONTACT: _close_contact,
    SocketAction.OPEN_CONTACT: _open_contact,
    SocketAction.SETTLE: settle,
    SocketAction.RETRY_LATER: _retry_later,
    SocketAction.SEND_CLOSE: _send_close,
    SocketAction.END_SESSION: _end_session,
}
