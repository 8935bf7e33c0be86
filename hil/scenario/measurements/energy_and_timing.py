"""What a scenario measures: each function declares, takes and judges one measurement from what was recorded.

A measurement whose evidence is missing is inconclusive, not passed: "the power stays below X" must not hold because
the meter said nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from hil.evidence.documents import Kind, Verdict
from hil.evidence.limits import Finding, Measurement
from hil.evidence.timing import ZERO_POWER_W, EvidenceMissing, Interval, instant, power_came, power_lost, power_readings
from hil.protocol.messages import Payment, Receipt
from hil.rig.sampling.energy import metered_energy, reading_of
from hil.scenario.stimuli.interruptions import SUPPLY

if TYPE_CHECKING:
    from hil.evidence.documents import Event
    from hil.rig.recorder import Frame
    from hil.scenario.scenario import Trial

BIT_RATE = 115_200
BITS_PER_BYTE = 10
"""8N1: a start bit, eight data bits, a stop bit."""

POWER_TIMEOUT_S = 120.0
"""Longest that a scenario waits for power to come back: two boots and a lock-out of the cable."""

COUNTERPART = "counterpart"
"""Source of the events that tell that it cheats."""

SOME_EVENTS = 30
"""The newest events hold the newest reading: at ten a second hardly anything comes between."""

AFTERMATH_S = 2.0
"""After the end of a session the bench is watched this much longer, so that the last readings show zero power."""


def energy(trial: Trial, measurement: Measurement) -> None:
    """Integrated energy at the lab meter at the end of the scenario."""
    trial.declare(measurement)
    watch_aftermath(trial)
    take(trial, measurement, lambda: delivered(trial))


def unpaid_energy(trial: Trial, measurement: Measurement) -> None:
    """Energy at the lab meter less what the receipts credited; never below zero by more than the uncertainty."""
    trial.declare(measurement)
    watch_aftermath(trial)
    take(trial, measurement, lambda: delivered_beyond(trial, trial.credited_wh()))


def delivered(trial: Trial) -> Interval:
    """Return the energy at the lab meter in Wh, with its uncertainty; raises EvidenceMissing without a reading."""
    return metered_energy(trial.recorder.events, trial.rig.meter)


def delivered_beyond(trial: Trial, paid_wh: float) -> Interval:
    """Return the same less ``paid_wh``."""
    energy = delivered(trial)
    return Interval(energy.early - paid_wh, energy.late - paid_wh)


def metered_at(trial: Trial, t: float) -> Interval:
    """Return the energy at the lab meter in Wh at the instant ``t``, with its uncertainty.

    A reading tells of some time between its bounds, so the truth lies between the last reading that was over before and
    the first that began after; raises EvidenceMissing if there are none such.
    """
    readings = [each for each in trial.recorder.events if each.kind is Kind.READING and each.source == "meter"]
    before = [float(each.data["energy_Wh"]) for each in readings if each.t <= t]  # type: ignore[arg-type]  # a number
    after = [float(each.data["energy_Wh"]) for each in readings if each.t - each.before >= t]  # type: ignore[arg-type]
    if not before or not after:
        raise EvidenceMissing("no reading of the lab meter before and after")
    whole = delivered(trial)
    spread = (whole.late - whole.early) / 2
    return Interval(before[-1] - spread, after[0] + spread)


def highest_power(trial: Trial, measurement: Measurement) -> None:
    """The largest reading of the scenario with its uncertainty."""
    trial.declare(measurement)
    take(trial, measurement, lambda: _highest(trial, [event for event, _ in power_readings(trial.recorder.events)]))


def power_before_payment(trial: Trial, measurement: Measurement) -> None:
    """The largest reading that was over before the first receipt passed on the line."""
    trial.declare(measurement)

    def find() -> Interval:
        receipts = trial.messages(Receipt)
        end = instant(receipts[0][0].event).early if receipts else math.inf
        return _highest(trial, [event for event, _ in power_readings(trial.recorder.events) if event.t <= end])

    take(trial, measurement, find)


def _highest(trial: Trial, readings: Sequence[Event]) -> Interval:
    if not readings:
        raise EvidenceMissing("no reading of the lab meter in that time")
    highest = max(map(reading_of, readings), key=lambda reading: reading.power)
    return Interval(*trial.rig.meter.power_budget(highest).bounds(highest.power))


def interruptions(trial: Trial, measurement: Measurement) -> None:
    """Readings without power between the first and the last with power."""
    trial.declare(measurement)

    def find() -> Interval:
        flowing = [power >= ZERO_POWER_W for _, power in power_readings(trial.recorder.events)]
        if True not in flowing:
            raise EvidenceMissing("power never flowed")
        first, last = flowing.index(True), len(flowing) - 1 - flowing[::-1].index(True)
        return exactly(flowing[first:last].count(False))

    take(trial, measurement, find)


def refusal_to_cut(trial: Trial, measurement: Measurement) -> None:
    """From the last byte of the first message that the counterpart spoiled to zero power."""
    trial.declare(measurement)
    trial.sleep(AFTERMATH_S)

    def find() -> Interval:
        strike = next(iter(strikes(trial)), None)
        if strike is None:
            raise EvidenceMissing("the counterpart did not get to cheat")
        devices = trial.devices_under_test()
        spoiled = next((each for each in trial.recorder.frames if _is_spoiled(each, strike, devices)), None)
        if spoiled is None:
            raise EvidenceMissing("the spoiled message did not pass on the line")
        written = instant(spoiled.event)
        arrived = Interval(written.early, written.late + _transmission_s(spoiled.event))
        return power_lost(trial.recorder.events, arrived.early).since(arrived)

    take(trial, measurement, find)


def strikes(trial: Trial) -> list[Event]:
    """Return the times that the counterpart cheated, in order."""
    return [each for each in trial.recorder.events if each.kind is Kind.FAULT and each.source == COUNTERPART]


def _is_spoiled(frame: Frame, strike: Event, devices: Sequence[str]) -> bool:
    return frame.direction in {f"to {device}" for device in devices} and frame.t >= strike.t


def _transmission_s(frame: Event) -> float:
    return len(str(frame.data["bytes"])) / 2 * BITS_PER_BYTE / BIT_RATE


def payment_to_power(trial: Trial, measurement: Measurement) -> None:
    """From the first PAYMENT on the line to the first reading with power."""
    trial.declare(measurement)

    def find() -> Interval:
        payments = trial.messages(Payment)
        if not payments:
            raise EvidenceMissing("no payment passed on the line")
        paid = instant(payments[0][0].event)
        return power_came(trial.recorder.events, paid.early).since(paid)

    take(trial, measurement, find)


def await_power(trial: Trial) -> None:
    """Wait for a reading with power that begins now or later; raises DeadlineExceeded after ``POWER_TIMEOUT_S``."""
    began = trial.clock.now()

    def flows() -> bool:
        readings = power_readings(trial.recorder.events[-SOME_EVENTS:])
        return any(event.t - event.before >= began and power >= ZERO_POWER_W for event, power in readings)

    trial.wait_for(flows, timeout=POWER_TIMEOUT_S, what="power to flow", on_readings=True)


def supply_to_power(trial: Trial, measurement: Measurement) -> None:
    """From the last closing of a supply that was interrupted to the first reading with power after it."""
    trial.declare(measurement)
    relays = [SUPPLY[device] for device in trial.devices_under_test()]

    def find() -> Interval:
        closings = [each for each in trial.recorder.events if each.source in relays and each.data.get("closed")]
        if len(closings) <= len(relays):
            raise EvidenceMissing("the supply was not interrupted")
        restored = instant(closings[-1])
        return power_came(trial.recorder.events, restored.early).since(restored)

    take(trial, measurement, find)


def take(trial: Trial, measurement: Measurement, find: Callable[[], Interval]) -> None:
    """Take a measurement that was declared; one whose evidence is missing is inconclusive."""
    try:
        found = find()
    except EvidenceMissing as missing:
        trial.settle_finding(Finding(measurement, math.nan, math.nan, Verdict.INCONCLUSIVE, missing.what))
        return
    trial.settle_finding(measurement.find(found.early, found.late))


def exactly(number: float) -> Interval:
    """Return the interval of a value that is counted."""
    return Interval(number, number)


def watch_aftermath(trial: Trial) -> None:
    """Go on until the meter has shown zero power for a while, so that the energy is complete."""
    if trial.watch.power_w >= ZERO_POWER_W or trial.session_closed():
        trial.sleep(AFTERMATH_S)
