"""Whence events come: what the rig and the run record in their own names, and steps may not."""

from __future__ import annotations

from hil.evidence.documents import Kind

METER_UPDATES = "meter updates"
"""Source of the READING that tells how often the lab meter was seen to update."""

RIG_SOURCES = frozenset(
    {
        *("bench", "meter", METER_UPDATES, "load", "mains", "plug", "K1", "K2", "K3", "K4", "self-test of the bench"),
        *("socket", "socket program", "socket-link", "socket-console", "calendar", "firmware"),
        *("cable", "cable program", "cable-link", "cable-console", "counterpart", "link", "tap"),
        *("ledger", "operator", "test", "test: load"),
    }
)
"""The sources of the framework's own events."""

OF_THE_RUN = frozenset({Kind.START, Kind.STEP, Kind.VERDICT, Kind.STOP, Kind.OPERATOR, Kind.ATTACHMENT})
"""Events that say how the run went: the run alone writes them."""

_FOLDED = frozenset(map(str.casefold, RIG_SOURCES))


def is_of_the_rig(source: str) -> bool:
    """Tell whether events of this source are the framework's own; case and blanks around do not matter."""
    return source.strip().casefold() in _FOLDED
