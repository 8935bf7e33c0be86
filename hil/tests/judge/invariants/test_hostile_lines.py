"""Whatever a device sends, the monitor comes to a verdict."""

from __future__ import annotations

import zlib
from dataclasses import replace

from cobs import cobs
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.judge.frames import payload_of
from hil.judge.invariants.history import Memory
from hil.judge.invariants.monitor import judge
from hil.tests.judge.invariants.made import LOST, P2PKH, SINGLE_FEE, frame_of, history

MADE = {name: history(name) for name in (SINGLE_FEE, P2PKH, LOST)}


def framed(payload: bytes) -> bytes:
    return bytes(cobs.encode(payload + zlib.crc32(payload).to_bytes(4, "big")) + b"\x00")


@settings(derandomize=True, deadline=None, database=None, max_examples=300)
@given(
    st.sampled_from(sorted(MADE)),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 255), st.integers(1, 255)), min_size=1, max_size=6),
)
def test_damaged_messages_with_good_checksums_are_judged(name: str, damage: list[tuple[int, int, int]]) -> None:
    made = MADE[name]
    frames = list(made.frames)
    for number, place, bits in damage:
        at = number % len(frames)
        payload = bytearray(payload_of(frames[at].raw[:-1]))
        payload[place % len(payload)] ^= bits
        frames[at] = frame_of(frames[at].t, frames[at].sender, framed(bytes(payload)))
    for breach in judge(replace(made, frames=frames, memory=Memory())):
        assert breach.rule.id in str(breach)
        assert breach.rule.id in breach.short


@settings(derandomize=True, deadline=None, database=None, max_examples=100)
@given(st.binary(min_size=1, max_size=200).map(lambda data: data.replace(b"\x00", b"\x01") + b"\x00"))
def test_any_bytes_are_judged(noise: bytes) -> None:
    made = MADE[SINGLE_FEE]
    found = judge(replace(made, frames=[*made.frames, frame_of(30.0, "socket", noise)], memory=Memory()))
    assert {breach.side for breach in found} == {"socket"}
