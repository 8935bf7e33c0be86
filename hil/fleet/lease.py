"""A place that this job holds: its lease is renewed until the place is released (hil/fleet/marks.py).

A coordinator that comes back after a restart has forgotten who had acquired what. The lease stands in the tags, which
it keeps, so the place is acquired again before others take it; another job that was given it meanwhile sees the lease
and gives it back.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping

from hil.clock import Repeated, stopwatch, utc_now
from hil.errors import RigFault
from hil.fleet.coordinator import Coordinator, CoordinatorGone, Refused
from hil.fleet.marks import LEASE_OWNER, LEASE_S, NO_LEASE, OUT, SERVICE, lease_tags, verdict_tags
from hil.fleet.states import PlaceState

RENEW_S = 10.0
LOOK_S = 1.0
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
        same = self._coordinator.is_connected and self._coordinator.connections == self._connections
        if (not (same and self._acquired) or self._renewed() >= RENEW_S) and not self.lost:
            with contextlib.suppress(RigFault):  # it is tried again, as long as the lease has not run out
                self.renew()

    def renew(self) -> None:
        """Renew the lease now; acquire the place again if the coordinator has forgotten it."""
        with self._renewing:
            name, own = self.place.name, str(self._coordinator.owner)
            now = self._coordinator.places().get(name)
            self._acquired = True
            self._connections = self._coordinator.connections
            if now is None:
                self.lost = f"the coordinator has no place {name} any more"
                return
            if not now.owner:
                try:
                    self._coordinator.acquire(name)
                except Refused:  # it is reserved for another job, which sees the lease and gives it back
                    self._acquired = False
            elif now.owner != own and now.tags.get(LEASE_OWNER) == now.owner:
                self.lost = f"the coordinator gave {name} to {now.owner}"
                return
            else:
                self._acquired = now.owner == own
            self._write()

    def _write(self) -> None:
        tags = lease_tags(str(self._coordinator.owner), utc_now().timestamp(), self._since)
        self._coordinator.tag(self.place.name, tags)
        self._renewed = stopwatch()

    def take_out(self, reason: str) -> None:
        """Let no job be given the place until a person has looked: its rig has failed."""
        self._coordinator.tag(self.place.name, {SERVICE: OUT})
        self._coordinator.comment(self.place.name, f"out of service: {' '.join(reason.split())}")

    def release(self) -> None:
        """Give the place back; idempotent. A coordinator that is away has ``LEASE_S`` to come back.

        Raises CoordinatorGone if it does not: then it has forgotten the place, or the lease runs out.
        """
        self._repeated.close()
        if self.lost:
            return
        self.lost = "it was released"
        left = verdict_tags(self.verdict, utc_now().timestamp()) if self.verdict else {}
        give_back(self._coordinator, self.place.name, str(self._coordinator.owner), left)


def give_back(coordinator: Coordinator, place: str, owner: str, left: Mapping[str, str] = NO_LEASE) -> None:
    """Release a place of ``owner``; the lease goes first, so that it cannot be taken for that of the next owner.

    :param left: tags that stay at the place.
    """
    patience = stopwatch()
    while True:
        try:
            now = coordinator.places().get(place)
            if now is None:
                return
            if now.tags.get(LEASE_OWNER) == owner:
                coordinator.tag(place, {**NO_LEASE, **left})
            coordinator.release(place, owner)
            return
        except CoordinatorGone:
            if patience() > LEASE_S:
                raise
            coordinator.rest()
