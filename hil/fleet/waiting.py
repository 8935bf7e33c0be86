"""A job waits for a place: it reserves one by its tags, waits for its turn, acquires the place and holds its lease."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from hil.clock import WallClock, utc_now
from hil.errors import RigFault
from hil.fleet.broken_leases import break_lease, run_out
from hil.fleet.coordinator import Coordinator, CoordinatorGone, Refused
from hil.fleet.lease import Lease
from hil.fleet.marks import AWAY, LEASE_OWNER, OUT, SERVICE, clock_time, held_since, lease_of
from hil.fleet.patience import Patience
from hil.fleet.selection import Selection, changes_of_marks, filters_for
from hil.fleet.states import PlaceState, ReservationState
from hil.interrupts import hold, release

LOOK_S = 0.5
LONGEST_LOOK_S = 5.0
"""Between two looks; they become fewer the longer a job waits."""

SETTLE_S = 3.0
"""For a job that held the place before a restart of the coordinator to say so, from its restart on. The coordinator has
run for as long as it has been connected, at least.
"""

MOST_NAMED = 3
"""Places that a message names one by one."""


@dataclass
class Waiting:
    """Waits for one place of a selection.

    :param make_safe: makes a place safe, see :class:`hil.fleet.safe_place.SafePlace`.
    :param say: told what is waited for, and what was done; called often.
    :param limit_s: the longest that is waited.
    :param asks: told the token of the reservation, and the place that is about to be acquired or "".
    """

    coordinator: Coordinator
    selection: Selection
    make_safe: Callable[[PlaceState, str], str]
    say: Callable[[str], None]
    limit_s: float
    asks: Callable[[str, str], None] = lambda token, place: None

    def __post_init__(self) -> None:
        self._clock = WallClock()
        self._reservation: ReservationState | None = None
        self._again = False
        """Whether the coordinator has forgotten a reservation of this job: then it keeps its turn by its priority."""
        self._seen = "nothing yet"
        self._patience = Patience(self.coordinator, self.say, f"to have a place with {self.selection}")

    def acquire(self) -> Lease:
        """Return the lease of a place; raises RigFault after ``limit_s``, with what was seen last."""
        try:
            while True:
                try:
                    lease = self._try()
                except CoordinatorGone as gone:
                    self._patience.wait(gone)
                    continue
                if lease is not None:
                    return lease
                if self._clock.now() >= self.limit_s:
                    raise RigFault(
                        f"waited {self.limit_s:g} s for a place with {self.selection} in vain; last seen: {self._seen}",
                        place="--place",
                        remedy="Wait longer with --place-wait, or ask for other places.",
                    )
                self.say(f"waits for a place with {self.selection}: {self._seen}")
                self._clock.sleep(min(LONGEST_LOOK_S, LOOK_S + self._clock.now() / 20))
        finally:
            self._give_up_reservation()

    def _try(self) -> Lease | None:
        places = list(self.coordinator.places().values())
        fitting = self.selection.among(places)
        filters, mark = filters_for(self.selection, places)
        changed = {place.name: changes_of_marks(self.selection, place, mark) for place in places}
        for name, changes in changed.items():
            if changes:
                self.coordinator.tag(name, changes)
        if any(changed.values()):
            self.coordinator.schedule()
        for place in fitting:
            if place.owner == str(self.coordinator.owner):  # the coordinator went away when it had been acquired
                self.coordinator.release(place.name)
            elif run_out(place) and not place.absent:  # nothing can use it before its exporter is back
                self.say(f"breaks the lease of {lease_of(place)[0]} on {place.name}, which has run out")
                if done := break_lease(self.coordinator, place, self.make_safe, self._clock.sleep):
                    self.say(done)
        reserved = self._reserved(filters)
        self._seen = self._described(fitting, reserved)
        return self._take_whole(reserved) if reserved.place else None

    def _reserved(self, filters: dict[str, str]) -> ReservationState:
        if self._reservation is not None:
            try:
                self._reservation = self.coordinator.poll(self._reservation.token)
            except Refused:  # a coordinator that was restarted has forgotten it
                self._reservation, self._again = None, True
            else:
                if self._reservation.state in ("waiting", "allocated"):
                    return self._reservation
                self._give_up_reservation()
        priority = self._clock.now() * 1e-6 if self._again else 0.0
        self._reservation = self.coordinator.reserve(filters, priority)
        self.asks(self._reservation.token, "")
        return self._reservation

    def _take_whole(self, reserved: ReservationState) -> Lease | None:
        """Take the place; an interrupt comes after that, and then the place is given back."""
        lease = None
        hold()
        try:
            lease = self._take(reserved)
        finally:
            try:
                release()
            except BaseException:
                if lease is not None:
                    lease.release()
                raise
        return lease

    def _take(self, reserved: ReservationState) -> Lease | None:
        """Acquire the place that was allocated; None if it cannot be used now."""
        name = reserved.place
        self.asks(reserved.token, name)
        try:
            self.coordinator.acquire(name)
        except Refused as refused:
            self._seen = f"{name}: {refused.what}"
            self._give_up_reservation()
            return None
        place = self.coordinator.places()[name]
        if why := self._unusable(place) or self._not_settled(name):
            self._seen = f"{name}: {why}"
            self._give_up_reservation()
            self.coordinator.release(name)
            return None
        lease = Lease(self.coordinator, place)
        self._give_up_reservation()
        return lease

    def _unusable(self, place: PlaceState) -> str:
        owner, until = place.tags.get(LEASE_OWNER, ""), lease_of(PlaceState(place.name, place.tags))[1]
        if owner and owner != str(self.coordinator.owner) and until > utc_now().timestamp():
            return f"{owner} still uses it; the coordinator was restarted"
        if place.absent:
            return f"{', '.join(place.absent[:MOST_NAMED])} is not there; look at its exporter"
        if place.tags.get(SERVICE) == OUT:
            return place.comment
        return ""

    def _not_settled(self, name: str) -> str:
        """The coordinator may have been restarted and have lost a lease: leave the job that has the place time to say
        so; return why the place cannot be used.
        """
        left = SETTLE_S - self.coordinator.connected_s
        if left <= 0:
            return ""
        self._clock.sleep(left)
        return self._unusable(self.coordinator.places()[name])

    def _give_up_reservation(self) -> None:
        reservation, self._reservation = self._reservation, None
        if reservation is not None:
            with contextlib.suppress(CoordinatorGone):  # it expires when it is not polled
                self.coordinator.cancel(reservation.token)

    def _described(self, fitting: list[PlaceState], reserved: ReservationState) -> str:
        words = [_state_of(place) for place in fitting]
        more = [f"and {len(words) - MOST_NAMED} more"] if len(words) > MOST_NAMED else []
        names = {place.name for place in fitting}
        waiting = [each for each in self.coordinator.reservations() if each.state == "waiting"]
        before = sum(
            each.comes_before(reserved) and (each.filters == reserved.filters or each.place in names)
            for each in waiting
            if each.token != reserved.token
        )
        return "; ".join([*words[:MOST_NAMED], *more, f"{before} wait before"])


def _state_of(place: PlaceState) -> str:
    if place.owner:
        away = " (its exporter offers nothing)" if place.absent else ""
        return f"{place.name} is held by {place.owner} since {clock_time(held_since(place))}{away}"
    if place.tags.get(SERVICE) == OUT:
        return f"{place.name} is {place.comment or 'out of service'}"
    if place.absent or place.tags.get(SERVICE) == AWAY:
        return f"{place.name} is away: its exporter offers nothing"
    return f"{place.name} is {'reserved for another' if place.reservation else 'free'}"
