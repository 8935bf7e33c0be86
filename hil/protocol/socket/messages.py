"""What a socket does with a message, and with one that it must refuse (SPEC, "Order, loss and repetition").

Each message is held against the session and the state; then it fires an event of the table, or is refused.
"""

from __future__ import annotations

from hil.protocol.checks import Refusal, check_funding, check_payment
from hil.protocol.codes import CloseReason, ErrorCode
from hil.protocol.payment.transactions import TransactionError, parse_transaction, without_signatures
from hil.protocol.records import declared_coins
from hil.protocol.sessions import SocketSession
from hil.protocol.socket.actions import send_error, send_receipt
from hil.protocol.socket.context import SocketContext
from hil.protocol.socket.table import CONTACT_CLOSED, SocketEvent, SocketState
from hil.protocol.wire.messages import Close, Error, Funding, Hello, Message, Meter, Payment, message_name

_S, _E = SocketState, SocketEvent


def on_message(context: SocketContext, message: Message) -> None:
    """Take a whole message from the line."""
    if isinstance(message, Hello):
        _on_hello(context, message)
        return
    session = context.session
    if session is None or message.session != session.id:
        if not isinstance(message, Error | Close):  # they ask for no answer, and the sender has ended already
            send_error(context, ErrorCode.UNKNOWN_SESSION, "no such session", message.session)
        return
    if message.sequence <= session.heard:
        context.repeated_messages += 1
        return
    session.heard = message.sequence
    if context.state is not _S.SETTLING:
        context.listen_on()
    if context.state is _S.SUSPENDED and isinstance(message, Meter | Payment):
        context.fire(_E.RESUMED)
    match message:
        case Funding():
            _on_funding(context, session, message)
        case Payment():
            _on_payment(context, session, message)
        case Close():
            context.end_with(CloseReason.PEER_CLOSED, _E.CLOSE_RECEIVED)
        case Error():
            context.note(f"cable reports {message.code.name}: {message.text}")
        case Meter():
            pass
        case _:
            _refuse_unexpected(context, session, f"{message_name(message)} is not for a socket")


def check_session_payment(session: SocketSession, transaction: bytes) -> None:
    """Raise Refusal if ``transaction`` is not the session's proposal, well signed."""
    check_payment(session.proposal, transaction, session.coins)


def _on_hello(context: SocketContext, hello: Hello) -> None:
    session = context.session
    if session is not None and hello.session == session.id:
        if hello.sequence <= session.heard:
            context.repeated_messages += 1
            return
        if context.allows(_E.RESUMED):
            context.fire(_E.RESUMED)
        if context.allows(_E.HELLO_AGAIN):  # the cable restarted: what was agreed is told again
            session.heard = hello.sequence
            context.listen_on()
            context.fire(_E.HELLO_AGAIN)
            return
        if context.state is not _S.OFFERED:  # said before the offer came
            context.refused_events += 1
            return
    elif hello.session in context.past:  # a repeated one must not touch the session that runs
        context.refused_events += 1
        context.note(f"refused: hello of past session {hello.session.hex()}")
        send_error(context, ErrorCode.SESSION_REUSED, "session id was used before", hello.session)
        return
    unsuitable = context.terms.mode not in hello.modes or hello.network is not context.terms.network
    if unsuitable and context.allows(_E.HELLO_UNSUITABLE):
        text = f"sells {context.terms.mode.label} on {context.terms.network.label}"
        context.refuse(Refusal(ErrorCode.UNSUITABLE, text), _E.HELLO_UNSUITABLE, session_id=hello.session)
        return
    if context.allows(_E.HELLO):
        context.hello = hello
        context.end_with(CloseReason.PEER_RESTARTED, _E.HELLO)
        return
    context.refused_events += 1
    context.note(f"hello not served while {context.state.value}")
    if context.settle_due is not None:  # settling may take long; else the cable's next HELLO is served
        text = "a session is still to be settled"
        send_error(context, ErrorCode.LEDGER_UNAVAILABLE, text, hello.session)


def _on_funding(context: SocketContext, session: SocketSession, funding: Funding) -> None:
    declared = declared_coins(funding)
    if not context.allows(_E.FUNDING):
        if (declared, funding.change_script) == (session.declared, session.change_script):
            context.repeated_messages += 1  # the cable did not hear the request yet
        else:
            _refuse_unexpected(context, session, "other coins were declared before")
        return
    try:
        check_funding(funding, context.terms)
    except Refusal as refusal:
        context.refuse(refusal, _E.FUNDING_REFUSED)
        return
    session.funding, session.declared, session.coins = funding, declared, declared
    session.change_script = funding.change_script
    session.max_payments = min(session.offer.max_payments, funding.max_payments)
    context.fire(_E.FUNDING)


def _on_payment(context: SocketContext, session: SocketSession, payment: Payment) -> None:
    if payment.n == session.accepted and _same_payment(payment.transaction, session.newest):
        context.repeated_messages += 1
        if context.state in CONTACT_CLOSED:  # the cable did not hear the receipt
            send_receipt(context)
        return
    if payment.n == session.proposed and _same_payment(payment.transaction, session.candidate):
        context.repeated_messages += 1
        return
    if not session.proposed and payment.n == session.accepted + 1 <= session.max_payments:
        context.fire(_E.CREDIT_LOW)  # asked for before a restart of this side, which forgot it: it is asked for anew
    if not session.proposed:
        _refuse_unexpected(context, session, "no payment was asked for")
        return
    if not context.allows(_E.PAYMENT_INVALID):
        context.refused_events += 1  # it crossed the end of the session
        return
    try:
        if payment.n != session.proposed or payment.n == session.accepted:
            raise Refusal(ErrorCode.NOT_NEXT, f"payment {payment.n}, asked for was {session.proposed}")
        context.check_payment(session, payment.transaction)
    except Refusal as refusal:
        context.refuse(refusal, _E.PAYMENT_INVALID)
        return
    session.candidate = payment.transaction
    context.fire(_E.PAYMENT_SIGNED)


def _refuse_unexpected(context: SocketContext, session: SocketSession, text: str) -> None:
    context.refused_events += 1
    context.note(f"refused: {text} in state {context.state.value}")
    send_error(context, ErrorCode.UNEXPECTED, text, session.id)


def _same_payment(payment: bytes, known: bytes) -> bool:
    """Tell whether it is a payment that is known already; a cable may have signed it anew instead of keeping it."""
    if not known or payment == known:
        return payment == known
    try:
        mine, theirs = (without_signatures(parse_transaction(raw)).serialize() for raw in (known, payment))
    except TransactionError:
        return False
    return bool(mine == theirs)
