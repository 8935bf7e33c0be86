"""The windows of the lab meter: which readings tell of the same one, and how many were not read.

A meter gives the means of its last window until the next one is over. Read more often, it repeats itself; read less
often, it skips some.

A meter updates on a grid of its own: once a period, at a phase that is not known. Where the stamps of two readings
leave open how many updates lie between them, the readings around them decide: they were taken on the same grid, so only
some phases agree with all of them. Readings with the same values are of one update, readings with other values are not;
that narrows the phases further.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

from hil.evidence.documents import Event, Kind
from hil.evidence.event_intervals import TRACE_V
from hil.rig.sampling.timer import reading_age

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hil.scenario.observer import Observer

ROUNDING = 1e-6
"""Of a number of windows: instants are sums of decimal fractions."""

AROUND = 20
"""So many windows on either side tell of the phase of the meter's updates: 2 s at 10 Hz, in which a crystal that is
wrong by 100 ppm is off by 0.2 ms."""


class Window(NamedTuple):
    """One window of the meter, as one reading or several tell it; or a row of windows without voltage."""

    first: Event
    last: Event
    voltage: float
    power: float

    @property
    def energy_wh(self) -> float:
        """What was integrated by its end."""
        return _number(self.first, "energy_Wh")


def update_period(observer: Observer) -> float:
    """Return the seconds that a window of this rig's meter takes."""
    return float(observer.rig.meter.update_period)


_SO_FAR: WeakKeyDictionary[Observer, tuple[float, int, list[Window]]] = WeakKeyDictionary()
"""Of each scenario: update period, number of events looked at, and the windows in them; events are only ever added."""


def windows(observer: Observer) -> list[Window]:
    """Return the windows that the readings tell of, in order.

    The same values again within an update period are the same window. Readings without voltage that follow each other
    closely are one row of windows.
    """
    period, events = update_period(observer), observer.recorder.events
    known, looked_at, found = _SO_FAR.get(observer, (period, 0, list[Window]()))
    if known != period:
        looked_at, found = 0, []
    for event in events[looked_at:]:
        if event.kind is not Kind.READING or event.source != "meter":
            continue
        voltage = _number(event, "voltage_V")
        if found and _is_same(found[-1], event, voltage, period):
            earlier = found[-1]
            found[-1] = Window(earlier.first, event, earlier.voltage, earlier.power)
        else:
            found.append(Window(event, event, voltage, _number(event, "power_W")))
    _SO_FAR[observer] = period, len(events), found
    return list(found)


def _is_same(earlier: Window, later: Event, voltage: float, period: float) -> bool:
    """Tell whether a reading, of this voltage, is of the window before it."""
    if earlier.voltage < TRACE_V and voltage < TRACE_V:
        return later.t - earlier.last.t <= period * (1 + ROUNDING)
    return later.t - earlier.first.t < period * (1 - ROUNDING) and later.data == earlier.first.data


