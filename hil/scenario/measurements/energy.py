"""Energy and power at the lab meter: how much was delivered, how much of it was not paid for, and the highest power."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.evidence.observations import Sampled, Timed
from hil.scenario.measurements import lab

if TYPE_CHECKING:
    from hil.scenario.observer import Observer


def delivered(observer: Observer) -> Sampled:
    """Integrated energy at the lab meter at the end of the scenario, in Wh."""
    lab.watch_aftermath(observer)
    return lab.delivered(observer)


def unpaid(observer: Observer) -> Sampled:
    """Energy at the lab meter less what the accepted payments buy at the offered tariff, in Wh."""
    lab.watch_aftermath(observer)
    return lab.delivered_beyond(observer, observer.credited_wh())


def highest_power(observer: Observer) -> Sampled:
    """The largest mean power of the scenario, in W: over an update of the meter, or between two readings."""
    lab.watch_past(observer, observer.clock.now())
    return lab.highest_power(observer)


def live_before_acceptance(observer: Observer, limit_s: float) -> Timed:
    """For how long the outlet was live before the first payment was accepted, in seconds: 0 if not at all.

    The RECEIPT tells of the acceptance; the reading in whose window it falls counts by its share of voltage. Without an
    accepted payment the outlet must not be live at all.
    """
    lab.watch_past(observer, observer.clock.now() if (first := observer.first_acceptance()) is None else first.t)
    live = lab.live_since(observer)
    return Timed(0.0, 0.0) if live is None else lab.first_acceptance(observer, live, limit_s)
