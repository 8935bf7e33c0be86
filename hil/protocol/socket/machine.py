"""The socket's protocol machine: it offers, proposes transactions, judges what comes back, and switches the power.

The host feeds bytes, instants, energy readings and the ledger's answers; every method returns the effects that the
host carries out in order. See SPEC.md for the rules, ``table.py`` for the states, ``context.py`` for what the machine
knows, ``messages.py`` for what it does with a message and ``actions.py`` for what its transitions do.
"""

from __future__ import annotations

from collections.abc import Callable

from hil.protocol.checks import Refusal
from hil.protocol.codes import CloseReason, ErrorCode
from hil.protocol.effects import Effect
from hil.protocol.machine import ROUNDING_S, earliest
from hil.protocol.policy import Misuse, Policy, SocketTerms
from hil.protocol.records import SocketRecord
from hil.protocol.socket.actions import SOCKET_ACTIONS, SocketActions, send_error
from hil.protocol.socket.context import PaymentCheck, SocketContext, session_of
from hil.protocol.socket.messages import check_session_payment, on_message
from hil.protocol.socket.table import CONTACT_CLOSED, SOCKET_REASONS, SOCKET_TABLE, SocketEvent, SocketState
from hil.protocol.terms import checked_terms
from hil.protocol.wire.fields import MessageError

_S, _E = SocketState, SocketEvent


