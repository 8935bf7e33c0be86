"""What is measured of a link that fails: what it did, how soon a device noticed, and what it cost."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from hil.evidence.documents import Kind
from hil.evidence.event_intervals import Interval, instant, not_until, power_readings
from hil.evidence.observations import Counted, EvidenceMissing, Sampled, Timed
from hil.judge.codes import CloseReason
from hil.judge.messages import Close, Receipt
from hil.rig.recorder import LINK, sent_by
from hil.scenario.accepted_payments import credit_wh
from hil.scenario.measurements import lab
from hil.scenario.measurements.cuts import until_cut
from hil.scenario.stimuli.mains_plug_and_load import PLUG, last

if TYPE_CHECKING:
    from hil.evidence.documents import Event
    from hil.scenario.observer import Observer


def struck(observer: Observer, damage: str) -> Counted:
    """Number of messages that suffered ``damage`` (:data:`hil.scenario.stimuli.link.DAMAGES`)."""
    return Counted(sum(each.data.get("fault") == damage for each in _faults(observer)))


def lost(observer: Observer) -> Counted:
    """Number of messages that did not arrive as they were sent."""
    return Counted(sum(frame.lost for frame in observer.recorder.frames))


def given_up(observer: Observer, device: str, limit_s: float) -> Timed:
    """From the first failure of the link to the CLOSE with which a device under test gives the other side up."""
    began = _began(observer)
    closed = _silent_peer(observer, device, began.t)
    if closed is None and (left := instant(began).late + limit_s - observer.clock.now()) >= 0:
        observer.sleep(left + lab.AFTERMATH_S)
        closed = _silent_peer(observer, device, began.t)
    given = instant(closed) if closed is not None else not_until(observer.clock.now())
    return given.since(instant(began))


def fault_to_cut(observer: Observer, limit_s: float) -> Timed:
    """From the first failure of the link to zero power."""
    return until_cut(observer, instant(_began(observer)), limit_s)


def credit_at_cuts(observer: Observer) -> Sampled:
    """The most energy that was paid for and not yet delivered at any instant at which power was lost, in Wh.

    Credit is what the accepted payments bought by then, all sessions together, less the lab meter's energy; 0 if power
    was never lost.
    """
    readings = power_readings(observer.recorder.events)
    if not any(power >= observer.off_w for _, power in readings):
        raise observer.no_evidence("power never flowed")
    cuts = [(on, off) for (on, before), (off, after) in pairwise(readings) if before >= observer.off_w > after]
    if cuts:
        lab.watch_past(observer, instant(cuts[-1][1]).late)
    accepted = observer.accepted()
    receipts = {frame.t: instant(frame.event) for frame, _ in observer.messages(Receipt)}
    left = [(0.0, 0.0)]
    for on, off in cuts:
        when = Interval(instant(on).early, instant(off).late)
        energy = lab.metered_at(observer, when)
        least = credit_wh(each for each in accepted if receipts[each.t].late <= when.early)
        most = credit_wh(each for each in accepted if receipts[each.t].early <= when.late)
        left.append((least - energy.high, most - energy.low))
    return Sampled(max(low for low, _ in left), max(high for _, high in left))


def _silent_peer(observer: Observer, device: str, after: float) -> Event | None:
    closes = observer.messages(Close, sent_by(device))
    found = (frame for frame, close in closes if close.reason is CloseReason.PEER_SILENT and frame.t >= after)
    return next((frame.event for frame in found), None)


def _faults(observer: Observer) -> list[Event]:
    return [event for event in observer.recorder.events if event.kind is Kind.FAULT and event.source == LINK]


def _began(observer: Observer) -> Event:
    """Return the first failure of the link since the cable was plugged in last: before, it was another link."""
    plugged = last(observer.recorder, PLUG, "again")
    found = [each for each in _faults(observer) if plugged is None or each.t >= plugged.t]
    if not found:
        raise EvidenceMissing("nothing happened to the link since the cable was plugged in")
    return found[0]
