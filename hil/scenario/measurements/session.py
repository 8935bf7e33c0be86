"""What is measured of a session as a whole: how soon each question is answered, when payments are asked for, how it
ends, and how the device's own meter compares with the lab's.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from hil.errors import AuthorError, nearest
from hil.evidence.timing import EvidenceMissing, Interval, instant
from hil.protocol.messages import (
    Close,
    CloseReason,
    Error,
    Funding,
    Hello,
    Message,
    Meter,
    Offer,
    Payment,
    PaymentRequest,
    Receipt,
)
from hil.rig.recorder import sent_by
from hil.scenario.measurements.energy_and_timing import exactly, metered_at, take, watch_aftermath

if TYPE_CHECKING:
    from hil.evidence.limits import Measurement
    from hil.scenario.scenario import Trial

ANSWERS: dict[str, dict[type[Message], tuple[type[Message], ...]]] = {
    "socket": {Hello: (Offer, Error), Funding: (PaymentRequest, Error, Close), Payment: (Receipt, Error, Close)},
    "cable": {Offer: (Funding, Error, Close), PaymentRequest: (Payment, Error, Close)},
}
"""What each device answers each question with (SPEC, "Messages")."""


def slowest_reply(trial: Trial, measurement: Measurement) -> None:
    """The longest time from a question to the answer of a device under test; one without an answer never ends."""
    trial.declare(measurement)

    def find() -> Interval:
        replies = [
            reply
            for device in trial.devices_under_test()
            for kind, answers in ANSWERS[device].items()
            for reply in _replies(trial, device, kind, answers)
        ]
        if not replies:
            raise EvidenceMissing("no device under test was asked anything")
        return Interval(max(reply.early for reply in replies), max(reply.late for reply in replies))

    take(trial, measurement, find)


def _replies(trial: Trial, device: str, kind: type[Message], answers: tuple[type[Message], ...]) -> list[Interval]:
    """Return the time of each reply; a question that is said again before the answer comes counts from the first, but
    for HELLO: a cable calls while the socket boots.
    """
    told = [frame for answer in answers for frame, _ in trial.messages(answer, sent_by(device))]
    replies: list[Interval] = []
    answered_until = -math.inf
    for question, _ in trial.messages(kind):
        answer = min((frame for frame in told if frame.t >= question.t), key=lambda frame: frame.t, default=None)
        if answer is None:
            return [*replies, Interval(trial.clock.now() - question.t, math.inf)]
        reply = instant(answer.event).since(instant(question.event))
        if question.t >= answered_until:
            replies.append(reply)
        elif kind is Hello:
            replies[-1] = reply
        answered_until = answer.t
    return replies


def credit_at_requests(trial: Trial, measurement: Measurement) -> None:
    """The credit in Wh that was left by the socket's own meter when a further payment was asked for, at its worst."""
    trial.declare(measurement)

    def find() -> Interval:
        credited = {(receipt.session, receipt.n): receipt.credited_mwh for _, receipt in trial.messages(Receipt)}
        asked: dict[tuple[bytes, int], int] = {}
        for _, request in trial.messages(PaymentRequest):
            asked.setdefault((request.session, request.n), request.energy_mwh)
        left = [
            (credited[session, n - 1] - energy) / 1000
            for (session, n), energy in asked.items()
            if (session, n - 1) in credited
        ]
        if not left:
            raise EvidenceMissing("no further payment was asked for")
        return exactly(min(left, key=lambda wh: measurement.limit.margin(wh, wh)))

    take(trial, measurement, find)


def meter_error(trial: Trial, measurement: Measurement) -> None:
    """What the device under test counted, when it told it last, against the lab meter then, in percent of it."""
    trial.declare(measurement)
    watch_aftermath(trial)

    def find() -> Interval:
        (device,) = trial.devices_under_test()
        told = [(frame.t, message.energy_mwh) for frame, message in trial.messages(Meter, sent_by(device))]
        told += [(frame.t, message.energy_mwh) for frame, message in trial.messages(Close, sent_by(device))]
        if not told:
            raise EvidenceMissing("the device told no energy")
        t, counted_mwh = max(told)
        lab = metered_at(trial, t)
        if lab.early <= 0:
            raise EvidenceMissing("no energy flowed")
        return Interval(counted_mwh / 10 / lab.late - 100, counted_mwh / 10 / lab.early - 100)

    take(trial, measurement, find)


def closed_as(trial: Trial, reason: str, measurement: Measurement) -> None:
    """CLOSE messages of the device under test with this reason; AuthorError if the protocol has none of that name."""
    if reason not in CloseReason.__members__:
        raise AuthorError(f"'{reason}' is no reason to close{nearest(reason, CloseReason.__members__)}")
    trial.declare(measurement)
    closes = [close for device in trial.devices_under_test() for close in trial.messages(Close, sent_by(device))]
    take(trial, measurement, lambda: exactly(sum(close.reason is CloseReason[reason] for _, close in closes)))


def set_up(trial: Trial, measurement: Measurement) -> None:
    """From the first HELLO that the socket could hear to the receipt of the first payment."""
    trial.declare(measurement)

    def find() -> Interval:
        offers, receipts = trial.messages(Offer), trial.messages(Receipt)
        if not offers or not receipts:
            raise EvidenceMissing("no session was set up")
        hellos = [frame for frame, _ in trial.messages(Hello) if frame.t <= offers[0][0].t]
        return instant(receipts[0][0].event).since(instant(hellos[-1].event))

    take(trial, measurement, find)


def between_requests(trial: Trial, measurement: Measurement) -> None:
    """The shortest time from one payment's request to the next one's, in seconds."""
    trial.declare(measurement)

    def find() -> Interval:
        firsts: dict[tuple[bytes, int], float] = {}
        for frame, request in trial.messages(PaymentRequest):
            firsts.setdefault((request.session, request.n), frame.t)
        gaps = [later - earlier for earlier, later in pairwise(sorted(firsts.values()))]
        if not gaps:
            raise EvidenceMissing("fewer than two payments were asked for")
        return exactly(min(gaps))

    take(trial, measurement, find)
