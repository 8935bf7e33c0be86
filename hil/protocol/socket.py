"""The socket's protocol machine: it offers, proposes transactions, judges what comes back, and switches the power.

The host feeds bytes, instants, energy readings and the ledger's answers; every method returns the effects that the
host carries out in order. See SPEC.md for the rules and ``socket_table.py`` for the states.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from hil.protocol.checks import Refusal, RefusalCode, check_funding, check_payment, quanta_of
from hil.protocol.coins import Coin, OutPoint
from hil.protocol.framing import FrameError
from hil.protocol.machine import (
    Credited,
    Effect,
    ExamineCoins,
    ExaminePayment,
    Noted,
    Remember,
    SessionEnded,
    Settle,
    SwitchContact,
    TableMachine,
)
from hil.protocol.messages import (
    Close,
    CloseReason,
    Error,
    ErrorCode,
    Funding,
    Hello,
    Message,
    MessageError,
    MessageErrorCode,
    Meter,
    Mode,
    Offer,
    Payment,
    PaymentRequest,
    Receipt,
)
from hil.protocol.policy import Policy, SocketTerms, credited_energy_mwh
from hil.protocol.socket_table import CONTACT_CLOSED, SOCKET_TABLE, SocketAction, SocketEvent, SocketState
from hil.protocol.transactions import FundsExhausted, build_payment, change_coin, parse_transaction, txid
from hil.units import Satoshi

_S, _E = SocketState, SocketEvent

REMEMBERED_SESSIONS = 64
"""How many past session ids are refused as reused; a bound on memory, not on safety (coins are checked anyway)."""


@dataclass
class _Session:
    """What the socket knows of the session it is in."""

    id: bytes
    offer: Offer
    energy_origin_mwh: int
    sequence: int = 0
    heard: int = 0
    declared: tuple[Coin, ...] = ()
    coins: tuple[Coin, ...] = ()
    change_script: bytes = b""
    max_payments: int = 0
    proposal: bytes = b""
    proposed: int = 0
    asked_at: float = 0.0
    accepted: int = 0
    candidate: bytes = b""
    newest: bytes = b""
    exhausted: bool = False
    close_reason: CloseReason = CloseReason.CREDIT_SPENT

    def next_sequence(self) -> int:
        self.sequence += 1
        return self.sequence


class SocketMachine(TableMachine[SocketState, SocketEvent, SocketAction]):
    """One socket, one session at a time.

    :param terms: what it sells and for how much.
    :param policy: limits of time and energy.
    :param new_payee: returns a script that was never offered before; called once a session (privacy).
    """

    table = SOCKET_TABLE

    def __init__(self, terms: SocketTerms, policy: Policy, new_payee: Callable[[], bytes]) -> None:
        super().__init__(SocketState.IDLE)
        self.terms = terms
        self.policy = policy
        self._new_payee = new_payee
        self._session: _Session | None = None
        self._past: deque[bytes] = deque(maxlen=REMEMBERED_SESSIONS)
        self._hello: Hello | None = None
        self._refusal = Refusal(RefusalCode.UNEXPECTED, "")
        self._energy_mwh = 0
        self._now = 0.0
        self._reply_due: float | None = None
        self._silent_at: float | None = None
        self._meter_due: float | None = None
        self._settle_due: float | None = None

    # --- what the host may ask ---------------------------------------------------------------------------------

    @property
    def credited_mwh(self) -> int:
        """Energy paid for in this session, in milliwatt-hours."""
        return credited_energy_mwh(self.terms, self._session.accepted) if self._session else 0

    @property
    def delivered_mwh(self) -> int:
        """Energy delivered in this session, in milliwatt-hours."""
        return self._energy_mwh - self._session.energy_origin_mwh if self._session else 0

    @property
    def credit_mwh(self) -> int:
        """What is paid for and not yet delivered; negative by what was delivered unpaid."""
        return self.credited_mwh - self.delivered_mwh

    @property
    def payments(self) -> int:
        return self._session.accepted if self._session else 0

    @property
    def newest(self) -> bytes:
        """The newest valid signed transaction of the session; empty if there is none."""
        return self._session.newest if self._session else b""

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
                unknown = item.code is MessageErrorCode.UNSUPPORTED_VERSION
                code = ErrorCode.UNSUPPORTED_VERSION if unknown else ErrorCode.MALFORMED
                self._send_error(code, item.text, session=item.session)
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
            if self._session is not None and now >= self._session.asked_at + self.policy.silent_peer_s:
                # a cable that talks and does not pay is given up like one that does not talk
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
            more = session.accepted < session.max_payments and not session.exhausted
            if self.credit_mwh <= 0:
                session.close_reason = CloseReason.CREDIT_SPENT
                self._fire(_E.CREDIT_SPENT)
            elif self.state is _S.DELIVERING and more and self.credit_mwh <= self.policy.top_up_credit_mwh:
                self._fire(_E.CREDIT_LOW)
        return self._take_effects()

    def on_coins_examined(self, refusal: Refusal | None, now: float) -> list[Effect]:
        """Take the ledger's answer to ExamineCoins: None, or what is wrong with the coins."""
        self._now = now
        if refusal is None:
            self._fire(_E.COINS_GOOD)
        else:
            self._refuse(refusal, _E.COINS_BAD)
        return self._take_effects()

    def on_payment_examined(self, n: int, refusal: Refusal | None, now: float) -> list[Effect]:
        """Take the ledger's answer to ExaminePayment ``n``: None, or why the ledger would not take it."""
        self._now = now
        if self._session is None or n != self._session.proposed:
            return self._take_effects()
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

    def on_ledger_lost(self, why: str, now: float) -> list[Effect]:
        """The ledger can no longer be asked: nothing more is sold."""
        self._now = now
        self._refuse(Refusal(RefusalCode.LEDGER_UNAVAILABLE, why), _E.LEDGER_LOST)
        return self._take_effects()

    def on_settled(self, failure: str | None, now: float, *, lost: bool = False) -> list[Effect]:
        """Take the answer to Settle: None when the ledger has the transaction, else why not.

        :param lost: the ledger answered and will never take it; otherwise it is tried again.
        """
        self._now = now
        if failure is None:
            self._fire(_E.SETTLED)
        else:
            self._effects.append(Noted(f"settlement {'lost' if lost else 'failed'}: {failure}"))
            self._fire(_E.SETTLEMENT_LOST if lost else _E.SETTLEMENT_FAILED)
        return self._take_effects()

    # --- messages ----------------------------------------------------------------------------------------------

    def _on_message(self, message: Message) -> None:
        if isinstance(message, Hello):
            self._on_hello(message)
            return
        session = self._session
        if session is None or message.session != session.id:
            self._send_error(ErrorCode.UNKNOWN_SESSION, "no such session", session=message.session)
            return
        if message.sequence <= session.heard:
            self.repeated_messages += 1
            return
        session.heard = message.sequence
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
            self.refused_events += 1
            self._send_error(ErrorCode.UNEXPECTED, f"{type(message).__name__} is not for a socket")

    def _on_hello(self, hello: Hello) -> None:
        self._hello = hello
        if self._session is not None and hello.session == self._session.id:
            if hello.sequence <= self._session.heard:
                self.repeated_messages += 1
                return
            if self.state is not _S.OFFERED:
                self.refused_events += 1
                return
        elif hello.session in self._past:
            self._refuse(Refusal(RefusalCode.SESSION_REUSED, "session id was used before"), _E.HELLO_UNSUITABLE)
            return
        if self.terms.mode not in hello.modes or hello.network is not self.terms.network:
            text = f"sells {self.terms.mode.name} on {self.terms.network.name}"
            self._refuse(Refusal(RefusalCode.UNSUITABLE, text), _E.HELLO_UNSUITABLE)
            return
        if self._session is not None:
            self._session.close_reason = CloseReason.PEER_RESTARTED
        if not self._fire(_E.HELLO):
            self._effects.append(Noted(f"hello not served while {self.state.value}"))

    def _on_funding(self, session: _Session, funding: Funding) -> None:
        if self.state is not _S.OFFERED:
            self._fire(_E.FUNDING)  # refused by the table: counted, state unchanged
            return
        try:
            check_funding(funding, self.terms)
        except Refusal as refusal:
            self._refuse(refusal, _E.FUNDING_REFUSED)
            return
        session.declared = session.coins = tuple(
            Coin(OutPoint(item.txid, item.index), Satoshi(item.value_sat), item.script) for item in funding.coins
        )
        session.change_script = funding.change_script
        session.max_payments = min(session.offer.max_payments, funding.max_payments)
        self._fire(_E.FUNDING)

    def _on_payment(self, session: _Session, payment: Payment) -> None:
        if payment.n == session.accepted and payment.transaction == session.newest:
            self.repeated_messages += 1  # answer to a request that was repeated while the first answer was on its way
            return
        if payment.n == session.proposed and payment.transaction == session.candidate:
            self.repeated_messages += 1
            return
        if (self.state, _E.PAYMENT_INVALID) not in self.table:
            self._fire(_E.PAYMENT_SIGNED)  # refused by the table: counted, state unchanged
            return
        try:
            if payment.n != session.proposed:
                raise Refusal(RefusalCode.NOT_NEXT, f"payment {payment.n}, asked for {session.proposed}")
            check_payment(session.proposal, payment.transaction, session.coins)
        except Refusal as refusal:
            self._refuse(refusal, _E.PAYMENT_INVALID)
            return
        session.candidate = payment.transaction
        self._fire(_E.PAYMENT_SIGNED)

    def _refuse(self, refusal: Refusal, event: SocketEvent) -> None:
        self._refusal = refusal
        if self._session is not None:
            self._session.close_reason = CloseReason.REFUSED
        self._effects.append(Noted(f"refused: {refusal}"))
        self._fire(event)

    def _end_with(self, reason: CloseReason, event: SocketEvent) -> None:
        if self._session is not None:
            self._session.close_reason = reason
        self._fire(event)

    def _send_error(self, code: ErrorCode, text: str, *, session: bytes | None = None) -> None:
        if self._session is not None and session in (None, self._session.id):
            self._transmit(Error(self._session.id, self._session.next_sequence(), code, text))
        elif session is not None:
            self._transmit(Error(session, 1, code, text))

    def _send_meter(self) -> None:
        session = self._require_session()
        self._meter_due = self._now + self.policy.meter_s
        self._transmit(Meter(session.id, session.next_sequence(), self.delivered_mwh))

    def _require_session(self) -> _Session:
        if self._session is None:
            raise AssertionError(f"no session in state {self.state.value}")
        return self._session

    # --- actions of the table ----------------------------------------------------------------------------------

    def _begin_session(self) -> None:
        hello = self._hello
        if hello is None:
            raise AssertionError("a session begins with HELLO")
        self._silent_at = self._now + self.policy.silent_peer_s
        if self._session is not None:
            if self._session.id == hello.session:  # the cable did not hear the offer and calls again
                self._session.heard = hello.sequence
                return
            self._past.append(self._session.id)
        terms = self.terms
        offer = Offer(
            session=hello.session,
            sequence=0,
            tariff_sat_per_wh=terms.tariff_sat_per_wh,
            quantum_sat=terms.quantum_sat,
            payee_script=self._new_payee(),
            fee_rate_sat_per_vb=terms.fee_rate_sat_per_vb,
            mode=terms.mode,
            max_payments=terms.max_payments,
            min_confirmations=terms.min_confirmations,
            max_power_w=terms.max_power_w,
        )
        self._session = _Session(hello.session, offer, self._energy_mwh, heard=hello.sequence)

    def _send_offer(self) -> None:
        session = self._require_session()
        self._transmit(replace(session.offer, sequence=session.next_sequence()))

    def _send_refusal(self) -> None:
        session = self._session.id if self._session else (self._hello.session if self._hello else None)
        self._send_error(self._refusal.error_code, str(self._refusal), session=session)

    def _examine_coins(self) -> None:
        session = self._require_session()
        self._effects.append(ExamineCoins(session.coins, self.terms.min_confirmations))

    def _propose_payment(self) -> None:
        session = self._require_session()
        n = session.accepted + 1
        try:
            proposal = build_payment(
                session.coins,
                session.offer.payee_script,
                quanta_of(self.terms.mode, n),
                session.offer.quantum_sat,
                session.change_script,
                session.offer.fee_rate_sat_per_vb,
            )
        except FundsExhausted as exhausted:
            session.exhausted = True
            self._refusal = Refusal(RefusalCode.FUNDS_EXHAUSTED, str(exhausted))
            session.close_reason = CloseReason.FUNDS_EXHAUSTED
            self._effects.append(Noted(f"no further payment: {exhausted}"))
            self._fire(_E.FUNDS_EXHAUSTED)
            return
        session.proposal, session.proposed, session.candidate = proposal.serialize(), n, b""
        session.asked_at = self._now
        self._repeat_request()

    def _repeat_request(self) -> None:
        session = self._require_session()
        self._reply_due = self._now + self.policy.reply_s
        self._transmit(
            PaymentRequest(session.id, session.next_sequence(), session.proposed, session.proposal, self.delivered_mwh)
        )

    def _examine_payment(self) -> None:
        session = self._require_session()
        self._reply_due = None
        own_change = {coin.outpoint for coin in session.coins} - {coin.outpoint for coin in session.declared}
        coins = tuple(coin for coin in session.coins if coin.outpoint not in own_change)
        self._effects.append(
            ExaminePayment(
                n=session.proposed,
                transaction=session.candidate,
                coins=coins,
                min_confirmations=self.terms.min_confirmations,
                broadcast=self.terms.mode is Mode.PER_PAYMENT,
            )
        )

    def _credit_payment(self) -> None:
        session = self._require_session()
        session.accepted, session.newest = session.proposed, session.candidate
        self._effects.append(Remember(session.id, session.accepted, session.newest))
        if self.terms.mode is Mode.PER_PAYMENT:
            change = change_coin(parse_transaction(session.newest), session.change_script)
            session.coins = (change,) if change is not None else ()
        self._effects.append(Credited(session.accepted, self.credited_mwh))
        self._transmit(Receipt(session.id, session.next_sequence(), session.accepted, self.credited_mwh))

    def _close_contact(self) -> None:
        session = self._require_session()
        self._effects.append(SwitchContact(closed=True, reason=f"payment {session.accepted} accepted"))
        if self._meter_due is None:
            self._meter_due = self._now + self.policy.meter_s

    def _open_contact(self) -> None:
        self._reply_due = None if self.state is _S.SETTLING else self._reply_due
        self._meter_due = None
        self._effects.append(SwitchContact(closed=False, reason=self._require_session().close_reason.name.lower()))

    def _settle(self) -> None:
        session = self._require_session()
        self._silent_at = None
        if session.newest and self.terms.mode is Mode.SINGLE_FEE:
            self._effects.append(Settle(session.newest))
        else:
            self._fire(_E.SETTLED)  # nothing was bought, or each payment is on the ledger already

    def _retry_later(self) -> None:
        self._settle_due = self._now + self.policy.settle_s

    def _send_close(self) -> None:
        session = self._require_session()
        settled = txid(parse_transaction(session.newest)) if session.newest else ""
        self._transmit(Close(session.id, session.next_sequence(), session.close_reason, self.delivered_mwh, settled))

    def _end_session(self) -> None:
        session = self._require_session()
        self._effects.append(SessionEnded(session.id, session.close_reason.name.lower(), session.accepted))
        self._past.append(session.id)
        self._session = None
        self._reply_due = self._silent_at = self._meter_due = self._settle_due = None
