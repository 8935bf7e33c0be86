"""A socket's questions to its ledger, and the delay after which the answers arrive."""

from __future__ import annotations

import functools
import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from hil.endpoints.ledger_checks import judge_coins, judge_payment, settle
from hil.errors import RigFault
from hil.protocol.effects import Effect, ExamineCoins, ExaminePayment, Settle

if TYPE_CHECKING:
    from hil.ports import LedgerView
    from hil.protocol.socket.machine import SocketMachine

Give: TypeAlias = Callable[[float], list[Effect]]
"""Gives the machine an answer at the present instant; returns the effects."""


@dataclass(order=True)
class _Answer:
    """An answer of the ledger that is given to the machine at ``due``."""

    due: float
    number: int
    give: Give = field(compare=False)


class LedgerQuestions:
    """Asks the ledger at once and keeps each answer until it is due.

    :param delay_s: how long the device needs for an answer, in seconds; a look for a conflict takes it nothing.
    :param late_s: how many seconds later than asked an answer reaches the device; beyond the policy's
        ``ledger_answer_s`` it is not waited for.
    :param on_broadcast: called with each transaction that the ledger has taken.
    """

    def __init__(
        self,
        machine: SocketMachine,
        ledger: LedgerView,
        *,
        delay_s: float,
        late_s: Callable[[], float],
        on_broadcast: Callable[[bytes], None],
    ) -> None:
        self._machine = machine
        self._ledger = ledger
        self._delay_s = delay_s
        self._late_s = late_s
        self._on_broadcast = on_broadcast
        self._answers: list[_Answer] = []
        self._numbers = itertools.count()
        self._looking = False

    def next_deadline(self) -> float | None:
        """Return the instant at which the next answer arrives; None if none is awaited."""
        return self._answers[0].due if self._answers else None

    def take_due(self, now: float) -> Give | None:
        """Return the next answer that has arrived; None if none has."""
        return heapq.heappop(self._answers).give if self._answers and self._answers[0].due <= now else None

    def ask(self, asked: ExamineCoins | ExaminePayment | Settle, now: float) -> None:
        """Ask the ledger what the machine wants to know."""
        machine, number = self._machine, asked.question

        def question() -> Give:
            match asked:
                case ExamineCoins(_, coins, confirmations):
                    bad_coin = judge_coins(self._ledger, coins, confirmations)
                    return lambda now: machine.on_coins_examined(number, bad_coin, now)
                case ExaminePayment():
                    refusal = judge_payment(self._ledger, asked)
                    if asked.broadcast and refusal is None:
                        self._on_broadcast(asked.transaction)
                    return lambda now: machine.on_payment_examined(number, refusal, now)
                case Settle(_, transaction):
                    outcome = settle(self._ledger, transaction)
                    if outcome.failure is None:
                        self._on_broadcast(transaction)
                    return lambda now: machine.on_settled(number, outcome.failure, now, lost=outcome.lost)

        def lost(why: str, now: float) -> list[Effect]:
            if isinstance(asked, Settle):
                return machine.on_settled(number, why, now)
            return machine.on_ledger_lost(why, now, number)

        heapq.heappush(self._answers, self._put(now, question, lost, self._delay_s))

    def look(self, now: float, still_watching: Callable[[], bool]) -> Give | None:
        """Look for another spend of the session's coins; return what was found if it is known at once.

        :param still_watching: False once the contact is open; an answer that comes after that is dropped.
        """
        transaction = self._machine.newest
        if not transaction or self._looking:
            return None

        def question() -> Give:
            other = self._ledger.conflict(transaction)
            return lambda now: [] if other is None else self._machine.on_conflict(other, now)

        answer = self._put(now, question, self._machine.on_ledger_lost, 0.0)
        if answer.due <= now:
            return answer.give

        def give(now: float) -> list[Effect]:
            self._looking = False
            return answer.give(now) if still_watching() else []

        self._looking = True
        heapq.heappush(self._answers, _Answer(answer.due, answer.number, give))
        return None

    def _put(
        self, now: float, question: Callable[[], Give], lost: Callable[[str, float], list[Effect]], takes_s: float
    ) -> _Answer:
        """Ask; return the answer and when it is due. One that takes longer than the policy allows counts as lost."""
        try:
            give = question()
        except RigFault as fault:
            give = functools.partial(lost, fault.what)
        late, patience = self._late_s(), self._machine.policy.ledger_answer_s
        if late > patience:
            late, give = patience, functools.partial(lost, f"gave no answer within {patience:g} s")
        return _Answer(now + takes_s + late, next(self._numbers), give)
