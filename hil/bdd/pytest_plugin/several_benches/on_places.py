"""A run on the rigs of a fleet: ``--place``. Each process reserves and acquires a place of a labgrid coordinator.

A rig that fails is taken out, and its scenario runs once more on another. Why it is made this way:
docs/decisions/0025-places-of-a-coordinator.md.

PYTEST_DONT_REWRITE: the run's plugin imports this module before pytest loads it, which pytest would warn of.
"""

from __future__ import annotations

from collections import defaultdict, deque
from multiprocessing.connection import wait
from typing import TYPE_CHECKING

from hil.bdd.pytest_plugin.facts import on_bench
from hil.bdd.pytest_plugin.keys import KINDS, LIVE, NUMBER, OUTCOME, REMARKS, RUN
from hil.bdd.pytest_plugin.several_benches.first_attempt import FirstAttempt
from hil.bdd.pytest_plugin.several_benches.lost_processes import LostProcess, LostProcesses
from hil.bdd.pytest_plugin.several_benches.messages import (
    Asks,
    Assign,
    Done,
    Holds,
    Later,
    NoMore,
    NoPlace,
    Waits,
    Wants,
)
from hil.bdd.pytest_plugin.several_benches.parallel import BenchProcess, SeveralBenches, how_it_ended
from hil.bdd.pytest_plugin.several_benches.spare_rigs import may_come
from hil.evidence.documents import Verdict
from hil.evidence.repeated import Repeated
from hil.evidence.run_folder.files import SCENARIOS

if TYPE_CHECKING:
    import pytest

    from hil.bdd.pytest_plugin.several_benches.place_of_worker import PlaceWish
    from hil.bdd.pytest_plugin.several_benches.places import Places


