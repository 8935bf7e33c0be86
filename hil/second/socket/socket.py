"""The socket with its line, meter, contact and ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.second.history import EndedSession, History
from hil.second.line import Line
from hil.second.money.energy import Counter
from hil.second.socket.keeper import Keeper
from hil.second.socket.ledger import (
    ExamineCoins,
    ExaminePayment,
    Ledger,
    LedgerSilent,
    Question,
    examine_coins,
    examine_payment,
    settle,
)
from hil.second.socket.means import POWERED, Means, SellerState
from hil.second.socket.seller import Seller
from hil.second.terms import Policy, Terms

if TYPE_CHECKING:
    from collections.abc import Callable

WATCH_S = 0.2
"""How often the ledger is asked for conflicting spends while power flows; SPEC allows 0.4 s."""
READING_S = 0.1
"""How often the meter is read while power flows, at least."""
SHORTEST_READING_S = 0.01
"""How often it is read at most."""
_MWH_PER_WS = 1 / 3.6


class Socket:
    """A seller that plays against a cable.

    It has no clock: ``now`` is in seconds and never goes back. The host calls ``on_time`` when ``next_deadline`` has
    come; of one instant it tells bytes and plug first. It loses no power: nothing is stored.

    :param terms: what it asks for.
    :param new_payee: a P2WPKH or P2PKH script that was never offered before.
    :param write: takes bytes for the line.
    :param set_contact: switches the contact; may be told what it is already.
    :param energy_wh: its meter, in Wh.
    :param power_w: the power of now, in W.
    :param ledger: is asked while the socket waits; an answer later than ``ledger_answer_s`` must be LedgerSilent.
    :param policy: its timers.
    :param metering_s: it reads its meter at least this often while power flows, if less than 0.1 s.
    :param on_note: takes a line for people.
    """

    def __init__(
        self,
        *,
        terms: Terms,
        new_payee: Callable[[], bytes],
        write: Callable[[bytes], None],
        set_contact: Callable[[bool], None],
        energy_wh: Callable[[], float],
        power_w: Callable[[], float],
        ledger: Ledger,
        policy: Policy | None = None,
        metering_s: float | None = None,
        on_note: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.history = History()
        self._terms = terms
        self._policy = policy or Policy()
        self._counter = Counter(energy_wh)
        self._power_w = power_w
        self._ledger = ledger
        self._longest_reading_s = min(READING_S, metering_s or READING_S)
        self._line = Line(write, on_note)
        self._keeper = Keeper(ledger, on_note)
        self._questions: list[tuple[int, Question]] = []
        means = Means(
            terms, self._policy, new_payee, self._line.send, set_contact, self._ask, self._keeper.keep, on_note
        )
        self._seller = Seller(means, self._counter, self.history)
        self._read_at = 0.0
        self._watch_at = 0.0

    @property
    def state(self) -> SellerState:
        """Where it is in SPEC's table."""
        return self._seller.state

    @property
    def contact_closed(self) -> bool:
        """Whether power may flow."""
        return self._seller.contact_closed

    @property
    def credit_mwh(self) -> int:
        """What is left of what was paid for, in mWh, by the last reading; negative if more was delivered."""
        return self._seller.credit_mwh

    @property
    def signed(self) -> dict[bytes, dict[int, bytes]]:
        """For each session the accepted transaction of each payment."""
        return self.history.signed

    @property
    def ended(self) -> list[EndedSession]:
        """The sessions that are over."""
        return self.history.ended

    def on_bytes(self, data: bytes, now: float) -> None:
        """Bytes came, in any pieces; the meter is read before each message is looked at."""
        for message in self._line.messages(data):
            self._read_meter(now)
            self._seller.take(message, now)
            self._answer(now)

    def on_time(self, now: float) -> None:
        """Time has passed: read the meter, watch the ledger, do what is due."""
        self._read_meter(now)
        self._watch(now)
        self._seller.serve_timers(now)
        self._answer(now)

    def on_unplugged(self, now: float) -> None:
        """The plug contact opened."""
        self._read_meter(now)
        self._seller.on_unplugged(now)
        self._answer(now)

    def next_deadline(self) -> float | None:
        """Return when ``on_time`` is wanted next; None if nothing is awaited."""
        deadlines = [self._seller.next_deadline(), self._keeper.next_deadline()]
        if self._seller.state in POWERED:
            deadlines += [round(self._read_at + self._reading_s(), 6), self._watch_at]
        return min((each for each in deadlines if each is not None), default=None)

    def _read_meter(self, now: float) -> None:
        self._read_at = now
        self._counter.read()
        self._seller.on_reading(self._power_w(), now)
        self._answer(now)

    def _reading_s(self) -> float:
        """Return how soon the meter must be read: well before credit ends, and when the next request is due."""
        credit = self._seller.credit_mwh
        until_empty = credit / (self._terms.max_power_w * _MWH_PER_WS) / 2
        above = credit - self._policy.top_up_credit_mwh
        power = max(self._power_w(), 1.0)
        until_request = above / (power * _MWH_PER_WS) if above > 0 else self._longest_reading_s
        return max(SHORTEST_READING_S, min(self._longest_reading_s, until_empty, until_request))

    def _watch(self, now: float) -> None:
        """Ask for other spends of the coins, unless the credit might end while the ledger is asked."""
        raw = self._seller.newest_raw
        if self._seller.state not in POWERED or raw is None or now < self._watch_at:
            return
        self._watch_at = round(now + WATCH_S, 6)
        if self._seller.credit_mwh <= self._power_w() * _MWH_PER_WS * self._policy.ledger_answer_s:
            return
        try:
            conflict = self._ledger.conflict(raw)
        except LedgerSilent:
            self._seller.on_ledger_lost(None, now)
        else:
            if conflict is not None:
                self._seller.on_conflict(conflict, now)

    def _ask(self, number: int, question: Question) -> None:
        self._questions.append((number, question))

    def _answer(self, now: float) -> None:
        """Ask the ledger what the seller wants to know, and what became of earlier payments."""
        while self._questions:
            number, question = self._questions.pop(0)
            try:
                if isinstance(question, ExamineCoins):
                    self._seller.on_verdict(number, examine_coins(question, self._ledger), now)
                elif isinstance(question, ExaminePayment):
                    self._seller.on_verdict(number, examine_payment(question, self._ledger), now)
                else:
                    self._seller.on_settlement(number, settle(question, self._ledger), now)
            except LedgerSilent:
                self._seller.on_ledger_lost(number, now)
        self._keeper.look(now)
