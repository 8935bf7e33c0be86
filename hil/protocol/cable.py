"""The cable's protocol machine: it asks for power, checks each proposed transaction, and signs or walks away.

The host feeds bytes, instants and the readings of the cable's own meter; every method returns the effects that the
host carries out in order. See SPEC.md for the rules and ``cable_table.py`` for the states.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hil.protocol.cable_table import CABLE_TABLE, CableAction, CableEvent, CableState
from hil.protocol.checks import Refusal, RefusalCode, check_offer, check_proposal
from hil.protocol.coins import Coin
from hil.protocol.framing import FrameError
from hil.protocol.machine import Effect, Noted, Remember, SessionEnded, TableMachine
from hil.protocol.messages import (
    PROTOCOL_VERSION,
    Close,
    CloseReason,
    DeclaredCoin,
    Error,
    ErrorCode,
    Funding,
    Hello,
    Message,
    MessageError,
    Meter,
    Mode,
    Offer,
    Payment,
    PaymentRequest,
    Receipt,
)
from hil.protocol.policy import CableLimits, Policy, credited_energy_mwh
from hil.protocol.signing import Key, sign_transaction
from hil.protocol.transactions import change_coin, parse_transaction

_S, _E = CableState, CableEvent


@dataclass
class _Session:
    """What the cable knows of the session it is in."""

    id: bytes
    sequence: int = 0
    heard: int = 0
    offer: Offer | None = None
    coins: tuple[Coin, ...] = ()
    energy_origin_mwh: int = 0
    request: PaymentRequest | None = None
    signed: int = 0
    signed_request: bytes = b""
    payment: bytes = b""
    credited_mwh: int = 0
    drew_power: bool = False

    def next_sequence(self) -> int:
        self.sequence += 1
        return self.sequence


class CableMachine(TableMachine[CableState, CableEvent, CableAction]):
    """One cable, one session at a time.

    :param limits: the most it pays, in price, fee and number of payments.
    :param policy: limits of time and energy.
    :param coins: what it can spend, all guarded by ``keys``.
    :param change_script: where its change goes.
    :param new_session_id: returns 8 random bytes; called once a session.
    """

    table = CABLE_TABLE

    def __init__(
        self,
        limits: CableLimits,
        policy: Policy,
        coins: Sequence[Coin],
        keys: Mapping[bytes, Key],
        change_script: bytes,
        new_session_id: Callable[[], bytes],
    ) -> None:
        super().__init__(CableState.UNPLUGGED)
        self.limits = limits
        self.policy = policy
        self._coins = tuple(coins)
        self._keys = keys
        self._change_script = change_script
        self._new_session_id = new_session_id
        self._session: _Session | None = None
        self._refusal = Refusal(RefusalCode.UNEXPECTED, "")
        self._close_reason = CloseReason.REFUSED
        self._energy_mwh = 0
        self._now = 0.0
        self._call_due: float | None = None
        self._silent_at: float | None = None
        self._meter_due: float | None = None
        self._idle_since: float | None = None

    # --- what the host may ask ---------------------------------------------------------------------------------

    @property
    def used_mwh(self) -> int:
        """Energy that the cable's own meter counted in this session, in milliwatt-hours."""
        return self._energy_mwh - self._session.energy_origin_mwh if self._session else 0

    @property
    def credited_mwh(self) -> int:
        return self._session.credited_mwh if self._session else 0

    @property
    def payments(self) -> int:
        """How many payments it has signed in this session."""
        return self._session.signed if self._session else 0

    def next_deadline(self) -> float | None:
        """Return the instant at which ``on_time`` must be called at the latest."""
        idle_due = None
        if self._idle_since is not None and self.state is _S.SUPPLIED:
            idle_due = self._idle_since + self.policy.appliance_idle_s
        dues = (self._call_due, self._silent_at, self._meter_due, idle_due)
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
            self._silent_at = None
            self._fire(_E.SOCKET_SILENT)
        if self._call_due is not None and now >= self._call_due:
            self._fire(_E.CALL_DUE)
        if self._meter_due is not None and now >= self._meter_due:
            session = self._require_session()
            self._meter_due = now + self.policy.cable_meter_s
            self._transmit(Meter(session.id, session.next_sequence(), self.used_mwh))
        if (
            self._idle_since is not None
            and self.state is _S.SUPPLIED
            and now >= self._idle_since + self.policy.appliance_idle_s
        ):
            self._idle_since = None
            self._close_reason = CloseReason.APPLIANCE_FINISHED
            self._fire(_E.APPLIANCE_FINISHED)
        return self._take_effects()

    def on_power(self, power_w: float, energy_mwh: int, now: float) -> list[Effect]:
        """Take the cable's own meter: present power and milliwatt-hours since it was powered on."""
        self._now = now
        self._energy_mwh = max(self._energy_mwh, energy_mwh)
        if self._session is not None:
            draws = power_w >= self.policy.idle_power_w
            if draws:
                self._session.drew_power = True
                self._idle_since = None
            elif self._session.drew_power and self._idle_since is None:
                self._idle_since = now
        return self._take_effects()

    # --- messages ----------------------------------------------------------------------------------------------

    def _on_message(self, message: Message) -> None:
        session = self._session
        if session is None or message.session != session.id:
            self.refused_events += 1
            return
        if message.sequence <= session.heard:
            self.repeated_messages += 1
            return
        session.heard = message.sequence
        if self.state in {_S.FUNDED, _S.PAYING, _S.SUPPLIED}:
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
            self._close_reason = message.reason
            self._fire(_E.CLOSE_RECEIVED)
        elif isinstance(message, Error):
            self._effects.append(Noted(f"socket reports {message.code.name}: {message.text}"))
            if message.code is not ErrorCode.MALFORMED:
                self._fire(_E.ERROR_RECEIVED)
        else:
            self.refused_events += 1

    def _on_offer(self, session: _Session, offer: Offer) -> None:
        if self.state is not _S.CALLING:
            self._fire(_E.OFFER_GOOD)  # refused by the table: counted, state unchanged
            return
        try:
            check_offer(offer, self.limits)
        except Refusal as refusal:
            self._refuse(refusal, _E.OFFER_REFUSED)
            return
        session.offer = offer
        self._fire(_E.OFFER_GOOD)

    def _on_request(self, session: _Session, request: PaymentRequest) -> None:
        if (self.state, _E.REQUEST_REFUSED) not in self.table or session.offer is None:
            self._fire(_E.REQUEST_GOOD)  # refused by the table: counted, state unchanged
            return
        if request.n == session.signed and request.transaction == session.signed_request:
            self._fire(_E.REQUEST_REPEATED)
            return
        try:
            check_proposal(
                request,
                expected_n=session.signed + 1,
                offer=session.offer,
                coins=session.coins,
                change_script=self._change_script,
                limits=self.limits,
                used_mwh=self.used_mwh,
            )
        except Refusal as refusal:
            self._refuse(refusal, _E.REQUEST_REFUSED)
            return
        session.request = request
        self._fire(_E.REQUEST_GOOD)

    def _on_receipt(self, session: _Session, receipt: Receipt) -> None:
        offer = self._require_offer(session) if session.offer else None
        if offer is None or self.state is not _S.PAYING:
            self._fire(_E.RECEIPT_GOOD)  # refused by the table: counted, state unchanged
            return
        owed = credited_energy_mwh(offer, session.signed)
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
        self._refusal = refusal
        self._close_reason = CloseReason.REFUSED
        self._effects.append(Noted(f"refused: {refusal}"))
        self._fire(event)

    def _require_session(self) -> _Session:
        if self._session is None:
            raise AssertionError(f"no session in state {self.state.value}")
        return self._session

    @staticmethod
    def _require_offer(session: _Session) -> Offer:
        if session.offer is None:
            raise AssertionError("a funded session has an offer")
        return session.offer

    # --- actions of the table ----------------------------------------------------------------------------------

    def _send_hello(self) -> None:
        if self._session is None:
            self._session = _Session(self._new_session_id())
        session = self._session
        self._call_due = self._now + self.policy.hello_s
        self._transmit(
            Hello(session.id, session.next_sequence(), PROTOCOL_VERSION, self.limits.modes, self.limits.network)
        )

    def _send_funding(self) -> None:
        session = self._require_session()
        self._call_due = None
        self._silent_at = self._now + self.policy.silent_peer_s
        self._meter_due = self._now + self.policy.cable_meter_s
        session.coins = self._coins
        session.energy_origin_mwh = self._energy_mwh
        declared = tuple(
            DeclaredCoin(coin.outpoint.txid, coin.outpoint.index, coin.value, coin.script) for coin in self._coins
        )
        self._transmit(
            Funding(session.id, session.next_sequence(), declared, self._change_script, self.limits.max_payments)
        )

    def _sign_payment(self) -> None:
        session = self._require_session()
        request = session.request
        if request is None:
            raise AssertionError("a payment answers a request")
        signed = sign_transaction(parse_transaction(request.transaction), session.coins, self._keys)
        session.signed, session.signed_request, session.payment = request.n, request.transaction, signed.serialize()
        self._effects.append(Remember(session.id, session.signed, session.payment))
        if self._require_offer(session).mode is Mode.PER_PAYMENT:
            change = change_coin(signed, self._change_script)
            session.coins = (change,) if change is not None else ()
        self._repeat_payment()

    def _repeat_payment(self) -> None:
        session = self._require_session()
        self._transmit(Payment(session.id, session.next_sequence(), session.signed, session.payment))

    def _take_receipt(self) -> None:
        session = self._require_session()
        self._effects.append(Noted(f"payment {session.signed} credited, {session.credited_mwh} mWh in all"))

    def _send_refusal(self) -> None:
        session = self._require_session()
        text = str(self._refusal)
        self._transmit(Error(session.id, session.next_sequence(), self._refusal.error_code, text))

    def _send_close(self) -> None:
        session = self._require_session()
        self._transmit(Close(session.id, session.next_sequence(), self._close_reason, self.used_mwh, ""))

    def _call_later(self) -> None:
        self._session = None  # the next call is a new session, with an id of its own
        self._call_due = self._now + self.policy.call_again_s

    def _end_session(self) -> None:
        session = self._require_session()
        self._effects.append(SessionEnded(session.id, self._close_reason.name.lower(), session.signed))
        self._call_due = self._silent_at = self._meter_due = self._idle_since = None
