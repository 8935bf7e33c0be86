"""What is measured of a link that fails: what it did, how soon a device noticed, and what it cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.errors import AuthorError
from hil.evidence.documents import Kind
from hil.evidence.timing import ZERO_POWER_W, EvidenceMissing, Interval, instant, power_lost, power_readings
from hil.protocol.messages import Close, CloseReason, Receipt
from hil.rig.recorder import LINK, sent_by
from hil.scenario.measurements.energy_and_timing import AFTERMATH_S, exactly, take
from hil.units import Second, WattHour

if TYPE_CHECKING:
    from hil.evidence.documents import Event
    from hil.evidence.limits import Measurement
    from hil.scenario.scenario import Trial


def struck(trial: Trial, damage: str, measurement: Measurement) -> None:
    """Number of messages that suffered ``damage`` (:data:`hil.scenario.stimuli.link.DAMAGES`)."""
    trial.declare(measurement)
    take(trial, measurement, lambda: exactly(sum(each.data.get("fault") == damage for each in _faults(trial))))


def lost(trial: Trial, measurement: Measurement) -> None:
    """Number of messages that did not arrive as they were sent."""
    trial.declare(measurement)
    take(trial, measurement, lambda: exactly(sum(frame.lost for frame in trial.recorder.frames)))


def given_up(trial: Trial, device: str, measurement: Measurement) -> None:
    """From the first failure of the link to the CLOSE with which a device under test gives the other side up."""
    if device not in trial.devices_under_test():
        raise AuthorError(f"the {device} is not under test in this scenario")
    trial.declare(measurement)

    def find() -> Interval:
        began = _began(trial)
        for frame, close in trial.messages(Close, sent_by(device)):
            if close.reason is CloseReason.PEER_SILENT and frame.t >= began.t:
                return instant(frame.event).since(instant(began))
        raise EvidenceMissing(f"the {device} has not given up by {trial.clock.now():.3f} s")

    take(trial, measurement, find)


def fault_to_cut(trial: Trial, measurement: Measurement) -> None:
    """From the first failure of the link to zero power."""
    trial.declare(measurement)
    trial.sleep(AFTERMATH_S)

    def find() -> Interval:
        began = instant(_began(trial))
        return power_lost(trial.recorder.events, began.early).since(began)

    take(trial, measurement, find)


def credit_at_cuts(trial: Trial, measurement: Measurement) -> None:
    """The most energy that was paid for and not yet delivered at any instant at which power was lost, in Wh.

    Credit is what the receipts gave by then, all sessions together, less the lab meter's energy; 0 if power was never
    lost.
    """
    trial.declare(measurement)

    def find() -> Interval:
        readings = power_readings(trial.recorder.events)
        if not any(power >= ZERO_POWER_W for _, power in readings):
            raise EvidenceMissing("power never flowed")
        left = [Interval(0.0, 0.0)]
        previous = 0.0
        for event, power in readings:
            if previous >= ZERO_POWER_W > power:
                left.append(_credit(trial, event))
            previous = power
        return Interval(max(each.early for each in left), max(each.late for each in left))

    take(trial, measurement, find)


def _credit(trial: Trial, reading: Event) -> Interval:
    by_session: dict[bytes, int] = {}
    for frame, receipt in trial.messages(Receipt):
        if frame.t <= reading.t:
            by_session[receipt.session] = max(receipt.credited_mwh, by_session.get(receipt.session, 0))
    energy = float(str(reading.data["energy_Wh"]))
    spread = trial.rig.meter.energy_budget(WattHour(energy), Second(reading.t), energy).expanded
    left = sum(by_session.values()) / 1000 - energy
    return Interval(max(0.0, left - spread), max(0.0, left + spread))


def _faults(trial: Trial) -> list[Event]:
    return [event for event in trial.recorder.events if event.kind is Kind.FAULT and event.source == LINK]


def _began(trial: Trial) -> Event:
    found = _faults(trial)
    if not found:
        raise EvidenceMissing("nothing befell the link")
    return found[0]
