"""What is measured of a session as a whole: how soon each question is answered, when payments are asked for, how it
ends, and how the device's own meter compares with the lab's.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from hil.errors import AuthorError, nearest
from hil.evidence.event_intervals import Interval, instant, not_until
from hil.evidence.observations import Counted, DeviceIdle, EvidenceMissing, Sampled, Timed
from hil.judge.codes import CloseReason
from hil.judge.messages import Close, Hello, Message, Meter, Offer, PaymentRequest
from hil.rig.recorder import sent_by
from hil.scenario.accepted_payments import credit_wh
from hil.scenario.measurements import lab
from hil.scenario.observer import ANSWERS

if TYPE_CHECKING:
    from hil.evidence.limits import Limit
    from hil.rig.recorder import Frame
    from hil.scenario.observer import Observer


def slowest_reply(observer: Observer, limit_s: float) -> Timed:
    """The longest time from a question to the answer of a device under test; open for one without an answer.

    A question that is new yet is watched until its limit is over; what is asked meanwhile, and has time yet, says
    nothing. One that the link kept from the device is none.
    """
    replies = _all_replies(observer)
    open_since = [reply.low for reply in replies if math.isinf(reply.high)]
    if open_since and max(open_since) <= limit_s:
        observer.sleep(limit_s - min(open_since) + lab.AFTERMATH_S)
        replies = [reply for reply in _all_replies(observer) if reply.low > limit_s or not math.isinf(reply.high)]
    if not replies:
        raise observer.no_evidence("no device under test was asked anything")
    slowest = max(replies, key=lambda reply: (reply.high, reply.low))
    return Timed(max(reply.low for reply in replies), slowest.high, slowest.began)


def _all_replies(observer: Observer) -> list[Timed]:
    return [
        reply
        for device in observer.devices_under_test()
        for kind, answers in ANSWERS[device].items()
        for reply in _replies(observer, device, kind, answers)
    ]


def _replies(observer: Observer, device: str, kind: type[Message], answers: tuple[type[Message], ...]) -> list[Timed]:
    """Return the time of each reply; a question that is said again before the answer comes counts from the first, but
    for HELLO: a cable calls while the socket boots.

    What was on the line before the question, by the order of messages or by its stamp, does not answer it.
    """
    replies: list[Timed] = []
    asked: list[Frame] = []
    for frame in observer.recorder.frames:
        if isinstance(frame.message, kind) and not frame.lost:
            asked.append(frame)
        elif isinstance(frame.message, answers) and frame.direction == sent_by(device):
            heard = [question for question in asked if question.t <= frame.t]
            if heard:
                question = heard[-1] if kind is Hello else heard[0]
                replies.append(instant(frame.event).since(instant(question.event)))
            asked = [question for question in asked if question.t > frame.t]
    if asked:
        replies.append(not_until(observer.clock.now()).since(instant(asked[0].event)))
    return replies


def reported_credit_at_requests(observer: Observer, limit: Limit) -> Counted:
    """The credit in mWh that was left by the socket's own account when a further payment was asked for, at its worst.

    What the accepted payments of the session buy, less the energy that the request claims.
    """
    left = [round(1000 * bought) - request.energy_mwh for _, request, bought in _further_requests(observer)]
    return Counted(min(left, key=lambda mwh: limit.margin(mwh, mwh)))


def credit_at_requests(observer: Observer) -> Sampled:
    """The credit in Wh that was left by the lab meter when a further payment was asked for: the least and the most.

    What the accepted payments of the session buy, less the energy since its offer.
    """
    begun = {offer.session: instant(frame.event) for frame, offer in reversed(observer.messages(Offer))}
    left = []
    for frame, request, bought in _further_requests(observer):
        asked = instant(frame.event)
        lab.watch_past(observer, asked.late)
        before, now = lab.metered_at(observer, begun[request.session]), lab.metered_at(observer, asked)
        left.append((bought - now.high + before.low, bought - now.low + before.high))
    return Sampled(min(low for low, _ in left), max(high for _, high in left))


def _further_requests(observer: Observer) -> list[tuple[Frame, PaymentRequest, float]]:
    """Return the first request for each further payment, with the Wh that its session had bought by then."""
    seen: set[tuple[bytes, int]] = set()
    found = []
    accepted = observer.accepted()
    for frame, request in observer.messages(PaymentRequest):
        key = (request.session, request.n)
        before = [each for each in accepted if each.session == request.session and each.t <= frame.t]
        if key not in seen and any(each.n == request.n - 1 for each in before):
            found.append((frame, request, credit_wh(before)))
        seen.add(key)
    if not found:
        raise observer.no_evidence("no further payment was asked for")
    return found


def meter_error(observer: Observer) -> Sampled:
    """What the device under test counted, when it told it last, against the lab meter then, in percent of it."""
    lab.watch_aftermath(observer)
    device = observer.the_device_under_test()
    told = [(frame, message.energy_mwh) for frame, message in observer.messages(Meter, sent_by(device))]
    told += [(frame, message.energy_mwh) for frame, message in observer.messages(Close, sent_by(device))]
    if not told:
        raise DeviceIdle(f"the {device} told no energy in the time watched")
    frame, counted_mwh = max(told, key=lambda each: each[0].t)
    lab.watch_past(observer, instant(frame.event).late)
    energy = lab.metered_at(observer, instant(frame.event))
    if energy.low <= 0:
        raise EvidenceMissing("no energy flowed that the lab meter can tell from none")
    return Sampled(counted_mwh / 10 / energy.high - 100, counted_mwh / 10 / energy.low - 100)


def billed_beyond_delivered(observer: Observer) -> Sampled:
    """Energy in Wh that the socket claims, all sessions together, less what the lab meter saw.

    What it says is rounded down and a second old at most, so a small surplus on the other side says nothing.
    """
    said: dict[bytes, int] = {}
    claims: list[Meter | PaymentRequest | Close] = [told for _, told in observer.messages(Meter, "to cable")]
    claims += [told for _, told in observer.messages(PaymentRequest, "to cable")]
    claims += [told for _, told in observer.messages(Close, "to cable")]
    for told in claims:
        said[told.session] = max(told.energy_mwh, said.get(told.session, 0))
    if not said:
        raise observer.no_evidence("the socket said nothing of energy")
    lab.watch_past(observer, observer.clock.now())
    claimed, seen = sum(said.values()) / 1000, lab.delivered(observer)
    return Sampled(claimed - seen.high, claimed - seen.low, seen.covers, seen.budget)


def closed_as(observer: Observer, reason: str) -> Counted:
    """CLOSE messages of the device under test with this reason."""
    closes = [
        close for device in observer.devices_under_test() for _, close in observer.messages(Close, sent_by(device))
    ]
    return Counted(sum(close.reason is CloseReason[reason] for close in closes))


def refuse_unknown_reason(reason: str) -> None:
    """Raise AuthorError for a name that is no reason of CLOSE."""
    if reason not in CloseReason.__members__:
        raise AuthorError(f"'{reason}' is no reason to close{nearest(reason, CloseReason.__members__)}")


def set_up(observer: Observer, limit_s: float) -> Timed:
    """From the HELLO that the socket answered to the receipt of the first payment; open if there was none.

    Without an offer it counts from the first HELLO that the socket could hear.
    """
    offers = observer.messages(Offer)
    hellos = [frame for frame, _ in observer.messages(Hello) if not frame.lost]
    if offers:
        hellos = [frame for frame in hellos if frame.t <= offers[0][0].t][-1:]
    if not hellos:
        raise observer.no_evidence("no HELLO passed on the line")
    return lab.first_acceptance(observer, instant(hellos[0].event), limit_s)


def between_requests(observer: Observer, _: float) -> Timed:
    """The shortest time from one payment's request to the next one's, in seconds."""
    firsts: dict[tuple[bytes, int], Interval] = {}
    for frame, request in observer.messages(PaymentRequest):
        firsts.setdefault((request.session, request.n), instant(frame.event))
    gaps = [later.since(earlier) for earlier, later in pairwise(sorted(firsts.values(), key=lambda each: each.early))]
    if not gaps:
        raise observer.no_evidence("fewer than two payments were asked for")
    shortest = min(gaps, key=lambda gap: gap.low)
    return Timed(shortest.low, min(gap.high for gap in gaps), shortest.began)