class PlacesShare(SeveralBenches):
    """Deals the items of a session to processes that each hold a place."""

    def __init__(self, session: pytest.Session, places: Places) -> None:
        self._places = places
        self._kinds = dict(enumerate(places.kinds_of_benches, 1))
        """For each process, by its number, which rig file describes its place."""
        self._asks: dict[int, Asks] = {}
        """What processes without a place have at the coordinator, by the number of the process."""
        self._place_of: dict[int, str] = {}
        """Names of the places that processes hold, by the number of the process."""
        self._idle: defaultdict[int, int] = defaultdict(int)
        """How many items each process could take besides those that it has."""
        self._first: dict[int, FirstAttempt] = {}
        self._lost = LostProcesses(places, len(self._kinds), session.config.stash[LIVE].write)
        self._without: list[tuple[Verdict, str]] = []
        self._scenarios = sum(map(on_bench, session.items))
        self._repeats = 0
        self._let_go_of: set[int] = set()
        """Processes that were told that no more will come."""
        super().__init__(session, len(self._kinds))

    def _order(self) -> list[int]:
        expected = self._places.expected
        return sorted(range(len(self._items)), key=lambda index: -expected.get(self._items[index].nodeid, 0.0))

    def _wish_of(self, number: int) -> PlaceWish | None:
        return self._places.wish(self._kinds[number], number)

    def _begin(self) -> None:
        """Assign nothing: no process holds a place yet."""

    def _take(self, bench: BenchProcess, message: object) -> None:
        match message:
            case Waits(text):
                if not self._place_of or bench.number in self._place_of:  # it waits to give its place back
                    self._config.stash[LIVE].write(text)
            case Asks():
                self._asks[bench.number] = message
            case Holds(place):
                self._asks.pop(bench.number, None)
                self._place_of[bench.number] = place
                self._assign(bench)
            case Wants():
                self._assign(bench)
            case NoPlace(verdict, why):
                self._without.append((verdict, why))
            case Done(index, outcome, learned, rig_failed=True) if index not in self._first:
                bench.assigned.remove(index)
                self._config.stash[RUN].merge(learned, counts=False)
                reports = self._reports.pop(index, [])
                failed = outcome or (Verdict.RIG_FAULT, "")
                self._first[index] = FirstAttempt(self._place_of[bench.number], failed, reports, learned)
                self._put_back([index])
            case Done(index):
                if (first := self._first.get(index)) is not None:
                    self._second_is_over(index, first)
                super()._take(bench, message)
            case _:
                super()._take(bench, message)

    def _assign(self, bench: BenchProcess) -> None:
        """Assign the next item that the rig of this process can run; tell it to wait if one may come back to it."""
        index = next((each for each in self._left if self._can(bench.number, each)), None)
        if index is not None:
            self._left.remove(index)
            bench.assigned.append(index)
            bench.send(Assign(index, self._number_of_second(index)))
        elif self._may_come(bench):
            self._idle[bench.number] += 1
            bench.send(Later())
        else:
            bench.send(NoMore())

    def _follow_up(self, bench: BenchProcess) -> None:
        """Assign nothing: this process has asked for what follows before it was done."""

    def _can(self, number: int, index: int) -> bool:
        item, kind = self._items[index], self._kinds[number]
        return KINDS not in item.stash or kind in item.stash[KINDS]

    def _may_come(self, bench: BenchProcess) -> bool:
        """Tell whether this process has to stay, see :func:`may_come`."""
        others = [each for each in self._benches if each is not bench and each.process.is_alive()]
        idle = [each.number for each in others if self._idle[each.number]]
        return may_come(bench.number, self._left, {each.number: each.assigned for each in others}, idle, self._can)

    def _number_of_second(self, index: int) -> int | None:
        first = self._first.get(index)
        if first is None:
            return None
        if first.again is None:
            self._repeats += 1
            first.again = self._scenarios + self._repeats
        return first.again

    def _second_is_over(self, index: int, first: FirstAttempt) -> None:
        if first.again is not None:
            number = self._items[index].stash[NUMBER]
            self._config.stash[RUN].note_repeated(Repeated(number, first.again, first.place, first.outcome[1]))

    def _put_back(self, indices: list[int]) -> None:
        """Let items run on other benches, before all others; those that have nothing to do get them at once."""
        self._left.extendleft(reversed(indices))
        for bench in self._benches:
            while (
                self._idle[bench.number]
                and bench.process.is_alive()
                and any(self._can(bench.number, each) for each in self._left)
            ):
                self._idle[bench.number] -= 1
                self._assign(bench)

    def _goes_on(self, running: list[BenchProcess]) -> bool:
        return bool(running or (self._lost.errands and not self._stopped))

    def _receive(self, running: list[BenchProcess], timeout: float | None) -> None:
        links = [bench.link for bench in running]
        ready = wait([*links, *self._lost.errands], timeout)
        for descriptor in [each for each in self._lost.errands if each in ready]:
            self._end_errand(descriptor)
        if any(link in ready for link in links):
            super()._receive(running, 0.0)
        if not self._stopped:
            self._replace_lost(running)
            self._let_go(running)

    def _replace_lost(self, running: list[BenchProcess]) -> None:
        """Begin a process for each that was killed and whose place is free again, if there is something to do."""
        for lost in self._lost.take_freed():
            if not self._may_come(lost.bench):
                continue
            kind = self._kinds[lost.bench.number]
            others = self._places.numbers[kind] > self._places.kinds_of_benches.count(kind)
            if why := self._lost.why_not(lost, others):
                self._remark(f"{lost.why}; {why}")
                continue
            self._lost.replaced += 1
            number = len(self._benches) + 1
            self._kinds[number] = kind
            running.append(self._fork(number, number))
            self._remark(f"{lost.why}; bench {number} replaces it ({self._lost.replaced} of at most {self._lost.most})")

    def _remark(self, text: str) -> None:
        """Tell it now, and once more at the end of the run."""
        self._config.stash[LIVE].write(text)
        self._config.stash.setdefault(REMARKS, []).append(text)

    @property
    def _stopped(self) -> bool:
        return bool(self._session.shouldfail or self._session.shouldstop)

    def _let_go(self, running: list[BenchProcess]) -> None:
        """Tell those that nothing more can come to: also those that wait for a place in vain."""
        for bench in running:
            if bench.number not in self._let_go_of and not bench.assigned and not self._may_come(bench):
                self._let_go_of.add(bench.number)
                self._idle[bench.number] = 0
                bench.send(NoMore())

    def _ended(self, bench: BenchProcess) -> None:
        """A process has ended in order: its rig failed, or it was told to end, perhaps between two steps."""
        self._take_back(bench, f"the process of bench {bench.number} was told to end")

    def _take_back(self, bench: BenchProcess, why: str) -> None:
        """Let other benches run what this one has not; an item that it had begun already for the second time."""
        back, bench.assigned = list(bench.assigned), deque()
        if back and self._has_evidence(back[0]):
            index = back.pop(0)
            reports = self._reports.pop(index, [])
            if index in self._first:  # there is no third attempt
                self._second_is_over(index, self._first[index])
                self._items[index].stash[OUTCOME] = (Verdict.RIG_FAULT, why)
                self._report_lost(index, why)
            else:
                place = self._place_of.get(bench.number, "")
                self._first[index] = FirstAttempt(place, (Verdict.RIG_FAULT, why), reports, None)
                self._put_back([index])
        self._put_back(back)

    def _has_evidence(self, index: int) -> bool:
        """Tell whether there is a file of the attempt at an item that was assigned last."""
        first, item = self._first.get(index), self._items[index]
        if not on_bench(item):
            return False
        number = item.stash[NUMBER] if first is None or first.again is None else first.again
        return next((self._config.stash[RUN].folder / SCENARIOS).glob(f"{number:04d}-*"), None) is not None

    def _take_up_lost(self, bench: BenchProcess) -> None:
        """The process is gone without a last word: its place is made safe and released, its scenario runs elsewhere."""
        why = self._free(bench)
        self._take_back(bench, why)
        self._place_of.pop(bench.number, None)

    def _report_lost(self, index: int, why: str) -> None:
        self._config.stash[RUN].note(Verdict.RIG_FAULT, why)
        self._reports[index].append(self.failed_report(index, f"{Verdict.RIG_FAULT}: {why}"))
        self._finish(index)

    def _finish_rest(self) -> None:
        """Tell of what is left: no rig of the fleet could run it."""
        for descriptor in self._lost.errands:
            self._end_errand(descriptor)
        self._let_first_attempts_stand()
        if self._left and not self._stopped:
            verdict, why = self._without[0] if self._without else (Verdict.RIG_FAULT, "no rig of the fleet is left")
            self._config.stash[RUN].note(verdict, why)
            self._session.shouldfail = why

    def _let_first_attempts_stand(self) -> None:
        """Where there was no second attempt, or it has no end, the first one stands."""
        for index, first in self._first.items():
            if OUTCOME not in self._items[index].stash:
                if index in self._left:
                    self._left.remove(index)
                self._stand(index, first)

    def _stand(self, index: int, first: FirstAttempt) -> None:
        """There was no other rig for a second attempt: the first one stands."""
        verdict, why = first.outcome
        run, item = self._config.stash[RUN], self._items[index]
        item.stash[OUTCOME] = first.outcome
        if first.learned is not None:
            run.merge(first.learned)
            self._reports[index] = first.reports
        else:
            self._reports[index].append(self.failed_report(index, f"{verdict}: {why}"))
            run.note(verdict, why)
        self._finish(index)

    def _end_errand(self, descriptor: int) -> None:
        """A place that a lost process had was made safe and released, or not: then a person has to look."""
        lost = self._lost.end_errand(descriptor)
        if lost.unsafe and lost.place:
            why = f"{lost.place} could not be made safe and released: {lost.unsafe}"
            self._config.stash[RUN].note(Verdict.RIG_FAULT, why)

    def _end(self, running: list[BenchProcess]) -> None:
        super()._end(running)
        self._let_first_attempts_stand()
        for bench in self._benches:
            if bench.number in {**self._place_of, **self._asks} and bench.process.exitcode != 0:
                self._free(bench)
        for descriptor in self._lost.errands:
            self._end_errand(descriptor)

    def _free(self, bench: BenchProcess) -> str:
        """Begin to make the place of a lost process safe and to release it; return how the process ended."""
        asks = self._asks.pop(bench.number, Asks("", ""))
        place = self._place_of.get(bench.number, "")
        where = place or "a place that it waited for"
        why = f"the process of bench {bench.number} on {where} was ended {how_it_ended(bench)}"
        self._lost.take_up(LostProcess(bench, place or asks.place, "" if place else asks.reservation, why))
        return why
