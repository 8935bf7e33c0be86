"""A scenario's file while it is written: each look returns the events that have come since the look before.

It knows both forms of the file: JSON lines, and the gzip file of blocks (:mod:`hil.evidence.run_folder.blocks`), of
which the writer flushes the last one again and again.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

import orjson

from hil.evidence.documents import Event, Kind
from hil.evidence.run_folder.files import SCENARIO_SUFFIX

LONGEST_LINE = 1 << 24
"""Bytes of a line after which the file makes no sense: an event is some hundreds."""

_PIECE = 1 << 16
"""Bytes that are read, or unpacked, at a time: a file may unpack to more than fits in memory."""

_GZIP = 31
"""For zlib: the largest window, with the header and the checksum of gzip."""


class ScenarioTail:
    """Reads one file from its beginning on, as far as it goes at each look.

    :ivar damage: why the file cannot be read any further; empty if it can.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damage = ""
        self._offset = 0
        self._stream: zlib._Decompress | None = None
        self._rest = b""
        """The beginning of a line whose end has not come yet."""

    def events(self) -> Iterator[Event]:
        """Yield what has come since the last look; nothing more after damage, and nothing if the file is gone."""
        for line in self.lines():
            event = event_of(line)
            if event is None:
                self.damage = "a line is no event"
                return
            yield event

    def lines(self) -> Iterator[bytes]:
        """Yield the whole lines that have come since the last look."""
        try:
            for text in self._text():
                *lines, self._rest = (self._rest + text).split(b"\n")
                yield from lines
                if len(self._rest) > LONGEST_LINE:
                    self.damage = "a line does not end"
                    return
        except (OSError, zlib.error) as error:
            self.damage = str(error)

    def _text(self) -> Iterator[bytes]:
        if self.damage:
            return
        with self.path.open("rb") as file:
            file.seek(self._offset)
            while piece := file.read(_PIECE):
                self._offset += len(piece)
                if self.path.name.endswith(SCENARIO_SUFFIX):
                    yield from self._unpacked(piece)
                else:
                    yield piece

    def _unpacked(self, piece: bytes) -> Iterator[bytes]:
        while piece:
            stream = self._stream or zlib.decompressobj(_GZIP)
            yield stream.decompress(piece, _PIECE)
            while not stream.eof and stream.unconsumed_tail:
                yield stream.decompress(stream.unconsumed_tail, _PIECE)
            self._stream = None if stream.eof else stream
            piece = stream.unused_data


def event_of(line: bytes) -> Event | None:
    """Return the event that a line holds; None if it holds none."""
    try:
        return Event.from_json(orjson.loads(line))
    except (ValueError, KeyError, TypeError, OverflowError):
        return None


def first_and_stop(path: Path) -> tuple[Event | None, Event | None]:
    """Return the first event of a scenario and its STOP event, each None if it is not there: no other is parsed."""
    first = last = b""
    for line in ScenarioTail(path).lines():
        first = first or line
        last = line
    stop = event_of(last)
    return event_of(first), stop if stop is not None and stop.kind is Kind.STOP else None
