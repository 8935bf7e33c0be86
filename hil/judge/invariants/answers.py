"""Rules on what must be said: what is not answered is said again, what is said again is answered, energy is told.

A rule that finds something missing needs to know that it was due. So these wait longer than SPEC says, and leave alone
what the bench or somebody on the link may explain.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hil.judge.codes import CloseReason
from hil.judge.invariants.ends.endings import HARMLESS
from hil.judge.invariants.history import UNDERWAY_S, Frame, History, Story
from hil.judge.invariants.repetition import CABLE_METER_S, HELLO_S, METER_S, REPLY_S
from hil.judge.invariants.rules import (
    OFFER_AGAIN,
    REPEAT_FUNDING,
    REPEAT_HELLO,
    REPEAT_METER,
    REPEAT_PAYMENT,
    REPEAT_RECEIPT,
    REPEAT_REQUEST,
    SILENT,
    Breach,
    Rule,
)
from hil.judge.messages import Close, Error, Funding, Hello, Meter, Offer, Payment, PaymentRequest, Receipt, Sent
from hil.judge.transactions import txid_of_bytes

LATE_S = 2.0
"""What comes so much later than it is due was not forgotten."""

POWER_W = 1.0
"""SPEC, "Timers and limits": below this power an appliance draws none."""

SILENT_PEER_S = 60.0
"""SPEC, "Timers and limits"."""

ASKED_TIMES, ASKED_S = 3, 4.0
"""A question that is put so often, over so long a time, was heard, also over a link that loses messages; over one that
loses none the second one tells.
"""

NEXT: dict[type[Sent], type[Sent]] = {Hello: Funding, Funding: Payment}
"""What a side says once it has the answer, which may have crossed the question when that was said again."""

SWITCHED_S = 1.0
"""After so much time the contact and the lab meter have followed what was said."""


def breaches(history: History) -> Iterator[Breach]:
    """Yield what breaks one of these rules."""
    for story in history.sessions.values():
        judge = _Silence(history, story)
        yield from judge.unanswered("cable", Hello, (Offer,), REPEAT_HELLO, HELLO_S)
        yield from judge.unanswered("cable", Funding, (PaymentRequest,), REPEAT_FUNDING, REPLY_S)
        yield from judge.unanswered("cable", Payment, (Receipt, PaymentRequest), REPEAT_PAYMENT, REPLY_S)
        yield from judge.unanswered("socket", PaymentRequest, (Payment,), REPEAT_REQUEST, REPLY_S)
        yield from judge.energy_of_socket()
        yield from judge.energy_of_cable()
        yield from judge.receipts()
        yield from judge.asked_in_vain(Payment, Receipt, REPEAT_RECEIPT)
        yield from judge.asked_in_vain(Hello, Offer, OFFER_AGAIN)
        yield from judge.called_in_vain()
        yield from judge.patience("socket", Offer)
        yield from judge.patience("cable", Funding)


class _Silence:
    """One session, gone through for what is missing in it."""

    def __init__(self, history: History, story: Story) -> None:
        self._history = history
        self._story = story

    def unanswered(
        self, side: str, kind: type[Sent], answers: tuple[type[Sent], ...], rule: Rule, period_s: float
    ) -> Iterator[Breach]:
        """Find what had no answer, and was not said again within ``period_s``."""
        if side not in self._history.under_test:
            return
        for place, frame in enumerate(self._story.frames):
            until = frame.late + period_s + LATE_S
            if frame.sender != side or not isinstance(frame.item, kind) or not self._is_quiet(frame, until):
                continue
            if isinstance(frame.item, PaymentRequest) and frame.item.n > 1 and not self._flows(frame.late, until):
                continue  # the credit ended meanwhile, and the session with it
            if isinstance(frame.item, Payment) and self._has_receipt(frame.item.n, self._story.frames[:place]):
                continue
            after = self._story.after(place, until)
            if any(_moves_on(each, side, kind, answers) or _credits(each, frame) for each in after):
                continue
            if self._ended_meanwhile(place, frame) or (kind is Hello and self._may_have_lost_trust(frame, until)):
                continue
            what = f"nothing answered it for {period_s + LATE_S:g} s, and it was not said again"
            yield Breach(rule, side, what, frame)

    def _ended_meanwhile(self, place: int, frame: Frame) -> bool:
        """Tell whether the other side ended the session by a message that may have crossed this one."""
        crossed = (each for each in self._story.frames[:place] if each.late >= frame.early - UNDERWAY_S)
        return any(each.sender != frame.sender and _is_end(each) for each in crossed)

    def _may_have_lost_trust(self, hello: Frame, until: float) -> bool:
        """Tell whether the cable hears by a late CLOSE that a payment was taken which it did not count until then."""
        heard = (
            each.item
            for each in self._history.sent_by("socket")
            if not each.lost and isinstance(each.item, Close) and hello.early - UNDERWAY_S <= each.late <= until
        )
        stories = ((self._history.sessions[close.session], close) for close in heard if close.session != self._story.id)
        return any(_tells_that_it_was_taken(story, close) for story, close in stories)

    def energy_of_socket(self) -> Iterator[Breach]:
        """Find times in which power flowed and the socket told no energy."""
        if "socket" not in self._history.under_test:
            return
        marks = [frame for frame, _ in self._story.of(Receipt, "socket")[:1]]
        marks += [frame for frame, _ in self._story.of(Meter, "socket") if marks and frame.t > marks[0].t]
        ends = [frame for frame in self._story.frames if frame.sender == "socket"]
        for before, after in zip(marks, [*marks[1:], *ends[-1:]], strict=False):
            silent_s = after.early - before.late
            if silent_s <= METER_S + LATE_S or not self._is_quiet(before, after.late):
                continue
            if self._flows(before.late + METER_S, after.early - METER_S):
                what = f"power flows, and no METER comes for {silent_s:.1f} s; one is due each {METER_S:g} s"
                yield Breach(REPEAT_METER, "socket", what, after)

    def energy_of_cable(self) -> Iterator[Breach]:
        """Find times in which the cable was in a session and told no energy."""
        if "cable" not in self._history.under_test:
            return
        marks = [frame for frame, _ in self._story.of(Funding, "cable")[:1]]
        marks += [frame for frame, _ in self._story.of(Meter, "cable")]
        ends = [frame for frame in self._story.frames if _is_end(frame)][:1]
        ends = ends or [frame for frame in self._story.frames if frame.sender == "cable"][-1:]
        marks = [frame for frame in marks if frame.t <= ends[0].t] if ends else []
        for before, after in zip(marks, [*marks[1:], *ends], strict=False):
            silent_s = after.early - before.late
            if silent_s > CABLE_METER_S + LATE_S and self._is_quiet(before, after.late):
                what = f"no METER comes for {silent_s:.1f} s in a session; one is due each {CABLE_METER_S:g} s"
                yield Breach(REPEAT_METER, "cable", what, after)

    def receipts(self) -> Iterator[Breach]:
        """Find requests for a payment before the one before had its receipt."""
        if "socket" not in self._history.under_test or not self._history.whole:
            return
        for place, frame in enumerate(self._story.frames):
            request = frame.item
            if not isinstance(request, PaymentRequest) or frame.sender != "socket" or request.n < 2:
                continue
            said = [each for each in self._story.frames[:place] if each.sender == "socket"]
            given = any(isinstance(each.item, Receipt) and each.item.n >= request.n - 1 for each in said)
            restarted = self._story.restarted(self._history, frame)
            if not given and not restarted and frame.late < self._history.tampered_at:
                what = f"it asks for payment {request.n}, and sent no RECEIPT for payment {request.n - 1}"
                yield Breach(REPEAT_RECEIPT, "socket", what, frame)

    def asked_in_vain(
        self, question: type[Payment] | type[Hello], answer: type[Receipt] | type[Offer], rule: Rule
    ) -> Iterator[Breach]:
        """Find what the cable said over and over to a socket that delivered and did not answer."""
        if "socket" not in self._history.under_test:
            return
        asked: list[Frame] = []
        for frame in self._story.frames:
            if frame.sender == "socket" and isinstance(frame.item, answer | PaymentRequest | Close | Error):
                asked = []
            elif frame.sender == "cable" and isinstance(frame.item, question) and self._is_heard(frame):
                asked.append(frame)
                first, seconds = asked[0], frame.early - asked[0].late
                times, least_s = (2, HELLO_S) if frame.late < self._history.struck_at else (ASKED_TIMES, ASKED_S)
                if len(asked) < times or seconds < least_s or not self._flows(first.late + SWITCHED_S, frame.early):
                    continue
                if self._is_quiet(first, frame.late):
                    what = f"it delivers, and answers none of {len(asked)} {frame.name} in {seconds:.1f} s"
                    yield Breach(rule, "socket", what, frame)

    def called_in_vain(self) -> Iterator[Breach]:
        """Find a cable that called over and over, and a socket that had closed its last session and said nothing."""
        hellos = [frame for frame, _ in self._story.of(Hello, "cable") if self._is_heard(frame)]
        if "socket" not in self._history.under_test or len(hellos) < ASKED_TIMES:
            return
        first, last = hellos[0], hellos[-1]
        said = [each for each in self._history.sent_by("socket") if each.t <= last.t and isinstance(each.item, Sent)]
        if not said or not isinstance(close := said[-1].item, Close) or said[-1].t > first.t:
            return
        if close.reason is CloseReason.UNPLUGGED:  # its plug contact may be open
            return
        if (seconds := last.early - first.late) >= ASKED_S and self._is_quiet(said[-1], last.late):
            what = f"it closed its last session for {close.reason.name}, and answers none of {len(hellos)} HELLO"
            yield Breach(OFFER_AGAIN, "socket", f"{what} in {seconds:.1f} s by OFFER or ERROR", last)

    def patience(self, side: str, begun: type[Offer] | type[Funding]) -> Iterator[Breach]:
        """Find a side that hears nothing of its peer and does not end the session."""
        frames = self._story.frames
        if side not in self._history.under_test or not self._story.of(begun, side):
            return
        heard = [each for each in frames if each.sender != side and not each.lost and self._story.is_new(each)]
        if not heard or any(_is_end(each) for each in frames):
            return
        last, until = heard[-1], heard[-1].late + SILENT_PEER_S + LATE_S
        others = [each for each in self._history.frames if isinstance(each.item, Hello) and each.early >= last.early]
        if self._is_quiet(last, until) and not any(each not in frames for each in others):
            what = (
                f"it heard nothing after {last.name} at {last.t:.3f} s, and did not give its peer up in 60 s by CLOSE"
            )
            yield Breach(SILENT, side, f"{what} (PEER_SILENT)", last)

    def _is_heard(self, frame: Frame) -> bool:
        """Tell whether a message arrived, and was none that its receiver drops as repeated."""
        return not frame.lost and self._story.is_new(frame)

    def _is_quiet(self, frame: Frame, until: float) -> bool:
        """Tell whether neither the bench nor somebody on the link can explain a silence, up to ``until``."""
        history = self._history
        known = until <= history.end and until < min(history.tampered_at, history.faulty_at)
        return known and history.undisturbed(frame.early, until)

    def _flows(self, since: float, until: float) -> bool:
        """Tell whether power flowed all the time."""
        readings = self._history.readings_within(since, until)
        return bool(readings) and all(each.power_w >= max(self._history.off_w, POWER_W) for each in readings)

    @staticmethod
    def _has_receipt(n: int, frames: Sequence[Frame]) -> bool:
        return any(isinstance(each.item, Receipt) and each.item.n >= n and not each.lost for each in frames)


def _is_end(frame: Frame) -> bool:
    """Tell whether a frame may end a session: after some errors it goes on."""
    return isinstance(frame.item, Close) or (isinstance(frame.item, Error) and frame.item.code not in HARMLESS)


def _moves_on(frame: Frame, side: str, kind: type[Sent], answers: tuple[type[Sent], ...]) -> bool:
    """Tell whether a frame repeats, answers, shows that the answer came, or ends the session."""
    if isinstance(frame.item, Close | Error):
        return True
    if frame.sender == side:
        return isinstance(frame.item, (kind, NEXT.get(kind, kind)))
    return isinstance(frame.item, answers) and not frame.lost


def _tells_that_it_was_taken(story: Story, close: Close) -> bool:
    """Tell whether CLOSE names the newest payment of its session, which nothing else has acknowledged."""
    paid = story.of(Payment, "cable")
    if not paid:
        return False
    newest = paid[-1][1]
    receipts = [receipt for frame, receipt in story.of(Receipt, "socket") if not frame.lost]
    requests = [request for frame, request in story.of(PaymentRequest, "socket") if not frame.lost]
    if any(each.n >= newest.n for each in receipts) or any(each.n > newest.n for each in requests):
        return False
    return bool(close.txid) and close.txid == txid_of_bytes(newest.transaction)


def _credits(frame: Frame, asked: Frame) -> bool:
    """Tell whether a frame is the RECEIPT for what a request asked for: the payment had crossed it on the way."""
    request = asked.item
    return isinstance(request, PaymentRequest) and isinstance(frame.item, Receipt) and frame.item.n >= request.n
