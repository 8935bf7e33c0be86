"""Events as rows of two tables: all events, and each quantity of each reading."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hil.evidence.documents import Kind, encode
from hil.evidence.record import ScenarioRecord


class EventRow(NamedTuple):
    """One event; ``data`` is its JSON text."""

    scenario: str
    number: int
    t_s: float
    before_s: float
    after_s: float
    clock: str
    kind: str
    source: str
    data: str


class ReadingRow(NamedTuple):
    """One quantity of one reading; ``number`` is that of its event."""

    scenario: str
    number: int
    t_s: float
    before_s: float
    after_s: float
    source: str
    quantity: str
    unit: str
    value: float


def event_rows(scenario: ScenarioRecord) -> Iterator[EventRow]:
    """Yield a row for each event of the scenario, numbered from 1 on."""
    for number, event in enumerate(scenario.events, 1):
        data = encode(event.data).decode()
        when = (event.t, event.before, event.after)
        yield EventRow(scenario.name, number, *when, event.clock, event.kind.value, event.source, data)


def reading_rows(scenario: ScenarioRecord) -> Iterator[ReadingRow]:
    """Yield a row for each quantity that is a number."""
    for number, event in enumerate(scenario.events, 1):
        if event.kind is not Kind.READING:
            continue
        for name, value in event.data.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                quantity, _, unit = name.rpartition("_")
                when = (event.t, event.before, event.after)
                yield ReadingRow(
                    scenario.name, number, *when, event.source, quantity or name, unit if quantity else "", float(value)
                )
