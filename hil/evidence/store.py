"""The run folder: ``run.json``, one JSON-lines file a scenario, a manifest of SHA-256 sums (DESIGN §7).

Writing never fails silently: any OSError ends the run. :mod:`hil.evidence.record` reads it back.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from hil.errors import RigFault
from hil.evidence.documents import Event, Json, Kind, Verdict, encode

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


class ScenarioWriter:
    """Appends the events of one scenario to its file, and to the digest."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.events: list[Event] = []
        """Everything written so far, in order: what limits are judged on."""
        self._encoded = 0
        self._unwritten: list[bytes] = []
        self._digest = hashlib.sha256()
        self._file = path.open("xb")

    def write(self, event: Event) -> None:
        """Append ``event``; raises RigFault when the disk does not take it.

        Readings and frames are written out in batches: what a crash can lose is bounded by ``BATCH`` events, and
        never the last word of a step or a verdict.
        """
        self.events.append(event)
        if event.kind in _PROMPT or len(self.events) - self._encoded + len(self._unwritten) >= BATCH:
            self._write_out()

    def encode_waiting(self) -> None:
        """Encode what was written meanwhile: work that is to be done once, at any time before it goes to the disk."""
        for event in self.events[self._encoded :]:
            canonical = event.canonical()
            text = encode(canonical)
            self._digest.update(text + b"\n")
            self._unwritten.append(text if event.host is None else encode({**canonical, "host": dict(event.host)}))
        self._encoded = len(self.events)

    def _write_out(self) -> None:
        self.encode_waiting()
        lines, self._unwritten = self._unwritten, []
        try:
            self._file.write(b"".join([line + b"\n" for line in lines]))
            self._file.flush()
        except OSError as error:
            raise RigFault(
                f"evidence cannot be written: {error.strerror}", place=str(self.path), remedy="Free disk space."
            ) from error

    def close(self) -> str:
        """Make the file durable and return the hex digest of its canonical events."""
        self._write_out()
        try:
            os.fsync(self._file.fileno())
            self._file.close()
        except OSError as error:
            raise RigFault(f"evidence cannot be written: {error.strerror}", place=str(self.path)) from error
        return self._digest.hexdigest()


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
        (folder / SCENARIOS).mkdir(parents=True)
        run = cls(folder, {**document, "finished": False}, dict(host))
        run.save()
        return run

    def scenario(self, number: int, name: str) -> ScenarioWriter:
        """Open the file of the scenario with this running number."""
        return ScenarioWriter(self.folder / SCENARIOS / f"{number:04d}-{slug(name)}.jsonl")

    def scenario_done(self, writer: ScenarioWriter) -> None:
        self.digests[writer.path.name] = writer.close()

    def save(self) -> None:
        """Write ``run.json`` anew, whole or not at all."""
        path = self.folder / RUN_FILE
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps({**self.document, "host": self.host}, indent=2, sort_keys=True) + "\n")
        temporary.replace(path)

    def digest(self) -> str:
        """Return the evidence digest of the run: over all scenario digests, sorted by file name."""
        lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(self.digests.items()))
        return hashlib.sha256(lines.encode()).hexdigest()

    def finish(self, verdict: Verdict) -> str:
        """Write the verdict, the digest and the manifest; return the digest."""
        digest = self.digest()
        self.document |= {"finished": True, "verdict": verdict.value, "evidence_digest": digest}
        self.save()
        files = sorted(path for path in self.folder.rglob("*") if path.is_file() and path.name != MANIFEST_FILE)
        sums = {str(path.relative_to(self.folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
        (self.folder / MANIFEST_FILE).write_text(json.dumps(sums, indent=2, sort_keys=True) + "\n")
        return digest
