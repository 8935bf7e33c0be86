"""The messages of a scenario: what repeats is one row."""

from __future__ import annotations

from hil.evidence.documents import Event, Kind
from hil.report.scenario.frame_rows import frame_rows


def frame(t: float, message: str, n: int = 0) -> Event:
    return Event(Kind.FRAME, t, "socket-link", {"direction": "to cable", "message": message, "fields": {"n": n}})


def test_messages_alike_without_another_between_are_one_row() -> None:
    rows = frame_rows([frame(1.0, "METER", 1), frame(2.0, "METER", 2), frame(2.5, "RECEIPT"), frame(3.0, "METER", 3)])
    assert [(row.t, row.last, row.times, row.what) for row in rows] == [
        (1.0, 2.0, 2, "METER to cable: n 1"),
        (2.5, 2.5, 1, "RECEIPT to cable: n 0"),
        (3.0, 3.0, 1, "METER to cable: n 3"),
    ]


def test_no_messages_make_no_rows() -> None:
    assert frame_rows([]) == []
