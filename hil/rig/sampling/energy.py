"""What the lab meter tells of a whole scenario: energy with its bounds.

Bounds are limits: as long as the meter keeps its accuracy, the true value is never outside
(docs/decisions/0005-bounds-are-limits.md).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from hil.evidence.observations import EvidenceMissing
from hil.evidence.timing import ZERO_POWER_W, Interval, power_readings
from hil.units import Second, WattHour

if TYPE_CHECKING:
    from hil.evidence.documents import Event
    from hil.ports import Meter


def metered_energy(events: Iterable[Event], meter: Meter) -> Interval:
    """Return the interval in Wh that holds the energy up to the last update of the meter's last reading.

    While power flows, what the reading does not know yet (two update periods at most) comes on top.
    Raises EvidenceMissing without a reading.
    """
    readings = power_readings(events)
    if not readings:
        raise EvidenceMissing("no reading of the lab meter")
    value = float(readings[-1][0].data["energy_Wh"])  # type: ignore[arg-type]  # written by the bench as a number
    spread = meter.energy_uncertainty(WattHour(value), Second(loaded_s(readings, float(meter.update_period))))
    return Interval(value - spread, value + spread)


def loaded_s(readings: Iterable[tuple[Event, float]], period: float) -> float:
    """Return the seconds in which power can have flowed: each reading with power counts back to the one before it.

    That is an update period, unless readings are missing.
    """
    total = 0.0
    before = None
    for event, power in readings:
        if power >= ZERO_POWER_W:
            total += period if before is None else max(period, event.t - before)
        before = event.t
    return total
