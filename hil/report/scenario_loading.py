"""Reads the scenarios of a run for its reports, on all processors: each has its own file, and a run has hundreds.

Nothing runs beside it, so on one processor the end of a run would leave the others idle.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain
from typing import TYPE_CHECKING

from hil.report.integrity import Seal, seal_of
from hil.report.scenario.from_events import view_scenario
from hil.report.scenario.view import ScenarioView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hil.evidence.record import ScenarioRecord

FEWEST = 48
"""Scenarios from which on other processors are worth their start."""

AT_ONCE = 32
"""Scenarios that a processor is given together: texts that are the same in them come back as one."""


def view_all(scenarios: Sequence[ScenarioRecord], processors: int | None = None) -> list[tuple[ScenarioView, Seal]]:
    """Return what the reports tell of each scenario, and what the integrity check needs of it, in their order.

    Each is read once, and its events are let go before the next is read.

    :param processors: how many may be used; None: those that this process has.
    """
    processors = len(os.sched_getaffinity(0)) if processors is None else processors
    if processors < 2 or len(scenarios) < FEWEST:
        return _view(1, scenarios)
    starts = range(0, len(scenarios), AT_ONCE)
    parts = [scenarios[start : start + AT_ONCE] for start in starts]
    try:
        context = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(processors, context, initializer=_leave_signals) as pool:
            return list(chain.from_iterable(pool.map(_view, [start + 1 for start in starts], parts)))
    except (BrokenProcessPool, OSError):  # no process to be had, or not enough memory for several
        return _view(1, scenarios)


def _view(first: int, scenarios: Sequence[ScenarioRecord]) -> list[tuple[ScenarioView, Seal]]:
    # no name here refers to the scenario: it would keep the events of one while the next is read
    return [_view_and_seal(first + index, scenarios[index]) for index in range(len(scenarios))]


def _view_and_seal(number: int, scenario: ScenarioRecord) -> tuple[ScenarioView, Seal]:
    return view_scenario(number, scenario), seal_of(scenario)


def _leave_signals() -> None:
    """Ctrl-C, which a terminal tells to all processes, is for the one that shares the work out."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
