"""What a UART reads at the wrong rate."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.links.baud import resample


@given(st.binary(max_size=60))
def test_at_the_same_rate_nothing_changes(data: bytes) -> None:
    assert resample(data, 115_200, 115_200) == data


@given(st.binary(max_size=60), st.sampled_from([0.97, 0.98, 1.02, 1.03]))
def test_an_oscillator_that_is_off_by_three_percent_does_not_matter(data: bytes, off: float) -> None:
    assert resample(data, 115_200, round(115_200 * off)) == data


@pytest.mark.parametrize(
    ("data", "sent", "read", "seen"),
    [
        # 18 bits low when read twice as fast: a start bit, eight zeros, no stop bit; then the line must rise first
        (b"\x00", 57_600, 115_200, b"\x00"),
        # 0xff is a start bit and nine ones: two start bits long when read twice as fast
        (b"\xff", 57_600, 115_200, b"\xfe"),
        # read twice as slow, the single zero of the start bit is over before the first data bit is looked at
        (b"\xff", 115_200, 57_600, b"\xff"),
        # the middle of the first data bit, 18 bits of the sender on, is the last data bit of the second byte
        (b"\x55\x55", 115_200, 9_600, b"\xfe"),
    ],
)
def test_another_rate_reads_other_bytes(data: bytes, sent: int, read: int, seen: bytes) -> None:
    assert resample(data, sent, read) == seen
