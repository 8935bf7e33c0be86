"""What a cable does: each action of its table (SPEC, "States and timers").

An action returns the event that follows from it at once; None if none does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, TypeAlias

from hil.protocol.cable.context import CableContext
from hil.protocol.cable.table import CableAction, CableEvent, CableState
from hil.protocol.effects import KeepCoins, SessionEnded
from hil.protocol.payment.coins import Coin
from hil.protocol.payment.signing import sign_transaction
from hil.protocol.payment.transactions import change_coin, parse_transaction
from hil.protocol.policy import Mode, quantum_energy_mwh
from hil.protocol.records import CableRecord, declared_coins
from hil.protocol.sessions import CableSession
from hil.protocol.wire.messages import PROTOCOL_VERSION, Close, DeclaredCoin, Error, Funding, Hello, Payment

CableActions: TypeAlias = Mapping[CableAction, Callable[[CableContext], CableEvent | None]]
"""What each action of the table does."""


def _send_hello(context: CableContext) -> None:
    if context.session is None:
        context.session = CableSession(context.new_session_id())
    session, limits = context.session, context.limits
    context.call_due = context.now + context.policy.hello_s
    context.transmit(Hello(session.id, session.next_sequence(), PROTOCOL_VERSION, limits.modes, limits.network))


def _send_funding(context: CableContext) -> None:
    session = context.require_session()
    _resume_session(context)
    session.coins = context.wallet.coins
    declared = tuple(
        DeclaredCoin(coin.outpoint.txid, coin.outpoint.index, coin.value, coin.script) for coin in session.coins
    )
    session.funding = Funding(session.id, 0, declared, context.change_script, context.budget)
    session.energy_origin_mwh = context.energy_mwh
    _repeat_funding(context)


def _repeat_funding(context: CableContext) -> None:
    session = context.require_session()
    context.reply_due = context.now + context.policy.reply_s
    context.transmit(replace(session.require_funding(), sequence=session.next_sequence()))


def _sign_payment(context: CableContext) -> None:
    session = context.require_session()
    request = session.request
    if request is None:
        raise AssertionError("a payment answers a request")
    signed = sign_transaction(parse_transaction(request.transaction), session.coins, context.keys)
    session.before = session.payment
    session.signed, session.signed_request, session.payment = request.n, request.transaction, signed.serialize()
    session.asked_at = context.now
    context.remember()
    session.coins = coins_after(context.record(session))
    _repeat_payment(context)


def _repeat_payment(context: CableContext) -> None:
    session = context.require_session()
    context.reply_due = context.now + context.policy.reply_s if context.state is CableState.PAYING else None
    context.transmit(Payment(session.id, session.next_sequence(), session.signed, session.payment))


def _take_receipt(context: CableContext) -> None:
    session = context.require_session()
    context.reply_due = None
    context.note(f"payment {session.signed} credited, {session.credited_mwh} mWh in all")


def _resume_session(context: CableContext) -> None:
    session = context.require_session()
    context.call_due = None
    context.listen_on()
    context.meter_due = context.now + context.policy.cable_meter_s
    session.asked_at = context.now


def _send_refusal(context: CableContext) -> None:
    session = context.require_session()
    context.transmit(Error(session.id, session.next_sequence(), context.refusal.code, str(context.refusal)))


def _send_close(context: CableContext) -> None:
    session = context.require_session()
    context.transmit(Close(session.id, session.next_sequence(), session.close_reason, context.told_energy_mwh, ""))


def _call_later(context: CableContext) -> CableEvent | None:
    session, again = context.require_session(), context.can_call_again
    if session.funding is not None:
        _end_session(context)
    context.session = None  # the next call is a new session, with an id of its own
    context.call_due = context.now + context.policy.call_again_s
    return None if again else CableEvent.NOTHING_LEFT


def _fall_silent(context: CableContext) -> None:
    context.call_due = None


def _end_session(context: CableContext) -> None:
    session = context.require_session()
    if session.signed:
        context.paid += session.signed
        context.undelivered_mwh += context.unused_mwh(session)
        acknowledged = context.is_acknowledged(session)
        context.payment_mwh = quantum_energy_mwh(session.require_offer())
        context.doubtful_mwh = 0 if acknowledged else context.payment_mwh
        context.wallet.session_over(context.record(session), context.settled_txid, acknowledged=acknowledged)
        context.effects.append(KeepCoins(tuple(context.wallet.candidates)))
    context.settled_txid = ""
    context.effects.append(SessionEnded(session.id, session.close_reason.name.lower(), session.signed))
    context.call_due = context.reply_due = context.silent_at = context.meter_due = context.idle_since = None


def coins_after(record: CableRecord) -> tuple[Coin, ...]:
    """Return what the payment after the record's spends."""
    if record.offer.mode is Mode.SINGLE_FEE:
        return declared_coins(record.funding)
    change = change_coin(parse_transaction(record.transaction), record.funding.change_script)
    return (change,) if change is not None else ()


CABLE_ACTIONS: Final[CableActions] = {
    CableAction.SEND_HELLO: _send_hello,
    CableAction.SEND_FUNDING: _send_funding,
    CableAction.REPEAT_FUNDING: _repeat_funding,
    CableAction.SIGN_PAYMENT: _sign_payment,
    CableAction.REPEAT_PAYMENT: _repeat_payment,
    CableAction.TAKE_RECEIPT: _take_receipt,
    CableAction.SEND_REFUSAL: _send_refusal,
    CableAction.SEND_CLOSE: _send_close,
    CableAction.RESUME_SESSION: _resume_session,
    CableAction.FALL_SILENT: _fall_silent,
    CableAction.CALL_LATER: _call_later,
    CableAction.END_SESSION: _end_session,
}
