"""A socket answers a payload that is no message, and drops a frame that is none."""

from __future__ import annotations

import zlib
from dataclasses import replace

import cbor2
import pytest
from cobs import cobs

from hil.judge.codes import ErrorCode
from hil.judge.invariants.history import Frame, History
from hil.judge.invariants.monitor import judge
from hil.judge.invariants.refusals import Due, due_to
from hil.judge.messages import Error, Meter
from hil.tests.judge.invariants.made import frame_of, history, nth, said, with_frames

OTHER = bytes.fromhex("5a" * 8)
SESSION = history().frames[0].item.session  # type: ignore[union-attr]


def framed(payload: bytes, *, crc: bytes | None = None) -> bytes:
    return bytes(cobs.encode(payload + (crc or zlib.crc32(payload).to_bytes(4, "big")))) + b"\x00"


def heard(raw: bytes, *answers: Error, at_s: float = 0.05) -> History:
    """Return a session in which the socket is sent ``raw`` while it delivers, and what it answers."""
    made = history()
    t = made.frames[nth(made, Meter, 3, "socket")].t + 0.01
    frames: list[Frame] = [frame_of(t, "cable", raw)]
    frames += [said(t + at_s, "socket", answer) for answer in answers]
    return replace(with_frames(made, [*made.frames, *frames]), under_test=("socket",))


def broken(made: History) -> list[str]:
    return [each.rule.id for each in judge(made) if each.rule.id in ("refused", "dropped")]


def error(code: ErrorCode, session: bytes) -> Error:
    return Error(session, 0, code, "refused")


NO_MESSAGE = cbor2.dumps([7, OTHER, 9, -1])
NEWER = cbor2.dumps([1, OTHER, 1, 2, [1], 3, 5])


@pytest.mark.parametrize(
    ("payload", "due"),
    [
        (cbor2.dumps([7, SESSION, 9, -1]), Due()),
        (cbor2.dumps([7, SESSION, 9, 1, 1]), Due(session=SESSION)),
        (b"\x84\x18\x07" + cbor2.dumps(SESSION) + b"\x09\x01", Due()),
        (cbor2.dumps([7, b"short", 9, 1]), Due()),
        (cbor2.dumps([7, SESSION, [[[1]]], 1]), Due()),
        (NEWER, Due(ErrorCode.UNSUPPORTED_VERSION, OTHER)),
        (cbor2.dumps([1, OTHER, 1, 0]), Due(ErrorCode.UNSUPPORTED_VERSION, OTHER)),
        (cbor2.dumps([1, OTHER, 1, 1, [], 3]), Due(session=OTHER)),
        (b"\xff", Due()),
    ],
)
def test_what_is_no_message_is_refused_by_a_code_in_the_session_that_it_names(payload: bytes, due: Due) -> None:
    assert due_to(payload) == due


def test_a_socket_that_does_not_answer_what_is_no_message_is_found() -> None:
    assert broken(heard(framed(NEWER))) == ["refused"]


def test_a_socket_that_answers_by_another_code_or_too_late_is_found() -> None:
    assert broken(heard(framed(NEWER), error(ErrorCode.MALFORMED, OTHER))) == ["refused"]
    assert broken(heard(framed(NEWER), error(ErrorCode.UNSUPPORTED_VERSION, OTHER), at_s=2.5)) == ["refused"]


def test_a_socket_that_answers_as_it_must_breaks_nothing() -> None:
    assert broken(heard(framed(NEWER), error(ErrorCode.UNSUPPORTED_VERSION, OTHER))) == []
    assert broken(heard(framed(NO_MESSAGE), error(ErrorCode.MALFORMED, SESSION))) == []


def test_what_the_link_lost_needs_no_answer() -> None:
    made = heard(framed(NEWER))
    lost = [replace(each, lost=True) if each.raw == framed(NEWER) else each for each in made.frames]
    assert broken(replace(made, frames=lost)) == []


def test_a_socket_that_answers_a_bad_frame_is_found_with_what_is_wrong_with_it() -> None:
    payload = cbor2.dumps([7, OTHER, 9, 1])
    crc = zlib.crc32(payload).to_bytes(4, "big")
    made = heard(framed(payload, crc=bytes([crc[0] ^ 1]) + crc[1:]), error(ErrorCode.UNKNOWN_SESSION, OTHER))
    found = [each for each in judge(made) if each.rule.id == "dropped"]
    assert [each.side for each in found] == ["socket"]
    assert "bad CRC" in found[0].what


def test_an_error_about_a_session_that_a_good_frame_named_breaks_nothing() -> None:
    made = heard(framed(cbor2.dumps([7, OTHER, 9, 1])), error(ErrorCode.UNKNOWN_SESSION, OTHER))
    assert broken(made) == []
