"""How soon power came or went: from a cause on the line, the ledger, a relay or a fault to the lab meter's readings.

A cut is watched for ``AFTERMATH_S`` longer than its limit: power that still flows then was not cut in time.
"""

from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING

from hil.evidence.documents import Kind
from hil.evidence.event_intervals import Interval, instant, power_came, power_lost, power_readings, voltage_lost
from hil.evidence.observations import DeviceIdle, EvidenceMissing, Timed
from hil.judge.messages import Error, Payment
from hil.scenario.abuse_plan import COUNTERPART
from hil.scenario.measurements.lab import AFTERMATH_S, READINGS_AT_ONCE, watch_past
from hil.scenario.plan import SUPPLY
from hil.scenario.stimuli.mains_plug_and_load import MAINS, PLUG, last
from hil.units import format_quantity

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hil.evidence.documents import Event
    from hil.rig.recorder import Frame
    from hil.scenario.observer import Observer

BIT_RATE = 115_200
BITS_PER_BYTE = 10
"""8N1: a start bit, eight data bits, a stop bit."""

SEEN = 1.5
"""Times the power that a meter may show without any: so much is never taken for none, since it errs by half of that."""

POWER_TIMEOUT_S = 120.0
"""Longest that a scenario waits for power to come back: two boots and a lock-out of the cable."""


def await_power(observer: Observer) -> None:
    """Wait for a reading with power that begins now or later; raises DeadlineExceeded after ``POWER_TIMEOUT_S``."""
    began = observer.clock.now()

    def flows() -> bool:
        readings = power_readings(observer.recorder.events[-READINGS_AT_ONCE:])
        return any(event.t - event.before >= began and power >= observer.off_w for event, power in readings)

    observer.wait_for(flows, timeout=POWER_TIMEOUT_S, what="power to flow", on_readings=True)


# --- power that comes ---------------------------------------------------------------------------------------------


def payment_to_power(observer: Observer, limit_s: float) -> Timed:
    """From the first PAYMENT that the link let through to the first reading with power."""
    payments = [frame for frame, _ in observer.messages(Payment) if not frame.lost]
    if not payments:
        raise observer.no_evidence("no payment passed on the line")
    return until_power(observer, instant(payments[0].event), limit_s)


def supply_to_power(observer: Observer, limit_s: float) -> Timed:
    """From the last closing of a supply that was interrupted to the first reading with power after it."""
    relays = [SUPPLY[device] for device in observer.devices_under_test()]
    closings = [each for each in observer.recorder.events if each.source in relays and each.data.get("closed")]
    if len(closings) <= len(relays):
        raise EvidenceMissing("the supply was not interrupted")
    return until_power(observer, instant(closings[-1]), limit_s)


def restored_to_power(observer: Observer, limit_s: float) -> Timed:
    """From the newest return of the mains to the first reading with power after it."""
    return until_power(observer, instant(_fault(observer, MAINS, "restored")), limit_s)


def until_power(observer: Observer, cause: Interval, limit_s: float) -> Timed:
    """From a cause to the first reading with power after it; open if none flows until the limit and ``AFTERMATH_S``."""

    def came() -> Interval:
        return power_came(observer.recorder.events, cause.early, observer.off_w)

    def has_come() -> bool:
        with contextlib.suppress(EvidenceMissing):  # not yet: the bench has not been watched since
            return not math.isinf(came().late)
        return False

    _watch(observer, cause, limit_s, has_come)
    found = came()
    if math.isinf(found.late):
        _refuse_unseen(observer)
    return found.since(cause)


def power_lasted(observer: Observer, cause: Interval) -> Timed:
    """For how long power flowed from its first reading after a cause on; open if it still flows.

    EvidenceMissing, or DeviceIdle if the device was due to act, if none flowed.
    """
    watch_past(observer, observer.clock.now())
    events = observer.recorder.events
    came = power_came(events, cause.early, observer.off_w)
    if math.isinf(came.late):
        _refuse_unseen(observer)
        raise observer.no_evidence("no power flowed")
    return power_lost(events, came.late, observer.off_w).since(came)


# --- power that goes ----------------------------------------------------------------------------------------------


def refusal_to_cut(observer: Observer, limit_s: float) -> Timed:
    """From the last byte of the first message that the counterpart spoiled to zero power."""
    return until_cut(observer, _arrival(_spoiled(observer)), limit_s)


