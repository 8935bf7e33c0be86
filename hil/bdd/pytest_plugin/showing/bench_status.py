"""Tells the live page what no evidence holds yet: the list of scenarios, and of each bench the step that is under way.

Each process with a bench has a thread that writes a small file five times a second of wall time, whatever the bench
does meanwhile. The thread of the bench has no part in it.

PYTEST_DONT_REWRITE: the run's plugin imports this module before pytest loads it, which pytest would warn of.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from hil.bdd.pytest_plugin.facts import facts_of
from hil.bdd.pytest_plugin.keys import LIVE, NUMBER, OPEN, SCENARIO
from hil.clock import Repeated
from hil.live.folder import Presence, begin_live, bench_file, end_live, write_live

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hil.live.questions import Question
    from hil.scenario.run import Run

EVERY_S = 0.2

STATUS: pytest.StashKey[BenchStatus] = pytest.StashKey()


class BenchStatus:
    """What the live page is told, from the opening of the run folder to its end."""

    def __init__(self, config: pytest.Config, run: Run, scenarios: Sequence[pytest.Item]) -> None:
        self._config = config
        self._run = run
        self._presence = Presence(run.folder)
        self._owner = os.getpid()
        self._thread: tuple[int, Repeated] | None = None
        """The process that it runs in, and the thread: a forked process has none."""
        self._written: dict[str, Any] = {}
        self.question: Question | None = None
        """What the person at the bench is asked now."""
        begin_live(run.folder, {"scenarios": [_listed(item) for item in scenarios]})

    def begin(self) -> None:
        """Begin to write where the bench of this process is: a scenario uses it."""
        if self._thread is None or self._thread[0] != os.getpid():
            self._thread = os.getpid(), Repeated(EVERY_S, self.write)

    def write(self) -> None:
        """Write where the bench is now, if that has changed."""
        told = self._told()
        if told != self._written and write_live(self._run.folder, bench_file(self._run.bench), told):
            self._written = told

    def end(self) -> None:
        """Tell nothing more, and leave nothing behind: the manifest is about to be written."""
        if self._thread is not None and self._thread[0] == os.getpid():
            self._thread[1].close()
        if self._owner == os.getpid():
            end_live(self._run.folder)

    def close(self) -> None:
        """The process of the run is done with its folder."""
        self._presence.close()

    def _told(self) -> dict[str, Any]:
        """Return where the bench is. Called in a thread beside that of the bench: figures may change meanwhile."""
        stash, line = self._config.stash, self._config.stash[LIVE]
        item = stash.get(OPEN, None)
        begun = None if item is None else item.stash.get(SCENARIO, None)
        if item is None or begun is None:
            return {"bench": self._run.bench, "scenario": 0}
        run, watch = begun.run, begun.run.observer.watch
        return {
            "bench": self._run.bench,
            "scenario": item.stash[NUMBER],
            "step": line.step,
            "since": line.since,
            "now": float(run.clock.now()),
            "awaited": watch.awaited,
            "until": watch.until if watch.awaited else None,
            "last_seen": run.observer.last_seen() if run.observer.powered_on else "",
            "power_W": watch.power_w,
            "voltage_V": watch.voltage_v,
            "energy_Wh": watch.energy_wh,
            "credit_Wh": watch.credit_wh,
            "question": None if self.question is None else self.question.document(),
        }


def _listed(item: pytest.Item) -> dict[str, Any]:
    facts = facts_of(item)
    return {"number": item.stash[NUMBER], "name": facts.name, "feature": facts.feature, "line": facts.line}
