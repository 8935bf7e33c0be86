"""What the report may say about the run folder that it was made from.

The reports themselves are left out: they are derived from the evidence and may be written again at any time.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from hil.evidence.documents import Kind, encode
from hil.evidence.store import MANIFEST_FILE, SCENARIOS, RunRecord, ScenarioRecord

DERIVED_FILES = frozenset({"report.html", "report.pdf", "junit.xml"})
"""Files that are made from the evidence; a later rendering changes them without touching it."""


@dataclass(frozen=True)
class Statement:
    """The result of the check, in sentences; ``sound`` only if nothing speaks against the evidence."""

    sound: bool
    sentences: list[str]


def evidence_digest(scenarios: list[ScenarioRecord]) -> str | None:
    """Return the digest over the events of ``scenarios`` as :meth:`hil.evidence.store.RunWriter.digest` makes it.

    None if an event cannot be put in canonical form (only in evidence that we did not write).
    """
    lines = []
    for scenario in scenarios:
        digest = hashlib.sha256()
        try:
            for event in scenario.events:
                digest.update(encode(event.canonical()) + b"\n")
        except (ValueError, TypeError, OverflowError):
            return None
        lines.append(f"{digest.hexdigest()}  {scenario.name}.jsonl\n")
    return hashlib.sha256("".join(sorted(lines, key=lambda line: line[66:])).encode()).hexdigest()


def is_complete(scenario: ScenarioRecord) -> bool:
    """Tell whether the scenario was recorded to its last event."""
    return scenario.damage is None and any(True for _ in scenario.of(Kind.STOP))


def check(record: RunRecord) -> Statement:
    """Hold the run folder against its manifest and its events against the recorded evidence digest."""
    if record.document.get("finished") is not True:
        return Statement(
            False, ["The run was never finished: it has no manifest and no final digest, and was not checked."]
        )
    faults = [*_manifest_faults(record), *_digest_faults(record)]
    if faults:
        return Statement(False, faults)
    return Statement(
        True,
        [
            "When this report was written, every file of the run folder had the SHA-256 sum of its manifest, and the "
            "evidence digest computed anew from the recorded events was the recorded one.",
        ],
    )


def _manifest_faults(record: RunRecord) -> list[str]:
    path = record.folder / MANIFEST_FILE
    if not path.is_file():
        return [f"{MANIFEST_FILE} is missing: no file of the run folder could be checked."]
    try:
        altered = set(record.altered_files()) - DERIVED_FILES
        listed = set(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, AttributeError, TypeError, OSError):
        return [f"{MANIFEST_FILE} cannot be read: no file of the run folder could be checked."]
    faults = [f"{name} does not have the SHA-256 sum of the manifest, or is gone." for name in sorted(altered)]
    added = {f"{SCENARIOS}/{scenario.name}.jsonl" for scenario in record.scenarios} - listed
    return faults + [f"{name} is not in the manifest: it was added after the run." for name in sorted(added)]


def _digest_faults(record: RunRecord) -> list[str]:
    recorded = record.document.get("evidence_digest")
    # a scenario that was cut off is in the folder but not in the digest
    whole = [scenario for scenario in record.scenarios if is_complete(scenario)]
    if recorded in {evidence_digest(record.scenarios), evidence_digest(whole)} - {None}:
        return []
    return ["The evidence digest computed anew from the recorded events is not the one that was recorded."]
