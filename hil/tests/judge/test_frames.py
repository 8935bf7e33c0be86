"""What the judge reads on a line: each frame with its bytes, in whatever pieces it comes."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from hil.judge.frames import Decoded, FrameFault, FrameFlaw, FrameReader
from hil.judge.messages import MessageFlaw
from hil.protocol.wire.framing import encode_frame
from hil.protocol.wire.messages import Meter, encode_message
from hil.tests.judged import judged

SESSION = bytes(range(8))
METERS = [Meter(SESSION, number, 100 * number) for number in range(1, 4)]
FRAMES = [encode_frame(encode_message(meter)) for meter in METERS]


def logged(*pieces: bytes) -> list[tuple[Decoded, bytes]]:
    reader = FrameReader()
    return [seen for piece in pieces for seen in reader.feed(piece)]


@settings(derandomize=True, deadline=None, database=None)
@given(st.lists(st.integers(0, len(b"".join(FRAMES))), max_size=8).map(sorted))
def test_messages_are_logged_with_their_bytes_however_they_arrive(cuts: list[int]) -> None:
    stream = b"".join(FRAMES)
    edges = [0, *cuts, len(stream)]
    pieces = [stream[start:end] for start, end in itertools.pairwise(edges)]
    assert logged(*pieces) == list(zip(map(judged, METERS), FRAMES, strict=True))


def test_a_message_is_logged_in_the_instant_its_last_byte_passes() -> None:
    assert logged(FRAMES[0][:-1]) == []
    assert len(logged(FRAMES[0][:-1], FRAMES[0][-1:])) == 1


def test_a_broken_frame_is_reported_and_the_next_is_read() -> None:
    broken = bytes([FRAMES[0][0], FRAMES[0][1] ^ 1]) + FRAMES[0][2:]
    (first, raw), (second, _) = logged(broken + FRAMES[1])
    assert isinstance(first, FrameFlaw)
    assert (first.fault, raw) == (FrameFault.BAD_CRC, broken)
    assert second == judged(METERS[1])


def test_a_whole_frame_that_holds_no_message_is_reported_with_its_bytes() -> None:
    frame = encode_frame(b"\x82\x07\x00")
    ((item, raw),) = logged(frame)
    assert isinstance(item, MessageFlaw)
    assert raw == frame


def test_of_too_long_a_frame_the_first_bytes_are_kept_and_the_next_is_read() -> None:
    (first, raw), (second, _) = logged(b"\x01" * 9000, b"\x01\x00", FRAMES[1])
    assert isinstance(first, FrameFlaw)
    assert (first.fault, len(raw)) == (FrameFault.TOO_LONG, 4118)
    assert second == judged(METERS[1])
