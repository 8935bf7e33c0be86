"""What a socket knows of itself and of the session that it is in."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from hil.protocol.codes import CloseReason
from hil.protocol.effects import Remember
from hil.protocol.machine import MachineContext
from hil.protocol.payment.transactions import change_coin, parse_transaction
from hil.protocol.policy import Mode, SocketTerms, credited_energy_mwh
from hil.protocol.records import SEQUENCE_JUMP, SocketRecord, declared_coins
from hil.protocol.sessions import SocketSession
from hil.protocol.socket.table import SocketAction, SocketEvent, SocketState
from hil.protocol.wire.messages import Hello

REMEMBERED_SESSIONS = 64
"""How many past session ids are refused as reused; a bound on memory, not on safety (coins are checked anyway)."""

PaymentCheck: TypeAlias = Callable[[SocketSession, bytes], None]
"""Raises Refusal if the signed transaction is not the payment that the session asked for."""


@dataclass(kw_only=True)
class SocketContext(MachineContext[SocketState, SocketEvent, SocketAction, SocketSession]):
    """The session that the socket is in, its timers, and what follows from them."""

    terms: SocketTerms
    new_payee: Callable[[], bytes]
    check_payment: PaymentCheck
    past: deque[bytes] = field(default_factory=lambda: deque(maxlen=REMEMBERED_SESSIONS))
    """Ids of the sessions that ended last."""
    hello: Hello | None = None
    """HELLO of the session that begins."""
    questions: int = 0
    """Questions put to the ledger so far."""
    question: int | None = None
    """Number of the question whose answer is awaited."""
    settle_due: float | None = None
    overload_since: float | None = None
    """Since when the appliance has drawn more than is sold."""
    late_answers: int = 0
    """Answers of the ledger that came when the session had moved on."""

    @property
    def credited_mwh(self) -> int:
        """Energy paid for in this session, in milliwatt-hours."""
        return credited_energy_mwh(self.session.offer, self.session.accepted) if self.session else 0

    @property
    def credit_mwh(self) -> int:
        """What is paid for and not yet delivered; negative by what was delivered unpaid."""
        return self.credited_mwh - self.session_energy_mwh

    def remember(self) -> None:
        """Have the session written down as it stands."""
        session = self.require_session()
        session.remembered_mwh = max(0, self.session_energy_mwh)
        session.written = session.sequence
        record = SocketRecord(
            offer=session.offer,
            funding=session.require_funding(),
            n=session.accepted,
            transaction=session.newest,
            delivered_mwh=session.remembered_mwh,
            sequence=session.sequence,
            heard=session.heard,
            closing=session.close_reason if session.over else 0,
        )
        self.effects.append(Remember(record))

    def new_question(self) -> int:
        """Return the number of the next question to the ledger; no other answer is awaited any more."""
        self.questions += 1
        self.question = self.questions
        return self.questions

    def is_awaited(self, question: int) -> bool:
        """Tell whether the ledger's answer to ``question`` is awaited still; it is given once."""
        if question == self.question:
            self.question = None
            return True
        self.late_answers += 1
        self.note(f"answer {question} of the ledger came when the session had moved on")
        return False


def session_of(record: SocketRecord, energy_mwh: int) -> SocketSession:
    """Return the session that a power cut interrupted.

    :param energy_mwh: the present reading of the socket's meter.
    """
    per_payment = record.offer.mode is Mode.PER_PAYMENT
    declared = declared_coins(record.funding)
    change = change_coin(parse_transaction(record.transaction), record.funding.change_script)
    return SocketSession(
        record.session,
        sequence=record.sequence + SEQUENCE_JUMP,
        heard=record.heard,
        offer=record.offer,
        energy_origin_mwh=energy_mwh - record.delivered_mwh,
        funding=record.funding,
        declared=declared,
        coins=declared if not per_payment else (change,) if change is not None else (),
        change_script=record.funding.change_script,
        max_payments=min(record.offer.max_payments, record.funding.max_payments),
        accepted=record.n,
        newest=record.transaction,
        remembered_mwh=record.delivered_mwh,
        over=record.closing > 0,
        close_reason=CloseReason(record.closing or CloseReason.CREDIT_SPENT),
        settled=per_payment,
    )
