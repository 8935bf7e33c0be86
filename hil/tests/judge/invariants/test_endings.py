"""What must not follow the end of a session, and which sessions a restart must not end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hil.judge.codes import CloseReason, ErrorCode
from hil.judge.invariants.history import History, Memory
from hil.judge.invariants.monitor import judge
from hil.judge.messages import Close, Error, Hello, Meter, Payment, Sent
from hil.tests.judge.invariants.made import history, nth, said, with_frames

OTHER = b"another!"


def session() -> bytes:
    item = history().frames[0].item
    assert isinstance(item, Sent)
    return item.session


def cut(at: int, *frames: object) -> History:
    made = history()
    idle = [each._replace(power_w=0.0, energy_wh=0.0) for each in made.readings]
    kept = [*made.frames[: at + 1], *frames]
    return replace(with_frames(made, kept), readings=idle, memory=Memory())  # type: ignore[arg-type]


def ended(word: CloseReason | ErrorCode, *after: Sent) -> History:
    """Return a session that the socket ended after payment 1 with a reason or a code, and what the cable said then."""
    made = history()
    at = nth(made, Payment)
    t = made.frames[at].t
    end = Close(session(), 90, word, 0, "") if isinstance(word, CloseReason) else Error(session(), 90, word, "")
    return cut(at, said(t + 1, "socket", end), *(said(t + 12, "cable", each) for each in after))  # type: ignore[arg-type]


def found(made: History) -> list[str]:
    return [f"{each.rule.id}: {each.what}" for each in judge(made) if each.rule.id in ("over", "session-kept")]


def hello(name: bytes = OTHER) -> Hello:
    item = history().frames[0].item
    assert isinstance(item, Hello)
    return replace(item, session=name)


@pytest.mark.parametrize("word", [CloseReason.CREDIT_SPENT, ErrorCode.UNKNOWN_SESSION, ErrorCode.CONFLICT])
def test_a_cable_that_goes_on_in_a_session_that_is_over_is_found(word: CloseReason | ErrorCode) -> None:
    (only,) = found(ended(word, Meter(session(), 91, 0)))
    assert "goes on in a session that the socket ended" in only
    assert word.name in only


def test_after_a_passing_end_another_session_may_begin_and_after_any_other_none() -> None:
    assert found(ended(CloseReason.CREDIT_SPENT, hello())) == []
    assert found(ended(ErrorCode.COIN_UNCONFIRMED, hello())) == []
    assert "calls again after CLOSE LIMIT_REACHED" in found(ended(CloseReason.LIMIT_REACHED, hello()))[0]
    assert "calls again after ERROR CONFLICT" in found(ended(ErrorCode.CONFLICT, hello()))[0]


def test_after_a_harmless_error_a_session_goes_on() -> None:
    assert found(ended(ErrorCode.MALFORMED, Meter(session(), 91, 0))) == []


def test_a_cable_that_was_replugged_begins_anew() -> None:
    made = ended(CloseReason.LIMIT_REACHED, hello())
    assert found(replace(made, disturbed=[made.frames[-1].t - 1])) == []


def test_a_cable_that_restarts_and_begins_anew_is_found_if_it_had_paid() -> None:
    made = history()
    at = nth(made, Payment)
    t = made.frames[at].t
    again = cut(at, said(t + 5, "cable", hello()))
    assert "is not over" in found(replace(again, switched={"cable": [t + 2]}, disturbed=[t + 2]))[0]
    same = cut(at, said(t + 5, "cable", replace(hello(session()), sequence=65_600)))
    assert found(replace(same, switched={"cable": [t + 2]}, disturbed=[t + 2])) == []


def test_a_socket_that_restarts_and_does_not_know_its_session_is_found() -> None:
    made = history()
    at = nth(made, Meter, 2, "socket")
    t = made.frames[at].t
    unknown = cut(at, said(t + 5, "socket", Error(session(), 0, ErrorCode.UNKNOWN_SESSION, "")))
    assert "does not know the session" in found(replace(unknown, switched={"socket": [t + 2]}, disturbed=[t + 2]))[0]
