"""The socket's endpoint: carries out the effects of its protocol machine on a line, a contact, a meter and a ledger.

The reference socket and the rig's counterpart are endpoints. They differ in the line, contact and meter that they are
given; a counterpart that cheats also changes messages before they leave (``before_sending``). An endpoint holds no
clock: its host calls ``on_bytes`` and ``on_time`` with the present instant, no later than ``next_deadline``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from hil.endpoints.common import EndpointHooks, Journal, transmit
from hil.endpoints.ledger_questions import LedgerQuestions
from hil.protocol.effects import (
    Credited,
    Effect,
    ExamineCoins,
    ExaminePayment,
    Noted,
    Remember,
    SessionEnded,
    Settle,
    SwitchContact,
    Transmit,
)
from hil.protocol.machine import earliest
from hil.protocol.socket.machine import SocketMachine
from hil.protocol.socket.table import CONTACT_CLOSED

if TYPE_CHECKING:
    from hil.ports import LedgerView
    from hil.protocol.records import SocketRecord

METERING_S = 0.1
"""A socket that delivers reads its meter at least this often, as a PZEM-004T has a new value; less often, and a restart
would cost more than ``remember_mwh``."""

CLOSEST_METERING_S = 0.01
"""Near the end of the credit, and near the next payment, it reads more often, but not more than this."""

CONFLICT_WATCH_S = 0.4
"""A socket looks for a conflicting spend this often, so that 100 ms of the 500 ms limit remain to switch."""


class SocketEndpoint:
    """A socket: machine, line, contact, meter, ledger.

    :param energy_wh: the meter that it bills by, in watt-hours.
    :param power_w: the present power at that meter, in watts.
    :param metering_s: it reads the meter at least this often while it delivers.
    :param watch_s: it looks for a conflicting spend this often while it delivers; None: with each reading of the meter.
    :param ledger_delay_s: how long the device needs for an answer of the ledger, ``ledger_late_s`` how much later than
        asked it arrives; see :class:`LedgerQuestions`.
    """

    def __init__(
        self,
        machine: SocketMachine,
        *,
        write: Callable[[bytes], None],
        set_contact: Callable[[bool], None],
        energy_wh: Callable[[], float],
        power_w: Callable[[], float],
        ledger: LedgerView,
        journal: Journal,
        ledger_delay_s: float,
        ledger_late_s: Callable[[], float] = lambda: 0.0,
        metering_s: float = METERING_S,
        watch_s: float | None = CONFLICT_WATCH_S,
        hooks: EndpointHooks | None = None,
    ) -> None:
        self.machine = machine
        self.hooks = hooks or EndpointHooks()
        self._write = write
        self._set_contact = set_contact
        self._energy_wh = energy_wh
        self._power_w = power_w
        self._journal = journal
        self._metering_s = metering_s
        self._watch_s = watch_s
        self._questions = LedgerQuestions(
            machine,
            ledger,
            delay_s=ledger_delay_s,
            late_s=ledger_late_s,
            on_broadcast=self.hooks.on_broadcast,
        )
        self._metering_due: float | None = None
        self._watch_due: float | None = None

    def next_deadline(self) -> float | None:
        """Return the instant at which ``on_time`` must be called at the latest; None if nothing is due."""
        answer = self._questions.next_deadline()
        return earliest(self.machine.next_deadline(), self._metering_due, self._watch_due, answer)

    def restore(self, record: SocketRecord, now: float) -> None:
        """Take up the session that a power cut interrupted."""
        self._carry_out(self.machine.restore(record, now), now)

    def on_unplugged(self, now: float) -> None:
        """The plug contact opened."""
        self._carry_out(self.machine.on_unplugged(now), now)

    def on_fault(self, now: float) -> None:
        """The socket's own contact or meter fails."""
        self._carry_out(self.machine.on_fault(now), now)

    def on_bytes(self, data: bytes, now: float) -> None:
        """Take bytes from the line, in any pieces."""
        self._carry_out(self.machine.on_bytes(data, now), now)

    def on_time(self, now: float) -> None:
        """Serve what is due: answers of the ledger, the meter, the look for conflicts, the machine's timers."""
        while (answer := self._questions.take_due(now)) is not None:
            self._carry_out(answer(now), now)
        reads = self._metering_due is not None and (now >= self._metering_due or self._machine_is_due(now))
        if reads:
            self._read_meter(now)
        if self._watch_due is not None and (now >= self._watch_due or (reads and self._watch_s is None)):
            self._watch_due = self._next_watch(now)
            self._watch(now)
        self._carry_out(self.machine.on_time(now), now)

    def _machine_is_due(self, now: float) -> bool:
        """Tell whether the machine is about to act on its own: what it says of the energy is then as of now."""
        due = self.machine.next_deadline()
        return due is not None and now >= due

    def _read_meter(self, now: float) -> None:
        self._metering_due = None
        self._carry_out(self.machine.on_energy(int(self._energy_wh() * 1000), now), now)
        if self.machine.state in CONTACT_CLOSED:
            power_w = self._power_w()
            self._metering_due = now + self._until_next_metering(power_w)
            self._carry_out(self.machine.on_power(power_w, now), now)

    def _until_next_metering(self, power: float) -> float:
        """Half the time to what comes next at the present power, within bounds: the end of the credit is met closely,
        and so is the credit at which the next payment is asked for. The end is met by an appliance that is switched
        on just after the reading, too: at the most power that the socket sells.
        """
        machine = self.machine
        credit_mwh = machine.credit_mwh
        comes_s = credit_mwh / machine.terms.max_power_w * 3.6
        if power > 0:
            above_mwh = credit_mwh - machine.policy.top_up_credit_mwh
            comes_s = min(comes_s, (above_mwh if above_mwh > 0 else credit_mwh) / power * 3.6)
        return min(self._metering_s, max(CLOSEST_METERING_S, comes_s / 2))

    def _watch(self, now: float) -> None:
        machine = self.machine
        # where a call takes its time nothing else is served meanwhile: the credit may not end in the middle of one; and
        # what ends by itself within that time ends soon enough for a conflict, too
        if machine.credit_mwh * 3.6 < self._power_w() * machine.policy.ledger_answer_s:
            return
        found = self._questions.look(now, lambda: self._watch_due is not None)
        if found is not None:
            self._carry_out(found(now), now)

    def _carry_out(self, effects: Sequence[Effect], now: float) -> None:
        for effect in effects:
            match effect:
                case Transmit():
                    transmit(effect, self.hooks, self._write)
                case SwitchContact(closed, reason):
                    self._switch(closed, reason, now)
                case ExamineCoins() | ExaminePayment() | Settle():
                    self._questions.ask(effect, now)
                case Remember(record):
                    self._journal.remember(record)
                case Credited(n, credited_mwh):
                    self.hooks.on_credit(n, credited_mwh)
                case Noted(text):
                    self.hooks.on_note(text)
                case SessionEnded(_, reason, payments):
                    self._journal.forget()
                    self.hooks.on_session_end(reason, payments)

    def _switch(self, closed: bool, reason: str, now: float) -> None:
        self._set_contact(closed)
        self.hooks.on_contact(closed, reason)
        self._metering_due = now + self._until_next_metering(self._power_w()) if closed else None
        self._watch_due = self._next_watch(now) if closed else None

    def _next_watch(self, now: float) -> float:
        return now + (self._metering_s if self._watch_s is None else self._watch_s)
