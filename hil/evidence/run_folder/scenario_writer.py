"""Writes the events of one scenario to its file (docs/reference/evidence.md).

Writing never fails silently: what the disk does not take is a RigFault. :mod:`hil.evidence.record` reads it back.
"""

from __future__ import annotations

import errno
import hashlib
import math
import os
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from hil.clock import Repeated
from hil.errors import FrameworkError, RigFault
from hil.evidence.documents import Event, Json, Kind, encode, encode_finite
from hil.evidence.run_folder.blocks import BlockCompressor
from hil.evidence.run_folder.files import SCENARIOS, on_disk

BATCH = 200
"""Events that may wait to be encoded and compressed together."""

FLUSH_EVERY_S = 0.05
"""Wall time after which what was recorded is handed to the operating system: a killed process loses no more than 0.1 s
of it, even on a busy machine.
"""

_PROMPT = frozenset({Kind.START, Kind.VERDICT, Kind.STOP, Kind.STEP})


@dataclass(frozen=True)
class ScenarioEntry:
    """What ``run.json`` says of a scenario that came to its end.

    :param file: its file, as a path in the run folder.
    :param name: of the scenario, with ``feature`` and ``line`` as its START event has them.
    :param verdict: of its STOP event.
    :param events: how many it has.
    :param digest: SHA-256 of their canonical lines.
    """

    file: str
    name: Json
    feature: Json
    line: Json
    verdict: Json
    events: int
    digest: str

    def document(self) -> dict[str, Json]:
        """Return it as JSON."""
        return {key: value for key, value in asdict(self).items() if value is not None}


class Unencodable(FrameworkError):
    """An event holds what evidence cannot: NaN, infinity, or what is no JSON."""


class ScenarioWriter:
    """Appends the events of one scenario to its file, and to the digest.

    Two threads use it: the one that writes events, and one that flushes them at regular intervals.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.events: list[Event] = []
        """Everything written so far, in order: what limits are judged on."""
        self._encoded = 0
        self._known: set[tuple[str, ...]] = set()
        """Source and quantities of readings that were encoded: others like them can be, as long as they are finite."""
        self._unwritten: list[bytes] = []
        self._blocks = BlockCompressor()
        self._rest = b""
        """What the disk has not taken yet."""
        self._refused = False
        """The disk did not take what the flushing thread gave it, which that thread cannot tell."""
        self._digest = hashlib.sha256()
        self._lock = threading.Lock()
        """Held while events are encoded, compressed and written; the list of events needs none."""
        with on_disk(path):
            self._file = path.open("xb", buffering=0)
        self._flushing = Repeated(FLUSH_EVERY_S, self._flush)

    def write(self, event: Event) -> None:
        """Append ``event``; raises RigFault when the disk does not take it.

        An event that cannot be encoded is refused with Unencodable: it is not appended, and those that follow are.

        Readings are encoded later, and with frames written out in batches. A crash of the process loses what came in
        the last ``FLUSH_EVERY_S`` at most, and never the last word of a step or a verdict.
        """
        if self._can_wait(event):
            self.events.append(event)
        else:
            lines = _lines_of(event)
            with self._lock:
                self._encode_waiting()
                self.events.append(event)
                self._take([lines[0]], [lines[1]])
        if self._refused or event.kind in _PROMPT:
            self._write_out(flush=True)
        elif len(self.events) - self._encoded + len(self._unwritten) >= BATCH:
            self._write_out()

    def encode_waiting(self) -> None:
        """Encode what was written meanwhile: work that is to be done once, at any time before it goes to the disk."""
        with self._lock:
            self._encode_waiting()

    def _encode_waiting(self) -> None:
        if waiting := self.events[self._encoded :]:
            lines = [encode_finite(event.canonical()) for event in waiting]
            self._take(lines, lines)

    def _can_wait(self, event: Event) -> bool:
        """Tell whether it is sure without trying that ``event`` can be encoded: most are readings of numbers."""
        if event.kind is not Kind.READING or event.host is not None:
            return False
        data = event.data
        total = event.t + event.before + event.after
        for value in data.values():
            if type(value) is not float:
                return False
            total += value
        if not math.isfinite(total):
            return False
        shape = (event.source, event.clock, *data)
        if shape in self._known:
            return True
        _lines_of(event)
        self._known.add(shape)
        return True

    def _take(self, covered: Sequence[bytes], lines: Sequence[bytes]) -> None:
        """Take the next events, as the digest covers them and as they stand in the file."""
        self._digest.update(b"".join(covered))
        self._unwritten += lines
        self._encoded += len(lines)

    def _flush(self) -> None:
        """Let a reader see all events so far; what the disk does not take is tried again, and told, by ``write``."""
        try:
            self._write_out(flush=True)
        except RigFault:
            self._refused = True

    def _write_out(self, *, flush: bool = False, end: bool = False) -> None:
        with self._lock:
            self._encode_waiting()
            if self._unwritten:
                self._rest += self._blocks.add(b"".join(self._unwritten))
                self._unwritten.clear()
            if end:
                self._rest += self._blocks.end()
            elif flush:
                self._rest += self._blocks.flush()
            if self._rest or end:
                self._hand_over()

    def _hand_over(self) -> None:
        with on_disk(self.path):
            if not os.fstat(self._file.fileno()).st_nlink:
                raise FileNotFoundError(errno.ENOENT, "the file was removed while it was written")
            while self._rest:  # a full disk takes a part; if there is room again, the rest follows it
                self._rest = self._rest[self._file.write(self._rest) :]
        self._refused = False

    def close(self) -> str:
        """Make the file durable and return the hex digest of its canonical events; the file is closed in any case."""
        self._flushing.close()
        with on_disk(self.path), self._file:
            self._write_out(end=True)
            os.fsync(self._file.fileno())
        return self._digest.hexdigest()

    def entry(self) -> ScenarioEntry:
        """Close the file and return what ``run.json`` says of the scenario."""
        digest = self.close()
        begin = next((event.data for event in self.events[:1] if event.kind is Kind.START), {})
        end = next((event.data for event in self.events[-1:] if event.kind is Kind.STOP), {})
        return ScenarioEntry(
            f"{SCENARIOS}/{self.path.name}",
            begin.get("name"),
            begin.get("feature"),
            begin.get("line"),
            end.get("verdict"),
            len(self.events),
            digest,
        )


def _lines_of(event: Event) -> tuple[bytes, bytes]:
    """Return the line of the event as the digest covers it, and as it stands in the file; raises Unencodable."""
    try:
        canonical = event.canonical()
        covered = encode(canonical) + b"\n"
        return covered, covered if event.host is None else encode({**canonical, "host": dict(event.host)}) + b"\n"
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise Unencodable(
            f"the event '{event.kind}' of {event.source} at {event.t:g} s cannot be written down ({error})",
            place="evidence",
            remedy="Send us this line and the run folder.",
        ) from error
