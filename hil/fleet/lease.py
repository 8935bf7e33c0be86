"""A place that this job holds: its lease is renewed until the place is released (hil/fleet/marks.py).

A coordinator that comes back after a restart has forgotten who had acquired what. The lease stands in the tags, which
it keeps, so the place is acquired again before others take it; another job that was given it meanwhile sees the lease
and gives it back. A coordinator that crashed may have lost a lease of the last 15 s. So another job waits a little
before it uses a place (hil/fleet/waiting.py), and this one writes its lease anew meanwhile. If the lease is lost all
the same, the scenario that is under way ends.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping

from hil.clock import Repeated, stopwatch, utc_now
from hil.errors import RigFault
from hil.fleet.coordinator import Coordinator, CoordinatorGone, Refused
from hil.fleet.marks import LEASE_OWNER, LEASE_S, NO_LEASE, OUT, SERVICE, lease_tags, verdict_tags
from hil.fleet.owner import is_job
from hil.fleet.patience import Patience
from hil.fleet.states import PlaceState

RENEW_S = 10.0
LOOK_S = 0.5
"""How often it is looked whether the coordinator is still there: after a restart the place must be acquired again
before another job is given it."""


class Lease:
    """The lease of an acquired place. ``release`` must be called; a lease that is not renewed runs out.

    :ivar lost: why the place is not this job's any more; empty: it is.
    :ivar verdict: of the job so far; it is left at the place with the release.
    """

    def __init__(self, coordinator: Coordinator, place: PlaceState) -> None:
        self.place = place
        self.lost = ""
        self.verdict = ""
        self._out_of_service = ""
        """Why no job may be given the place after its release; empty: jobs may."""
        self._coordinator = coordinator
        self._since = utc_now().timestamp()
        self._renewed: Callable[[], float] = stopwatch()
        self._connections = coordinator.connections
        self._renewing = threading.Lock()
        self._acquired = True
        """Whether the coordinator knows this job as the holder."""
        self._write()
        self._repeated = Repeated(LOOK_S, self._look)

    def _look(self) -> None:
        if (not self._as_it_was() or self._renewed() >= RENEW_S) and not self.lost:
            with contextlib.suppress(RigFault):  # it is tried again
                self.renew()

    def _as_it_was(self) -> bool:
        """Tell whether the coordinator is still there and has told nothing new about the holder of the place."""
        if not (self._acquired and self._coordinator.is_connected):
            return False
        if self._coordinator.connections != self._connections:
            return False
        told = self._coordinator.told(self.place.name)
        return told is not None and told.owner == told.tags.get(LEASE_OWNER) == str(self._coordinator.owner)

    def renew(self) -> None:
        """Renew the lease now; acquire the place again if the coordinator has forgotten it."""
        with self._renewing:
            now = self._coordinator.places().get(self.place.name)
            self._connections = self._coordinator.connections
            self.lost = self._why_lost(now)
            if self.lost or now is None:
                return
            self._acquired = now.owner == str(self._coordinator.owner)
            if not now.owner:
                try:
                    self._coordinator.acquire(now.name)
                    self._acquired = True
                except Refused:  # it is reserved for another job, which sees the lease and gives it back
                    self._acquired = False
            self._write()

    def _why_lost(self, now: PlaceState | None) -> str:
        """Return why the place, as it is now, is not this job's any more; empty: it is."""
        name, own = self.place.name, str(self._coordinator.owner)
        if now is None:
            return f"the coordinator has no place {name} any more"
        lease = now.tags.get(LEASE_OWNER, "")
        # a job that has just acquired the place and has no lease yet will see this one and give the place back
        if now.owner not in ("", own) and (lease == now.owner or not is_job(now.owner)):
            return f"the coordinator gave {name} to {now.owner}"
        if lease != own and (late := self._renewed()) > LEASE_S:
            return f"the lease of {name} could not be renewed for {late:.0f} s, and is not there any more"
        return ""

    def _write(self) -> None:
        tags = lease_tags(str(self._coordinator.owner), utc_now().timestamp(), self._since)
        self._coordinator.tag(self.place.name, tags)
        self._renewed = stopwatch()

    def take_out(self, reason: str) -> None:
        """Let no job be given the place from its release on, until a person has looked: its rig has failed."""
        self._out_of_service = " ".join(reason.split())

    def release(self, say: Callable[[str], None] = lambda text: None) -> None:
        """Give the place back; idempotent. A coordinator that is away has some time to come back.

        Raises CoordinatorGone if it does not: then it has forgotten the place, or the lease runs out.

        :param say: told what is waited for.
        """
        Patience(self._coordinator, say, f"to give {self.place.name} back").tell_if_away()
        self._repeated.close()
        if self.lost:
            return
        self.lost = "it was released"
        left = verdict_tags(self.verdict, utc_now().timestamp()) if self.verdict else {}
        owner = str(self._coordinator.owner)
        give_back(self._coordinator, self.place.name, owner, say, left, self._out_of_service)


def give_back(
    coordinator: Coordinator,
    place: str,
    owner: str,
    say: Callable[[str], None] = lambda text: None,
    left: Mapping[str, str] = NO_LEASE,
    out_of_service: str = "",
) -> None:
    """Release a place of ``owner``; the lease goes first, so that it cannot be taken for that of the next owner.

    :param say: told what is waited for. :param left: tags that stay at the place.
    :param out_of_service: why no job may be given the place; empty: jobs may.
    """
    patience = Patience(coordinator, say, f"to give {place} back")
    while True:
        try:
            now = coordinator.places().get(place)
            if now is None:
                return
            if out_of_service:
                coordinator.tag(place, {SERVICE: OUT})
                coordinator.comment(place, f"out of service: {out_of_service}")
            if now.tags.get(LEASE_OWNER) == owner:
                coordinator.tag(place, {**NO_LEASE, **left})
            coordinator.release(place, owner)
            return
        except CoordinatorGone as gone:
            patience.wait(gone)
