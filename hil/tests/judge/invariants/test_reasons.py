"""Why a session is closed, and after which ends a cable calls again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hil.judge.codes import CloseReason, ErrorCode
from hil.judge.invariants.history import History, Reading
from hil.judge.invariants.monitor import judge
from hil.judge.messages import Close, Error, Funding, Hello, Message, Meter, Payment, PaymentRequest, Sent
from hil.tests.judge.invariants.made import history, nth, said, with_frames


def told(made: History, rule: str) -> list[str]:
    return [f"{each.side}: {each.what}" for each in judge(made) if each.rule.id == rule]


def closed(sender: str, reason: CloseReason, *before: tuple[str, Any]) -> History:
    """Return a session that is closed 2 s after its second payment, and what was said just before."""
    made = history()
    at = nth(made, Payment, 2)
    t, first = made.frames[at].t, made.frames[0].item
    assert isinstance(first, Sent)
    after = [said(t + 1.9, side, replace(message, session=first.session)) for side, message in before]
    end = said(t + 2, sender, Close(first.session, 90, reason, 8000, ""))
    readings = [each for each in made.readings if each.late <= t + 2]
    return replace(with_frames(made, [*made.frames[: at + 1], *after, end]), readings=readings)


def hello_of_another_session() -> Hello:
    hello = history().frames[0].item
    assert isinstance(hello, Hello)
    return replace(hello, session=b"another!")


ERROR = Error(b"", 89, ErrorCode.UNDERPAID, "")
PEER_CLOSE = Close(b"", 89, CloseReason.REFUSED, 0, "")


@pytest.mark.parametrize(
    ("sender", "reason", "says"),
    [
        ("cable", CloseReason.LIMIT_REACHED, "which is no reason of a cable"),
        ("socket", CloseReason.APPLIANCE_FINISHED, "which is no reason of a socket"),
        ("socket", CloseReason.PEER_CLOSED, "its peer sent no CLOSE"),
        ("socket", CloseReason.REFUSED, "told no ERROR"),
        ("cable", CloseReason.REFUSED, "told no ERROR"),
        ("socket", CloseReason.LIMIT_REACHED, "credited 1 payments of 2"),
        ("socket", CloseReason.PEER_RESTARTED, "no other session was called for"),
        ("cable", CloseReason.APPLIANCE_FINISHED, "its appliance drew"),
    ],
)
def test_a_reason_without_what_it_is_the_reason_of_is_found(sender: str, reason: CloseReason, says: str) -> None:
    (only,) = told(closed(sender, reason), "close-reason")
    assert only.startswith(f"{sender}: it closes for {reason.name}, ")
    assert says in only


def test_a_reason_after_what_it_is_the_reason_of_is_good() -> None:
    assert told(closed("socket", CloseReason.REFUSED, ("socket", ERROR)), "close-reason") == []
    assert told(closed("cable", CloseReason.REFUSED, ("cable", ERROR)), "close-reason") == []
    answered = closed("socket", CloseReason.PEER_CLOSED, ("cable", ERROR), ("cable", PEER_CLOSE))
    assert told(answered, "close-reason") == []
    made = closed("socket", CloseReason.PEER_RESTARTED)
    called = said(made.frames[-1].t - 1, "cable", hello_of_another_session())
    assert told(with_frames(made, [*made.frames, called]), "close-reason") == []
    assert told(closed("cable", CloseReason.PEER_SILENT), "close-reason") == []


@pytest.mark.parametrize(
    ("sender", "code", "good"),
    [
        ("cable", ErrorCode.MALFORMED, False),
        ("cable", ErrorCode.UNKNOWN_SESSION, False),
        ("cable", ErrorCode.PREMATURE, True),
        ("cable", ErrorCode.ALTERED, True),
        ("socket", ErrorCode.ALTERED, True),
        ("socket", ErrorCode.MALFORMED, True),
        ("socket", ErrorCode.RECEIPT_SHORT, False),
        ("socket", ErrorCode.ENERGY_OVERCLAIMED, False),
    ],
)
def test_a_side_refuses_only_what_it_checks(sender: str, code: ErrorCode, good: bool) -> None:
    made = closed(sender, CloseReason.REFUSED, (sender, replace(ERROR, code=code)))
    assert told(made, "error-code") == (
        [] if good else [f"{sender}: it tells ERROR {code.name}, which is no code of a {sender}"]
    )


def finished(power_w: float, idle_s: float) -> History:
    """Return a session whose cable closes after its appliance drew power, and then none for ``idle_s``."""
    made = closed("cable", CloseReason.APPLIANCE_FINISHED)
    end = made.frames[-1].t + 20
    begun = made.frames[nth(made, Funding)].t
    close = made.frames[-1].item
    assert isinstance(close, Close)
    readings = [
        Reading(step / 10 - 0.1, step / 10, power_w if begun < step / 10 < end - idle_s else 0.0, 0.0)
        for step in range(1, int(10 * end) + 2)
    ]
    frames = [*made.frames[:-1], said(end, "cable", close)]
    return replace(with_frames(made, frames), readings=readings)


def test_an_appliance_is_finished_when_it_drew_power_and_then_none_for_ten_seconds() -> None:
    assert told(finished(1300, 10), "close-reason") == []
    assert "drew 1300.0 W" in told(finished(1300, 8), "close-reason")[0]
    assert "drew no power in the session" in told(finished(0, 10), "close-reason")[0]
    disturbed = replace(finished(0, 10), disturbed=[finished(0, 10).frames[-1].t - 5])
    assert told(disturbed, "close-reason") == []


def over(word: CloseReason | ErrorCode, *after: tuple[float, Message], claimed_mwh: int = 6030) -> History:
    """Return a session that the socket ends when it has asked for the second payment, watched for 30 s more."""
    made = history()
    at = nth(made, PaymentRequest, 2)
    t, request = made.frames[at].t, made.frames[at].item
    assert isinstance(request, PaymentRequest)
    asked = said(t, "socket", replace(request, energy_mwh=claimed_mwh))
    end: Message = (
        Error(request.session, 90, word, "")
        if isinstance(word, ErrorCode)
        else Close(request.session, 90, word, claimed_mwh, "")
    )
    frames = [each for each in made.frames[:at] if not isinstance(each.item, Meter)]
    frames += [asked, said(t + 1, "socket", end), *(said(t + 1 + s, "cable", each) for s, each in after)]
    idle = [Reading(step / 10 - 0.1, step / 10, 0.0, 0.0) for step in range(1, int(10 * t) + 300)]
    return replace(with_frames(made, frames), readings=idle, under_test=("cable",))


@pytest.mark.parametrize("word", [CloseReason.FAULT, CloseReason.UNPLUGGED, ErrorCode.LEDGER_UNAVAILABLE])
def test_a_cable_that_does_not_call_again_although_it_could_is_found(word: CloseReason | ErrorCode) -> None:
    (only,) = told(over(word), "call-again")
    assert word.name in only
    assert "does not call again" in only


def test_a_cable_that_calls_again_or_has_no_reason_to_is_good() -> None:
    hello = hello_of_another_session()
    assert told(over(CloseReason.FAULT, (10.0, hello)), "call-again") == []
    assert told(over(CloseReason.LIMIT_REACHED), "call-again") == []
    assert told(over(CloseReason.FAULT, claimed_mwh=50), "call-again") == []  # a payment for nothing
    made = over(CloseReason.FAULT)
    assert told(replace(made, disturbed=[made.frames[-1].t + 3]), "call-again") == []
    assert told(replace(made, held_at=0.0), "call-again") == []


def called_after(reason: CloseReason, *said_meanwhile: Any) -> History:
    """Return a session that the socket closes, and a cable that calls five times, 10 s later."""
    made = closed("socket", reason)
    end = made.frames[-1].t
    first = made.frames[0].item
    assert isinstance(first, Hello)
    hellos = [
        said(end + 10 + turn, "cable", replace(first, session=b"another!", sequence=turn + 1)) for turn in range(6)
    ]
    answers = [said(end + 12, "socket", each) for each in said_meanwhile]
    return replace(with_frames(made, [*made.frames, *hellos, *answers]), under_test=("socket",))


def test_a_socket_that_closed_its_session_and_answers_no_call_is_found() -> None:
    (only,) = told(called_after(CloseReason.FAULT), "repeat-offer")
    assert "answers none of 6 HELLO" in only
    assert "FAULT" in only


def test_a_socket_that_answers_or_may_have_no_cable_in_it_is_good() -> None:
    refusal = Error(b"another!", 0, ErrorCode.LEDGER_UNAVAILABLE, "")
    assert told(called_after(CloseReason.FAULT, refusal), "repeat-offer") == []
    assert told(called_after(CloseReason.UNPLUGGED), "repeat-offer") == []
    made = called_after(CloseReason.FAULT)
    assert told(replace(made, faulty_at=made.frames[-1].t), "repeat-offer") == []


def powered_again(at_s: float, *heard_s: float) -> History:
    """Return a session whose socket restarts 2 s after its second payment, with power from ``at_s`` later on."""
    made = history()
    at = nth(made, Payment, 2)
    cut, first = made.frames[at].t + 2, made.frames[0].item
    assert isinstance(first, Sent)
    meters = [said(cut + s, "cable", Meter(first.session, 65_600 + turn, 0)) for turn, s in enumerate(heard_s)]
    readings = [
        Reading(step / 10 - 0.1, step / 10, 0.0 if cut < step / 10 < cut + at_s else 1300.0, 0.0)
        for step in range(int(10 * (cut - 1)), int(10 * (cut + at_s + 5)))
    ]
    made = with_frames(made, [*made.frames[: at + 1], *meters])
    return replace(made, readings=readings, cut={"socket": [(cut, cut + 1.0)]}, disturbed=[cut], under_test=("socket",))


def test_power_after_a_restart_before_the_cable_spoke_is_found() -> None:
    assert "before its cable spoke" in told(powered_again(22), "contact")[0]
    assert "before its cable spoke" in told(powered_again(22, 15), "contact")[0]
    assert told(powered_again(22, 21.9), "contact") == []
    assert told(replace(powered_again(22), whole=False), "contact") == []
    assert told(replace(powered_again(22), held_at=0.0), "contact") == []
