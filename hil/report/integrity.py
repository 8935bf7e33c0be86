"""Whether a run folder still is what was recorded: the one derivation for report, terminal, JUnit and exit codes.

The reports themselves have sums of their own: they are derived from the evidence and may be written again at any time.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hil.evidence.documents import Kind, Verdict, encode
from hil.evidence.record import RunRecord, ScenarioRecord
from hil.evidence.run_folder import files
from hil.evidence.run_folder.digests import EVIDENCE_DIGEST, OBSERVATIONS_DIGEST, evidence_digest, observations_digest
from hil.evidence.run_folder.files import PLAIN_SUFFIX, SCENARIO_SUFFIX, SCENARIOS
from hil.evidence.run_folder.manifest import Manifest, chain_faults, changes_since, read_manifest, sum_of
from hil.evidence.run_folder.notes import note_faults
from hil.report.text_format import rows_of, section_of, text_of

DERIVED_FILES = files.DERIVED_FILES
"""Files that are made from the evidence."""

_SOUND = (
    "Every file of the run folder has the SHA-256 sum of its manifest, and both digests computed anew from run.json "
    "and the recorded events are the recorded ones.",
)
_SOUND_OLD = (
    "Every file of the run folder has the SHA-256 sum of its manifest, and the digest computed anew from the recorded "
    "events is the recorded one.",
    "This evidence was recorded by an older version: no digest covers run.json, so only the manifest protects it.",
)
_NEVER_FINISHED = "The run was never finished: it has no manifest and no final digest, and was not checked."


@dataclass(frozen=True)
class Statement:
    """The result of the check, in sentences; ``sound`` only if nothing speaks against the evidence.

    :param altered: whether the evidence is not what was recorded; a run that was never finished is not sound either.
    """

    sound: bool
    sentences: list[str]
    altered: bool = False

    @property
    def in_report(self) -> list[str]:
        """The sentences as a report prints them: that the evidence is sound holds for the time of its writing."""
        if not self.sound:
            return self.sentences
        return [f"When this report was written: {self.sentences[0]}", *self.sentences[1:]]


@dataclass(frozen=True)
class Seal:
    """What the check needs of a scenario when its events are gone.

    :param digest: of its events; None if one of them cannot be put in canonical form (only in foreign evidence).
    :param complete: whether it was recorded to its last event.
    :param clocks: by which its times were taken.
    :param told: what its events say of themselves: name, feature, line, seed, rig, verdict, and how many they are.
    """

    name: str
    digest: str | None
    complete: bool
    clocks: frozenset[str] = frozenset()
    told: Mapping[str, Any] | None = None


def seal_of(scenario: ScenarioRecord) -> Seal:
    """Return the digest of a scenario's evidence, whether it is complete, and what it says of itself."""
    stop = next(scenario.of(Kind.STOP), None)
    start = next(scenario.of(Kind.START), None)
    begin: Mapping[str, Any] = {} if start is None else start.data
    told = {key: begin[key] for key in ("name", "feature", "line", "seed", "rig") if key in begin}
    if stop is not None:
        told["verdict"] = stop.data.get("verdict")
    return Seal(
        scenario.name,
        scenario.digest or _canonical_digest(scenario),
        scenario.damage is None and stop is not None,
        frozenset(event.clock for event in scenario.events),
        {**told, "events": len(scenario.events)},
    )


def _canonical_digest(scenario: ScenarioRecord) -> str | None:
    digest = hashlib.sha256()
    try:
        for event in scenario.events:
            digest.update(encode(event.canonical()) + b"\n")
    except (ValueError, TypeError, OverflowError):
        return None
    return digest.hexdigest()


def verdict_as_read(verdict: Verdict | None, statement: Statement) -> Verdict | None:
    """Return the verdict that stands for a run as it is read: none can be trusted if its evidence was altered."""
    return Verdict.ALTERED if statement.altered else verdict


def check(record: RunRecord, seals: Sequence[Seal]) -> Statement:
    """Hold the run folder against its manifest, its events against ``run.json``, and that against its digest.

    :param seals: of all scenarios of ``record``, in their order.
    """
    manifest = read_manifest(record.folder)
    ended = record.document.get("finished") is True
    if not ended and record.damage is None and manifest.problem is not None and not manifest.files:
        return Statement(False, [_NEVER_FINISHED])
    faults = [record.damage] if record.damage else []
    if not ended and record.damage is None:
        faults.append(f"{files.RUN_FILE} says that the run was never finished, but it has a manifest.")
    faults += _manifest_faults(record.folder, manifest)
    faults += note_faults(record.folder)
    if record.damage is None:
        old = "evidence_version" not in record.document and manifest.version == 1
        faults += _old_digest_faults(record, seals) if old else _document_faults(record, seals)
        faults += _contradictions(record.document, seals)
        if not faults:
            return Statement(True, list(_SOUND_OLD if old else _SOUND))
    return Statement(False, list(dict.fromkeys(faults)), altered=True)


