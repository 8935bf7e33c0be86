from __future__ import annotations

import itertools
import zlib

import pytest
from cobs import cobs
from hypothesis import given
from hypothesis import strategies as st

from hil.protocol.policy import Misuse
from hil.protocol.wire.framing import (
    MAX_PAYLOAD,
    FrameDecoder,
    FrameError,
    FrameErrorCode,
    encode_frame,
    longest_encoded,
)

PAYLOADS = st.binary(min_size=1, max_size=600)


def codes(items: list[bytes | FrameError]) -> list[bytes | FrameErrorCode]:
    return [item.code if isinstance(item, FrameError) else item for item in items]


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges)]


@given(st.lists(PAYLOADS, max_size=4), st.lists(st.integers(0, 5000), max_size=6))
def test_frames_arrive_whole_however_the_bytes_are_cut(payloads: list[bytes], places: list[int]) -> None:
    decoder = FrameDecoder()
    stream = b"".join(map(encode_frame, payloads))
    arrived = [item for piece in cut(stream, places) for item in decoder.feed(piece)]
    assert arrived == payloads
    assert decoder.frames == len(payloads)
    assert not decoder.errors


@given(PAYLOADS, st.integers(0, 10_000), st.integers(1, 255))
def test_any_changed_byte_is_noticed_and_the_next_frame_arrives(payload: bytes, place: int, flip: int) -> None:
    frame = bytearray(encode_frame(payload))
    frame[place % len(frame)] ^= flip
    decoder = FrameDecoder()
    items = decoder.feed(bytes(frame) + b"\x00" + encode_frame(b"next"))
    *bad, last = items
    assert last == b"next"
    assert bad
    assert all(isinstance(item, FrameError) for item in bad)
    assert decoder.errors.total() == len(bad)


@given(st.binary(max_size=400))
def test_any_bytes_give_frames_or_typed_errors_only(noise: bytes) -> None:
    decoder = FrameDecoder(max_payload=64)
    items = decoder.feed(noise)
    assert len(items) == noise.count(0)
    assert all(isinstance(item, bytes | FrameError) for item in items)
    assert decoder.feed(b"\x00" + encode_frame(b"next"))[-1] == b"next"


@pytest.mark.parametrize("length", [1, 249, 250, 251, 253, 254, 255, MAX_PAYLOAD])
def test_the_longest_encoding_is_never_exceeded(length: int) -> None:
    for fill in (b"\x00", b"\x01"):
        frame = encode_frame(fill * length)
        assert len(frame) - 1 <= longest_encoded(length)
        assert FrameDecoder().feed(frame) == [fill * length]


def test_each_kind_of_bad_frame_has_its_code_and_is_counted() -> None:
    good = b"payload" + zlib.crc32(b"payload").to_bytes(4, "big")
    bad = {
        FrameErrorCode.EMPTY: b"",
        FrameErrorCode.TOO_SHORT: cobs.encode(b"1234"),
        FrameErrorCode.TOO_LONG: b"\x01" * 5000,
        FrameErrorCode.BAD_COBS: b"\x09abc",
        FrameErrorCode.BAD_CRC: cobs.encode(good[:-1] + bytes([good[-1] ^ 1])),
    }
    decoder = FrameDecoder()
    assert codes(decoder.feed(b"".join(frame + b"\x00" for frame in bad.values()))) == list(bad)
    assert decoder.errors == dict.fromkeys(bad, 1)
    assert decoder.feed(encode_frame(b"next")) == [b"next"]


def test_a_little_endian_crc_is_wrong() -> None:
    frame = cobs.encode(b"payload" + zlib.crc32(b"payload").to_bytes(4, "little")) + b"\x00"
    assert codes(FrameDecoder().feed(frame)) == [FrameErrorCode.BAD_CRC]


def test_a_second_spelling_of_a_frame_is_refused() -> None:
    payload = b"\x01" * 250
    plain = payload + zlib.crc32(payload).to_bytes(4, "big")
    if 0 in plain:
        pytest.fail("the sample must fill exactly one COBS block")
    assert cobs.decode(cobs.encode(plain) + b"\x01") == plain
    assert codes(FrameDecoder().feed(cobs.encode(plain) + b"\x01\x00")) == [FrameErrorCode.BAD_COBS]


def test_a_frame_that_never_ends_takes_bounded_memory_and_is_told_with_its_length() -> None:
    decoder = FrameDecoder()
    for _ in range(100):
        assert decoder.feed(b"\x01" * 10_000) == []
    assert len(decoder._pending) == longest_encoded(MAX_PAYLOAD)
    (error,) = decoder.feed(b"\x00")
    assert isinstance(error, FrameError)
    assert error.code is FrameErrorCode.TOO_LONG
    assert "1000000 bytes" in str(error)


@pytest.mark.parametrize("payload", [b"", b"x" * (MAX_PAYLOAD + 1)])
def test_a_payload_that_no_frame_carries_is_our_misuse(payload: bytes) -> None:
    with pytest.raises(Misuse, match="1 to 4096"):
        encode_frame(payload)
