"""Frames to the byte; any bytes on the line are taken, and nothing but whole frames comes out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.second.wire.frames import MOST_ENCODED, MOST_PAYLOAD, FrameFlaw, FrameReader, frame, unframe
from hil.tests.second.vectors import load

VECTORS = load("frames")
PAYLOADS = st.binary(min_size=1, max_size=600)


@pytest.mark.parametrize("case", VECTORS["frames"], ids=lambda case: case["name"])
def test_a_payload_has_exactly_the_frame_of_the_vector(case: dict[str, str]) -> None:
    payload, framed = bytes.fromhex(case["payload"]), bytes.fromhex(case["frame"])

    assert frame(payload) == framed
    assert unframe(framed[:-1]) == payload


@pytest.mark.parametrize("piece", [1, 7, 10_000])
@pytest.mark.parametrize("case", VECTORS["streams"], ids=lambda case: case["name"])
def test_a_stream_yields_the_payloads_and_flaws_of_the_vector(case: dict[str, Any], piece: int) -> None:
    reader = FrameReader()
    data = bytes.fromhex(case["bytes"])

    results = [result for at in range(0, len(data), piece) for result in reader.feed(data[at : at + piece])]

    assert results == [
        bytes.fromhex(each["payload"]) if "payload" in each else FrameFlaw(each["error"]) for each in case["result"]
    ]


@given(st.lists(PAYLOADS, max_size=5), st.integers(1, 300))
def test_payloads_come_back_in_order_however_the_line_cuts_them(payloads: list[bytes], piece: int) -> None:
    reader = FrameReader()
    data = b"".join(map(frame, payloads))

    results = [result for at in range(0, len(data), piece) for result in reader.feed(data[at : at + piece])]

    assert results == payloads


@given(st.binary(max_size=200))
def test_any_bytes_are_taken_and_a_frame_after_them_is_read(noise: bytes) -> None:
    reader = FrameReader()

    reader.feed(noise + b"\0")

    assert reader.feed(frame(b"good")) == [b"good"]


@given(st.binary(min_size=1, max_size=64))
def test_what_is_read_as_a_frame_is_the_frame_of_its_payload(encoded: bytes) -> None:
    payload = unframe(encoded.replace(b"\0", b"\1"))

    assert isinstance(payload, FrameFlaw) or frame(payload)[:-1] == encoded.replace(b"\0", b"\1")


@pytest.mark.parametrize("length", [0, MOST_PAYLOAD + 1])
def test_a_payload_of_no_allowed_length_has_no_frame(length: int) -> None:
    with pytest.raises(ValueError, match="1 to 4096"):
        frame(bytes(length))


def test_the_longest_frame_is_read_and_one_byte_more_is_not() -> None:
    longest = frame(bytes([7]) * MOST_PAYLOAD)

    assert len(longest) == MOST_ENCODED + 1
    assert FrameReader().feed(longest) == [bytes([7]) * MOST_PAYLOAD]
    assert FrameReader().feed(b"\1" + longest) == [FrameFlaw.TOO_LONG]
