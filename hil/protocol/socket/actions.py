"""What the transitions of the socket's table do (SPEC, "States and timers"); ``socket.py`` says when they happen."""

from __future__ import annotations

from dataclasses import replace

from hil.protocol.checks import Refusal, RefusalCode, quanta_of
from hil.protocol.effects import Credited, ExamineCoins, ExaminePayment, Noted, SessionEnded, Settle, SwitchContact
from hil.protocol.payment.transactions import FundsExhausted, build_payment, change_coin, parse_transaction, txid
from hil.protocol.sessions import SocketSession
from hil.protocol.socket.base import SocketBase
from hil.protocol.socket.table import SocketEvent
from hil.protocol.wire.messages import (
    Close,
    CloseReason,
    Mode,
    Offer,
    PaymentRequest,
)


class SocketActions(SocketBase):
    """One method for each action of the table."""

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

    def _await_cable(self) -> None:
        self._silent_at = self._now + self.policy.silent_peer_s

    def _examine_coins(self) -> None:
        session = self._require_session()
        self._effects.append(ExamineCoins(self._new_question(), session.coins, session.offer.min_confirmations))

    def _propose_payment(self) -> None:
        session = self._require_session()
        n = session.accepted + 1
        try:
            proposal = build_payment(
                session.coins,
                session.offer.payee_script,
                quanta_of(session.offer.mode, n),
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
                min_confirmations=session.offer.min_confirmations,
                broadcast=session.offer.mode is Mode.PER_PAYMENT,
            )
        )

    def _credit_payment(self) -> None:
        session = self._require_session()
        session.accepted, session.newest = session.proposed, session.candidate
        self._remember()
        if session.offer.mode is Mode.PER_PAYMENT:
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
        session = self._require_session()
        self._meter_due = None
        self._effects.append(SwitchContact(closed=False, reason=session.close_reason.name.lower()))
        if session.accepted:
            self._remember()  # what was delivered up to here is known for good

    def _settle(self) -> None:
        session = self._require_session()
        self._silent_at = self._reply_due = self._question = None
        if session.newest and session.offer.mode is Mode.SINGLE_FEE:
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
