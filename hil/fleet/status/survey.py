"""What is known of a fleet at one moment: from its coordinator, and from the locks of this laboratory."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final

from hil.clock import utc_now
from hil.fleet.marks import LAST_RUN, LAST_VERDICT, LEASE_UNTIL, OUT, SERVICE, held_since, lease_of
from hil.fleet.owner import is_job
from hil.fleet.selection import NAME, RIG

if TYPE_CHECKING:
    from hil.fleet.coordinator import Coordinator
    from hil.fleet.states import PlaceState, ReservationState
    from hil.rig.safety.lock import Lock

MOST_ABSENT: Final = 3
"""Resources that a reason names one by one."""


class Health(enum.StrEnum):
    """Whether jobs are given a place."""

    OK = "ok"
    SILENT = "silent"
    """Its job has not renewed its lease in time; the next job that wants the place makes it safe and takes it over."""
    AWAY = "away"
    """An exporter, or a part of it, offers nothing now."""
    OUT = "out of service"
    """Its rig has failed; a person has to look."""
    LOCKED = "locked"
    """This laboratory has a lock of it."""


@dataclass(frozen=True)
class PlaceStatus:
    """A place of the fleet. Instants are UTC.

    :param rig: name of the rig file that describes it; empty: none is told.
    :param owner: who has acquired it, as ``host/user``; empty: it is free.
    :param since: since when its owner has it; None: it is free.
    :param waiting: how many jobs wait that may be given this place.
    :param reason: why it is not ok; empty: it is.
    :param last_verdict: of the last job on it that wrote its verdict down; empty: none did.
    :param last_run: when that job ended.
    :param calibration_due: the first day on which a calibration of its instruments ends; None: none is told.
    :param calibration_expired: whether that day is past.
    :param lock: why this laboratory must not use it; empty: it may.
    :param out_of_service: whether the coordinator gives it to no job, whatever else is the matter.
    """

    name: str
    rig: str
    owner: str
    since: datetime | None
    waiting: int
    health: Health
    reason: str
    last_verdict: str
    last_run: datetime | None
    calibration_due: date | None
    calibration_expired: bool
    lock: str
    locked_since: str
    out_of_service: bool = False


@dataclass(frozen=True)
class WaitingJob:
    """A job that waits for a place.

    :param wants: the tags that the place must have. :param place: the place that it may acquire now; empty: none yet.
    """

    owner: str
    since: datetime
    wants: Mapping[str, str]
    place: str


@dataclass(frozen=True)
class FleetStatus:
    """All of it.

    :param queue: jobs that wait, in the order in which they are served.
    """

    coordinator: str
    at: datetime
    places: Sequence[PlaceStatus]
    queue: Sequence[WaitingJob]


def survey(coordinator: Coordinator, locks: Sequence[Lock]) -> FleetStatus:
    """Ask the coordinator for places and reservations; nothing is changed. Raises RigFault if it does not answer."""
    now = utc_now()
    queue = [each for each in coordinator.reservations() if each.state in ("waiting", "allocated")]
    places = [place_status(place, queue, locks, now) for place in coordinator.places().values()]
    jobs = [WaitingJob(each.owner, _instant(each.created), dict(each.filters), each.place) for each in queue]
    return FleetStatus(coordinator.address, now, places, jobs)


def place_status(
    place: PlaceState, queue: Sequence[ReservationState], locks: Sequence[Lock], now: datetime
) -> PlaceStatus:
    """Return what is known of one place."""
    lock = next((each for each in locks if each.rig == place.name), None)
    health, reason = _health(place, lock, now)
    tags = {**place.tags, NAME: place.name}
    due = _day(place.tags.get("calibration_due", ""))
    last_run = _seconds(place.tags.get(LAST_RUN, ""))
    return PlaceStatus(
        name=place.name,
        rig=place.tags.get(RIG, ""),
        owner=place.owner,
        since=_instant(held_since(place)) if place.owner else None,
        waiting=sum(each.filters.items() <= tags.items() for each in queue if not each.place),
        health=health,
        reason=reason,
        last_verdict=place.tags.get(LAST_VERDICT, "").replace("_", " "),
        last_run=None if last_run is None else _instant(last_run),
        calibration_due=due,
        calibration_expired=due is not None and due < now.date(),
        lock=lock.reason if lock else "",
        locked_since=lock.since if lock else "",
        out_of_service=place.tags.get(SERVICE) == OUT,
    )


def _health(place: PlaceState, lock: Lock | None, now: datetime) -> tuple[Health, str]:
    """Return the worst that is the matter with a place, and why."""
    if lock is not None:
        return Health.LOCKED, lock.reason
    if place.tags.get(SERVICE) == OUT:
        return Health.OUT, place.comment.removeprefix("out of service: ") or "its comment tells no reason"
    if place.absent:
        named = ", ".join(place.absent[:MOST_ABSENT])
        more = f" and {len(place.absent) - MOST_ABSENT} more" if len(place.absent) > MOST_ABSENT else ""
        return Health.AWAY, f"not offered: {named}{more}"
    owner, until = lease_of(place)
    if owner and is_job(owner) and place.tags.get(LEASE_UNTIL) and until < now.timestamp():
        return Health.SILENT, f"{owner} has not renewed its lease, which ended at {_instant(until):%H:%M:%S} UTC"
    return Health.OK, ""


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _seconds(text: str) -> float | None:
    return float(text) if text.isdecimal() and len(text) <= len("9999999999") else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.replace("_", "-"))
    except ValueError:
        return None
