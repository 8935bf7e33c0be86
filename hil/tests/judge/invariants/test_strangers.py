"""CLOSE and ERROR of a session that does not run get no answer; anything else does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hil.judge.codes import CloseReason, ErrorCode
from hil.judge.invariants.history import History
from hil.judge.invariants.monitor import judge
from hil.judge.messages import Close, Error, Message, Meter
from hil.tests.judge.invariants.made import history, said, with_frames

STRANGE = b"\x5a" * 8
CLOSE = Close(STRANGE, 1, CloseReason.APPLIANCE_FINISHED, 0, "")
METER = Meter(STRANGE, 1, 0)
COMPLAINT = Error(STRANGE, 0, ErrorCode.MALFORMED, "")


def answered(*asked: Message, struck_at: float = float("inf")) -> list[str]:
    """Return what is found if the cable says this in a strange session, and the socket answers UNKNOWN_SESSION."""
    made = history()
    t = made.frames[-1].t
    answer = said(t + 0.3, "socket", Error(STRANGE, 0, ErrorCode.UNKNOWN_SESSION, ""))
    frames = [*made.frames, *(said(t + 0.1, "cable", each) for each in asked), answer]
    broken: History = replace(with_frames(made, frames), struck_at=struck_at)
    return [each.what for each in judge(broken) if (each.rule.id, each.side) == ("no-answer", "socket")]


@pytest.mark.parametrize("word", [CLOSE, COMPLAINT], ids=["CLOSE", "ERROR"])
def test_an_answer_to_what_gets_none_is_found(word: Message) -> None:
    assert answered(word) == [
        f"it answers {word.NAME} of a session that does not run with UNKNOWN_SESSION: due is no answer"
    ]


def test_what_a_stranger_asks_besides_is_answered_rightly() -> None:
    assert answered(METER) == answered(METER, CLOSE) == answered() == []


def test_after_a_fault_of_the_link_nothing_is_said_of_it() -> None:
    assert answered(CLOSE, struck_at=0.0) == []
