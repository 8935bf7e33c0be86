"""What the lab meter tells of a whole scenario: energy with what it is uncertain by.

Bounds are limits: as long as the meter keeps its accuracy, the true value is never outside
(docs/decisions/0005-bounds-are-limits.md).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter
from typing import TYPE_CHECKING

from hil.evidence.documents import Kind
from hil.evidence.event_intervals import Interval
from hil.evidence.observations import EvidenceMissing
from hil.evidence.uncertainty import Budget
from hil.ports import Reading
from hil.units import Ampere, Second, Volt, Watt, WattHour

if TYPE_CHECKING:
    from hil.evidence.documents import Event
    from hil.ports import Meter

RECORDED = ("voltage_V", "current_A", "power_W", "energy_Wh")
"""What the event of a reading holds of it (:meth:`hil.rig.sampling.timer.Readings.take`)."""

_recorded = itemgetter(*RECORDED)


UNREAD = 1.5
"""Readings so many update periods apart leave an update between them that neither tells of. Half a period is for a wall
clock, on which readings come unevenly: it may hide one update now and then, with what an offset explains of it.
"""


@dataclass(frozen=True)
class MeteredEnergy:
    """Watt-hours that were delivered, with what they are uncertain by."""

    value: float
    budget: Budget

    @property
    def interval(self) -> Interval:
        """The interval in Wh that holds the true energy."""
        return Interval(*self.budget.bounds(self.value))


def metered_energy(events: Iterable[Event], meter: Meter, until: float | None = None) -> MeteredEnergy:
    """Return the energy in Wh that was delivered up to ``until``, with its budget; EvidenceMissing without a reading.

    What flows back into the mains is not subtracted: between two readings of negative power nothing is added, and where
    the power turned between two readings, what either of them can have told is the part ``turn of the power``.
    An integrator adds up the meter's offset as well. What it added between two readings of a dead circuit that follow
    each other closely is left out, as far as an offset explains it; the meter's range counts for the rest of the time.
    A circuit is dead if the meter shows no more voltage than it may of none: power that flowed for an instant shows.
    Energy that flowed since the window of the last reading can only come on top: half of the most that it can be is
    added to the value, and is the part ``sampling``.

    :param until: second of the scenario; None: that of the last reading.
    """
    samples = [(event, reading_of(event)) for event in events if event.kind is Kind.READING and event.source == "meter"]
    if not samples:
        raise EvidenceMissing("no reading of the lab meter")
    (first_event, first), (last_event, last) = samples[0], samples[-1]
    off = float(meter.off_threshold_w)
    none_v = meter.voltage_budget(Reading(Volt(0.0), Ampere(0.0), Watt(0.0), WattHour(0.0), Second(0.0))).expanded
    digit = meter.energy_budget(WattHour(last.energy), Second(0.0), 0.0).part("resolution")

    def dead(reading: Reading) -> bool:
        return reading.voltage <= none_v and reading.power < off

    def by_offset(added: float, seconds: float) -> bool:
        return abs(added) <= off * seconds / 3600 + 2 * digit

    # the integrator was started while the meter settled, ahead of a circuit that was open
    settled = first_event.t + float(meter.settling)
    left_out = dead(first) and by_offset(first.energy, settled)
    value, loaded, apparent = (0.0, 0.0, 0.0) if left_out else (first.energy, settled, first.energy)
    subtracted, turned = 0, 0.0
    if first.power < -off:
        value, turned = max(0.0, value), abs(first.power) * first_event.before / 3600
    for (earlier, before), (event, reading) in pairwise(samples):
        added, seconds, was_left_out = reading.energy - before.energy, event.t - earlier.t, left_out
        closely = seconds < UNREAD * meter.update_period
        # what is new in a reading came with updates that may have begun as long ago as the reading is old
        left_out = closely and dead(before) and dead(reading) and by_offset(added, seconds + event.before)
        subtracted += left_out is not was_left_out
        if (backward := min(before.power, reading.power) < -off) and max(before.power, reading.power) < off:
            continue
        if backward:
            turned += max(abs(before.power), abs(reading.power)) * (seconds + event.before) / 3600
            added = max(0.0, added)
        if not left_out:
            value += added
            # the first update that counts may have begun long before the reading that shows it
            loaded += seconds + (event.before if was_left_out else 0.0)
            apparent += max(before.voltage * before.current, reading.voltage * reading.current) * seconds / 3600
    budget = meter.energy_budget(WattHour(value), Second(loaded), apparent)
    budget = budget.plus("readings subtracted", digit * subtracted, "half of the last digit of each of them")
    budget = budget.plus("turn of the power", turned, "it flowed back before or after, and one reading tells of both")
    unread = max(0.0, (last_event.t if until is None else until) - last_event.t + last_event.before)
    missed = 0.0 if dead(last) else max(last.power, 0.0) * unread / 3600
    budget = budget.plus("sampling", missed / 2, "power flows, and its energy comes with the next update")
    return MeteredEnergy(value + missed / 2, budget)


def returned_energy(events: Iterable[Event], meter: Meter) -> MeteredEnergy:
    """Return the energy in Wh that flowed back into the mains, with its budget; EvidenceMissing without a reading."""
    samples = [(event, reading_of(event)) for event in events if event.kind is Kind.READING and event.source == "meter"]
    if not samples:
        raise EvidenceMissing("no reading of the lab meter")
    off = float(meter.off_threshold_w)
    value = loaded = apparent = turned = 0.0
    first_event, first = samples[0]
    if first.power < -off:
        value, loaded = max(0.0, -first.energy), first_event.t + float(meter.settling)
        turned = abs(first.power) * first_event.before / 3600
    for (earlier, before), (event, reading) in pairwise(samples):
        if min(before.power, reading.power) >= -off:
            continue
        seconds = event.t - earlier.t
        if max(before.power, reading.power) >= -off:
            turned += max(abs(before.power), abs(reading.power)) * (seconds + event.before) / 3600
        value += max(0.0, before.energy - reading.energy)
        loaded += seconds
        apparent += max(before.voltage * before.current, reading.voltage * reading.current) * seconds / 3600
    budget = meter.energy_budget(WattHour(value), Second(loaded), apparent)
    budget = budget.plus("turn of the power", turned, "it began or ended between two readings, and one tells of both")
    return MeteredEnergy(value, budget)


def reading_of(event: Event) -> Reading:
    """Return a reading of the lab meter as it was, from its event; over which time it had integrated is not in it."""
    return Reading._make((*map(float, _recorded(event.data)), 0.0))
