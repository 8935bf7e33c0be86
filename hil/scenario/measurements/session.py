"""What is measured of a session as a whole: how soon each question is answered, when payments are asked for, how it
ends, and how the device's own meter compares with the lab's.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from hil.errors import AuthorError, nearest
from hil.evidence.observations import Counted, DeviceIdle, EvidenceMissing, Sampled, Timed
from hil.evidence.timing import Interval, instant, not_until
from hil.protocol.codes import CloseReason
from hil.protocol.wire.messages import Close, Hello, Message, Meter, Offer, PaymentRequest
from hil.rig.recorder import sent_by
from hil.scenario.measurements import lab
from hil.scenario.observations import ANSWERS
from hil.scenario.payments import credit_wh

if TYPE_CHECKING:
    from hil.evidence.limits import Limit
    from hil.rig.recorder import Frame
    from hil.scenario.scenario import Trial


def slowest_reply(trial: Trial, limit_s: float) -> Timed:
    """The longest time from a question to the answer of a device under test; open for one without an answer.

    A question that is new yet is watched until its limit is over. One that the link kept from the device is none.
    """
    replies = _all_replies(trial)
    open_since = [reply.low for reply in replies if math.isinf(reply.high)]
    if open_since and (left := limit_s - max(open_since)) >= 0:
        trial.sleep(left + lab.AFTERMATH_S)
        replies = _all_replies(trial)
    if not replies:
        raise trial.no_evidence("no device under test was asked anything")
    slowest = max(replies, key=lambda reply: (reply.high, reply.low))
    return Timed(max(reply.low for reply in replies), slowest.high, slowest.began)


def _all_replies(trial: Trial) -> list[Timed]:
    return [
        reply
        for device in trial.devices_under_test()
        for kind, answers in ANSWERS[device].items()
        for reply in _replies(trial, device, kind, answers)
    ]


def _replies(trial: Trial, device: str, kind: type[Message], answers: tuple[type[Message], ...]) -> list[Timed]:
    """Return the time of each reply; a question that is said again before the answer comes counts from the first, but
    for HELLO: a cable calls while the socket boots.
    """
    told = [frame for answer in answers for frame, _ in trial.messages(answer, sent_by(device))]
    replies: list[Timed] = []
    answered_until = -math.inf
    for question, _ in trial.messages(kind):
        if question.lost:
            continue
        answer = min((frame for frame in told if frame.t >= question.t), key=lambda frame: frame.t, default=None)
        if answer is None:
            return [*replies, not_until(trial.clock.now()).since(instant(question.event))]
        reply = instant(answer.event).since(instant(question.event))
        if question.t >= answered_until:
            replies.append(reply)
        elif kind is Hello:
            replies[-1] = reply
        answered_until = answer.t
    return replies


def reported_credit_at_requests(trial: Trial, limit: Limit) -> Counted:
    """The credit in mWh that was left by the socket's own account when a further payment was asked for, at its worst.

    What the accepted payments of the session buy, less the energy that the request claims.
    """
    left = [round(1000 * bought) - request.energy_mwh for _, request, bought in _further_requests(trial)]
    return Counted(min(left, key=lambda mwh: limit.margin(mwh, mwh)))


def credit_at_requests(trial: Trial) -> Sampled:
    """The credit in Wh that was left by the lab meter when a further payment was asked for: the least and the most.

    What the accepted payments of the session buy, less the energy since its offer.
    """
    begun = {offer.session: instant(frame.event) for frame, offer in reversed(trial.messages(Offer))}
    left = []
    for frame, request, bought in _further_requests(trial):
        asked = instant(frame.event)
        lab.watch_past(trial, asked.late)
        before, now = lab.metered_at(trial, begun[request.session]), lab.metered_at(trial, asked)
        left.append((bought - now.high + before.low, bought - now.low + before.high))
    return Sampled(min(low for low, _ in left), max(high for _, high in left))


def _further_requests(trial: Trial) -> list[tuple[Frame, PaymentRequest, float]]:
    """Return the first request for each further payment, with the Wh that its session had bought by then."""
    seen: set[tuple[bytes, int]] = set()
    found = []
    accepted = trial.accepted()
    for frame, request in trial.messages(PaymentRequest):
        key = (request.session, request.n)
        before = [each for each in accepted if each.session == request.session and each.t <= frame.t]
        if key not in seen and any(each.n == request.n - 1 for each in before):
            found.append((frame, request, credit_wh(before)))
        seen.add(key)
    if not found:
        raise trial.no_evidence("no further payment was asked for")
    return found


def meter_error(trial: Trial) -> Sampled:
    """What the device under test counted, when it told it last, against the lab meter then, in percent of it."""
    lab.watch_aftermath(trial)
    device = trial.the_device_under_test()
    told = [(frame, message.energy_mwh) for frame, message in trial.messages(Meter, sent_by(device))]
    told += [(frame, message.energy_mwh) for frame, message in trial.messages(Close, sent_by(device))]
    if not told:
        raise DeviceIdle(f"the {device} told no energy in the time watched")
    frame, counted_mwh = max(told, key=lambda each: each[0].t)
    lab.watch_past(trial, instant(frame.event).late)
    energy = lab.metered_at(trial, instant(frame.event))
    if energy.low <= 0:
        raise EvidenceMissing("no energy flowed that the lab meter can tell from none")
    return Sampled(counted_mwh / 10 / energy.high - 100, counted_mwh / 10 / energy.low - 100)


def billed_beyond_delivered(trial: Trial) -> Sampled:
    """Energy in Wh that the socket claims, all sessions together, less what the lab meter saw.

    What it says is rounded down and a second old at most, so a small surplus on the other side says nothing.
    """
    said: dict[bytes, int] = {}
    claims: list[Meter | PaymentRequest | Close] = [told for _, told in trial.messages(Meter, "to cable")]
    claims += [told for _, told in trial.messages(PaymentRequest, "to cable")]
    claims += [told for _, told in trial.messages(Close, "to cable")]
    for told in claims:
        said[told.session] = max(told.energy_mwh, said.get(told.session, 0))
    if not said:
        raise trial.no_evidence("the socket said nothing of energy")
    lab.watch_past(trial, trial.clock.now())
    claimed, seen = sum(said.values()) / 1000, lab.delivered(trial)
    return Sampled(claimed - seen.high, claimed - seen.low, seen.covers, seen.budget)


def closed_as(trial: Trial, reason: str) -> Counted:
    """CLOSE messages of the device under test with this reason."""
    closes = [close for device in trial.devices_under_test() for _, close in trial.messages(Close, sent_by(device))]
    return Counted(sum(close.reason is CloseReason[reason] for close in closes))


def refuse_unknown_reason(reason: str) -> None:
    """Raise AuthorError for a name that is no reason of CLOSE."""
    if reason not in CloseReason.__members__:
        raise AuthorError(f"'{reason}' is no reason to close{nearest(reason, CloseReason.__members__)}")


def set_up(trial: Trial, limit_s: float) -> Timed:
    """From the HELLO that the socket answered to the receipt of the first payment; open if there was none.

    Without an offer it counts from the first HELLO that the socket could hear.
    """
    offers = trial.messages(Offer)
    hellos = [frame for frame, _ in trial.messages(Hello) if not frame.lost]
    if offers:
        hellos = [frame for frame in hellos if frame.t <= offers[0][0].t][-1:]
    if not hellos:
        raise trial.no_evidence("no HELLO passed on the line")
    return lab.first_acceptance(trial, instant(hellos[0].event), limit_s)


def between_requests(trial: Trial, _: float) -> Timed:
    """The shortest time from one payment's request to the next one's, in seconds."""
    firsts: dict[tuple[bytes, int], Interval] = {}
    for frame, request in trial.messages(PaymentRequest):
        firsts.setdefault((request.session, request.n), instant(frame.event))
    gaps = [later.since(earlier) for earlier, later in pairwise(sorted(firsts.values(), key=lambda each: each.early))]
    if not gaps:
        raise trial.no_evidence("fewer than two payments were asked for")
    shortest = min(gaps, key=lambda gap: gap.low)
    return Timed(shortest.low, min(gap.high for gap in gaps), shortest.began)
