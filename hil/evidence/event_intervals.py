"""When something happened, as far as the evidence can tell: intervals that must hold the true instant.

A reading says something about the whole time that it averages over, ``t - before`` .. ``t``. Power that is gone was
last seen within the last reading above zero, and is gone for sure at the first reading below. What has not happened in
the last reading has no upper bound: it may happen at any time after it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hil.evidence.documents import Event, Kind
from hil.evidence.observations import EvidenceMissing, Timed

DEAD_V = 50.0
"""Below this voltage a circuit is dead: the limit of extra-low voltage, AC (IEC 61140)."""

TRACE_V = 5.0
"""From this mean voltage on a circuit was live for a part of the time: far above a meter's offset. Below it, it was for
less than half a thousandth.
"""


@dataclass(frozen=True)
class Interval:
    """An instant in seconds since the scenario began: the true one lies within.

    :param late: infinite if it has not come yet.
    """

    early: float
    late: float

    def since(self, start: Interval) -> Timed:
        """Return the time that passed from ``start`` to this instant, which did not come before it."""
        return Timed(max(0.0, self.early - start.late), max(0.0, self.late - start.early), start.early)

    def lead_of(self, other: Interval) -> Timed:
        """Return by how long ``other`` came before this instant; negative if it came after it."""
        return Timed(self.early - other.late, self.late - other.early, other.early)


def instant(event: Event) -> Interval:
    """Return the instant of an event with its own bounds."""
    return Interval(event.t - event.before, event.t + event.after)


def not_until(t: float) -> Interval:
    """Return the interval of an event that had not happened at ``t``, when the watch ended: it has no upper end."""
    return Interval(t, math.inf)


def power_readings(events: Iterable[Event]) -> list[tuple[Event, float]]:
    """Return the lab meter's readings with their power in watts, in order."""
    return _readings(events, "power_W")


def voltage_readings(events: Iterable[Event]) -> list[tuple[Event, float]]:
    """Return the lab meter's readings with their voltage in volts, in order."""
    return _readings(events, "voltage_V")


def _readings(events: Iterable[Event], quantity: str) -> list[tuple[Event, float]]:
    return [
        (event, float(event.data[quantity]))  # type: ignore[arg-type]  # written by the bench as a number
        for event in events
        if event.kind is Kind.READING and event.source == "meter" and quantity in event.data
    ]


def power_lost(events: Iterable[Event], after: float, off_w: float) -> Interval:
    """Return when power was last lost at or after the instant ``after``; open if it still flows in the last reading.

    :param off_w: below this power counts as off: the meter's ``off_threshold_w``.
    :raises EvidenceMissing: no reading after it, or none with power at all.
    """
    return _lost(power_readings(events), off_w, after, "power")


def voltage_lost(events: Iterable[Event], after: float) -> Interval:
    """Return when the lab meter's circuit last went dead at or after ``after``; as ``power_lost`` does."""
    return _lost(voltage_readings(events), DEAD_V, after, "voltage")


def _lost(readings: Sequence[tuple[Event, float]], least: float, after: float, name: str) -> Interval:
    if not readings or readings[-1][0].t <= after:
        raise EvidenceMissing(f"no reading of {name} after {after:.3f} s")
    last_on = max((index for index, (_, value) in enumerate(readings) if value >= least), default=None)
    if last_on is None:
        raise EvidenceMissing(f"there was never any {name}")
    on = readings[last_on][0]
    early = max(after, on.t - on.before)
    if last_on == len(readings) - 1:
        return not_until(early)
    off = readings[last_on + 1][0]
    return Interval(early, max(after, off.t + off.after))


def power_came(events: Iterable[Event], after: float, off_w: float) -> Interval:
    """Return when power first flowed at or after the instant ``after``; open if it has not by the last reading.

    Power that flowed before may still be in the window of the first readings after it. It counts only once a reading
    tells of nothing but the time after, or of power that had been gone in between.

    :param off_w: below this power counts as off: the meter's ``off_threshold_w``.
    :raises EvidenceMissing: no reading after it.
    """
    early, seen, was_off = after, False, True
    for event, power in power_readings(events):
        if event.t >= after:
            seen = True
            if power >= off_w and (was_off or event.t - event.before >= after):
                return Interval(early, event.t + event.after)
            if power < off_w:
                early = max(after, event.t - event.before)
        was_off = power < off_w
    if not seen:
        raise EvidenceMissing(f"no reading of power after {after:.3f} s")
    return not_until(early)
