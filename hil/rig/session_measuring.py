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
from hil.rig.measuring import delivered, exactly, take, watch_aftermath

if TYPE_CHECKING:
    from hil.evidence.limits import Measurement
    from hil.rig.trial import Trial

ANSWERS: dict[type[Message], tuple[type[Message], ...]] = {
    Hello: (Offer, Error),
    Funding: (PaymentRequest, Error, Close),
    Payment: (Receipt, Error, Close),
    Offer: (Funding, Error, Close),
    PaymentRequest: (Payment, Error, Close),
}
"""What answers each question (SPEC, "Messages"); a question that is repeated counts from its first time."""


def slowest_reply(trial: Trial, measurement: Measurement) -> None:
    """The longest time from a question to the answer of the device under test; one without an answer never ends."""
    trial.declare(measurement)

    def find() -> Interval:
        replies = [reply for kind, answers in ANSWERS.items() for reply in _replies(trial, kind, answers)]
        if not replies:
            raise EvidenceMissing("the device under test was asked nothing")
        return Interval(max(reply.early for reply in replies), max(reply.late for reply in replies))

    take(trial, measurement, find)


def _replies(trial: Trial, kind: type[Message], answers: tuple[type[Message], ...]) -> list[Interval]:
    questions = trial.messages(kind, "to device")
    found = [frame for answer in answers for frame, _ in trial.messages(answer, "from device")]
    replies: list[Interval] = []
    answered_until = -math.inf
    for question, _ in questions:
        if question.t < answered_until:
            continue  # said again before the answer came
        answer = min((frame for frame in found if frame.t >= question.t), key=lambda frame: frame.t, default=None)
        if answer is None:
            return [*replies, Interval(trial.clock.now() - question.t, math.inf)]
        answered_until = answer.t
        replies.append(instant(answer.event).since(instant(question.event)))
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
    """What the device under test counted in the session, against the lab meter, in percent of the latter."""
    trial.declare(measurement)
    watch_aftermath(trial)

    def find() -> Interval:
        told = trial.messages(Meter, "from device") + trial.messages(Close, "from device")
        lab = delivered(trial)
        if not told or lab.early <= 0:
            raise EvidenceMissing("the device told no energy, or none flowed")
        counted = max(message.energy_mwh for _, message in told) / 1000
        return Interval(100 * (counted / lab.late - 1), 100 * (counted / lab.early - 1))

    take(trial, measurement, find)


def closed_as(trial: Trial, reason: str, measurement: Measurement) -> None:
    """CLOSE messages of the device under test with this reason; AuthorError if the protocol has none of that name."""
    if reason not in CloseReason.__members__:
        raise AuthorError(f"'{reason}' is no reason to close{nearest(reason, CloseReason.__members__)}")
    trial.declare(measurement)
    closes = trial.messages(Close, "from device")
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
