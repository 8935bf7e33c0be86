"""Leases whose jobs were killed: the place is made safe first, then released."""

from __future__ import annotations

from collections.abc import Callable

from hil.clock import utc_now
from hil.errors import RigFault
from hil.fleet.coordinator import Coordinator
from hil.fleet.lease import give_back
from hil.fleet.marks import LEASE_OWNER, LEASE_UNTIL, NO_LEASE, clock_time, lease_of
from hil.fleet.states import PlaceState

BREAK_S = 120.0
"""For one job to break a lease, while no other does."""

SETTLE_S = 2.0
"""For two jobs that both want to break a lease to see which of them wrote last."""


def run_out(place: PlaceState) -> bool:
    """Tell whether a job has a place whose lease has run out."""
    owner, until = lease_of(place)
    return bool(owner) and until < utc_now().timestamp()


def break_lease(
    coordinator: Coordinator,
    place: PlaceState,
    make_safe: Callable[[PlaceState, str], str],
    sleep: Callable[[float], None],
) -> str:
    """Make a place safe whose lease has run out, then release it; return what was done, empty if another job does it.

    A place that cannot be made safe is released too, and taken out of service: a person has to look.

    :param make_safe: returns why the place that this owner had is not safe; empty if it is.
    """
    owner, until = lease_of(place)
    own = f"{coordinator.owner}:breaks"
    claim = {LEASE_OWNER: own, LEASE_UNTIL: f"{utc_now().timestamp() + BREAK_S:.0f}"}
    coordinator.tag(place.name, claim)
    sleep(SETTLE_S)
    now = coordinator.places().get(place.name)
    if now is None or now.tags.get(LEASE_OWNER) != own or now.owner != place.owner:
        return ""
    try:
        problem = make_safe(now, owner)
    except RigFault as error:
        problem = str(error)
    why = f"the lease of {owner} ran out, and the place could not be made safe: {problem}"
    why = f"{why}. Switch the mains off by hand." if problem else ""
    coordinator.tag(place.name, NO_LEASE)
    give_back(coordinator, place.name, now.owner or owner, out_of_service=why)
    ran_out = f"{place.name}: the lease of {owner} ran out at {clock_time(until)}"
    return f"{ran_out}; {f'it could not be made safe: {problem}' if problem else 'made safe and released'}"
