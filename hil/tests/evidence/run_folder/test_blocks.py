"""The compressed file of a scenario: what is damaged costs its own block, and a reader is told where."""

from __future__ import annotations

import gzip
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.evidence.documents import Event, Kind, encode
from hil.evidence.run_folder.blocks import BLOCK_SIZE, BlockCompressor, read_blocks, told

NOISE = random.Random(7)  # noqa: S311 - a test signal
LINES = [
    encode(
        Event(
            Kind.READING,
            number / 10,
            "meter",
            {"voltage_V": round(230 + NOISE.gauss(0, 0.1), 2), "current_A": 5.652, "power_W": 1300.0},
            before=0.1,
        ).canonical()
    )
    + b"\n"
    for number in range(3000)
]
TEXT = b"".join(LINES)


def compressed(lines: list[bytes], *, flush_every: int = 0) -> bytes:
    blocks = BlockCompressor()
    content = b""
    for number, line in enumerate(lines, 1):
        content += blocks.add(line)
        if flush_every and number % flush_every == 0:
            content += blocks.flush()
    return content + blocks.end()


WHOLE = compressed(LINES)


def test_what_was_written_is_read_and_any_gzip_reads_it() -> None:
    assert read_blocks(WHOLE) == (TEXT, [])
    assert gzip.decompress(WHOLE) == TEXT


def test_a_text_of_many_blocks_has_whole_lines_in_each() -> None:
    assert WHOLE.count(WHOLE[:10]) == pytest.approx(len(TEXT) / BLOCK_SIZE, abs=1)


@pytest.mark.parametrize("flush_every", [0, 1])
def test_a_reading_takes_less_than_24_bytes_even_if_each_is_flushed(flush_every: int) -> None:
    assert len(compressed(LINES, flush_every=flush_every)) / len(LINES) <= 24


def test_what_was_flushed_can_be_read_before_the_block_ends() -> None:
    blocks = BlockCompressor()
    content = blocks.add(LINES[0]) + blocks.flush() + blocks.add(LINES[1]) + blocks.flush()
    text, (gap,) = read_blocks(content)
    assert text == LINES[0] + LINES[1]
    assert told(gap) == f"it ends at byte {len(content)}, in the middle of a block"
    assert blocks.flush() == b""


@given(cut=st.integers(0, len(WHOLE) - 1))
def test_a_file_cut_at_any_byte_reads_in_whole_lines_up_to_the_cut(cut: int) -> None:
    text, gaps = read_blocks(WHOLE[:cut])
    assert TEXT.startswith(text)
    assert not text or text.endswith(b"\n")
    at_the_end_of_a_block = cut == 0 or WHOLE[cut:].startswith(WHOLE[:10])
    assert (gaps == []) is at_the_end_of_a_block


@given(position=st.integers(0, len(WHOLE) - 1), flip=st.integers(1, 255))
def test_a_damaged_byte_costs_no_more_than_its_block(position: int, flip: int) -> None:
    damaged = bytearray(WHOLE)
    damaged[position] ^= flip
    text, gaps = read_blocks(bytes(damaged))
    lost = set(LINES) - set(text.splitlines(keepends=True))
    assert len(lost) <= 2 * BLOCK_SIZE / len(LINES[0])
    assert len(gaps) <= 1
    if lost:
        assert gaps[0].first <= position
