"""A run on several virtual benches at the same time: ``--benches N``, each with a process, a node and a bench.

The processes are forked when everything is collected and the run folder is there; each is assigned a scenario when it
is done with one, and writes its evidence into the same folder. The evidence of a scenario does not depend on what ran
before it, so the digest of the run is that of a single bench. What comes of the scenarios is told in their order. Why
this is not left to pytest-xdist: docs/decisions/0013-several-benches.md.

PYTEST_DONT_REWRITE: the run's plugin imports this module before pytest loads it, which pytest would warn of.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import signal
from collections import defaultdict, deque
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

import pytest

from hil.bdd.pytest_plugin.facts import facts_of, on_bench
from hil.bdd.pytest_plugin.keys import LIVE, NUMBER, OUTCOME, RUN
from hil.bdd.pytest_plugin.several_benches.messages import Assign, Done, Ended, Live, NoMore, Stop, TestReport, Warned
from hil.bdd.pytest_plugin.several_benches.worker import serve
from hil.clock import stopwatch
from hil.errors import ConfigurationError
from hil.evidence.documents import Verdict
from hil.interrupts import SIGNALS

if TYPE_CHECKING:
    from hil.bdd.pytest_plugin.several_benches.place_of_worker import PlaceWish
    from hil.rig.config.rig_file import RigFile

FEWEST_SCENARIOS = 8
"""For which more than one bench is opened without being asked for: a bench costs as much as a few scenarios."""

END_TIMEOUT_S = 60.0
"""For a process to leave its bench safe once it was told to; after that the watchdogs have to."""


def number_of_benches(asked: int | None, rig: RigFile, node: str | None, scenarios: int) -> int:
    """Return how many benches a run of so many scenarios has: one a processor, unless another number was asked for.

    :param node: the provider of bitcoind that is wished for.

    Raises ConfigurationError if several were asked for where there is but one.
    """
    external = node == "external"
    if external or rig.real_time or not rig.virtual:
        if asked is not None and asked > 1:
            why = "an external node has but one chain" if external else f"rig '{rig.options.name}' is one bench"
            raise ConfigurationError(f"{asked} benches: {why}", place="--benches", remedy="Leave the option out.")
        return 1
    if asked is None:
        asked = len(os.sched_getaffinity(0)) if scenarios >= FEWEST_SCENARIOS else 1
    return max(1, min(asked, scenarios))


@dataclass
class BenchProcess:
    """A process with a bench, as the process of the run sees it."""

    process: multiprocessing.process.BaseProcess
    link: Connection
    number: int
    assigned: deque[int] = field(default_factory=deque)
    """What it was assigned and has not done: the first is on the bench."""

    def send(self, message: object) -> None:
        """Send it, unless the process is gone: what it said last is still to be read."""
        with contextlib.suppress(OSError):
            self.link.send(message)


class SeveralBenches:
    """Deals the items of a session to the processes of several benches, and tells what comes of them in their order."""

    def __init__(self, session: pytest.Session, benches: int) -> None:
        self._session = session
        self._items = session.items
        self._config = session.config
        self._left = deque(self._order())
        self._next = 0
        """The first item that was not told of."""
        self._reports: defaultdict[int, list[Any]] = defaultdict(list)
        self._done: set[int] = set()
        """Items that were done and not told of."""
        gc.collect()
        gc.freeze()  # so that the processes go on sharing what is there by now
        self._benches: list[BenchProcess] = []
        for number in range(1, benches + 1):
            self._fork(number, benches)

    def _fork(self, number: int, of: int) -> BenchProcess:
        """Begin a process for bench ``number`` of so many."""
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe()
        others = [ours, *(bench.link for bench in self._benches)]
        process = context.Process(target=serve, args=(self._session, theirs, others, number, of, self._wish_of(number)))
        process.start()
        theirs.close()
        bench = BenchProcess(process, ours, number)
        self._benches.append(bench)
        return bench

    def _order(self) -> list[int]:
        """Return the items in the order in which they begin: what takes longest first, so that none waits for it."""
        return sorted(range(len(self._items)), key=lambda index: self._items[index].get_closest_marker("long") is None)

    def _wish_of(self, number: int) -> PlaceWish | None:
        """Return the place of a coordinator that this bench is to be; None: it is a virtual one of its own."""
        return None

    def _begin(self) -> None:
        for bench in [*self._benches, *self._benches]:  # one item for the bench, and one that follows
            self._assign(bench)

    def run(self) -> None:
        """Return when every item was run, or every bench has ended since the session is to stop."""
        self._begin()
        running = list(self._benches)
        try:
            # without a deadline of its own: whatever a scenario waits for has one
            while self._goes_on(running):
                self._receive(running, None)
            self._finish_rest()
        except BaseException:
            self._end(running)
            raise
        finally:
            stopped_by = self._session.shouldfail
            for index in sorted(self._done):
                self._tell(index)
            if stopped_by:
                self._session.shouldfail = stopped_by

    def _goes_on(self, running: list[BenchProcess]) -> bool:
        """Tell whether there is something to wait for."""
        return bool(running)

    def _finish_rest(self) -> None:
        """Every process has ended: see to what is left."""

    def _receive(self, running: list[BenchProcess], timeout: float | None) -> None:
        """Wait for what the processes say; remove those that have ended from ``running``."""
        ready = wait([bench.link for bench in running], timeout)
        for bench in [bench for bench in running if bench.link in ready]:
            try:
                message = bench.link.recv()
            except (EOFError, OSError):
                running.remove(bench)
                self._take_up_lost(bench)
                continue
            if isinstance(message, Ended):
                running.remove(bench)
                bench.process.join(END_TIMEOUT_S)
            self._take(bench, message)
            if isinstance(message, Ended):
                self._ended(bench)

    def _take(self, bench: BenchProcess, message: object) -> None:
        run = self._config.stash[RUN]
        match message:
            case Live(text):
                if bench.assigned and bench.assigned[0] == self._next:  # of several, the one whose outcome is told next
                    self._config.stash[LIVE].write(text)
            case TestReport(index, report):
                self._reports[index].append(self._as_told(index, report))
            case Warned(warning, when, nodeid, location):
                told = {"warning_message": warning, "when": when, "nodeid": nodeid, "location": location}
                self._config.hook.pytest_warning_recorded.call_historic(kwargs=told)
            case Done(index, outcome, learned):
                run.merge(learned)
                bench.assigned.remove(index)
                if outcome is not None:
                    self._items[index].stash[OUTCOME] = outcome
                self._finish(index)
                self._follow_up(bench)
            case Ended(why, learned, exited):
                run.merge(learned)
                if exited:
                    self._session.shouldstop = self._session.shouldstop or why
                    self._stop()
                elif why:
                    self._fail(why)

    def _follow_up(self, bench: BenchProcess) -> None:
        """A process is done with an item: assign another beside the one that it has."""
        self._assign(bench)

    def _ended(self, bench: BenchProcess) -> None:
        """A process has ended in order."""

    def _as_told(self, index: int, data: dict[str, Any]) -> Any:
        """Return the report of a process; pytest keeps each to the end, so what the item has itself is shared."""
        report = self._config.hook.pytest_report_from_serializable(config=self._config, data=data)
        item, before = self._items[index], self._reports[index]
        report.nodeid, report.location = item.nodeid, item.location
        if before and before[0].keywords == report.keywords:
            report.keywords = before[0].keywords
        return report

    def _assign(self, bench: BenchProcess) -> None:
        if self._left:
            index = self._left.popleft()
            bench.assigned.append(index)
            bench.send(Assign(index))
        else:
            bench.send(NoMore())

    def _finish(self, index: int) -> None:
        """Tell of this item when those before it were told of."""
        self._done.add(index)
        while self._next in self._done:
            self._tell(self._next)
            self._next += 1
        if self._session.shouldfail or self._session.shouldstop:
            self._stop()

    def _tell(self, index: int) -> None:
        self._done.remove(index)
        item = self._items[index]
        self._config.stash[LIVE].clear()
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for report in self._reports.pop(index, ()):
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)

    def _fail(self, why: str) -> None:
        """End the session for what happened on a bench."""
        self._session.shouldfail = self._session.shouldfail or why
        self._stop()

    def _stop(self) -> None:
        """Let no bench begin anything more."""
        self._left.clear()
        for bench in self._benches:
            bench.send(Stop())

    def _take_up_lost(self, bench: BenchProcess) -> None:
        """The process is gone without a last word: what it had on the bench is a rig fault, and nothing more is run."""
        why = f"the process of one of the benches was ended {how_it_ended(bench)}; its watchdog makes the bench safe"
        self._config.stash[RUN].note(Verdict.RIG_FAULT, why)
        if bench.assigned:
            index = bench.assigned[0]
            item = self._items[index]
            if on_bench(item):
                item.stash[OUTCOME] = (Verdict.RIG_FAULT, why)
                self._config.stash[RUN].record_failed_start(item.stash[NUMBER], facts_of(item), *item.stash[OUTCOME])
            self._reports[index].append(self.failed_report(index, f"{Verdict.RIG_FAULT}: {why}"))
            self._finish(index)
        self._fail(why)

    def failed_report(self, index: int, told: str) -> pytest.TestReport:
        """Return what pytest is told of an item whose process has told nothing."""
        item = self._items[index]
        return pytest.TestReport(item.nodeid, item.location, {}, "failed", told, "call")

    def _end(self, running: list[BenchProcess]) -> None:
        """Let every bench become safe at once, as an interrupted run does, and take in what came of it."""
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)  # an impatient second Ctrl-C must not leave the mains on
        self._left.clear()
        for bench in running:
            bench.process.terminate()
        elapsed = stopwatch()
        while running and (left := END_TIMEOUT_S - elapsed()) > 0:
            self._receive(running, left)
        for bench in running:
            bench.process.kill()  # its watchdog makes the bench safe
            bench.process.join(END_TIMEOUT_S)


def how_it_ended(bench: BenchProcess) -> str:
    """Return in words how a process ended that is gone without a last word."""
    bench.process.join(END_TIMEOUT_S)
    code = bench.process.exitcode
    return f"by {signal.Signals(-code).name}" if code is not None and code < 0 else f"with code {code}"
