"""What the report may say about the run folder that it was made from.

The reports themselves are left out: they are derived from the evidence and may be written again at any time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from hil.evidence.documents import Kind, encode
from hil.evidence.record import RunRecord, ScenarioRecord
from hil.evidence.store import MANIFEST_FILE, SCENARIOS

DERIVED_FILES = frozenset({"report.html", "annex.html", "report.pdf", "certificate.pdf", "junit.xml"})
"""Files that are made from the evidence; a later rendering changes them without touching it."""


@dataclass(frozen=True)
class Statement:
    """The result of the check, in sentences; ``sound`` only if nothing speaks against the evidence."""

    sound: bool
    sentences: list[str]


@dataclass(frozen=True)
class Seal:
    """What the check needs of a scenario when its events are gone.

    :param digest: of its events; None if one of them cannot be put in canonical form (only in foreign evidence).
    :param complete: whether it was recorded to its last event.
    """

    name: str
    digest: str | None
    complete: bool


def seal_of(scenario: ScenarioRecord) -> Seal:
    """Return the digest of a scenario's evidence and whether the evidence is complete."""
    complete = scenario.damage is None and any(True for _ in scenario.of(Kind.STOP))
    return Seal(scenario.name, scenario.digest or _canonical_digest(scenario), complete)


def _canonical_digest(scenario: ScenarioRecord) -> str | None:
    digest = hashlib.sha256()
    try:
        for event in scenario.events:
            digest.update(encode(event.canonical()) + b"\n")
    except (ValueError, TypeError, OverflowError):
        return None
    return digest.hexdigest()


def evidence_digest(seals: Iterable[Seal]) -> str | None:
    """Return the digest over these scenarios as :meth:`hil.evidence.store.RunWriter.digest` makes it.

    None if one of them has none.
    """
    lines = []
    for seal in sorted(seals, key=lambda seal: f"{seal.name}.jsonl"):
        if seal.digest is None:
            return None
        lines.append(f"{seal.digest}  {seal.name}.jsonl\n")
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def check(record: RunRecord, seals: Sequence[Seal]) -> Statement:
    """Hold the run folder against its manifest and its events against the recorded evidence digest.

    :param seals: of all scenarios of ``record``, in their order.
    """
    if record.document.get("finished") is not True:
        return Statement(
            False, ["The run was never finished: it has no manifest and no final digest, and was not checked."]
        )
    faults = [*_manifest_faults(record, seals), *_digest_faults(record, seals)]
    if faults:
        return Statement(False, faults)
    return Statement(
        True,
        [
            "When this report was written, every file of the run folder had the SHA-256 sum of its manifest, and the "
            "evidence digest computed anew from the recorded events was the recorded one.",
        ],
    )


def _manifest_faults(record: RunRecord, seals: Sequence[Seal]) -> list[str]:
    path = record.folder / MANIFEST_FILE
    if not path.is_file():
        return [f"{MANIFEST_FILE} is missing: no file of the run folder could be checked."]
    try:
        altered = set(record.altered_files()) - DERIVED_FILES
        listed = set(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, AttributeError, TypeError, OSError):
        return [f"{MANIFEST_FILE} cannot be read: no file of the run folder could be checked."]
    faults = [f"{name} does not have the SHA-256 sum of the manifest, or is gone." for name in sorted(altered)]
    added = {f"{SCENARIOS}/{seal.name}.jsonl" for seal in seals} - listed
    return faults + [f"{name} is not in the manifest: it was added after the run." for name in sorted(added)]


def _digest_faults(record: RunRecord, seals: Sequence[Seal]) -> list[str]:
    recorded = record.document.get("evidence_digest")
    if recorded in _digests(seals):
        return []
    # the lines are not as we write them, but events written in another form may still be the same
    again = [
        replace(seal, digest=_canonical_digest(scenario))
        for seal, scenario in zip(seals, record.scenarios, strict=True)
    ]
    if recorded in _digests(again):
        return []
    return ["The evidence digest computed anew from the recorded events is not the one that was recorded."]


def _digests(seals: Sequence[Seal]) -> list[str]:
    """Return the digests that the run may have: a scenario that was cut off is in the folder but not in the digest."""
    digests = (evidence_digest(seals), evidence_digest(seal for seal in seals if seal.complete))
    return [digest for digest in digests if digest is not None]
