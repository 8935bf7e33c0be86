"""The cable's machine (SPEC, "What a cable does with a message", "The cable", "Timers and limits")."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hil.second.agreement import Agreement
from hil.second.cable.actions import BuyerActions, BuyerTimer
from hil.second.cable.checks import Declined, Refused, judge_offer, judge_request
from hil.second.cable.means import (
    ANOTHER_SESSION_AFTER_CLOSE,
    ANOTHER_SESSION_AFTER_ERROR,
    HARMLESS_ERRORS,
    BuyerState,
)
from hil.second.codes import CloseReason, ErrorCode
from hil.second.wire import messages as wire

if TYPE_CHECKING:
    from hil.second.cable.session import CableSession


class Buyer(BuyerActions):
    """The state machine; its counter and appliance were read just before each call."""

    # What comes

    def take(self, message: wire.Message, now: float) -> None:
        """A message came."""
        session = self._session
        if session is None or message.session != session.id:
            return
        if message.sequence <= session.taken and not self._counts_anew(session, message):
            return
        session.taken = max(session.taken, message.sequence)
        if self.in_session:
            self._timers.start(BuyerTimer.SILENT, now + self._policy.silent_peer_s)
        match message:
            case wire.Offer() if self.state is BuyerState.CALLING:
                self._on_offer(session, message, now)
            case wire.PaymentRequest() if session.agreement and self.in_session:
                self._on_request(session, session.agreement, message, now)
            case wire.Receipt() if session.agreement and self.state is BuyerState.PAYING:
                self._on_receipt(session, session.agreement, message, now)
            case wire.Meter() if session.agreement and self.in_session:
                self._on_meter(session, session.agreement, message, now)
            case wire.Close():
                self._on_close(message, now)
            case wire.Error() if message.code not in HARMLESS_ERRORS:
                self._on_error(session, message, now)

    def _counts_anew(self, session: CableSession, message: wire.Message) -> bool:
        """Tell whether the message is of a socket that does not know the session: its sequence says nothing."""
        match message:
            case wire.Error():
                return message.sequence == 0
            case wire.Offer() if self.state is BuyerState.CALLING and session.agreement is not None:
                return replace(message, sequence=0) != replace(session.agreement.offer, sequence=0)
        return False

    def _on_offer(self, session: CableSession, offer: wire.Offer, now: float) -> None:
        if session.agreement is not None:
            if replace(offer, sequence=0) != replace(session.agreement.offer, sequence=0):
                self._refuse_offer(ErrorCode.UNSUITABLE, now)
            else:
                self._resume(now)
            return
        code = judge_offer(offer, self._means.limits, self._means.modes, self._means.meters)
        if not self._purse.declared:
            code = ErrorCode.FUNDS_EXHAUSTED
        if code is not None:
            self._refuse_offer(code, now)
            return
        funding = wire.Funding(session.id, 0, self._purse.declared, self._change_script, self._purse.budget)
        session.fund(Agreement(offer, funding), self._counter.mwh)
        self._enter_session(BuyerState.FUNDED, now)
        self._appliance.begin(drew=False)
        self._send_funding(now)

    def _on_request(
        self, session: CableSession, agreement: Agreement, request: wire.PaymentRequest, now: float
    ) -> None:
        newest = agreement.newest
        if newest and (request.n, request.transaction) == (agreement.made, newest.proposal.raw):
            self._send_payment(now)
            return
        if newest and request.n == agreement.made + 1:
            session.acknowledged = True
        verdict = judge_request(
            request, agreement, session.believed_mwh(self._counter.mwh), self._means.limits, self._means.meters
        )
        if isinstance(verdict, Refused):
            self._refuse(verdict.code, now)
        elif not isinstance(verdict, Declined):
            self._sign(session, verdict, now)
        elif self.state is BuyerState.PAYING:
            self._supply()

    def _on_receipt(self, session: CableSession, agreement: Agreement, receipt: wire.Receipt, now: float) -> None:
        if receipt.n < agreement.made:
            return
        if receipt.n > agreement.made or receipt.credited_mwh < agreement.bought_mwh(agreement.made):
            self._refuse(ErrorCode.RECEIPT_SHORT, now)
            return
        session.acknowledged = True
        self._supply()

    def _on_meter(self, session: CableSession, agreement: Agreement, meter: wire.Meter, now: float) -> None:
        counted = session.believed_mwh(self._counter.mwh)
        if meter.energy_mwh > self._means.meters.most_claimed_mwh(counted, agreement.one_payment_mwh):
            self._refuse(ErrorCode.ENERGY_OVERCLAIMED, now)

    def _on_close(self, close: wire.Close, now: float) -> None:
        self._leave(close.reason, now, again=close.reason in ANOTHER_SESSION_AFTER_CLOSE, named_txid=close.txid)

    def _on_error(self, session: CableSession, error: wire.Error, now: float) -> None:
        again = error.code in ANOTHER_SESSION_AFTER_ERROR
        if error.code is ErrorCode.COIN_UNKNOWN and not session.made:
            again = self._purse.try_others()
        self._leave(CloseReason.REFUSED, now, again=again)

    # What is due

    def serve_timers(self, now: float) -> None:
        """Do what is due by now."""
        while (timer := self._timers.take_due(now)) is not None:
            match timer:
                case BuyerTimer.SILENT | BuyerTimer.UNANSWERED:
                    self._close(CloseReason.PEER_SILENT, now, again=True)
                case BuyerTimer.HELLO:
                    self._call(now)
                case BuyerTimer.REPLY if self.state is BuyerState.FUNDED:
                    self._send_funding(now)
                case BuyerTimer.REPLY:
                    self._send_payment(now)
                case BuyerTimer.METER:
                    self._send_meter(now)
        finished = self._finished_at()
        if finished is not None and finished <= now:
            self._close(CloseReason.APPLIANCE_FINISHED, now, again=False)

    def next_deadline(self) -> float | None:
        """Return when something is due next."""
        return min((each for each in (self._timers.next(), self._finished_at()) if each is not None), default=None)

    def _finished_at(self) -> float | None:
        return self._appliance.finished_at if self.state is BuyerState.SUPPLIED else None