def request_refusal_to_cut(observer: Observer, limit_s: float) -> Timed:
    """Return the same for a request that the cable must refuse; DeviceIdle if it did not.

    Power ends when the socket, which the bench plays, has heard the refusal. It ends as soon if the cable signs what it
    must refuse, since that socket then ends the session itself; so it is the refusal that shows what the cable did.
    """
    request = _spoiled(observer)
    found = until_cut(observer, _arrival(request), limit_s)
    if not any(error.t >= request.t for error, _ in observer.messages(Error, "to socket")):
        raise DeviceIdle("the cable sent no ERROR: it did not refuse the request")
    return found


def _spoiled(observer: Observer) -> Frame:
    """Return the first message that the counterpart spoiled and that arrived."""
    strike = next(iter(strikes(observer)), None)
    if strike is None:
        raise observer.no_evidence("the counterpart did not get to cheat")
    devices = observer.devices_under_test()
    spoiled = next((each for each in observer.recorder.frames if _is_spoiled(each, strike, devices)), None)
    if spoiled is None:
        raise EvidenceMissing("the spoiled message did not pass on the line")
    return spoiled


def _arrival(frame: Frame) -> Interval:
    """Return when the last byte of a message had passed on the line."""
    written = instant(frame.event)
    return Interval(written.early, written.late + transmission_s([frame.event]))


def unplugged_to_dead(observer: Observer, limit_s: float) -> Timed:
    """From the opening of K2 to the first reading without voltage at the socket's outlet."""
    pulled, again = _fault(observer, PLUG, "pulled"), last(observer.recorder, PLUG, "again")
    until = again.t if again is not None and again.t > pulled.t else math.inf
    cause = instant(pulled)
    if math.isinf(until):
        _watch(observer, cause, limit_s, lambda: False)
    seen = (event for event in observer.recorder.events if event.t <= until)
    return voltage_lost(seen, cause.early).since(cause)


def until_cut(observer: Observer, cause: Interval, limit_s: float) -> Timed:
    """From a cause to zero power; open if power still flows after the limit and ``AFTERMATH_S``.

    EvidenceMissing, or DeviceIdle if it had been paid for, if there never was any power to cut.
    """
    _watch(observer, cause, limit_s, lambda: False)
    if not any(power >= observer.off_w for _, power in power_readings(observer.recorder.events)):
        _refuse_unseen(observer)
        raise observer.no_evidence("power never flowed")
    return power_lost(observer.recorder.events, cause.early, observer.off_w).since(cause)


def _refuse_unseen(observer: Observer) -> None:
    """Raise EvidenceMissing if the load draws so little that a reading of it may pass for none."""
    told = observer.plan.load_power_w
    if told is not None and told < SEEN * observer.off_w:
        drawn, off = format_quantity(told, "W"), format_quantity(observer.off_w, "W")
        raise EvidenceMissing(f"the load draws {drawn}, and the lab meter may show up to {off} without power")


def _watch(observer: Observer, cause: Interval, limit_s: float, done: Callable[[], bool]) -> None:
    """Go on until ``done``, or until the limit and ``AFTERMATH_S`` have passed since the cause; at least that once."""
    if not done():
        observer.sleep(max(AFTERMATH_S, cause.late + limit_s + AFTERMATH_S - observer.clock.now()))


def strikes(observer: Observer) -> list[Event]:
    """Return the times that the counterpart cheated, in order."""
    return [each for each in observer.recorder.events if each.kind is Kind.FAULT and each.source == COUNTERPART]


def transmission_s(frames: Sequence[Event]) -> float:
    """Return the seconds that frames take on the line."""
    return sum(len(str(frame.data["bytes"])) / 2 for frame in frames) * BITS_PER_BYTE / BIT_RATE


def _is_spoiled(frame: Frame, strike: Event, devices: Sequence[str]) -> bool:
    return not frame.lost and frame.direction in {f"to {device}" for device in devices} and frame.t >= strike.t


def _fault(observer: Observer, source: str, word: str) -> Event:
    found = last(observer.recorder, source, word)
    if found is None:
        raise EvidenceMissing(f"nothing happened to the {source} in this scenario")
    return found
