"""One of several benches of a run, in a process that was forked for it: runs the scenarios that it is assigned.

What it tells the process of the run, and what that tells it, is in ``messages`` beside this module.

PYTEST_DONT_REWRITE: the run's plugin imports this module before pytest loads it, which pytest would warn of.
"""

from __future__ import annotations

import contextlib
import signal
import warnings
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from hil.bdd import pytest_internals
from hil.bdd.pytest_plugin.facts import on_bench
from hil.bdd.pytest_plugin.keys import LIVE, NUMBER, OPEN, OUTCOME, RUN
from hil.bdd.pytest_plugin.outcome import blame
from hil.bdd.pytest_plugin.scenarios import give_back
from hil.bdd.pytest_plugin.several_benches.item_queue import Following, ItemQueue
from hil.bdd.pytest_plugin.several_benches.messages import (
    Asks,
    Done,
    Ended,
    Holds,
    Live,
    NoPlace,
    TestReport,
    Waits,
    Warned,
)
from hil.bdd.pytest_plugin.several_benches.place_of_worker import NotNeeded, WithoutPlace, sometimes
from hil.evidence.documents import Verdict
from hil.interrupts import SIGNALS, heard, interrupt
from hil.report.junit import SCENARIO_PROPERTY
from hil.scenario.ending import Ending

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from types import FrameType

    from hil.bdd.pytest_plugin.several_benches.place_of_worker import PlaceOfWorker, PlaceWish


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


def serve(
    session: pytest.Session,
    link: Connection,
    others: Sequence[Connection],
    number: int,
    of: int,
    wish: PlaceWish | None = None,
) -> None:
    """Run what is assigned until there is no more; leave the bench safe and closed, whatever happens.

    :param others: ends of other pipes, which this process holds since it was forked.
    :param wish: the place of a coordinator that it needs first; None: a virtual bench of its own.
    """
    for other in others:  # held open here, they would keep a process from noticing that the run is gone
        other.close()
    config = session.config
    for signal_number in heard():
        signal.signal(signal_number, _interrupt_once)
    pytest_internals.leave_terminal(config)
    forwarding = _Forwarding(config, link)
    config.pluginmanager.register(forwarding)
    run = config.stash[RUN]
    run.become_part(number, of)
    config.stash[LIVE].say = partial(_say, link)
    exited = failed = ""
    rig_failed = False
    place: PlaceOfWorker | None = None
    try:
        if wish is not None:
            place = wish.acquire(run, partial(_waits, link), partial(_look, link), partial(_asks, link))
            link.send(Holds(place.name))
        rig_failed = _run_items(session, link, forwarding, place)
    except NotNeeded:
        pass
    except WithoutPlace as error:
        link.send(NoPlace(*blame(error.cause)))
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
    if ending.verdict is not Verdict.NOT_RUN and not rig_failed:  # a rig that failed is taken out in any case
        run.note(ending.verdict, ending.reason)
    if place is not None:
        giving = Ending(Verdict.NOT_RUN, "")
        giving.phase(partial(place.give_back, sometimes(partial(_waits_at_its_end, link))))
        if giving.verdict is not Verdict.NOT_RUN:
            run.note(giving.verdict, giving.reason)
    with contextlib.suppress(OSError):
        if interrupted is not None:
            link.send(Done(forwarding.index, interrupted.stash[OUTCOME], run.worker_report()))
        # the scenarios that are left when a rig has failed run on other rigs
        why = exited or failed or ("" if rig_failed else str(session.shouldfail or session.shouldstop or ""))
        link.send(Ended(why, run.worker_report(), bool(exited)))


def _say(link: Connection, text: str) -> None:
    """Tell what the bench does at this moment; raises KeyboardInterrupt if the process of the run is gone."""
    try:
        link.send(Live(text))
    except OSError:
        raise KeyboardInterrupt("the process of the run is gone") from None


def _waits(link: Connection, text: str) -> None:
    """Tell for what this process waits; raises BrokenPipeError if the process of the run is gone."""
    link.send(Waits(text))


def _waits_at_its_end(link: Connection, text: str) -> None:
    """Tell for what this process waits, if the process of the run is still there."""
    with contextlib.suppress(OSError):
        link.send(Waits(text))


def _asks(link: Connection, reservation: str, place: str) -> None:
    link.send(Asks(reservation, place))


def _look(link: Connection) -> None:
    """While this process waits for a place: raises NotNeeded if the process of the run has nothing for it to do."""
    if link.poll():
        link.recv()  # nothing is assigned to a process without a place: it says that no more will come
        raise NotNeeded


def _run_items(session: pytest.Session, link: Connection, forwarding: _Forwarding, place: PlaceOfWorker | None) -> bool:
    """Run what is assigned; return whether the rig of a place has failed, so that nothing more can run on it."""
    queue = ItemQueue(link)
    # a bench of its own is assigned two: the one that follows tells which fixtures may stay
    while queue.fill(2 if place is None else 1) and not (place is not None and place.lost):
        now = queue.assigned.popleft()
        index = forwarding.index = now.index
        item = session.items[index]
        if now.number is not None:
            _number_anew(item, now.number)
        following: Any = session.items[queue.assigned[0].index] if queue.assigned else None
        if place is not None:
            following = Following(session, queue)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        outcome = item.stash.get(OUTCOME, None)
        failed = place.failed(outcome) if place is not None and on_bench(item) else None
        learned = session.config.stash[RUN].worker_report()
        link.send(Done(index, failed or outcome, learned, rig_failed=failed is not None))
        if failed is not None:
            return True
        if session.shouldfail or session.shouldstop:
            return False
    return False


def _number_anew(item: pytest.Item, number: int) -> None:
    """Let the evidence of an item that runs again have a number of its own, and what pytest tells of it too."""
    item.stash[NUMBER] = number
    item.user_properties[:] = [
        (name, number if name == SCENARIO_PROPERTY else value) for name, value in item.user_properties
    ]


def _without_source(told: warnings.WarningMessage) -> warnings.WarningMessage:
    """Return it without the object that it is about, which cannot be sent."""
    return warnings.WarningMessage(str(told.message), told.category, told.filename, told.lineno)


def _interrupt_once(number: int, frame: FrameType | None) -> None:
    """End as Ctrl-C does; a terminal tells all processes of that, and the process of the run does so again."""
    _interrupt_no_more()
    interrupt(number, frame)


def _interrupt_no_more() -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
