"""What the process of a run and the processes of its benches tell each other, pickled over a pipe.

PYTEST_DONT_REWRITE: the run's plugin imports this module before pytest loads it, which pytest would warn of.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

from hil.evidence.documents import Verdict
from hil.scenario.shared.worker_report import WorkerReport


@dataclass(frozen=True)
class Assign:
    """Run the item with this index when those assigned before are done.

    :param number: of its evidence file, if it runs again; None: its own.
    """

    index: int
    number: int | None = None


class Later:
    """There is no item to assign now; there may be one later."""


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
    rig_failed: bool = False
    """The rig has failed, so that this bench runs nothing more, and the scenario may run on another."""


@dataclass(frozen=True)
class Ended:
    """The bench is closed.

    :param why: no more may be run on any; empty if more may.
    :param exited: somebody ended the session (``pytest.exit``): it is interrupted and has not failed.
    """

    why: str
    learned: WorkerReport
    exited: bool = False


@dataclass(frozen=True)
class Waits:
    """The process waits for a place of a coordinator, or to give it back; for which, and why."""

    text: str


@dataclass(frozen=True)
class Asks:
    """The process has this reservation, and is about to acquire this place; ``""``: none yet.

    So the process of the run knows what is to be given back if this process is killed meanwhile.
    """

    reservation: str
    place: str


@dataclass(frozen=True)
class Holds:
    """The process holds this place, so that items can be assigned to it."""

    place: str


class Wants:
    """The process with a place needs to know what follows: an item, nothing now, or nothing more."""


@dataclass(frozen=True)
class NoPlace:
    """The process has got no place, and ends."""

    verdict: Verdict
    why: str
