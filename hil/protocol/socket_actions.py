"""What the transitions of the socket's table do (SPEC, "States and timers"); ``socket.py`` says when they happen."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace

from hil.protocol.checks import Refusal, RefusalCode, quanta_of
from hil.protocol.machine import (
    Credited,
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
    Hello,
    Meter,
    Mode,
    Offer,
    PaymentRequest,
    Receipt,
)
from hil.protocol.policy import Policy, SocketTerms, credited_energy_mwh
from hil.protocol.sessions import MOST_ENERGY_MWH, SocketSession
from hil.protocol.socket_table import SOCKET_TABLE, SocketAction, SocketEvent, SocketState
from hil.protocol.terms import checked_terms
from hil.protocol.transactions import FundsExhausted, build_payment, change_coin, parse_transaction, txid

REMEMBERED_SESSIONS = 64
"""How many past session ids are refused as reused; a bound on memory, not on safety (coins are checked anyway)."""


class SocketActions(TableMachine[SocketState, SocketEvent, SocketAction]):
    """The session that the socket is in, its timers, and one method for each action of the table."""

    table = SOCKET_TABLE

    def __init__(self, terms: SocketTerms, policy: Policy, new_payee: Callable[[], bytes]) -> None:
        super().__init__(SocketState.IDLE)
        self.terms = checked_terms(terms)
        self.policy = policy
        self.late_answers = 0
        """Answers of the ledger that came when the session had moved on."""
        self._new_payee = new_payee
        self._session: SocketSession | None = None
        self._past: deque[bytes] = deque(maxlen=REMEMBERED_SESSIONS)
        self._hello: Hello | None = None
        self._refusal = Refusal(RefusalCode.UNEXPECTED, "")
        self._refused_session = b""
        self._questions = 0
        self._question: int | None = None
        self._energy_mwh = 0
        self._now = 0.0
        self._reply_due: float | None = None
        self._silent_at: float | None = None
        self._meter_due: float | None = None
        self._settle_due: float | None = None

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
        """How many payments it has credited in this session."""
        return self._session.accepted if self._session else 0

    @property
    def newest(self) -> bytes:
        """The newest valid signed transaction of the session; empty if there is none."""
        return self._session.newest if self._session else b""

    # --- for the actions and for socket.py ---------------------------------------------------------------------

    @property
    def _told_energy_mwh(self) -> int:
        return min(self.delivered_mwh, MOST_ENERGY_MWH)

    def _require_session(self) -> SocketSession:
        if self._session is None:
            raise AssertionError(f"no session in state {self.state.value}")
        return self._session

    def _new_question(self) -> int:
        self._questions += 1
        self._question = self._questions
        return self._questions

    def _send_error(self, code: ErrorCode, text: str, session: bytes) -> None:
        """Send ERROR; to a session that is not the running one with sequence 0, which any count lets pass."""
        running = self._session is not None and session == self._session.id
        self._transmit(Error(session, self._require_session().next_sequence() if running else 0, code, text))

    def _send_meter(self) -> None:
        session = self._require_session()
        self._meter_due = self._now + self.policy.meter_s
        self._transmit(Meter(session.id, session.next_sequence(), self._told_energy_mwh))

    def _send_receipt(self) -> None:
        session = self._require_session()
        self._transmit(Receipt(session.id, session.next_sequence(), session.accepted, self.credited_mwh))

    # --- actions of the table ----------------------------------------------------------------------------------

    def _begin_session(self) -> None:
        hello = self._hello
        if hello is None:
            raise AssertionError("a session begins with HELLO")
        self._silent_at = self._now + self.policy.silent_peer_s
        self._question = None
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
        self._session = SocketSession(
            hello.session, heard=hello.sequence, offer=offer, energy_origin_mwh=self._energy_mwh
        )

    def _send_offer(self) -> None:
        session = self._require_session()
        self._transmit(replace(session.offer, sequence=session.next_sequence()))

    def _send_refusal(self) -> None:
        self._send_error(self._refusal.error_code, str(self._refusal), self._refused_session)

    def _examine_coins(self) -> None:
        session = self._require_session()
        self._effects.append(ExamineCoins(self._new_question(), session.coins, self.terms.min_confirmations))

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
            session.close_reason = CloseReason.FUNDS_EXHAUSTED
            self._refusal = Refusal(RefusalCode.FUNDS_EXHAUSTED, exhausted.what)
            self._refused_session = session.id
            self._effects.append(Noted(f"no further payment: {exhausted}"))
            self._fire(SocketEvent.FUNDS_EXHAUSTED)
            return
        session.proposal, session.proposed, session.candidate = proposal.serialize(), n, b""
        session.asked_at = self._now
        self._repeat_request()

    def _repeat_request(self) -> None:
        session = self._require_session()
        self._reply_due = self._now + self.policy.reply_s
        self._transmit(
            PaymentRequest(
                session.id, session.next_sequence(), session.proposed, session.proposal, self._told_energy_mwh
            )
        )

    def _examine_payment(self) -> None:
        session = self._require_session()
        self._reply_due = None
        declared = {coin.outpoint for coin in session.declared}
        self._effects.append(
            ExaminePayment(
                question=self._new_question(),
                n=session.proposed,
                transaction=session.candidate,
                coins=tuple(coin for coin in session.coins if coin.outpoint in declared),
                min_confirmations=self.terms.min_confirmations,
                broadcast=self.terms.mode is Mode.PER_PAYMENT,
            )
        )

    def _credit_payment(self) -> None:
        session = self._require_session()
        session.accepted, session.newest = session.proposed, session.candidate
        self._effects.append(Remember(session.id, session.accepted, session.newest))
        if self.terms.mode is Mode.PER_PAYMENT:
            session.settled = True
            change = change_coin(parse_transaction(session.newest), session.change_script)
            session.coins = (change,) if change is not None else ()
        self._effects.append(Credited(session.accepted, self.credited_mwh))
        self._send_receipt()

    def _close_contact(self) -> None:
        session = self._require_session()
        self._effects.append(SwitchContact(closed=True, reason=f"payment {session.accepted} accepted"))
        if self._meter_due is None:
            self._meter_due = self._now + self.policy.meter_s

    def _open_contact(self) -> None:
        self._meter_due = None
        self._effects.append(SwitchContact(closed=False, reason=self._require_session().close_reason.name.lower()))

    def _settle(self) -> None:
        session = self._require_session()
        self._silent_at = self._reply_due = self._question = None
        if session.newest and self.terms.mode is Mode.SINGLE_FEE:
            self._effects.append(Settle(self._new_question(), session.newest))
        else:
            self._fire(SocketEvent.SETTLED)  # nothing was bought, or each payment is on the ledger already

    def _retry_later(self) -> None:
        self._settle_due = self._now + self.policy.settle_s

    def _send_close(self) -> None:
        session = self._require_session()
        settled = txid(parse_transaction(session.newest)) if session.newest and session.settled else ""
        self._transmit(Close(session.id, session.next_sequence(), session.close_reason, self._told_energy_mwh, settled))

    def _end_session(self) -> None:
        session = self._require_session()
        self._effects.append(SessionEnded(session.id, session.close_reason.name.lower(), session.accepted))
        self._past.append(session.id)
        self._session = self._question = None
        self._reply_due = self._silent_at = self._meter_due = self._settle_due = None
