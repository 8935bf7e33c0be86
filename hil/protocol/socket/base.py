"""What a socket keeps of itself and of the session that it is in, and what it says of its own accord."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from hil.protocol.checks import Refusal, RefusalCode
from hil.protocol.effects import Remember
from hil.protocol.machine import TableMachine
from hil.protocol.policy import Policy, SocketTerms, credited_energy_mwh
from hil.protocol.records import SocketRecord
from hil.protocol.sessions import MOST_ENERGY_MWH, SocketSession
from hil.protocol.socket.table import SOCKET_TABLE, SocketAction, SocketEvent, SocketState
from hil.protocol.terms import checked_terms
from hil.protocol.wire.messages import Error, ErrorCode, Hello, Meter, Receipt

REMEMBERED_SESSIONS = 64
"""How many past session ids are refused as reused; a bound on memory, not on safety (coins are checked anyway)."""


class SocketBase(TableMachine[SocketState, SocketEvent, SocketAction]):
    """The session that the socket is in, its timers, and what follows from them."""

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
        return credited_energy_mwh(self._session.offer, self._session.accepted) if self._session else 0

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

    def _remember(self) -> None:
        session = self._require_session()
        if session.funding is None:
            raise AssertionError("a session with a payment was funded")
        session.remembered_mwh = max(0, self.delivered_mwh)
        self._effects.append(
            Remember(
                SocketRecord(
                    offer=session.offer,
                    funding=session.funding,
                    n=session.accepted,
                    transaction=session.newest,
                    delivered_mwh=session.remembered_mwh,
                    sequence=session.sequence,
                    heard=session.heard,
                )
            )
        )
