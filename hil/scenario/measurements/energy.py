"""Energy and power at the lab meter: how much was delivered, how much of it was not paid for, the highest power, and
the power factor.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from hil.evidence.event_intervals import instant, power_readings
from hil.evidence.observations import EvidenceMissing, Sampled, Timed
from hil.judge.messages import Receipt
from hil.rig.sampling.energy import reading_of
from hil.scenario.accepted_payments import credits_wh
from hil.scenario.measurements import lab

if TYPE_CHECKING:
    from hil.ports import Reading
    from hil.scenario.observer import Observer


def delivered(observer: Observer) -> Sampled:
    """Integrated energy at the lab meter at the end of the scenario, in Wh."""
    lab.watch_aftermath(observer)
    return lab.delivered(observer)


def unpaid(observer: Observer) -> Sampled:
    """Energy at the lab meter less what the accepted payments buy at the offered tariff, in Wh.

    At the end of the scenario; or just before a receipt, if surely more was unpaid then: a payment that comes later
    does not make up for it.
    """
    lab.watch_aftermath(observer)
    end = lab.delivered_beyond(observer, observer.credited_wh())
    earlier = _unpaid_before_a_receipt(observer)
    return earlier if earlier is not None and earlier.low > max(0.0, end.high) else end


def _unpaid_before_a_receipt(observer: Observer) -> Sampled | None:
    """Return the same at the receipt before which most was unpaid; None if all was paid for at each of them."""
    readings = [event for event, _ in power_readings(observer.recorder.events)]
    seen = [event.t for event in readings]
    accepted = observer.accepted()
    worst, paid_wh, at = 0.0, 0.0, None
    for payment, credit in zip(accepted, [0.0, *credits_wh(accepted)], strict=False):
        before = bisect_right(seen, payment.t) - 1
        if before >= 0 and (beyond := reading_of(readings[before]).energy - credit) > worst:
            worst, paid_wh, at = beyond, credit, payment.t
    if at is None:
        return None
    receipt = next(frame for frame, _ in observer.messages(Receipt, "to cable") if frame.t == at)
    try:
        return lab.metered_at(observer, instant(receipt.event)).less(paid_wh)
    except EvidenceMissing:  # nothing was read after it
        return None


def returned(observer: Observer) -> Sampled:
    """Energy that flowed back into the mains by the end of the scenario, in Wh."""
    lab.watch_aftermath(observer)
    return lab.returned(observer)


def highest_power(observer: Observer) -> Sampled:
    """The largest mean power of the scenario, in W: over an update of the meter, or between two readings."""
    lab.watch_past(observer, observer.clock.now())
    return lab.highest_power(observer)


def power_factor(observer: Observer) -> Sampled:
    """Return the lowest to the highest power factor of the readings between two others of about the same power.

    A reading in whose time the power changed shows a lower one, since a mean of squares counts for its current.
    EvidenceMissing if there is no such reading with power.
    """
    lab.watch_past(observer, observer.clock.now())
    meter = observer.rig.meter
    readings = [(event, reading_of(event)) for event, _ in power_readings(observer.recorder.events)]
    powers = [float(reading.power) for _, reading in readings]
    found: list[tuple[float, float]] = []
    for place in range(1, len(readings) - 1):
        reading = readings[place][1]
        if abs(reading.power) < meter.off_threshold_w:
            continue
        apart = 2 * meter.power_budget(reading).expanded
        if max(abs(powers[place - 1] - reading.power), abs(powers[place + 1] - reading.power)) <= apart:
            found.append(_bounds(observer, reading))
    if not found:
        raise EvidenceMissing("no reading of the lab meter with steady power")
    covers = readings[0][0].t, readings[-1][0].t
    return Sampled(min(low for low, _ in found), max(high for _, high in found), covers)


def live_before_acceptance(observer: Observer, limit_s: float) -> Timed:
    """For how long the outlet was live before the first payment was accepted, in seconds: 0 if not at all.

    The RECEIPT tells of the acceptance; the reading in whose window it falls counts by its share of voltage. Without an
    accepted payment the outlet must not be live at all.
    """
    lab.watch_past(observer, observer.clock.now() if (first := observer.first_acceptance()) is None else first.t)
    live = lab.live_since(observer)
    return Timed(0.0, 0.0) if live is None else lab.first_acceptance(observer, live, limit_s)


def _bounds(observer: Observer, reading: Reading) -> tuple[float, float]:
    meter = observer.rig.meter
    voltage = meter.voltage_budget(reading).bounds(reading.voltage)
    current = meter.current_budget(reading).bounds(reading.current)
    powers = meter.power_budget(reading).bounds(reading.power)
    apparent = [u * i for u in voltage for i in current if u * i > 0]
    quotients = [power / each for power in powers for each in apparent]
    return max(-1.0, min(quotients)), min(1.0, max(quotients))
