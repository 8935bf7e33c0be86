"""The compressed file of a scenario: a gzip file of blocks, each a gzip member of whole lines with its own checksum.

``zcat`` reads it. A damaged block costs its own lines and no others. A file that was cut off is read up to the last
byte that makes sense.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

BLOCK_SIZE = 1 << 16
"""Bytes of text after which a block ends: about 400 readings."""

_LEVEL = 1
"""Of zlib: the fastest. Readings are so alike that a higher one saves little."""

_GZIP = 31
"""For zlib: the largest window, with the header and the checksum of gzip."""

_AT_ONCE = 1 << 16
"""Compressed bytes that are given to zlib together: what it does not use is copied."""

_HEADER = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP).flush()[:10]
"""What each block begins with: no name, no time."""


class BlockCompressor:
    """Turns lines into the bytes of the file, in the order in which they are to be appended."""

    def __init__(self) -> None:
        self._stream: zlib._Compress | None = None
        self._size = 0
        self._unflushed = False

    def add(self, lines: bytes) -> bytes:
        """Take whole lines; return the bytes that are ready, which may be none."""
        if self._stream is None:
            self._stream = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
        ready = self._stream.compress(lines)
        self._size += len(lines)
        self._unflushed = True
        return ready + self.end() if self._size >= BLOCK_SIZE else ready

    def flush(self) -> bytes:
        """Return all bytes that a reader needs for the lines so far; the block goes on."""
        if self._stream is None or not self._unflushed:
            return b""
        self._unflushed = False
        return self._stream.flush(zlib.Z_SYNC_FLUSH)

    def end(self) -> bytes:
        """Return the end of the block, with its checksum."""
        if self._stream is None:
            return b""
        rest = self._stream.flush(zlib.Z_FINISH)
        self._stream, self._size, self._unflushed = None, 0, False
        return rest


@dataclass(frozen=True)
class Gap:
    """Bytes of the file that could not be read, and where the lines that they held are missing.

    :param text: how many bytes of text were read before the gap.
    :param first: first byte of the file that is lost, counted from 0.
    :param end: the byte after the last one that is lost; None: the file ends in the gap, which is a file cut off.
    """

    text: int
    first: int
    end: int | None


def read_blocks(content: bytes) -> tuple[bytes, list[Gap]]:
    """Return the text of a compressed file as far as it can be read, in whole lines, and what could not be read."""
    parts: list[bytes] = []
    gaps: list[Gap] = []
    size = position = 0
    while position < len(content):
        text, end = _block(content, position)
        following = content.find(_HEADER, position + 1) if end is None else -1
        if text is None or following >= 0:  # damage may hide the end of a block from zlib
            text, end = None, following if following >= 0 else len(content)
            gaps.append(Gap(size, position, end))
        elif end is None:
            text = text[: text.rfind(b"\n") + 1]
            gaps.append(Gap(size + len(text), len(content), None))
            end = len(content)
        if text:
            parts.append(text)
            size += len(text)
        position = end
    return b"".join(parts), _joined(gaps)


def _block(content: bytes, start: int) -> tuple[bytes | None, int | None]:
    """Return the text of the block that begins at ``start`` and the byte after it; see the two cases of None.

    No text: it is damaged. No end: the file ends before the block does, and the text is what there is.
    """
    stream = zlib.decompressobj(_GZIP)
    view = memoryview(content)
    position = start
    parts: list[bytes] = []
    try:
        while not stream.eof:
            piece = view[position : position + _AT_ONCE]
            if not piece:
                return b"".join(parts), None
            parts.append(stream.decompress(piece))
            position += len(piece)
    except zlib.error:
        return None, None
    return b"".join(parts), position - len(stream.unused_data)


def _joined(gaps: list[Gap]) -> list[Gap]:
    """Return the gaps with neighbours made one: a stray header in a damaged block does not end it."""
    joined: list[Gap] = []
    for gap in gaps:
        if joined and joined[-1].end == gap.first and joined[-1].text == gap.text and gap.end is not None:
            joined[-1] = Gap(gap.text, joined[-1].first, gap.end)
        else:
            joined.append(gap)
    return joined


def told(gap: Gap) -> str:
    """Return in words which bytes of the file are lost."""
    if gap.end is None:
        return f"it ends at byte {gap.first}, in the middle of a block"
    return f"bytes {gap.first} to {gap.end - 1} cannot be read"
