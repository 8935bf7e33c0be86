"""When something happened, as far as the evidence can tell: intervals that must hold the true instant.

A reading says something about the whole time that it averages over, ``t - before`` .. ``t``. Power that is gone was
last seen within the last reading above zero, and is gone for sure at the first reading below.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hil.errors import HilError
from hil.evidence.documents import Event, Kind

ZERO_POWER_W = 3.2
"""Below this the appliance is off, whichever meter the bench has: above the ``off_threshold_w`` of each dialect, below
the smallest load of the bench, 5 W.
"""


DEAD_V = 50.0
"""Below this voltage a circuit is dead: the limit of extra-low voltage, AC (IEC 61140)."""


class EvidenceMissing(HilError):
    """The timeline does not hold what a measurement needs; the measurement was not taken."""


@dataclass(frozen=True)
class Interval:
    """Seconds since the scenario began; the true instant lies within."""

    early: float
    late: float

    def since(self, start: Interval) -> Interval:
        """Return the interval that must hold the time from ``start`` to this instant."""
        return Interval(max(0.0, self.early - start.late), self.late - start.early)


def instant(event: Event) -> Interval:
    """Return the instant of an event with its own bounds."""
    return Interval(event.t - event.before, event.t + event.after)


def power_readings(events: Iterable[Event]) -> list[tuple[Event, float]]:
    """Return the lab meter's readings with their power in watts, in order."""
    return _readings(events, "power_W")


def _readings(events: Iterable[Event], quantity: str) -> list[tuple[Event, float]]:
    return [
        (event, float(event.data[quantity]))  # type: ignore[arg-type]  # written by the bench as a number
        for event in events
        if event.kind is Kind.READING and quantity in event.data
    ]


def power_lost(events: Iterable[Event], after: float) -> Interval:
    """Return when power was last lost at or after the instant ``after``.

    Raises EvidenceMissing if there is no reading after it, or power still flows in the last one.
    """
    return _lost(power_readings(events), ZERO_POWER_W, after, "power", "W")


def voltage_lost(events: Iterable[Event], after: float) -> Interval:
    """Return when the lab meter's circuit last went dead at or after ``after``; raises as ``power_lost`` does."""
    return _lost(_readings(events, "voltage_V"), DEAD_V, after, "voltage", "V")


def _lost(readings: Sequence[tuple[Event, float]], least: float, after: float, name: str, unit: str) -> Interval:
    if not readings or readings[-1][0].t <= after:
        raise EvidenceMissing(f"no reading of {name} after {after:.3f} s")
    if readings[-1][1] >= least:
        raise EvidenceMissing(f"there is still {name} in the last reading ({readings[-1][1]:.1f} {unit})")
    last_on = max((index for index, (_, value) in enumerate(readings) if value >= least), default=None)
    if last_on is None:
        raise EvidenceMissing(f"there was never any {name}")
    on, off = readings[last_on][0], readings[last_on + 1][0]
    return Interval(max(after, on.t - on.before), max(after, off.t + off.after))


def power_came(events: Iterable[Event], after: float) -> Interval:
    """Return when power first flowed at or after the instant ``after``; raises EvidenceMissing if it never did."""
    previous = after
    for event, power in power_readings(events):
        if event.t < after:
            continue
        if power >= ZERO_POWER_W:
            return Interval(max(after, previous), event.t + event.after)
        previous = event.t - event.before
    raise EvidenceMissing(f"power never flowed after {after:.3f} s")
