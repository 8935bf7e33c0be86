"""The socket's protocol machine: it offers, proposes transactions, judges what comes back, and switches the power.

The host feeds bytes, instants, energy readings and the ledger's answers; every method returns the effects that the
host carries out in order. See SPEC.md for the rules, ``socket_table.py`` for the states, ``socket_messages.py`` for
what becomes of a message and ``socket_actions.py`` for what the transitions do.
"""

from __future__ import annotations

from hil.protocol.checks import Refusal, RefusalCode
from hil.protocol.effects import Effect, Noted
from hil.protocol.machine import ROUNDING_S, earliest
from hil.protocol.payment.transactions import change_coin, parse_transaction
from hil.protocol.policy import Misuse
from hil.protocol.records import SEQUENCE_JUMP, SocketRecord, declared_coins
from hil.protocol.sessions import SocketSession
from hil.protocol.socket.base import REMEMBERED_SESSIONS
from hil.protocol.socket.messages import SocketMessages
from hil.protocol.socket.table import CONTACT_CLOSED, SocketEvent, SocketState
from hil.protocol.wire.framing import FrameError
from hil.protocol.wire.messages import CloseReason, MessageError, Mode

__all__ = ["REMEMBERED_SESSIONS", "SocketMachine"]

_S, _E = SocketState, SocketEvent


class SocketMachine(SocketMessages):
    """One socket, one session at a time.

    :param terms: what it sells and for how much; Misuse if they cannot be kept (``terms.checked_terms``).
    :param policy: limits of time and energy.
    :param new_payee: returns a script that was never offered before; called once a session (privacy).
    """

    def next_deadline(self) -> float | None:
        """Return the instant at which ``on_time`` must be called at the latest."""
        return earliest(self._reply_due, self._silent_at, self._meter_due, self._settle_due)

    def restore(self, record: SocketRecord, now: float) -> list[Effect]:
        """Take up the session that a power cut interrupted; before anything else, with a meter that counts from zero.

        With credit left it waits for its cable; without, it is settled. Raises Misuse unless the machine is idle.
        """
        if self.state is not _S.IDLE or self._session is not None:
            raise Misuse("a session is restored before anything else")
        self._now = now
        per_payment = record.offer.mode is Mode.PER_PAYMENT
        declared = declared_coins(record.funding)
        change = change_coin(parse_transaction(record.transaction), record.funding.change_script)
        self._session = session = SocketSession(
            record.session,
            sequence=record.sequence + SEQUENCE_JUMP,
            heard=record.heard,
            offer=record.offer,
            energy_origin_mwh=self._energy_mwh - record.delivered_mwh,
            funding=record.funding,
            declared=declared,
            coins=declared if not per_payment else (change,) if change is not None else (),
            change_script=record.funding.change_script,
            max_payments=min(record.offer.max_payments, record.funding.max_payments),
            accepted=record.n,
            newest=record.transaction,
            remembered_mwh=record.delivered_mwh,
            settled=per_payment,
        )
        text = f"session {session.id.hex()} before the power cut: payment {record.n}"
        self._effects.append(Noted(f"{text}, {self.credit_mwh} mWh of credit left"))
        if self.credit_mwh > 0:
            self._remember()  # the next power cut may come before anything else is: no number is used twice
            self._fire(_E.RESTORED)
        else:
            self._end_with(CloseReason.CREDIT_SPENT, _E.CREDIT_SPENT)
        return self._take_effects()

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
            if self.state is _S.AWAITING_PAYMENT and now + ROUNDING_S >= asked_at + self.policy.silent_peer_s:
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
            if self.delivered_mwh >= session.remembered_mwh + self.policy.remember_mwh:
                self._remember()
            limit = session.accepted >= session.max_payments
            if self.credit_mwh <= 0:
                reason = CloseReason.FUNDS_EXHAUSTED if session.exhausted else CloseReason.CREDIT_SPENT
                self._end_with(CloseReason.LIMIT_REACHED if limit else reason, _E.CREDIT_SPENT)
            elif limit or session.exhausted or self.state is not _S.DELIVERING:
                pass  # nothing more can be asked for, or has been
            elif self.credit_mwh <= self.policy.top_up_credit_mwh:
                self._fire(_E.CREDIT_LOW)
        return self._take_effects()

    def on_unplugged(self, now: float) -> list[Effect]:
        """The cable was pulled: the power is off at once, and what is owed is settled."""
        self._now = now
        self._end_with(CloseReason.UNPLUGGED, _E.UNPLUGGED)
        return self._take_effects()

    def on_fault(self, now: float) -> list[Effect]:
        """The socket's own contact or meter fails: the power is off at once, and what is owed is settled."""
        self._now = now
        self._end_with(CloseReason.FAULT, _E.UNPLUGGED)
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

    def _is_awaited(self, question: int) -> bool:
        """Tell whether the ledger's answer to ``question`` is awaited still; it is given once."""
        if question == self._question:
            self._question = None
            return True
        self.late_answers += 1
        self._effects.append(Noted(f"answer {question} of the ledger came when the session had moved on"))
        return False
