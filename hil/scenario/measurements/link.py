"""What is measured of a link that fails: what it did, how soon a device noticed, and what it cost."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from hil.evidence.documents import Kind
from hil.evidence.observations import Counted, EvidenceMissing, Sampled, Timed
from hil.evidence.timing import Interval, instant, not_until, power_readings
from hil.protocol.codes import CloseReason
from hil.protocol.wire.messages import Close
from hil.rig.recorder import LINK, sent_by
from hil.scenario.measurements import lab
from hil.scenario.measurements.cuts import until_cut

if TYPE_CHECKING:
    from hil.evidence.documents import Event
    from hil.scenario.scenario import Trial


def struck(trial: Trial, damage: str) -> Counted:
    """Number of messages that suffered ``damage`` (:data:`hil.scenario.stimuli.link.DAMAGES`)."""
    return Counted(sum(each.data.get("fault") == damage for each in _faults(trial)))


def lost(trial: Trial) -> Counted:
    """Number of messages that did not arrive as they were sent."""
    return Counted(sum(frame.lost for frame in trial.recorder.frames))


def given_up(trial: Trial, device: str, limit_s: float) -> Timed:
    """From the first failure of the link to the CLOSE with which a device under test gives the other side up."""
    began = _began(trial)
    closed = _silent_peer(trial, device, began.t)
    if closed is None and (left := instant(began).late + limit_s - trial.clock.now()) >= 0:
        trial.sleep(left + lab.AFTERMATH_S)
        closed = _silent_peer(trial, device, began.t)
    given = instant(closed) if closed is not None else not_until(trial.clock.now())
    return given.since(instant(began))


def fault_to_cut(trial: Trial, limit_s: float) -> Timed:
    """From the first failure of the link to zero power."""
    return until_cut(trial, instant(_began(trial)), limit_s)


def credit_at_cuts(trial: Trial) -> Sampled:
    """The most energy that was paid for and not yet delivered at any instant at which power was lost, in Wh.

    Credit is what the accepted payments bought by then, all sessions together, less the lab meter's energy; 0 if power
    was never lost.
    """
    readings = power_readings(trial.recorder.events)
    if not any(power >= trial.off_w for _, power in readings):
        raise trial.no_evidence("power never flowed")
    cuts = [(on, off) for (on, before), (off, after) in pairwise(readings) if before >= trial.off_w > after]
    if cuts:
        lab.watch_past(trial, cuts[-1][1].t)
    left = [(0.0, 0.0)]
    for on, off in cuts:
        when = Interval(on.t - on.before, off.t + off.after)
        energy = lab.metered_at(trial, when)
        least, most = trial.credited_wh(when.early), trial.credited_wh(when.late)
        left.append((max(0.0, least - energy.high), max(0.0, most - energy.low)))
    return Sampled(max(low for low, _ in left), max(high for _, high in left))


def _silent_peer(trial: Trial, device: str, after: float) -> Event | None:
    closes = trial.messages(Close, sent_by(device))
    found = (frame for frame, close in closes if close.reason is CloseReason.PEER_SILENT and frame.t >= after)
    return next((frame.event for frame in found), None)


def _faults(trial: Trial) -> list[Event]:
    return [event for event in trial.recorder.events if event.kind is Kind.FAULT and event.source == LINK]


def _began(trial: Trial) -> Event:
    found = _faults(trial)
    if not found:
        raise EvidenceMissing("nothing happened to the link in this scenario")
    return found[0]
