"""What a socket does: the actions of SPEC's table, and what they need."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from hil.second.agreement import Agreement, SignedPayment
from hil.second.codes import CloseReason, ErrorCode, Mode
from hil.second.history import EndedSession, History
from hil.second.money.energy import most_payments
from hil.second.socket.ledger import ExamineCoins, ExaminePayment, Settle, declared_coins
from hil.second.socket.means import Means, SellerState, SellerTimer
from hil.second.socket.sale import Asked, Sale
from hil.second.timers import Timers
from hil.second.wire import messages as wire

if TYPE_CHECKING:
    from hil.second.money.energy import Counter
    from hil.second.socket.ledger import Question

_PAST_SESSIONS = 64


class SellerActions:
    """The state, and all that changes it; the counter was read just before."""

    def __init__(self, means: Means, counter: Counter, history: History) -> None:
        self.state = SellerState.IDLE
        self.contact_closed = False
        self._means = means
        self._policy = means.policy
        self._counter = counter
        self._history = history
        self._timers = Timers(SellerTimer)
        self._sale: Sale | None = None
        self._past: deque[bytes] = deque(maxlen=_PAST_SESSIONS)
        self._questions = 0
        self._open_question: int | None = None

    @property
    def newest_raw(self) -> bytes | None:
        """The payment accepted last in the session that runs."""
        newest = self._sale.newest if self._sale else None
        return newest.raw if newest else None

    @property
    def credit_mwh(self) -> int:
        """What is left of what was paid for; 0 without a session."""
        return self._sale.credit_mwh(self._counter.mwh) if self._sale else 0

    def _begin_session(self, session: bytes) -> Sale:
        if self._sale is not None:
            self._past.append(self._sale.id)
        terms = self._means.terms
        most = min(terms.max_payments, most_payments(terms.quantum_sat, terms.tariff_sat_per_wh))
        offer = wire.Offer(
            session,
            0,
            terms.tariff_sat_per_wh,
            terms.quantum_sat,
            self._means.new_payee(),
            terms.fee_rate_sat_per_vb,
            terms.mode,
            most,
            terms.min_confirmations,
            terms.max_power_w,
        )
        self._sale = Sale(session, offer, self._counter.mwh)
        self._open_question = None
        self._timers.stop_all()
        self.state = SellerState.OFFERED
        return self._sale

    def _hear(self, sale: Sale, sequence: int, now: float) -> None:
        """Note the sequence of a message that was taken: a sign of life."""
        sale.taken = sequence
        if self.state is not SellerState.SETTLING:
            self._timers.start(SellerTimer.SILENT, now + self._policy.silent_peer_s)

    def _examine_coins(self, sale: Sale, funding: wire.Funding) -> None:
        sale.agreement = Agreement(sale.offer, funding)
        self.state = SellerState.CHECKING_COINS
        self._ask(ExamineCoins(funding.coins, sale.offer.min_confirmations))

    def _propose_payment(self, sale: Sale, now: float) -> bool:
        """Ask for the next payment; return whether the coins hold it."""
        proposal = sale.agreed.next_proposal()
        if proposal is None:
            sale.exhausted = True
            return False
        sale.asked = Asked(sale.accepted + 1, proposal)
        if sale.asked.n == 1:
            self._timers.start(SellerTimer.UNPAID, now + self._policy.silent_peer_s)
        self._send_request(sale, sale.asked, now)
        return True

    def _examine_payment(self, sale: Sale, asked: Asked, raw: bytes) -> None:
        self._timers.stop(SellerTimer.REPLY, SellerTimer.UNPAID)
        sale.examined = SignedPayment(asked.proposal, raw)
        topping_up = self.state is SellerState.AWAITING_TOP_UP
        self.state = SellerState.CHECKING_TOP_UP if topping_up else SellerState.CHECKING_PAYMENT
        coins = declared_coins(asked.proposal.coins, sale.agreed.funding.coins)
        per_payment = sale.offer.mode is Mode.PER_PAYMENT
        self._ask(ExaminePayment(asked.n, raw, coins, sale.offer.min_confirmations, per_payment))

    def _credit_payment(self, sale: Sale, payment: SignedPayment) -> None:
        sale.agreed.payments.append(payment)
        sale.examined = None
        self._history.keep(sale.id, sale.accepted, payment.raw)
        if sale.offer.mode is Mode.PER_PAYMENT:
            self._means.broadcasted(payment.raw)
        self._send_receipt(sale)

    def _close_contact(self, now: float) -> None:
        self.contact_closed = True
        self._means.set_contact(True)
        self._timers.start(SellerTimer.METER, now + self._policy.meter_s)

    def _open_contact(self) -> None:
        self._timers.stop(SellerTimer.METER)
        self.contact_closed = False
        self._means.set_contact(False)

    def _settle(
        self, sale: Sale, reason: CloseReason, now: float, refusal: ErrorCode | None = None, text: str = ""
    ) -> None:
        """End a session in which a payment was asked for: contact, refusal, settlement, in this order."""
        self._open_contact()
        if refusal is not None:
            self._send_error(refusal, text)
        self._timers.stop_all()
        self.state = SellerState.SETTLING
        sale.reason = reason
        self._ask_for_settlement(sale)

    def _ask_for_settlement(self, sale: Sale) -> None:
        if sale.newest is not None and sale.offer.mode is Mode.SINGLE_FEE:
            self._ask(Settle(sale.newest.raw))
        else:
            self._end(sale, sale.newest_txid())

    def _close(self, sale: Sale, reason: CloseReason) -> None:
        """End a session in which nothing was asked for."""
        sale.reason = reason
        self._end(sale, b"")

    def _end(self, sale: Sale, txid: bytes) -> None:
        energy = sale.energy_mwh(self._counter.mwh)
        self._send(wire.Close(sale.id, 0, sale.reason, energy, txid))
        self._forget(sale)

    def _refuse_session(self, sale: Sale, code: ErrorCode, text: str = "") -> None:
        """End a session in which nothing was asked for by ERROR alone."""
        self._send_error(code, text)
        self._forget(sale)

    def _forget(self, sale: Sale) -> None:
        self._past.append(sale.id)
        self._history.ended.append(EndedSession(sale.id, sale.reason, sale.accepted))
        self._means.note(f"session {sale.id.hex()} is over: {sale.reason.name}, {sale.accepted} payments accepted")
        self._sale = None
        self._open_question = None
        self._timers.stop_all()
        self.state = SellerState.IDLE

    def _ask(self, question: Question) -> None:
        self._questions += 1
        self._open_question = self._questions
        self._means.ask(self._questions, question)

    def _send_offer(self, sale: Sale) -> None:
        self._send(sale.offer)

    def _send_request(self, sale: Sale, asked: Asked, now: float) -> None:
        energy = sale.energy_mwh(self._counter.mwh)
        self._send(wire.PaymentRequest(sale.id, 0, asked.n, asked.proposal.raw, energy))
        self._timers.start(SellerTimer.REPLY, now + self._policy.reply_s)

    def _send_receipt(self, sale: Sale) -> None:
        self._send(wire.Receipt(sale.id, 0, sale.accepted, sale.credited_mwh))

    def _send_meter(self, sale: Sale, now: float) -> None:
        self._send(wire.Meter(sale.id, 0, sale.energy_mwh(self._counter.mwh)))
        self._timers.start(SellerTimer.METER, now + self._policy.meter_s)

    def _send_error(self, code: ErrorCode, text: str = "", session: bytes | None = None) -> None:
        """Send ERROR about the session that runs, or about another one, with sequence 0."""
        self._means.note(f"refused: {code.name} {text}".rstrip())
        if self._sale is not None and session in (None, self._sale.id):
            self._send(wire.Error(self._sale.id, 0, code, text or code.name))
        elif session is not None:
            self._means.send(wire.Error(session, 0, code, text or code.name))

    def _send(self, message: wire.Message) -> None:
        if self._sale is None:
            raise RuntimeError("a socket without a session sends nothing in one")
        self._means.send(replace(message, sequence=self._sale.next_sequence()))
