"""One of several benches of a run, in a process that was forked for it: runs the scenarios that it is assigned.

What it tells the process of the run, and what that tells it, are the messages below, pickled over a pipe.

PYTEST_DONT_REWRITE: the run's plugin imports this module before pytest loads it, which pytest would warn of.
"""

from __future__ import annotations

import contextlib
import signal
import warnings
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from hil.bdd import pytest_internals
from hil.bdd.pytest_plugin.keys import LIVE, OPEN, OUTCOME, RUN
from hil.bdd.pytest_plugin.outcome import blame
from hil.bdd.pytest_plugin.scenarios import give_back
from hil.evidence.documents import Verdict
from hil.interrupts import interrupt
from hil.scenario.ending import Ending
from hil.scenario.run import WorkerReport

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from types import FrameType


@dataclass(frozen=True)
class Assign:
    """Run the item with this index when those assigned before are done."""

    index: int


class NoMore:
    """End when what was assigned is done."""


class Stop:
    """Begin nothing more."""


@dataclass(frozen=True)
class Live:
    """What the bench does at this moment."""

    text: str


@dataclass(frozen=True)
class TestReport:
    """What pytest tells of a phase of the item with this index, in a form that can be sent."""

    index: int
    report: dict[str, Any]


@dataclass(frozen=True)
class Warned:
    """A warning that was raised."""

    warning: warnings.WarningMessage
    when: str
    nodeid: str
    location: tuple[str, int, str] | None


@dataclass(frozen=True)
class Done:
    """The item with this index needs the bench no more."""

    index: int
    outcome: tuple[Verdict, str] | None
    """Of a scenario, or of a test that uses the bench; None: it is neither."""
    learned: WorkerReport


@dataclass(frozen=True)
class Ended:
    """The bench is closed.

    :param why: no more may be run on any; empty if more may.
    :param exited: somebody ended the session (``pytest.exit``): it is interrupted and has not failed.
    """

    why: str
    learned: WorkerReport
    exited: bool = False


class _Forwarding:
    """A plugin: what pytest tells goes to the process of the run."""

    def __init__(self, config: pytest.Config, link: Connection) -> None:
        self._config = config
        self._link = link
        self.index = -1
        """Of the item that is run; none yet: what was told before this process began is known."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        sent = self._config.hook.pytest_report_to_serializable(config=self._config, report=report)
        self._link.send(TestReport(self.index, sent))

    def pytest_warning_recorded(
        self,
        warning_message: warnings.WarningMessage,
        when: str,
        nodeid: str,
        location: tuple[str, int, str] | None,
    ) -> None:
        if self.index >= 0:
            self._link.send(Warned(_without_source(warning_message), when, nodeid, location))


def serve(session: pytest.Session, link: Connection, others: Sequence[Connection], number: int, of: int) -> None:
    """Run what is assigned until there is no more; leave the bench safe and closed, whatever happens.

    :param others: ends of other pipes, which this process holds since it was forked.
    """
    for other in others:  # held open here, they would keep a process from noticing that the run is gone
        other.close()
    config = session.config
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, _interrupt_once)
    pytest_internals.leave_terminal(config)
    forwarding = _Forwarding(config, link)
    config.pluginmanager.register(forwarding)
    run = config.stash[RUN]
    run.become_part(number, of)
    config.stash[LIVE].say = lambda text: link.send(Live(text))
    exited = failed = ""
    try:
        _run_items(session, link, forwarding)
    except pytest.exit.Exception as error:
        exited = str(error) or "somebody ended the session"
    except (KeyboardInterrupt, EOFError, ConnectionError):  # the run was interrupted, or its process is gone
        pass
    except BaseException as error:
        verdict, failed = blame(error)
        run.note(verdict, failed)
    _interrupt_no_more()
    interrupted = config.stash.get(OPEN, None)
    ending = Ending(Verdict.NOT_RUN, "")
    if interrupted is not None:
        ending.phase(partial(give_back, interrupted))
    ending.phase(lambda: pytest_internals.tear_down(session))
    ending.phase(run.close_bench)
    if ending.verdict is not Verdict.NOT_RUN:
        run.note(ending.verdict, ending.reason)
    with contextlib.suppress(OSError):
        if interrupted is not None:
            link.send(Done(forwarding.index, interrupted.stash[OUTCOME], run.worker_report()))
        why = exited or failed or str(session.shouldfail or session.shouldstop or "")
        link.send(Ended(why, run.worker_report(), bool(exited)))


def _run_items(session: pytest.Session, link: Connection, forwarding: _Forwarding) -> None:
    assigned: deque[int] = deque()
    more = True
    while True:
        while link.poll() or (more and len(assigned) < 2):  # the one that follows tells which fixtures may stay
            match link.recv():
                case Assign(index):
                    assigned.append(index)
                case NoMore():
                    more = False
                case Stop():
                    return
        if not assigned:
            return
        index = forwarding.index = assigned.popleft()
        item = session.items[index]
        following = session.items[assigned[0]] if assigned else None
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        outcome = item.stash.get(OUTCOME, None)
        link.send(Done(index, outcome, session.config.stash[RUN].worker_report()))
        if session.shouldfail or session.shouldstop:
            return


def _without_source(told: warnings.WarningMessage) -> warnings.WarningMessage:
    """Return it without the object that it is about, which cannot be sent."""
    return warnings.WarningMessage(str(told.message), told.category, told.filename, told.lineno)


def _interrupt_once(number: int, frame: FrameType | None) -> None:
    """End as Ctrl-C does; a terminal tells all processes of that, and the process of the run does so again."""
    _interrupt_no_more()
    interrupt(number, frame)


def _interrupt_no_more() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
