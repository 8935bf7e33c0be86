"""The socket's machine (SPEC, "What a socket does with a message", "The socket", "Timers and limits").

It asks its ledger by number and is told the answers later; its host may answer at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.second.codes import CloseReason, ErrorCode
from hil.second.socket.actions import SellerActions
from hil.second.socket.checks import judge_funding, judge_payment
from hil.second.socket.ledger import Settlement, Verdict
from hil.second.socket.means import AWAITING, CHECKING, PAYING, POWERED, UNPAID, SellerState, SellerTimer
from hil.second.wire import messages as wire

if TYPE_CHECKING:
    from hil.second.socket.sale import Sale


class Seller(SellerActions):
    """The state machine; its counter was read just before each call."""

    _out_of_order = False
    _overloaded_since: float | None = None

    # Messages

    def take(self, message: wire.Message | wire.Undecodable, now: float) -> None:
        """A message came, or a payload that is none."""
        if self._out_of_order:
            return
        sale = self._sale
        if isinstance(message, wire.Undecodable):
            self._send_error(message.code, message.text, message.session)
        elif isinstance(message, wire.Hello):
            self._on_hello(message, now)
        elif sale is None or message.session != sale.id:
            if not isinstance(message, wire.Error | wire.Close):
                self._send_error(ErrorCode.UNKNOWN_SESSION, session=message.session)
        elif message.sequence > sale.taken:
            self._hear(sale, message.sequence, now)
            self._on_message(sale, message, now)

    def _on_message(self, sale: Sale, message: wire.Message, now: float) -> None:
        match message:
            case wire.Funding() if self.state is SellerState.OFFERED:
                code = judge_funding(message, self._means.terms)
                if code is None:
                    self._examine_coins(sale, message)
                else:
                    self._refuse_session(sale, code)
            case wire.Funding():
                if not sale.is_funded_by(message.coins, message.change_script):
                    self._send_error(ErrorCode.UNEXPECTED, "other coins")
            case wire.Payment():
                self._on_payment(sale, message, now)
            case wire.Close():
                self._end_by(sale, CloseReason.PEER_CLOSED, now)
            case wire.Meter() | wire.Error():
                pass
            case _:
                self._send_error(ErrorCode.UNEXPECTED, "not for a socket")

    def _on_hello(self, hello: wire.Hello, now: float) -> None:
        sale = self._sale
        terms = self._means.terms
        suitable = terms.mode in hello.modes and terms.network is hello.network
        if sale is not None and hello.session == sale.id:
            if hello.sequence > sale.taken:
                self._on_hello_of(sale, hello, now, suitable=suitable)
        elif hello.session in self._past:
            self._send_error(ErrorCode.SESSION_REUSED, session=hello.session)
        elif self.state is SellerState.SETTLING:
            if self._timers.runs(SellerTimer.SETTLE):
                self._send_error(ErrorCode.LEDGER_UNAVAILABLE, session=hello.session)
        elif sale is not None and self.state in PAYING:
            self._settle(sale, CloseReason.PEER_RESTARTED, now)
        elif suitable:
            sale = self._begin_session(hello.session)
            self._hear(sale, hello.sequence, now)
            self._send_offer(sale)
        else:
            self._send_error(ErrorCode.UNSUITABLE, session=hello.session)
            if sale is not None:
                self._forget(sale)

    def _on_hello_of(self, sale: Sale, hello: wire.Hello, now: float, *, suitable: bool) -> None:
        """HELLO of the session that runs."""
        if self.state in (SellerState.CHECKING_COINS, SellerState.SETTLING):
            return
        self._hear(sale, hello.sequence, now)
        if self.state is SellerState.OFFERED and not suitable:
            self._refuse_session(sale, ErrorCode.UNSUITABLE)
        else:
            self._send_offer(sale)

    def _on_payment(self, sale: Sale, payment: wire.Payment, now: float) -> None:
        if sale.is_accepted_last(payment):
            if self.contact_closed:
                self._send_receipt(sale)
            return
        if sale.is_examined(payment) and self.state in CHECKING:
            return
        if sale.asked is None:
            self._send_error(ErrorCode.UNEXPECTED, "no payment was asked for")
            return
        if self.state is SellerState.SETTLING:
            return
        if payment.n != sale.asked.n or payment.n <= sale.accepted:
            self._settle(sale, CloseReason.REFUSED, now, ErrorCode.NOT_NEXT)
            return
        code = judge_payment(payment.transaction, sale.asked.proposal)
        if code is not None:
            self._settle(sale, CloseReason.REFUSED, now, code)
        elif self.state in AWAITING:
            self._examine_payment(sale, sale.asked, payment.transaction)

    # The ledger

    def on_verdict(self, question: int, verdict: Verdict, now: float) -> None:
        """The ledger's verdict on coins or on a payment; one on a question of before counts for nothing."""
        sale = self._sale
        if sale is None or question != self._open_question:
            return
        self._open_question = None
        if self.state is SellerState.CHECKING_COINS:
            self._on_coins_examined(sale, verdict, now)
        elif self.state in CHECKING and sale.examined is not None:
            if verdict.code is not None:
                self._settle(sale, CloseReason.REFUSED, now, verdict.code, verdict.text)
                return
            closing = self.state is SellerState.CHECKING_PAYMENT
            self._credit_payment(sale, sale.examined)
            self.state = SellerState.DELIVERING
            if closing:
                self._close_contact(now)

    def _on_coins_examined(self, sale: Sale, verdict: Verdict, now: float) -> None:
        if verdict.code is not None:
            self._refuse_session(sale, verdict.code, verdict.text)
            return
        self.state = SellerState.AWAITING_PAYMENT
        if not self._propose_payment(sale, now):
            self._settle(sale, CloseReason.FUNDS_EXHAUSTED, now, ErrorCode.FUNDS_EXHAUSTED)

    def on_settlement(self, question: int, settlement: Settlement, now: float) -> None:
        """What became of the settlement."""
        sale = self._sale
        if sale is None or question != self._open_question or self.state is not SellerState.SETTLING:
            return
        self._open_question = None
        if settlement.failure is None:
            self._means.broadcasted(sale.agreed.payments[-1].raw)
            self._end(sale, sale.newest_txid())
        elif settlement.lost:
            self._means.note(f"the payment is lost: {settlement.failure}")
            self._end(sale, b"")
        else:
            self._timers.start(SellerTimer.SETTLE, now + self._policy.settle_s)

    def on_ledger_lost(self, question: int | None, now: float) -> None:
        """The ledger gave no answer to a question, or, None, to the watch."""
        sale = self._sale
        if sale is None or question not in (None, self._open_question):
            return
        if self.state is SellerState.SETTLING:
            self.on_settlement(question or 0, Settlement("no answer"), now)
        elif self.state is SellerState.CHECKING_COINS:
            self._refuse_session(sale, ErrorCode.LEDGER_UNAVAILABLE)
        elif self.state in PAYING:
            self._settle(sale, CloseReason.REFUSED, now, ErrorCode.LEDGER_UNAVAILABLE)

    def on_conflict(self, txid: str, now: float) -> None:
        """The watch found another transaction that spends the coins of the newest payment."""
        if self._sale is not None and self.state in POWERED:
            self._settle(self._sale, CloseReason.REFUSED, now, ErrorCode.CONFLICT, f"spent by {txid}")

    # Plug, contact, meter

    def on_unplugged(self, now: float) -> None:
        """The plug contact opened."""
        if self._sale is not None:
            self._end_by(self._sale, CloseReason.UNPLUGGED, now)

    def on_fault(self, now: float) -> None:
        """Contact or meter is out of order: nothing is sold any more."""
        self._out_of_order = True
        if self._sale is not None:
            self._end_by(self._sale, CloseReason.FAULT, now)

    def on_reading(self, power_w: float, now: float) -> None:
        """The meter was read."""
        sale = self._sale
        if sale is None or self.state not in POWERED:
            self._overloaded_since = None
            return
        if power_w <= self._means.terms.max_power_w:
            self._overloaded_since = None
        elif self._overloaded_since is None:
            self._overloaded_since = now
        elif round(now - self._overloaded_since, 6) >= self._policy.overload_s:
            self._settle(sale, CloseReason.FAULT, now)
            return
        credit = self.credit_mwh
        if credit <= 0 and self.state is SellerState.CHECKING_TOP_UP:
            self.state = SellerState.CHECKING_PAYMENT
            self._open_contact()
        elif credit <= 0:
            self._settle(sale, sale.end_of_credit(), now)
        elif (
            self.state is SellerState.DELIVERING
            and credit <= self._policy.top_up_credit_mwh
            and sale.accepted < sale.agreed.most_payments
            and not sale.exhausted
            and self._propose_payment(sale, now)
        ):
            self.state = SellerState.AWAITING_TOP_UP

    # What is due

    def serve_timers(self, now: float) -> None:
        """Do what is due by now."""
        while (timer := self._timers.take_due(now)) is not None:
            sale = self._sale
            if sale is None:
                continue
            match timer:
                case SellerTimer.SILENT | SellerTimer.UNPAID:
                    self._end_by(sale, CloseReason.PEER_SILENT, now)
                case SellerTimer.REPLY if sale.asked is not None:
                    self._send_request(sale, sale.asked, now)
                case SellerTimer.SETTLE:
                    self._ask_for_settlement(sale)
                case SellerTimer.METER:
                    self._send_meter(sale, now)

    def next_deadline(self) -> float | None:
        """Return when something is due next."""
        return self._timers.next()

    def _end_by(self, sale: Sale, reason: CloseReason, now: float) -> None:
        if self.state in PAYING:
            self._settle(sale, reason, now)
        elif self.state in UNPAID:
            self._close(sale, reason)
