"""The socket's protocol machine: it offers, proposes transactions, judges what comes back, and switches the power.

The host feeds bytes, instants, energy readings and the ledger's answers; every method returns the effects that the
host carries out in order. See SPEC.md for the rules, ``socket_table.py`` for the states and ``socket_actions.py``
for what the transitions do.
"""

from __future__ import annotations

from hil.protocol.checks import Refusal, RefusalCode, check_funding, check_payment
from hil.protocol.coins import Coin, OutPoint
from hil.protocol.framing import FrameError
from hil.protocol.machine import Effect, Noted
from hil.protocol.messages import (
    Close,
    CloseReason,
    Error,
    ErrorCode,
    Funding,
    Hello,
    Message,
    MessageError,
    Meter,
    Payment,
    message_name,
)
from hil.protocol.sessions import SocketSession
from hil.protocol.socket_actions import REMEMBERED_SESSIONS, SocketActions
from hil.protocol.socket_table import CONTACT_CLOSED, SocketEvent, SocketState
from hil.protocol.transactions import TransactionError, parse_transaction, without_signatures
from hil.units import Satoshi

__all__ = ["REMEMBERED_SESSIONS", "SocketMachine"]

_S, _E = SocketState, SocketEvent


class SocketMachine(SocketActions):
    """One socket, one session at a time.

    :param terms: what it sells and for how much; Misuse if they cannot be kept (``terms.checked_terms``).
    :param policy: limits of time and energy.
    :param new_payee: returns a script that was never offered before; called once a session (privacy).
    """

    def next_deadline(self) -> float | None:
        """Return the instant at which ``on_time`` must be called at the latest."""
        dues = (self._reply_due, self._silent_at, self._meter_due, self._settle_due)
        return min((due for due in dues if due is not None), default=None)

    # --- what the host tells -----------------------------------------------------------------------------------

    def on_bytes(self, data: bytes, now: float) -> list[Effect]:
        """Take bytes from the line, in any pieces."""
        self._now = now
        for item in self._decode(data):
            if isinstance(item, FrameError):
                self._effects.append(Noted(f"frame dropped: {item}"))
            elif isinstance(item, MessageError):
                self._effects.append(Noted(f"message dropped: {item}"))
                session = item.session or (self._session.id if self._session else None)
                if session is not None:
                    self._send_error(item.error_code, item.text, session)
            else:
                self._on_message(item)
        return self._take_effects()

    def on_time(self, now: float) -> list[Effect]:
        """Serve the timers that are due."""
        self._now = now
        if self._silent_at is not None and now >= self._silent_at:
            self._silent_at = None
            self._end_with(CloseReason.PEER_SILENT, _E.CABLE_SILENT)
        if self._reply_due is not None and now >= self._reply_due:
            self._reply_due = None
            asked_at = self._session.asked_at if self._session is not None else now
            if self.state is _S.AWAITING_PAYMENT and now >= asked_at + self.policy.silent_peer_s:
                # a cable without credit that talks and does not pay is given up like one that does not talk
                self._end_with(CloseReason.PEER_SILENT, _E.CABLE_SILENT)
            else:
                self._fire(_E.REPLY_LATE)
        if self._settle_due is not None and now >= self._settle_due:
            self._settle_due = None
            self._fire(_E.SETTLEMENT_DUE)
        if self._meter_due is not None and now >= self._meter_due:
            self._send_meter()
        return self._take_effects()

    def on_energy(self, energy_mwh: int, now: float) -> list[Effect]:
        """Take the reading of the socket's own meter: milliwatt-hours since it was powered on."""
        self._now = now
        self._energy_mwh = max(self._energy_mwh, energy_mwh)
        session = self._session
        if session is not None and self.state in CONTACT_CLOSED:
            limit = session.accepted >= session.max_payments
            if self.credit_mwh <= 0:
                reason = CloseReason.FUNDS_EXHAUSTED if session.exhausted else CloseReason.CREDIT_SPENT
                self._end_with(CloseReason.LIMIT_REACHED if limit else reason, _E.CREDIT_SPENT)
            elif limit or session.exhausted or self.state is not _S.DELIVERING:
                pass  # nothing more can be asked for, or has been
            elif self.credit_mwh <= self.policy.top_up_credit_mwh:
                self._fire(_E.CREDIT_LOW)
        return self._take_effects()

    def on_coins_examined(self, question: int, refusal: Refusal | None, now: float) -> list[Effect]:
        """Take the ledger's answer to ExamineCoins: None, or what is wrong with the coins."""
        self._now = now
        if self._is_awaited(question):
            if refusal is None:
                self._fire(_E.COINS_GOOD)
            else:
                self._refuse(refusal, _E.COINS_BAD)
        return self._take_effects()

    def on_payment_examined(self, question: int, refusal: Refusal | None, now: float) -> list[Effect]:
        """Take the ledger's answer to ExaminePayment: None, or why the ledger would not take it."""
        self._now = now
        if self._is_awaited(question):
            if refusal is None:
                self._fire(_E.PAYMENT_ACCEPTED)
            else:
                self._refuse(refusal, _E.PAYMENT_INVALID)
        return self._take_effects()

    def on_conflict(self, other_txid: str, now: float) -> list[Effect]:
        """The ledger shows another transaction that spends the session's coins."""
        self._now = now
        self._refuse(Refusal(RefusalCode.CONFLICT, f"spent by {other_txid}"), _E.CONFLICT_SEEN)
        return self._take_effects()

    def on_ledger_lost(self, why: str, now: float, question: int | None = None) -> list[Effect]:
        """The ledger can no longer be asked: nothing more is sold.

        :param question: the one that got no answer; None if the ledger was only watched.
        """
        self._now = now
        if question is None or self._is_awaited(question):
            self._refuse(Refusal(RefusalCode.LEDGER_UNAVAILABLE, why), _E.LEDGER_LOST)
        return self._take_effects()

    def on_settled(self, question: int, failure: str | None, now: float, *, lost: bool = False) -> list[Effect]:
        """Take the answer to Settle: None when the ledger has the transaction, else why not.

        :param lost: the ledger answered and will never take it; otherwise it is tried again.
        """
        self._now = now
        if self._is_awaited(question):
            if failure is None and self._session is not None:
                self._session.settled = True
                self._fire(_E.SETTLED)
            else:
                self._effects.append(Noted(f"settlement {'lost' if lost else 'failed, is tried again'}: {failure}"))
                self._fire(_E.SETTLEMENT_LOST if lost else _E.SETTLEMENT_FAILED)
        return self._take_effects()

    # --- messages ----------------------------------------------------------------------------------------------

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
        declared = tuple(
            Coin(OutPoint(item.txid, item.index), Satoshi(item.value_sat), item.script) for item in funding.coins
        )
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
        session.declared = session.coins = declared
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
            check_payment(session.proposal, payment.transaction, session.coins)
        except Refusal as refusal:
            self._refuse(refusal, _E.PAYMENT_INVALID)
            return
        session.candidate = payment.transaction
        self._fire(_E.PAYMENT_SIGNED)

    # --- refusals ----------------------------------------------------------------------------------------------

    def _is_awaited(self, question: int) -> bool:
        """Tell whether the ledger's answer to ``question`` is awaited still; it is given once."""
        if question == self._question:
            self._question = None
            return True
        self.late_answers += 1
        self._effects.append(Noted(f"answer {question} of the ledger came when the session had moved on"))
        return False

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
