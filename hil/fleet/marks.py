"""What jobs write into the tags of a place, so that other jobs, on any machine, know of it.

The coordinator keeps tags over a restart; who has acquired a place, and what is reserved, it forgets.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from hil.fleet.owner import is_job
from hil.fleet.states import PlaceState

LEASE_S: Final = 60.0
"""After so long without a word of its job a lease has run out, and another job may break it."""

LEASE_OWNER: Final = "lease_owner"
LEASE_UNTIL: Final = "lease_until"
"""Seconds since 1970."""
LEASE_SINCE: Final = "lease_since"
"""When the job acquired the place, likewise."""

SERVICE: Final = "service"
"""Whether jobs may be given the place: one of the three that follow."""
IN: Final = "in"
AWAY: Final = "away"
"""Its exporter offers nothing now."""
OUT: Final = "out"
"""Its rig has failed. The comment says how; a person looks at it, then sets ``service=in``."""


LAST_VERDICT: Final = "last_verdict"
"""Of the last job that had the place, with ``_`` for blanks."""
LAST_RUN: Final = "last_run"
"""When that job gave the place back, in seconds since 1970."""


def is_mark(key: str) -> bool:
    """Tell whether jobs write the tag with this key, and no person."""
    return key in (LEASE_OWNER, LEASE_UNTIL, LEASE_SINCE, SERVICE, LAST_VERDICT, LAST_RUN)


def verdict_tags(verdict: str, now: float) -> dict[str, str]:
    """Return the tags by which a job leaves its verdict at the place that it gives back."""
    return {LAST_VERDICT: verdict.replace(" ", "_"), LAST_RUN: f"{now:.0f}"}


def lease_tags(owner: str, now: float, since: float) -> dict[str, str]:
    """Return the tags by which ``owner`` holds a place for ``LEASE_S`` more."""
    return {LEASE_OWNER: owner, LEASE_UNTIL: f"{now + LEASE_S:.0f}", LEASE_SINCE: f"{since:.0f}"}


NO_LEASE: Final[Mapping[str, str]] = {LEASE_OWNER: "", LEASE_UNTIL: "", LEASE_SINCE: ""}


def lease_of(place: PlaceState) -> tuple[str, float]:
    """Return who has a lease on a place and until when, in seconds since 1970; ``("", 0.0)`` if there is none.

    A person who acquired the place by hand has it until they release it. A job that has acquired it and was ended
    before it could write its lease has one from the last change of the place on.
    """
    told = place.tags.get(LEASE_OWNER, "")
    if told and (not place.owner or place.owner == told):
        return told, _number(place.tags.get(LEASE_UNTIL, ""))
    if not place.owner:
        return "", 0.0
    if is_job(place.owner):
        return place.owner, max(place.changed + LEASE_S, _number(place.tags.get(LEASE_UNTIL, "")))
    return place.owner, float("inf")


def held_since(place: PlaceState) -> float:
    """Return since when its owner has a place, in seconds since 1970."""
    own = place.tags.get(LEASE_OWNER) == place.owner
    return (_number(place.tags.get(LEASE_SINCE, "")) if own else 0.0) or place.changed


def clock_time(seconds: float) -> str:
    """Return an instant since 1970 as a time of day in UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC):%H:%M:%S} UTC"


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
