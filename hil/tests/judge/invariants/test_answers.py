"""What a side leaves unsaid is found, and what the bench or the link explains is not held against it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from hil.judge.codes import CloseReason, ErrorCode
from hil.judge.invariants.history import Frame, History, Memory
from hil.judge.invariants.monitor import judge
from hil.judge.invariants.repetition import HELLO_S, REPLY_S
from hil.judge.messages import (
    Close,
    Error,
    Funding,
    Hello,
    Message,
    Meter,
    Offer,
    Payment,
    PaymentRequest,
    Receipt,
    Sent,
)
from hil.judge.transactions import parse, txid_of
from hil.tests.judge.invariants.made import changed, history, nth, renumbered, said, with_frames

Made = Callable[[], History]


def without(kind: type[Message], sender: str) -> History:
    made = history()
    kept = [each for each in made.frames if each.sender != sender or not isinstance(each.item, kind)]
    return renumbered(with_frames(made, kept))


def up_to(kind: type[Message]) -> History:
    made = history()
    idle = [each._replace(power_w=0.0, energy_wh=0.0) for each in made.readings]
    return replace(made, frames=made.frames[: nth(made, kind) + 1], readings=idle)


def repeated(made: History, at: Frame, *later_s: float) -> History:
    message = at.item
    assert isinstance(message, Message)
    return renumbered(with_frames(made, [*made.frames, *(said(at.t + each, at.sender, message) for each in later_s)]))


def unreceipted() -> History:
    made = without(Receipt, "socket")
    made = replace(made, frames=made.frames[: nth(made, PaymentRequest, 2)])
    return repeated(made, made.frames[nth(made, Payment)], 2.0)


def called_in_vain() -> History:
    made = history()
    return repeated(made, made.frames[0], 2.0, 3.0, 4.0, 5.0)


def damaged() -> History:
    made = history()
    at = made.frames[nth(made, Meter, 1, "cable")]
    assert isinstance(at.item, Meter)
    answer = said(at.t + 0.1, "socket", Error(at.item.session, 1, ErrorCode.MALFORMED, "bad CBOR"))
    frames = [replace(each, lost=True) if each is at else each for each in made.frames]
    return with_frames(made, [*frames, answer])


def credited_anew() -> History:
    made = history()
    return changed(made, nth(made, Payment, 2), sequence=1)


def alone(sender: str) -> History:
    """Return a session of which one side says nothing after the first receipt, for more than a minute."""
    made = up_to(Receipt)
    other = next(each for each in ("socket", "cable") if each != sender)
    idle = [each._replace(early=each.early + t, late=each.late + t) for t in range(0, 90, 10) for each in made.readings]
    return replace(made, readings=sorted(idle, key=lambda each: each.late), under_test=(other,))


@pytest.mark.parametrize(
    ("rule", "side", "made", "says"),
    [
        ("repeat-hello", "cable", lambda: up_to(Hello), "nothing answered it for 3 s"),
        ("repeat-funding", "cable", lambda: up_to(Funding), "nothing answered it for 4 s"),
        ("repeat-request", "socket", lambda: up_to(PaymentRequest), "nothing answered it for 4 s"),
        ("repeat-payment", "cable", lambda: up_to(Payment), "nothing answered it for 4 s"),
        ("repeat-meter", "socket", lambda: without(Meter, "socket"), "no METER comes"),
        ("repeat-meter", "cable", lambda: without(Meter, "cable"), "no METER comes"),
        ("repeat-receipt", "socket", lambda: without(Receipt, "socket"), "sent no RECEIPT for payment 1"),
        ("repeat-receipt", "socket", unreceipted, "answers none of 2 PAYMENT"),
        ("repeat-offer", "socket", called_in_vain, "answers none of"),
        ("silent-peer", "socket", lambda: alone("cable"), "heard nothing after PAYMENT"),
        ("silent-peer", "cable", lambda: alone("socket"), "heard nothing after RECEIPT"),
        ("frame", "socket", damaged, "checksum (CRC)"),
        ("credited", "socket", credited_anew, "no new message"),
    ],
)
def test_what_was_left_out_is_named_with_the_side_that_owed_it(rule: str, side: str, made: Made, says: str) -> None:
    found = [each for each in judge(made()) if (each.rule.id, each.side) == (rule, side)]
    assert len(found) == 1, [str(each) for each in judge(made())]
    assert says in found[0].what


@pytest.mark.parametrize("kind", [Hello, Funding, PaymentRequest, Payment])
def test_a_silence_that_the_bench_may_have_caused_is_nobodys_fault(kind: type[Message]) -> None:
    made = up_to(kind)
    last = made.frames[-1].t
    assert judge(replace(made, disturbed=[last + 1])) == []
    assert judge(replace(made, tampered_at=last + 1, memory=Memory())) == []


def test_what_is_said_again_in_time_is_no_silence() -> None:
    made = up_to(Hello)
    assert [each.rule.id for each in judge(repeated(made, made.frames[0], 1.0))] == ["repeat-hello"]  # the second one
    spoken = [float(second) for second in range(1, int(made.readings[-1].early))]
    assert judge(replace(repeated(made, made.frames[0], *spoken), memory=Memory())) == []


@pytest.mark.parametrize("kind", [Funding, Payment])
@pytest.mark.parametrize(("before_s", "blamed"), [(0.0, False), (0.5, False), (5.0, True)])
def test_what_crossed_the_end_of_its_session_need_not_be_said_again(
    kind: type[Message], before_s: float, blamed: bool
) -> None:
    made = up_to(kind)
    *before, last = made.frames
    assert isinstance(last.item, Sent)
    end = said(last.t - before_s, "socket", Close(last.item.session, 9, CloseReason.PEER_RESTARTED, 0, ""))
    crossed = replace(made, frames=[*before, end, last], under_test=("cable",))
    told = {each.rule.id for each in judge(crossed)}
    assert (f"repeat-{kind.NAME.lower()}" in told) is blamed


@pytest.mark.parametrize(
    ("last", "names", "lost", "blamed"),
    [
        (Payment, True, False, False),
        (Payment, False, False, True),
        (Payment, True, True, True),
        (Receipt, True, False, True),
    ],
    ids=["its payment was taken", "no payment is named", "it did not hear it", "it knew that"],
)
def test_a_cable_that_hears_late_that_its_payment_was_taken_need_not_call_on(
    last: type[Message], names: bool, lost: bool, blamed: bool
) -> None:
    made = up_to(last)
    paid, hello = made.frames[nth(made, Payment)].item, made.frames[0].item
    assert isinstance(paid, Payment)
    assert isinstance(hello, Hello)
    settles = txid_of(parse(paid.transaction)) if names else ""
    t = made.frames[-1].t + 30
    anew = said(t, "cable", replace(hello, session=b"another!", sequence=1))
    late = said(t + 0.1, "socket", Close(paid.session, 99, CloseReason.PEER_RESTARTED, 0, settles))
    idle = [each._replace(early=t + step, late=t + step + 1) for step, each in enumerate(made.readings[:10])]
    frames = [*made.frames, anew, replace(late, lost=lost)]
    heard = replace(made, frames=frames, readings=[*made.readings, *idle], under_test=("cable",))
    found = [each for each in judge(heard) if each.rule.id == "repeat-hello" and each.frame is anew]
    assert bool(found) is blamed


def opened_after(meters: int) -> tuple[History, float]:
    """Return a session whose socket goes on telling its energy when there is no voltage any more, and since when."""
    made = history()
    cut = made.frames[nth(made, Meter, meters, "socket")].t + 0.05
    readings = [each._replace(voltage_v=230.0 if each.late < cut else 0.1) for each in made.readings]
    return replace(made, readings=readings, under_test=("socket",)), cut


def test_a_socket_that_tells_its_energy_with_an_open_contact_is_found() -> None:
    made, cut = opened_after(3)
    found = [each for each in judge(made) if each.rule.id == "repeat-meter"]
    assert "its contact has been open since" in found[0].what
    assert found[0].frame is not None
    assert cut + 1.4 < found[0].frame.t < cut + 2.5


def test_a_voltage_that_the_bench_took_away_or_that_no_one_knows_is_no_open_contact() -> None:
    made, cut = opened_after(3)
    dark = replace(made, readings=[each._replace(voltage_v=math.nan) for each in made.readings])
    explained: list[dict[str, Any]] = [{"disturbed": [cut]}, {"faulty_at": cut}, {"held_at": cut}, {"whole": False}]
    for other in (dark, *(replace(made, **each) for each in explained)):
        assert [each for each in judge(other) if "contact has been open" in each.what] == []


def test_power_that_was_switched_on_before_a_session_is_no_restart_in_it() -> None:
    made = history()
    at = nth(made, PaymentRequest, 2)
    early = changed(replace(made, switched={"socket": [0.0]}), at, energy_mwh=5_000)
    assert "premature" in [each.rule.id for each in judge(early) if each.side == "socket"]


def test_a_payment_under_a_number_that_was_heard_before_asks_for_no_receipt() -> None:
    made = unreceipted()
    assert "repeat-receipt" in {each.rule.id for each in judge(made)}
    stale = changed(made, nth(made, Payment), sequence=1)
    assert "repeat-receipt" not in {each.rule.id for each in judge(stale)}


def test_a_request_that_crossed_its_payment_is_answered_by_the_receipt_of_the_socket_itself() -> None:
    made = up_to(Receipt)
    receipt, request = made.frames[-1], made.frames[nth(made, PaymentRequest)]
    assert isinstance(request.item, Message)
    before = [each for each in made.frames[:-1] if each is not request]
    crossed = said(receipt.t - 0.001, "socket", request.item)

    def unanswered(frames: Sequence[Frame]) -> bool:
        found = judge(replace(renumbered(with_frames(made, frames)), readings=alone("cable").readings))
        return any(each.rule.id == "repeat-request" and "nothing answered" in each.what for each in found)

    assert unanswered([*before, crossed])
    assert not unanswered([*before, crossed, receipt])


@pytest.mark.parametrize(
    ("question", "answer", "goes_on", "period_s"),
    [(Hello, Offer, Funding, HELLO_S), (Funding, PaymentRequest, Payment, REPLY_S)],
)
def test_a_question_that_crossed_its_answer_is_answered_once_its_sender_goes_on(
    question: type[Message], answer: type[Message], goes_on: type[Message], period_s: float
) -> None:
    made = history()
    asked, answered, next_one = (made.frames[nth(made, kind)].item for kind in (question, answer, goes_on))
    assert isinstance(asked, Message)
    assert isinstance(answered, Message)
    assert isinstance(next_one, Message)
    begun = made.frames[: nth(made, question) + 1]
    again_t = begun[-1].t + period_s
    crossed = [*begun, said(again_t - 0.0005, "socket", answered), said(again_t, "cable", asked)]

    def unanswered(frames: Sequence[Frame]) -> bool:
        found = judge(replace(renumbered(with_frames(made, frames)), readings=alone("socket").readings))
        silent = [each.frame for each in found if "nothing answered it" in each.what]
        return any(each is not None and each.t == again_t for each in silent)

    assert unanswered(crossed)
    assert not unanswered([*crossed, said(again_t + 0.001, "cable", next_one)])