class Grid:
    """The windows of one meter, and how the stamps of readings lie on them."""

    def __init__(self, observer: Observer) -> None:
        self.period = update_period(observer)
        """Of the meter, in s."""
        self._observer = observer
        self._age = reading_age(observer.rig.meter)
        self._seen: list[Window] = []

    def updates(self, earlier: Window, later: Window) -> tuple[int, int]:
        """Return how often the meter updated from one window to another, at least and at most.

        Where the stamps of two windows that follow each other leave that open, the readings around them decide.
        """
        fewest, most = self._count(earlier.last, later.first)
        fewest = max(fewest, _since(earlier, later))
        most = max(fewest, most)
        if fewest == most or not self._is_unsure(later.first):
            return fewest, most
        return self._by_readings_around(earlier, later) or (fewest, most)

    def _by_readings_around(self, earlier: Window, later: Window) -> tuple[int, int] | None:
        if not self._seen:
            self._seen = windows(self._observer)
        index = bisect_left(self._seen, later.first.t, key=lambda each: each.first.t)
        if not (0 < index < len(self._seen)) or self._seen[index - 1 : index + 1] != [earlier, later]:
            return None
        seen: list[Seen] = []
        gap = 0
        first = max(0, index - AROUND)
        for at, window in enumerate(self._seen[first : index + AROUND], first):
            since = _since(self._seen[at - 1], window) if at > first else 0
            if at == index:
                gap = len(seen)
            instants = self._taken(window.first), self._taken(window.last)
            if window.voltage < TRACE_V:  # a row: its ends are of one update or of several
                seen += [Seen(instants[:1], since), Seen(instants[1:], 0)]
            else:
                seen.append(Seen(instants, since))
        return updates_between(seen, gap, self.period)

    def row(self, dead: Window) -> tuple[int, int]:
        """Return how many windows without voltage a row has, at least and at most."""
        if dead.last is dead.first:
            return 1, 1
        fewest, most = self._count(dead.first, dead.last)
        return 1 + fewest, 1 + most

    def _count(self, one: Event, other: Event) -> tuple[int, int]:
        """Return how many updates lie between two readings, at least and at most, as far as their stamps tell."""
        (early, late), (early_after, late_after) = self._taken(one), self._taken(other)
        fewest = math.floor((early_after - late) / self.period + ROUNDING)
        return max(0, fewest), math.ceil((late_after - early) / self.period - ROUNDING)

    def _is_unsure(self, reading: Event) -> bool:
        early, late = self._taken(reading)
        return early < late

    def _taken(self, reading: Event) -> tuple[float, float]:
        """Return the earliest and the latest instant at which a reading was taken.

        What a reading tells is up to a reading's age older; the latency in it is the same for all readings of a meter.
        """
        return reading.t - max(0.0, reading.before - self._age), reading.t + reading.after


def _since(earlier: Window, later: Window) -> int:
    """Return how many updates lie between two windows at least: the values tell whether there was one."""
    return int(later.first.data != earlier.last.data)


def _number(event: Event, quantity: str) -> float:
    return float(event.data[quantity])  # type: ignore[arg-type]  # written by the bench as a number


class Seen(NamedTuple):
    """One update of the meter, seen by a reading or by several."""

    instants: tuple[tuple[float, float], ...]
    """Of each reading, the earliest and the latest instant at which it may have been taken, in s."""

    since: int
    """At least so many updates lie between the one seen before it and this one: 1 if its values differ, 0 if not."""


def updates_between(seen: Sequence[Seen], index: int, period: float) -> tuple[int, int] | None:
    """Return how many updates lie between ``seen[index - 1]`` and ``seen[index]``, at least and at most.

    ``None`` if no phase agrees with all readings: then they were not taken on such a grid, or a stamp is wrong.

    :param seen: what was seen around the two, in order.
    :param period: the meter's update period in s, greater than 0.
    """
    edges = sorted({instant % period for each in seen for span in each.instants for instant in span})
    found = [
        count
        for early, late in pairwise([edges[-1] - period, *edges])
        if (count := _at_phase(seen, index, period, (early + late) / 2)) is not None
    ]
    if not found:
        return None
    return min(fewest for fewest, _ in found), max(most for _, most in found)


def _at_phase(seen: Sequence[Seen], index: int, period: float, phase: float) -> tuple[int, int] | None:
    """Return the same for a meter that updates at ``phase`` and once a period from then on."""
    spans = [
        (
            max(math.floor((early - phase) / period) for early, _ in each.instants),
            min(math.floor((late - phase) / period) for _, late in each.instants),
        )
        for each in seen
    ]
    lowest = [spans[0][0]]
    for each, (low, _) in zip(seen[1:], spans[1:], strict=True):
        lowest.append(max(low, lowest[-1] + each.since))
    if any(low > high for low, (_, high) in zip(lowest, spans, strict=True)):
        return None
    highest = [spans[-1][1]]
    for each, (_, high) in zip(reversed(seen[1:]), reversed(spans[:-1]), strict=True):
        highest.append(min(high, highest[-1] - each.since))
    highest.reverse()
    return max(seen[index].since, lowest[index] - highest[index - 1]), highest[index] - lowest[index - 1]