class SocketMachine:
    """One socket, one session at a time.

    :param terms: what it sells and for how much; Misuse if they cannot be kept (``terms.checked_terms``).
    :param policy: limits of time and energy.
    :param new_payee: returns a script that was never offered before; called once a session (privacy).
    :param actions: what each action of the table does, and
    :param check_payment: what a signed payment is held against; both differ in devices with a seeded defect only.
    """

    def __init__(
        self,
        terms: SocketTerms,
        policy: Policy,
        new_payee: Callable[[], bytes],
        *,
        actions: SocketActions = SOCKET_ACTIONS,
        check_payment: PaymentCheck = check_session_payment,
    ) -> None:
        self.context = SocketContext(
            state=_S.IDLE,
            table=SOCKET_TABLE,
            actions=actions,
            reasons=SOCKET_REASONS,
            policy=policy,
            terms=checked_terms(terms),
            new_payee=new_payee,
            check_payment=check_payment,
        )

    @property
    def state(self) -> SocketState:
        """The state of its table."""
        return self.context.state

    @property
    def policy(self) -> Policy:
        """Limits of time and energy."""
        return self.context.policy

    @property
    def terms(self) -> SocketTerms:
        """What it sells and for how much."""
        return self.context.terms

    @property
    def credited_mwh(self) -> int:
        """Energy paid for in this session, in milliwatt-hours."""
        return self.context.credited_mwh

    @property
    def delivered_mwh(self) -> int:
        """Energy delivered in this session, in milliwatt-hours."""
        return self.context.session_energy_mwh

    @property
    def credit_mwh(self) -> int:
        """What is paid for and not yet delivered; negative by what was delivered unpaid."""
        return self.context.credit_mwh

    @property
    def payments(self) -> int:
        """How many payments it has credited in this session."""
        return self.context.session.accepted if self.context.session else 0

    @property
    def newest(self) -> bytes:
        """The newest valid signed transaction of the session; empty if there is none."""
        return self.context.session.newest if self.context.session else b""

    def next_deadline(self) -> float | None:
        """Return the instant at which ``on_time`` must be called at the latest; None if no timer runs."""
        context = self.context
        return earliest(context.reply_due, context.silent_at, context.meter_due, context.settle_due)

    def _at(self, now: float) -> SocketContext:
        self.context.now = now
        return self.context

    def restore(self, record: SocketRecord, now: float) -> list[Effect]:
        """Take up the session that a power cut interrupted; before anything else, with a meter that counts from zero.

        With credit left it waits for its cable; without, or if it was over, it is settled.
        Raises Misuse unless the machine is idle.
        """
        context = self._at(now)
        if context.state is not _S.IDLE or context.session is not None:
            raise Misuse("a session is restored before anything else")
        context.session = session = session_of(record, context.energy_mwh)
        left_mwh = context.credit_mwh
        context.note(f"session {session.id.hex()} before the power cut: payment {record.n}, {left_mwh} mWh are left")
        context.remember()  # the next power cut may come before anything else is: no number is used twice
        if session.over or left_mwh > 0:
            context.fire(_E.SETTLEMENT_DUE if session.over else _E.RESTORED)
        else:
            context.end_with(CloseReason.CREDIT_SPENT, _E.CREDIT_SPENT)
        return context.take_effects()

    # --- what the host tells -----------------------------------------------------------------------------------

    def on_bytes(self, data: bytes, now: float) -> list[Effect]:
        """Take bytes from the line, in any pieces."""
        context = self._at(now)
        for item in context.decode(data):
            if isinstance(item, MessageError):
                session = item.session or (context.session.id if context.session else None)
                if session is not None:
                    send_error(context, item.error_code, item.text, session)
            else:
                on_message(context, item)
        return context.take_effects()

    def on_time(self, now: float) -> list[Effect]:
        """Serve the timers that are due."""
        context = self._at(now)
        if context.silent_at is not None and now >= context.silent_at:
            context.silent_at = None
            context.end_with(CloseReason.PEER_SILENT, _E.CABLE_SILENT)
        if context.reply_due is not None and now >= context.reply_due:
            context.reply_due = None
            asked_at = context.session.asked_at if context.session is not None else now
            if context.state is _S.AWAITING_PAYMENT and now + ROUNDING_S >= asked_at + context.policy.silent_peer_s:
                # a cable without credit that talks and does not pay is given up like one that does not talk
                context.end_with(CloseReason.PEER_SILENT, _E.CABLE_SILENT)
            else:
                context.fire(_E.REPLY_LATE)
        if context.settle_due is not None and now >= context.settle_due:
            context.settle_due = None
            context.fire(_E.SETTLEMENT_DUE)
        if context.meter_due is not None and now >= context.meter_due:
            context.send_meter(context.policy.meter_s)
        return context.take_effects()

    def on_energy(self, energy_mwh: int, now: float) -> list[Effect]:
        """Take the count of the socket's own meter: milliwatt-hours since it was powered on."""
        context = self._at(now)
        context.energy_mwh = max(context.energy_mwh, energy_mwh)
        session = context.session
        if session is not None and context.state in CONTACT_CLOSED:
            if context.session_energy_mwh >= session.remembered_mwh + context.policy.remember_mwh:
                context.remember()
            limit = session.accepted >= session.max_payments
            if context.credit_mwh <= 0:
                reason = CloseReason.FUNDS_EXHAUSTED if session.exhausted else CloseReason.CREDIT_SPENT
                context.end_with(CloseReason.LIMIT_REACHED if limit else reason, _E.CREDIT_SPENT)
            elif limit or session.exhausted or context.state is not _S.DELIVERING:
                pass  # nothing more can be asked for, or has been
            elif context.credit_mwh <= context.policy.top_up_credit_mwh:
                context.fire(_E.CREDIT_LOW)
        return context.take_effects()

    def on_power(self, power_w: float, now: float) -> list[Effect]:
        """Take the present power at the socket's own meter; above what it sells, the power is off after a while."""
        context = self._at(now)
        if context.state not in CONTACT_CLOSED or power_w <= context.terms.max_power_w:
            context.overload_since = None
        elif context.overload_since is None:
            context.overload_since = now
        elif now + ROUNDING_S >= context.overload_since + context.policy.overload_s:
            context.note(f"the appliance draws {power_w:g} W, sold are at most {context.terms.max_power_w} W")
            context.end_with(CloseReason.FAULT, _E.UNPLUGGED)
        return context.take_effects()

    def on_unplugged(self, now: float) -> list[Effect]:
        """The cable was pulled: the power is off at once, and what is owed is settled."""
        context = self._at(now)
        context.end_with(CloseReason.UNPLUGGED, _E.UNPLUGGED)
        return context.take_effects()

    def on_fault(self, now: float) -> list[Effect]:
        """The socket's own contact or meter fails: the power is off at once, and what is owed is settled."""
        context = self._at(now)
        context.end_with(CloseReason.FAULT, _E.UNPLUGGED)
        return context.take_effects()

    def on_coins_examined(self, question: int, refusal: Refusal | None, now: float) -> list[Effect]:
        """Take the ledger's answer to ExamineCoins: None, or what is wrong with the coins."""
        context = self._at(now)
        if context.is_awaited(question):
            if refusal is None:
                context.fire(_E.COINS_GOOD)
            else:
                context.refuse(refusal, _E.COINS_BAD)
        return context.take_effects()

    def on_payment_examined(self, question: int, refusal: Refusal | None, now: float) -> list[Effect]:
        """Take the ledger's answer to ExaminePayment: None, or why the ledger would not take it."""
        context = self._at(now)
        if context.is_awaited(question):
            if refusal is None:
                context.fire(_E.PAYMENT_ACCEPTED)
            else:
                context.refuse(refusal, _E.PAYMENT_INVALID)
        return context.take_effects()

    def on_conflict(self, other_txid: str, now: float) -> list[Effect]:
        """The ledger shows another transaction that spends the session's coins."""
        context = self._at(now)
        context.refuse(Refusal(ErrorCode.CONFLICT, f"spent by {other_txid}"), _E.CONFLICT_SEEN)
        return context.take_effects()

    def on_ledger_lost(self, why: str, now: float, question: int | None = None) -> list[Effect]:
        """The ledger can no longer be asked: nothing more is sold.

        :param question: the one that got no answer; None if the ledger was only watched.
        """
        context = self._at(now)
        if question is None or context.is_awaited(question):
            context.refuse(Refusal(ErrorCode.LEDGER_UNAVAILABLE, why), _E.LEDGER_LOST)
        return context.take_effects()

    def on_settled(self, question: int, failure: str | None, now: float, *, lost: bool = False) -> list[Effect]:
        """Take the answer to Settle: None when the ledger has the transaction, else why not.

        :param lost: the ledger answered and will never take it; otherwise it is tried again.
        """
        context = self._at(now)
        if context.is_awaited(question):
            if failure is None and context.session is not None:
                context.session.settled = True
                context.fire(_E.SETTLED)
            else:
                context.note(f"settlement {'lost' if lost else 'failed, is tried again'}: {failure}")
                context.fire(_E.SETTLEMENT_LOST if lost else _E.SETTLEMENT_FAILED)
        return context.take_effects()
