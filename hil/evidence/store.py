"""The run folder: ``run.json``, one JSON-lines file a scenario, SHA-256 sums (docs/reference/evidence.md).

Writing never fails silently: what the disk does not take is a RigFault. :mod:`hil.evidence.record` reads it back.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from hil.errors import FrameworkError, RigFault
from hil.evidence.documents import Event, Json, Kind, Verdict, encode, encode_finite

RUN_FILE = "run.json"
MANIFEST_FILE = "manifest.json"
SCENARIOS = "scenarios"
SAFE_STATE_FILES = "safe_state*.json"
"""In the run folder, of each watchdog that had to act: its report of what it did."""


BATCH = 200
"""Events that may wait to be written, about 10 s of a bench at 10 Hz."""

_PROMPT = frozenset({Kind.START, Kind.VERDICT, Kind.STOP, Kind.STEP})


def slug(text: str) -> str:
    """Return ``text`` as a file name of lower-case words joined by hyphens, at most 60 characters."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60] or "scenario"


class Unencodable(FrameworkError):
    """An event holds what evidence cannot: NaN, infinity, or what is no JSON."""


@contextlib.contextmanager
def on_disk(path: Path) -> Iterator[None]:
    """Raise RigFault in the place of an OSError: the laboratory's disk does not take the evidence."""
    try:
        yield
    except OSError as error:
        raise RigFault(
            f"evidence cannot be written: {error.strerror or error}",
            place=str(path),
            remedy="Free disk space; see that the run folder is there and may be written to.",
        ) from error


class ScenarioWriter:
    """Appends the events of one scenario to its file, and to the digest."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.events: list[Event] = []
        """Everything written so far, in order: what limits are judged on."""
        self._encoded = 0
        self._known: set[tuple[str, ...]] = set()
        """Source and quantities of readings that were encoded: others like them can be, as long as they are finite."""
        self._unwritten: list[bytes] = []
        self._rest = b""
        """What the disk has not taken yet."""
        self._digest = hashlib.sha256()
        with on_disk(path):
            self._file = path.open("xb", buffering=0)

    def write(self, event: Event) -> None:
        """Append ``event``; raises RigFault when the disk does not take it.

        An event that cannot be encoded is refused with Unencodable: it is not appended, and those that follow are.

        Readings are encoded later, and with frames written out in batches: what a crash can lose is bounded by
        ``BATCH`` events, and never the last word of a step or a verdict.
        """
        if self._can_wait(event):
            self.events.append(event)
        else:
            lines = _lines_of(event)
            self.encode_waiting()
            self.events.append(event)
            self._take([lines[0]], [lines[1]])
        if event.kind in _PROMPT or len(self.events) - self._encoded + len(self._unwritten) >= BATCH:
            self._write_out()

    def encode_waiting(self) -> None:
        """Encode what was written meanwhile: work that is to be done once, at any time before it goes to the disk."""
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

    def _write_out(self) -> None:
        self.encode_waiting()
        self._rest += b"".join(self._unwritten)
        self._unwritten.clear()
        with on_disk(self.path):
            if not os.fstat(self._file.fileno()).st_nlink:
                raise FileNotFoundError(errno.ENOENT, "the file was removed while it was written")
            while self._rest:  # a full disk takes a part; if there is room again, the rest follows it
                self._rest = self._rest[self._file.write(self._rest) :]

    def close(self) -> str:
        """Make the file durable and return the hex digest of its canonical events; the file is closed in any case."""
        with on_disk(self.path), self._file:
            self._write_out()
            os.fsync(self._file.fileno())
        return self._digest.hexdigest()


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


@dataclass
class RunWriter:
    """A run folder being written. ``host`` facts stand apart from what the digest covers."""

    folder: Path
    document: dict[str, Json]
    host: dict[str, Json] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    """Of each scenario that is done, by the name of its file."""

    @classmethod
    def create(cls, folder: Path, document: Mapping[str, Json], host: Mapping[str, Json]) -> Self:
        """Make the folder (it must not exist) and write a first ``run.json`` that says the run is not finished."""
        with on_disk(folder):
            (folder / SCENARIOS).mkdir(parents=True)
        run = cls(folder, {**document, "finished": False}, dict(host))
        run.save()
        return run

    def scenario(self, number: int, name: str) -> ScenarioWriter:
        """Open the file of the scenario with this running number."""
        return ScenarioWriter(self.folder / SCENARIOS / f"{number:04d}-{slug(name)}.jsonl")

    def scenario_done(self, writer: ScenarioWriter) -> None:
        self.digests[writer.path.name] = writer.close()

    def without_end(self) -> int:
        """Return how many scenarios have a file in the folder and were never ended, here or by a part of the run."""
        return sum(path.name not in self.digests for path in (self.folder / SCENARIOS).glob("*.jsonl"))

    def save(self) -> None:
        """Write ``run.json`` anew, whole or not at all."""
        path = self.folder / RUN_FILE
        text = json.dumps({**self.document, "host": self.host}, indent=2, sort_keys=True, allow_nan=False)
        replace_file(path, text + "\n")

    def digest(self) -> str:
        """Return the evidence digest of the run: over all scenario digests, sorted by file name."""
        lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(self.digests.items()))
        return hashlib.sha256(lines.encode()).hexdigest()

    def finish(self, verdict: Verdict) -> str:
        """Write the verdict, the digest and the manifest; return the digest."""
        digest = self.digest()
        self.document |= {"finished": True, "verdict": verdict.value, "evidence_digest": digest}
        self.save()
        with on_disk(self.folder):
            files = sorted(path for path in self.folder.rglob("*") if path.is_file() and path.name != MANIFEST_FILE)
            sums = {str(path.relative_to(self.folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
        replace_file(self.folder / MANIFEST_FILE, json.dumps(sums, indent=2, sort_keys=True) + "\n")
        return digest


def replace_file(path: Path, text: str | Iterable[str]) -> None:
    """Write ``path`` anew, whole or not at all, from a text or its parts; RigFault if the disk does not take it."""
    temporary = path.with_suffix(".tmp")
    with on_disk(path):
        try:
            with temporary.open("w", encoding="utf-8", newline="\n") as file:
                file.writelines([text] if isinstance(text, str) else text)
            temporary.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