def _manifest_faults(folder: Path, manifest: Manifest) -> Iterator[str]:
    if manifest.problem is not None:
        yield manifest.problem
        if not manifest.files:
            return
    changes = changes_since(folder, manifest)
    yield from (f"{name} is gone: it was removed after the run." for name in changes.removed)
    yield from (f"{name} does not have the SHA-256 sum of the manifest: it was changed." for name in changes.changed)
    yield from (f"{name} is not in the manifest: it was added after the run." for name in changes.added)
    if manifest.problem is None:
        yield from chain_faults(folder, manifest)


def _document_faults(record: RunRecord, seals: Sequence[Seal]) -> Iterator[str]:
    """Hold ``run.json`` against its own digest, and the scenarios that it lists against those in the folder."""
    document = record.document
    if evidence_digest(document) != document.get(EVIDENCE_DIGEST):
        yield f"{files.RUN_FILE} does not have its recorded evidence digest: it was changed."
    for name, count in Counter(seal.name for seal in seals).items():
        if count > 1:
            yield f"{SCENARIOS}/{name}: there is more than one file of this scenario."
    there = {f"{SCENARIOS}/{seal.name}{SCENARIO_SUFFIX}": (seal, number) for number, seal in enumerate(seals)}
    listed = {str(row.get("file")): row for row in rows_of(document, "scenarios")}
    for file, row in listed.items():
        if file not in there:
            yield (
                f"{file} is gone: {files.RUN_FILE} lists it as scenario '{text_of(row, 'name')}' with the verdict "
                f"'{text_of(row, 'verdict')}'."
            )
            continue
        seal, number = there[file]
        recorded = row.get("digest")
        same = recorded in (None, seal.digest) or recorded == _canonical_digest(record.scenarios[number])
        if not same:
            yield f"{file}: its events are not those whose digest {files.RUN_FILE} lists."
        yield from _differences(file, row, seal)
    yield from (f"{file} is not listed in {files.RUN_FILE}." for file in there if file not in listed)
    for row in rows_of(document, "attachments"):
        path = record.folder / str(row.get("file"))
        if path.is_file() and sum_of(path) != row.get("sha256"):  # one that is gone is missed by the manifest
            yield f"{row.get('file')} does not have the SHA-256 sum that {files.RUN_FILE} lists: it was changed."
    digests = {file: str(row["digest"]) for file, row in listed.items() if row.get("digest") is not None}
    if observations_digest(digests) != document.get(OBSERVATIONS_DIGEST):
        yield f"The scenarios that {files.RUN_FILE} lists do not have the recorded observations digest."


def _differences(file: str, row: Mapping[str, Any], seal: Seal) -> Iterator[str]:
    told = seal.told or {}
    for key in ("name", "feature", "line", "verdict"):
        if row.get("digest") is not None and row.get(key) != told.get(key):
            yield (
                f"{file}: {files.RUN_FILE} says of it {key} '{text_of(row, key)}', its events say "
                f"'{text_of(told, key)}'."
            )


def _contradictions(document: Mapping[str, Any], seals: Sequence[Seal]) -> Iterator[str]:
    """Return what the events say of the bench that ``run.json`` denies."""
    rig = section_of(document, "rig")
    places = [place for place in section_of(document, "places").values() if isinstance(place, Mapping)]
    named = {
        "seed": {text_of(document, "seed")},
        "rig": {text_of(rig, "name"), *(text_of(each, "rig") for each in places)},
    }
    for seal in seals:
        told = seal.told or {}
        if rig and rig.get("virtual") is not True and "virtual" in seal.clocks:
            denied = f"but {files.RUN_FILE} does not call the rig a virtual one."
            yield f"Scenario {seal.name} has events in virtual time, {denied}"
        for key, said in (("seed", document.get("seed")), ("rig", rig.get("name"))):
            if key in told and said is not None and str(told[key]) not in named[key]:
                yield f"Scenario {seal.name} was recorded with {key} '{told[key]}', {files.RUN_FILE} names '{said}'."


def _old_digest_faults(record: RunRecord, seals: Sequence[Seal]) -> list[str]:
    """Hold the events of version 1 against the one digest that it has."""
    recorded = record.document.get(EVIDENCE_DIGEST)
    if recorded in _old_digests(seals):
        return []
    # the lines are not as we write them, but events written in another form may still be the same
    again = [
        replace(seal, digest=_canonical_digest(scenario))
        for seal, scenario in zip(seals, record.scenarios, strict=True)
    ]
    if recorded in _old_digests(again):
        return []
    return ["The evidence digest computed anew from the recorded events is not the one that was recorded."]


def _old_digests(seals: Sequence[Seal]) -> list[str]:
    """Return the digests that the run may have: a scenario that was cut off is in the folder but not in the digest."""
    found = []
    for chosen in (seals, [seal for seal in seals if seal.complete]):
        digests = {f"{seal.name}{PLAIN_SUFFIX}": seal.digest for seal in chosen}
        if None not in digests.values():
            found.append(observations_digest({name: str(digest) for name, digest in digests.items()}))
    return found
