"""What a cable does: the actions of SPEC's table, and what they need."""

from __future__ import annotations

import enum
from dataclasses import replace
from typing import TYPE_CHECKING

from hil.second.agreement import Agreement, SignedPayment
from hil.second.cable.means import IN_SESSION, BuyerState, Means
from hil.second.cable.session import CableSession
from hil.second.codes import CloseReason, ErrorCode
from hil.second.history import EndedSession, History
from hil.second.money.signatures import sign
from hil.second.timers import Timers
from hil.second.wire import messages as wire

if TYPE_CHECKING:
    from hil.second.cable.appliance import Appliance
    from hil.second.cable.purse import Purse
    from hil.second.money.energy import Counter
    from hil.second.money.transactions import Proposal


class BuyerTimer(enum.Enum):
    """The deadlines; those of one instant are served in this order."""

    SILENT = enum.auto()
    UNANSWERED = enum.auto()
    HELLO = enum.auto()
    REPLY = enum.auto()
    METER = enum.auto()


class BuyerActions:
    """The state, and all that changes it; counter and appliance were read just before."""

    def __init__(self, means: Means, purse: Purse, counter: Counter, appliance: Appliance, history: History) -> None:
        self.state = BuyerState.UNPLUGGED
        self._means = means
        self._policy = means.policy
        self._purse = purse
        self._counter = counter
        self._appliance = appliance
        self._history = history
        self._timers = Timers(BuyerTimer)
        self._session: CableSession | None = None
        self._change_script = b""

    @property
    def in_session(self) -> bool:
        """Whether coins are declared, so that energy counts."""
        return self.state in IN_SESSION

    def power_on(self, change_script: bytes, now: float) -> None:
        """Call: in the session in which something was signed, else in a new one."""
        self._change_script = change_script
        self._purse.power_on()
        if self._session is not None and self._session.made:
            self._session.restart(self._counter.mwh)
            self._change_script = self._agreed().funding.change_script
        else:
            self._session = None
        self._timers.stop_all()
        self._call(now)

    def _call(self, now: float) -> None:
        if self._session is None:
            self._session = CableSession(self._means.session_id())
        self.state = BuyerState.CALLING
        self._send(wire.Hello(self._session.id, 0, wire.VERSION, self._means.modes, self._means.network))
        self._timers.start(BuyerTimer.HELLO, now + self._policy.hello_s)

    def _enter_session(self, state: BuyerState, now: float) -> None:
        self.state = state
        self._timers.stop_all()
        self._timers.start(BuyerTimer.SILENT, now + self._policy.silent_peer_s)
        self._timers.start(BuyerTimer.UNANSWERED, now + self._policy.silent_peer_s)
        self._timers.start(BuyerTimer.METER, now + self._policy.cable_meter_s)

    def _resume(self, now: float) -> None:
        self._enter_session(BuyerState.PAYING, now)
        self._appliance.begin(drew=True)
        self._send_payment(now)

    def _sign(self, session: CableSession, proposal: Proposal, now: float) -> None:
        payment = SignedPayment(proposal, sign(proposal, self._means.keys))
        session.sign(payment, self._counter.mwh)
        self._history.keep(session.id, session.made, payment.raw)
        self.state = BuyerState.PAYING
        self._timers.start(BuyerTimer.UNANSWERED, now + self._policy.silent_peer_s)
        self._send_payment(now)

    def _supply(self) -> None:
        self.state = BuyerState.SUPPLIED
        self._timers.stop(BuyerTimer.REPLY, BuyerTimer.UNANSWERED)

    def _refuse_offer(self, code: ErrorCode, now: float) -> None:
        self._send_error(code)
        self._leave(CloseReason.REFUSED, now, again=False)

    def _refuse(self, code: ErrorCode, now: float) -> None:
        self._send_error(code)
        self._close(CloseReason.REFUSED, now, again=False)

    def _close(self, reason: CloseReason, now: float, *, again: bool) -> None:
        session = self._running()
        self._send(wire.Close(session.id, 0, reason, session.told_mwh(self._counter.mwh), b""))
        self._leave(reason, now, again=again)

    def _leave(self, reason: CloseReason, now: float, *, again: bool, named_txid: bytes = b"") -> None:
        """The session is over; call in another one after a while, or fall silent."""
        session = self._running()
        self._purse.note(session, session.believed_mwh(self._counter.mwh), named_txid)
        if session.agreement is not None:
            self._history.ended.append(EndedSession(session.id, reason, session.made))
            self._means.note(f"session {session.id.hex()} is over: {reason.name}, {session.made} payments signed")
        if self.state is BuyerState.CALLING:
            # Nothing was signed in the session that was called for, unless it was to be resumed.
            again = session.agreement is None or self._purse.allows_another_session
        else:
            again = again and self._purse.allows_another_session
        self._session = None
        self._timers.stop_all()
        self.state = BuyerState.CALLING if again else BuyerState.ENDED
        if again:
            self._timers.start(BuyerTimer.HELLO, now + self._policy.call_again_s)

    def _send_funding(self, now: float) -> None:
        self._send(self._agreed().funding)
        self._timers.start(BuyerTimer.REPLY, now + self._policy.reply_s)

    def _send_payment(self, now: float) -> None:
        agreement = self._agreed()
        newest = agreement.payments[-1]
        self._send(wire.Payment(self._running().id, 0, agreement.made, newest.raw))
        if self.state is BuyerState.PAYING:
            self._timers.start(BuyerTimer.REPLY, now + self._policy.reply_s)

    def _send_meter(self, now: float) -> None:
        session = self._running()
        self._send(wire.Meter(session.id, 0, session.told_mwh(self._counter.mwh)))
        self._timers.start(BuyerTimer.METER, now + self._policy.cable_meter_s)

    def _send_error(self, code: ErrorCode) -> None:
        self._means.note(f"refused: {code.name}")
        self._send(wire.Error(self._running().id, 0, code, code.name))

    def _send(self, message: wire.Message) -> None:
        self._means.send(replace(message, sequence=self._running().next_sequence()))

    def _running(self) -> CableSession:
        if self._session is None:
            raise RuntimeError(f"a cable that is {self.state.value} has no session")
        return self._session

    def _agreed(self) -> Agreement:
        agreement = self._running().agreement
        if agreement is None:
            raise RuntimeError(f"a cable that is {self.state.value} has declared no coins")
        return agreement
