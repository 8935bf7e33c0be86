"""What must not follow the end of a session, and which sessions a restart must not end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hil.judge.codes import CloseReason, ErrorCode
from hil.judge.invariants.history import History, Memory
from hil.judge.invariants.monitor import judge
from hil.judge.messages import Close, Coin, Error, Funding, Hello, Meter, Payment, Sent
from hil.judge.transactions import parse, txid_of
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


def declared_after(named: int, declared: int) -> History:
    """Return a session that ended with payment 2, whose CLOSE names one payment; then the change of one is declared."""
    made = history()
    at = nth(made, Payment, 2)
    t = made.frames[at].t
    funding = made.frames[nth(made, Funding)].item
    assert isinstance(funding, Funding)
    names = [txid_of(parse(made.frames[nth(made, Payment, n)].item.transaction)) for n in (1, 2)]  # type: ignore[union-attr]
    coin = Coin(names[declared - 1], 1, 1000, funding.change_script)
    end = Close(session(), 90, CloseReason.PEER_RESTARTED, 0, names[named - 1])
    next_funding = replace(funding, session=OTHER, sequence=2, coins=(coin,))
    return cut(at, said(t + 1, "socket", end), said(t + 12, "cable", hello()), said(t + 12.1, "cable", next_funding))


def left(made: History) -> list[str]:
    return [each.what for each in judge(made) if each.rule.id == "coins-left"]


@pytest.mark.parametrize("named", [1, 2])
def test_after_a_close_that_names_a_payment_its_change_is_declared_first(named: int) -> None:
    assert left(declared_after(named, named)) == []
    (what,) = left(declared_after(named, 3 - named))
    assert "named" in what


def test_a_close_that_comes_when_the_cable_has_ended_its_session_may_be_dropped() -> None:
    made = declared_after(2, 1)
    end = made.frames[nth(made, Payment, 2)].t + 0.5
    own = said(end, "cable", Close(session(), 91, CloseReason.APPLIANCE_FINISHED, 0, ""))
    assert left(with_frames(made, [*made.frames, own])) == []


def test_a_cable_that_was_replugged_after_the_close_may_declare_other_coins() -> None:
    made = declared_after(2, 1)
    assert left(replace(made, disturbed=[made.frames[-1].t - 1])) == []
