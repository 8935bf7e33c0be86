"""The place of a coordinator that one of several benches is: acquired before its first scenario, released at its end.

PYTEST_DONT_REWRITE: the run's plugin imports this module before pytest loads it, which pytest would warn of.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil.bdd.pytest_plugin.several_benches.silent_rig import why_silent
from hil.clock import stopwatch
from hil.errors import RigFault
from hil.evidence.documents import Verdict
from hil.fleet.safe_place import SafePlace, place_environment, write_record

if TYPE_CHECKING:
    from hil.fleet.coordinator import Coordinator
    from hil.fleet.lease import Lease
    from hil.fleet.owner import Owner
    from hil.fleet.selection import Selection
    from hil.rig.config.rig_file import RigFile
    from hil.scenario.run import Run

SAY_EVERY_S = 10.0
"""How often a process tells again for what it waits, if that has not changed: so it notices that the run is gone."""

NOT_OF_THE_RIG = ("node: ", "native node: ", "NODE: ", "NODE=", "HIL_")
"""How the reason of a rig fault begins that is about the node, which no place has."""


class NotNeeded(Exception):
    """The run has nothing to do any more for a process that waits for a place."""


class WithoutPlace(Exception):
    """No place could be had. :param cause: why."""

    def __init__(self, cause: RigFault) -> None:
        super().__init__(str(cause))
        self.cause = cause


@dataclass(frozen=True)
class PlaceWish:
    """What a process needs to get a place.

    :param owner: of this process alone.
    :param rig: describes the places of the selection.
    :param wait_s: the longest that it waits.
    """

    owner: Owner
    selection: Selection
    rig: RigFile
    safe: SafePlace
    wait_s: float

    def acquire(
        self,
        run: Run,
        say: Callable[[str], None],
        look: Callable[[], None],
        asks: Callable[[str, str], None],
    ) -> PlaceOfWorker:
        """Wait for a place and give it to the run.

        :param say: told for what this process waits.
        :param look: called often while it waits; raises what is to end that.
        :param asks: see :class:`hil.fleet.waiting.Waiting`.
        """
        from hil.fleet.coordinator import Coordinator  # loads gRPC: only in a process that forks no more
        from hil.fleet.waiting import Waiting

        coordinator = Coordinator(self.safe.coordinator, self.owner)
        try:
            told = sometimes(say, look)
            waiting = Waiting(coordinator, self.selection, self.safe.make_safe, told, self.wait_s, asks)
            lease = waiting.acquire()
        except RigFault as error:
            coordinator.close()
            raise WithoutPlace(error) from error
        except BaseException:
            coordinator.close()
            raise
        place = lease.place
        record = write_record(self.safe.root, self.safe.coordinator, place, str(self.owner))
        os.environ.update({**self.owner.environment, **place_environment(place.name, record)})
        run.use_place(place.name, type(self.rig).load(self.rig.path))  # what it offers is known only now
        held = PlaceOfWorker(coordinator, lease, str(run.folder))
        run.hold_place = held.refuse_lost
        return held


class PlaceOfWorker:
    """A place that this process holds.

    :param folder: of the run: a disk that does not take the evidence is no fault of the rig.
    """

    def __init__(self, coordinator: Coordinator, lease: Lease, folder: str) -> None:
        self._not_of_the_rig = (*NOT_OF_THE_RIG, folder)
        self._coordinator = coordinator
        self._lease = lease
        self._problem = ""
        """Why the rig is to be taken out of service."""
        self._refused = False
        self.name = lease.place.name

    @property
    def lost(self) -> str:
        """Why this process does not hold the place any more; empty: it does."""
        return self._lease.lost

    def refuse_lost(self) -> None:
        """Raise RigFault if this process does not hold the place any more: another job may have it.

        It does so once: the end of the scenario, which makes the rig safe, must not be disturbed.
        """
        if self.lost and not self._refused:
            self._refused = True
            raise RigFault(self.lost, place=f"place {self.name}")

    def failed(self, outcome: tuple[Verdict, str] | None) -> tuple[Verdict, str] | None:
        """Return what is to be said of a scenario whose rig failed; None if the rig is well."""
        if outcome is not None:
            self._lease.verdict = outcome[0].value
        if self.lost:
            return Verdict.RIG_FAULT, f"place {self.name}: {self.lost}"
        if outcome is None or outcome[0] is not Verdict.RIG_FAULT or outcome[1].startswith(self._not_of_the_rig):
            return None
        silent = why_silent(self._lease.place)
        self._problem = f"{silent}. First noticed: {outcome[1]}" if silent else outcome[1]
        return outcome[0], self._problem

    def give_back(self, say: Callable[[str], None]) -> None:
        """Release the place; one whose rig has failed is taken out of service with the reason.

        :param say: told what is waited for.
        """
        if self._problem:
            self._lease.take_out(self._problem)
        try:
            self._lease.release(say)
        finally:
            self._coordinator.close()


def sometimes(say: Callable[[str], None], look: Callable[[], None] = lambda: None) -> Callable[[str], None]:
    """Return a function that looks, and tells a text when it has changed or has not been told for a while."""
    last, since = "", stopwatch()

    def told(text: str) -> None:
        nonlocal last, since
        look()
        if text != last or since() > SAY_EVERY_S:
            last, since = text, stopwatch()
            say(text)

    return told
