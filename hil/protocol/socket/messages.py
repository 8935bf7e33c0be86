"""What becomes of a message to the socket, and of one that must be refused (SPEC, "Order, loss and repetition")."""

from __future__ import annotations

from hil.protocol.checks import Refusal, RefusalCode, check_funding, check_payment
from hil.protocol.effects import Noted
from hil.protocol.payment.transactions import TransactionError, parse_transaction, without_signatures
from hil.protocol.records import declared_coins
from hil.protocol.sessions import SocketSession
from hil.protocol.socket.actions import SocketActions
from hil.protocol.socket.table import CONTACT_CLOSED, SocketEvent, SocketState
from hil.protocol.wire.messages import (
    Close,
    CloseReason,
    Error,
    ErrorCode,
    Funding,
    Hello,
    Message,
    Meter,
    Payment,
    message_name,
)

_S, _E = SocketState, SocketEvent


class SocketMessages(SocketActions):
    """Takes whole messages, holds them against the session and its state, and fires the events of the table."""

    def _on_message(self, message: Message) -> None:
        if isinstance(message, Hello):
            self._on_hello(message)
            return
        session = self._session
        if session is None or message.session != session.id:
            if not isinstance(message, Error | Close):  # they ask for no answer, and the sender has ended already
                self._send_error(ErrorCode.UNKNOWN_SESSION, "no such session", message.session)
            return
        if message.sequence <= session.heard:
            self.repeated_messages += 1
            return
        session.heard = message.sequence
        if self.state is not _S.SETTLING:
            self._silent_at = self._now + self.policy.silent_peer_s
        if self.state is _S.SUSPENDED and isinstance(message, Meter | Payment):
            self._fire(_E.RESUMED)
        if isinstance(message, Funding):
            self._on_funding(session, message)
        elif isinstance(message, Payment):
            self._on_payment(session, message)
        elif isinstance(message, Close):
            self._end_with(CloseReason.PEER_CLOSED, _E.CLOSE_RECEIVED)
        elif isinstance(message, Error):
            self._effects.append(Noted(f"cable reports {message.code.name}: {message.text}"))
        elif not isinstance(message, Meter):
            self._refuse_unexpected(session, f"{message_name(message)} is not for a socket")

    def _on_hello(self, hello: Hello) -> None:
        session = self._session
        if session is not None and hello.session == session.id:
            if hello.sequence <= session.heard:
                self.repeated_messages += 1
                return
            if self._allows(_E.RESUMED):
                self._fire(_E.RESUMED)
            if self._allows(_E.HELLO_AGAIN):  # the cable restarted: what was agreed is told again
                session.heard = hello.sequence
                self._silent_at = self._now + self.policy.silent_peer_s
                self._fire(_E.HELLO_AGAIN)
                return
            if self.state is not _S.OFFERED:  # said before the offer came
                self.refused_events += 1
                return
        elif hello.session in self._past:  # whoever repeats the past does not touch the session that runs
            self.refused_events += 1
            self._effects.append(Noted(f"refused: hello of past session {hello.session.hex()}"))
            self._send_error(ErrorCode.SESSION_REUSED, "session id was used before", hello.session)
            return
        unsuitable = self.terms.mode not in hello.modes or hello.network is not self.terms.network
        if unsuitable and self._allows(_E.HELLO_UNSUITABLE):
            text = f"sells {self.terms.mode.label} on {self.terms.network.label}"
            self._refuse(Refusal(RefusalCode.UNSUITABLE, text), _E.HELLO_UNSUITABLE, session=hello.session)
            return
        if self._allows(_E.HELLO):
            self._hello = hello
            self._end_with(CloseReason.PEER_RESTARTED, _E.HELLO)
            return
        self.refused_events += 1
        self._effects.append(Noted(f"hello not served while {self.state.value}"))
        if self._settle_due is not None:  # settling may take long; else the cable's next HELLO is served
            text = "a session is still to be settled"
            self._send_error(ErrorCode.LEDGER_UNAVAILABLE, text, hello.session)

    def _on_funding(self, session: SocketSession, funding: Funding) -> None:
        declared = declared_coins(funding)
        if not self._allows(_E.FUNDING):
            if (declared, funding.change_script) == (session.declared, session.change_script):
                self.repeated_messages += 1  # the cable did not hear the request yet
            else:
                self._refuse_unexpected(session, "other coins were declared before")
            return
        try:
            check_funding(funding, self.terms)
        except Refusal as refusal:
            self._refuse(refusal, _E.FUNDING_REFUSED)
            return
        session.funding, session.declared, session.coins = funding, declared, declared
        session.change_script = funding.change_script
        session.max_payments = min(session.offer.max_payments, funding.max_payments)
        self._fire(_E.FUNDING)

    def _on_payment(self, session: SocketSession, payment: Payment) -> None:
        if payment.n == session.accepted and _same_payment(payment.transaction, session.newest):
            self.repeated_messages += 1
            if self.state in CONTACT_CLOSED:  # the cable did not hear the receipt
                self._send_receipt()
            return
        if payment.n == session.proposed and _same_payment(payment.transaction, session.candidate):
            self.repeated_messages += 1
            return
        if not session.proposed:
            self._refuse_unexpected(session, "no payment was asked for")
            return
        if not self._allows(_E.PAYMENT_INVALID):
            self.refused_events += 1  # it crossed the end of the session
            return
        try:
            if payment.n != session.proposed or payment.n == session.accepted:
                raise Refusal(RefusalCode.NOT_NEXT, f"payment {payment.n}, asked for was {session.proposed}")
            self._check_payment(session, payment.transaction)
        except Refusal as refusal:
            self._refuse(refusal, _E.PAYMENT_INVALID)
            return
        session.candidate = payment.transaction
        self._fire(_E.PAYMENT_SIGNED)

    def _check_payment(self, session: SocketSession, transaction: bytes) -> None:
        check_payment(session.proposal, transaction, session.coins)

    # --- refusals ----------------------------------------------------------------------------------------------

    def _refuse(self, refusal: Refusal, event: SocketEvent, *, session: bytes | None = None) -> None:
        """Let ``event`` tell ``refusal`` to the cable; where the table does not list it, nothing changes."""
        if self._allows(event):
            running = self._session.id if self._session else b""
            self._refusal, self._refused_session = refusal, session or running
            self._effects.append(Noted(f"refused: {refusal}"))
        self._end_with(CloseReason.REFUSED, event)

    def _refuse_unexpected(self, session: SocketSession, text: str) -> None:
        self.refused_events += 1
        self._effects.append(Noted(f"refused: {text} in state {self.state.value}"))
        self._send_error(ErrorCode.UNEXPECTED, text, session.id)

    def _end_with(self, reason: CloseReason, event: SocketEvent) -> None:
        if self._session is not None and self._allows(event):
            self._session.close_reason = reason
        self._fire(event)


def _same_payment(payment: bytes, known: bytes) -> bool:
    """Tell whether it is a payment that is known already; a cable may have signed it anew instead of keeping it."""
    if not known or payment == known:
        return payment == known
    try:
        mine, theirs = (without_signatures(parse_transaction(raw)).serialize() for raw in (known, payment))
    except TransactionError:
        return False
    return bool(mine == theirs)
