"""The first thing that is seen after something was done to a device."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.evidence.documents import Kind
from hil.evidence.event_intervals import instant, not_until
from hil.scenario.measurements.lab import AFTERMATH_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.evidence.documents import Event
    from hil.evidence.observations import Timed
    from hil.scenario.observer import Observer


def first_after(observer: Observer, cause: Event, find: Callable[[Event], Event | None], limit_s: float) -> Timed:
    """Watch until the limit and ``AFTERMATH_S`` have passed since the cause, at least that once; then look."""
    observer.sleep(max(AFTERMATH_S, cause.t + limit_s + AFTERMATH_S - observer.clock.now()))
    found = find(cause)
    return (instant(found) if found is not None else not_until(observer.clock.now())).since(instant(cause))


def first_said(observer: Observer, cause: Event, device: str, words: str, limit_s: float) -> Timed:
    """From the cause to the first line after it on the device's console that holds ``words``."""

    def find(began: Event) -> Event | None:
        said = (each for each in observer.recorder.events if each.kind is Kind.CONSOLE and each.t >= began.t)
        mine = (each for each in said if each.source == f"{device}-console")
        return next((each for each in mine if words in str(each.data["text"])), None)

    return first_after(observer, cause, find, limit_s)
