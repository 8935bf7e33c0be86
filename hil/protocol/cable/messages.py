"""What becomes of a message to the cable, and which ends of a session leave room for another (SPEC, "Restarts")."""

from __future__ import annotations

from dataclasses import replace

from hil.protocol.cable.actions import CableActions
from hil.protocol.cable.table import CableEvent
from hil.protocol.checks import Refusal, RefusalCode, check_offer, check_proposal, fits_session
from hil.protocol.effects import Noted
from hil.protocol.policy import credited_energy_mwh
from hil.protocol.sessions import CableSession
from hil.protocol.wire.messages import (
    Close,
    CloseReason,
    Error,
    ErrorCode,
    Message,
    Meter,
    Offer,
    PaymentRequest,
    Receipt,
)

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


class CableMessages(CableActions):
    """Takes whole messages, holds them against the session and its state, and fires the events of the table."""

    def _on_message(self, message: Message) -> None:
        session = self._session
        if session is None or message.session != session.id:
            self.refused_events += 1
            return
        if not (isinstance(message, Error) and message.sequence == 0):  # 0: from a socket that knows no such session
            if message.sequence <= session.heard:
                self.repeated_messages += 1
                return
            session.heard = message.sequence
        if self._silent_at is not None:
            self._silent_at = self._now + self.policy.silent_peer_s
        if isinstance(message, Offer):
            self._on_offer(session, message)
        elif isinstance(message, PaymentRequest):
            self._on_request(session, message)
        elif isinstance(message, Receipt):
            self._on_receipt(session, message)
        elif isinstance(message, Meter):
            self._on_meter(session, message)
        elif isinstance(message, Close):
            self._settled_txid = message.txid
            lost = message.reason in PASSING_REASONS and self._can_call_again
            self._end_with(message.reason, _E.SESSION_LOST if lost and self._is_funded else _E.CLOSE_RECEIVED)
        elif isinstance(message, Error):
            self._effects.append(Noted(f"socket reports {message.code.name}: {message.text}"))
            if message.code not in HARMLESS:
                self._on_error(message.code)
        else:
            self.refused_events += 1

    @property
    def _is_funded(self) -> bool:
        return self._allows(_E.SESSION_LOST)

    def _lose_socket(self) -> None:
        self._end_with(CloseReason.PEER_SILENT, _E.LINK_LOST if self._can_call_again else _E.SOCKET_SILENT)

    def _on_error(self, code: ErrorCode) -> None:
        lost = code in PASSING_ERRORS
        if code is ErrorCode.COIN_UNKNOWN and self._is_funded:
            lost = self._wallet.not_found()
            # the coins of the payment before are gone: the socket did take the one of which it said nothing
            self._undelivered_mwh += self._doubtful_mwh
            self._doubtful_mwh = 0
        again = lost and self._can_call_again and self._is_funded
        self._end_with(CloseReason.REFUSED, _E.SESSION_LOST if again else _E.ERROR_RECEIVED)

    def _on_offer(self, session: CableSession, offer: Offer) -> None:
        if not self._allows(_E.OFFER_GOOD):  # the answer to a HELLO that was repeated
            self.refused_events += 1
            return
        if session.offer is not None and replace(offer, sequence=session.offer.sequence) == session.offer:
            self._fire(_E.OFFER_RESUMED)
            return
        try:
            if session.offer is not None:
                raise Refusal(RefusalCode.UNSUITABLE, "not the session that was begun")
            if not self._wallet.coins:
                raise Refusal(RefusalCode.FUNDS_EXHAUSTED, "the cable has no coins")
            check_offer(offer, self.limits)
        except Refusal as refusal:
            self._refuse(refusal, _E.OFFER_REFUSED)
            return
        session.offer = offer
        self._fire(_E.OFFER_GOOD)

    def _on_request(self, session: CableSession, request: PaymentRequest) -> None:
        if not self._allows(_E.REQUEST_REFUSED):
            self.refused_events += 1
            return
        if request.n == session.signed and request.transaction == session.signed_request:
            self._fire(_E.REQUEST_REPEATED)
            return
        offer = self._require_offer(session)
        try:
            self._check_request(session, request)
        except Refusal as refusal:
            self._refuse(refusal, _E.REQUEST_REFUSED)
            return
        # a request for the next payment says that the one before was taken
        session.credited_mwh = max(session.credited_mwh, credited_energy_mwh(offer, session.signed))
        if not self._fits_session(session, request):
            self._decline(session, request)
            return
        session.request = request
        self._fire(_E.REQUEST_GOOD)

    def _decline(self, session: CableSession, request: PaymentRequest) -> None:
        if session.declined != request.n and self._allows(_E.REQUEST_DECLINED):
            session.declined = request.n
            ahead = request.energy_mwh - self._counted_mwh(session)
            text = f"payment {request.n} is left to another session: the socket's meter is {ahead} mWh ahead"
            self._effects.append(Noted(text))
        self._fire(_E.REQUEST_DECLINED)

    def _check_request(self, session: CableSession, request: PaymentRequest) -> None:
        check_proposal(
            request,
            expected_n=session.signed + 1,
            offer=self._require_offer(session),
            coins=session.coins,
            change_script=self._change_script,
            limits=replace(self.limits, max_payments=self.budget),
            used_mwh=self._counted_mwh(session),
        )

    def _fits_session(self, session: CableSession, request: PaymentRequest) -> bool:
        return fits_session(request, self._require_offer(session), self.limits, self._counted_mwh(session))

    def _on_receipt(self, session: CableSession, receipt: Receipt) -> None:
        if not self._allows(_E.RECEIPT_GOOD):
            self.refused_events += 1
            return
        if receipt.n < session.signed:  # it was sent again and crossed the newest payment
            self.repeated_messages += 1
            return
        owed = credited_energy_mwh(self._require_offer(session), session.signed)
        if receipt.n != session.signed or receipt.credited_mwh < owed:
            text = f"receipt {receipt.n} over {receipt.credited_mwh} mWh, paid for {owed} mWh"
            self._refuse(Refusal(RefusalCode.RECEIPT_SHORT, text), _E.RECEIPT_REFUSED)
            return
        session.credited_mwh = receipt.credited_mwh
        self._fire(_E.RECEIPT_GOOD)

    def _on_meter(self, session: CableSession, meter: Meter) -> None:
        if session.offer is not None and meter.energy_mwh > self._most_claimable_mwh(session):
            text = f"socket claims {meter.energy_mwh} mWh, cable used {self.used_mwh} mWh"
            self._refuse(Refusal(RefusalCode.ENERGY_OVERCLAIMED, text), _E.ENERGY_OVERCLAIMED)

    def _refuse(self, refusal: Refusal, event: CableEvent) -> None:
        """Let ``event`` tell ``refusal`` to the socket; where the table does not list it, nothing changes."""
        if self._allows(event):
            self._refusal = refusal
            self._effects.append(Noted(f"refused: {refusal}"))
        self._end_with(CloseReason.REFUSED, event)

    def _end_with(self, reason: CloseReason, event: CableEvent) -> None:
        if self._allows(event):
            self._close_reason = reason
        self._fire(event)
