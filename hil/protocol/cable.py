"""The cable's protocol machine: it asks for power, checks each proposed transaction, and signs or walks away.

The host feeds bytes, instants and the readings of the cable's own meter; every method returns the effects that the
host carries out in order. See SPEC.md for the rules, ``cable_table.py`` for the states and ``cable_actions.py`` for
what the transitions do.
"""

from __future__ import annotations

from hil.protocol.cable_actions import CableActions
from hil.protocol.cable_table import CableEvent, CableState
from hil.protocol.checks import Refusal, RefusalCode, check_offer, check_proposal
from hil.protocol.framing import FrameError
from hil.protocol.machine import Effect, Noted
from hil.protocol.messages import (
    Close,
    CloseReason,
    Error,
    ErrorCode,
    Message,
    MessageError,
    Meter,
    Offer,
    PaymentRequest,
    Receipt,
)
from hil.protocol.policy import credited_energy_mwh
from hil.protocol.sessions import CableSession

_S, _E = CableState, CableEvent

HARMLESS = frozenset({ErrorCode.MALFORMED, ErrorCode.UNEXPECTED})
"""Errors after which the socket is where it was: one message was lost on it, the session goes on."""


class CableMachine(CableActions):
    """One cable, one session at a time.

    :param limits: the most it pays, in price, fee and number of payments.
    :param policy: limits of time and energy.
    :param coins: what it can spend, at most 16.
    :param keys: for the script of each coin, and for ``change_script``, the key that spends it; Misuse if one is
        missing.
    :param change_script: where its change goes.
    :param new_session_id: returns 8 random bytes; called once a session.
    """

    def next_deadline(self) -> float | None:
        """Return the instant at which ``on_time`` must be called at the latest."""
        dues = (self._call_due, self._reply_due, self._silent_at, self._meter_due, self._idle_due())
        return min((due for due in dues if due is not None), default=None)

    # --- what the host tells -----------------------------------------------------------------------------------

    def plug(self, now: float) -> list[Effect]:
        """The cable sits in a socket and its program runs."""
        self._now = now
        self._fire(_E.PLUGGED)
        return self._take_effects()

    def on_bytes(self, data: bytes, now: float) -> list[Effect]:
        """Take bytes from the line, in any pieces."""
        self._now = now
        for item in self._decode(data):
            if isinstance(item, FrameError):
                self._effects.append(Noted(f"frame dropped: {item}"))
            elif isinstance(item, MessageError):
                self._effects.append(Noted(f"message dropped: {item}"))
            else:
                self._on_message(item)
        return self._take_effects()

    def on_time(self, now: float) -> list[Effect]:
        """Serve the timers that are due."""
        self._now = now
        if self._silent_at is not None and now >= self._silent_at:
            self._end_with(CloseReason.PEER_SILENT, _E.SOCKET_SILENT)
        if self._call_due is not None and now >= self._call_due:
            self._fire(_E.CALL_DUE)
        if self._reply_due is not None and now >= self._reply_due:
            if now >= self._require_session().asked_at + self.policy.silent_peer_s:
                # a socket that talks and never answers is given up like one that does not talk
                self._end_with(CloseReason.PEER_SILENT, _E.SOCKET_SILENT)
            else:
                self._fire(_E.REPLY_LATE)
        if self._meter_due is not None and now >= self._meter_due:
            self._send_meter()
        idle_due = self._idle_due()
        if idle_due is not None and now >= idle_due:
            self._end_with(CloseReason.APPLIANCE_FINISHED, _E.APPLIANCE_FINISHED)
        return self._take_effects()

    def on_power(self, power_w: float, energy_mwh: int, now: float) -> list[Effect]:
        """Take the cable's own meter: present power and milliwatt-hours since it was powered on."""
        self._now = now
        self._energy_mwh = max(self._energy_mwh, energy_mwh)
        if self._session is not None and self.state is not _S.ENDED:
            if power_w >= self.policy.idle_power_w:
                self._session.drew_power = True
                self._idle_since = None
            elif self._session.drew_power and self._idle_since is None:
                self._idle_since = now
        return self._take_effects()

    def _idle_due(self) -> float | None:
        if self._idle_since is None or self.state is not _S.SUPPLIED:
            return None
        return self._idle_since + self.policy.appliance_idle_s

    # --- messages ----------------------------------------------------------------------------------------------

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
            self._on_meter(message)
        elif isinstance(message, Close):
            self._end_with(message.reason, _E.CLOSE_RECEIVED)
        elif isinstance(message, Error):
            self._effects.append(Noted(f"socket reports {message.code.name}: {message.text}"))
            if message.code not in HARMLESS:
                self._end_with(CloseReason.REFUSED, _E.ERROR_RECEIVED)
        else:
            self.refused_events += 1

    def _on_offer(self, session: CableSession, offer: Offer) -> None:
        if not self._allows(_E.OFFER_GOOD):  # the answer to a HELLO that was repeated
            self.refused_events += 1
            return
        try:
            if not self._coins:
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
            check_proposal(
                request,
                expected_n=session.signed + 1,
                offer=offer,
                coins=session.coins,
                change_script=self._change_script,
                limits=self.limits,
                used_mwh=self.used_mwh,
            )
        except Refusal as refusal:
            self._refuse(refusal, _E.REQUEST_REFUSED)
            return
        session.request = request
        session.credited_mwh = max(session.credited_mwh, credited_energy_mwh(offer, session.signed))
        self._fire(_E.REQUEST_GOOD)

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

    def _on_meter(self, meter: Meter) -> None:
        if meter.energy_mwh > self.limits.most_claimable_mwh(self.used_mwh):
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
