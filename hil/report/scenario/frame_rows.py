"""The messages of a scenario as rows: what repeats without another message between is one row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hil.evidence.documents import Event
from hil.report.scenario.recent_events import tell

MOST_ROWS = 250
"""Rows of messages that a scenario shows; the evidence file holds all."""


@dataclass
class FrameRow:
    """A message, or several alike one after the other.

    :ivar what: message, direction and fields of the first.
    :ivar last: time of the last in seconds.
    """

    t: float
    source: str
    what: str
    times: int
    last: float


def frame_rows(events: Iterable[Event]) -> list[FrameRow]:
    """Return the rows of FRAME events, all of them."""
    rows: list[FrameRow] = []
    newest: object = None
    for event in events:
        data = event.data
        likeness = (event.source, *map(str, map(data.get, ("direction", "message", "error", "lost"))))
        if likeness == newest:
            rows[-1].times += 1
            rows[-1].last = event.t
        else:
            newest = likeness
            rows.append(FrameRow(event.t, event.source, tell(event) if len(rows) < MOST_ROWS else "", 1, event.t))
    return rows
