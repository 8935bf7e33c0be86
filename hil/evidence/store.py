"""The run folder while it is written: ``run.json``, a file a scenario, the manifest (docs/reference/evidence.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from hil.errors import FrameworkError
from hil.evidence.documents import Json, Verdict
from hil.evidence.run_folder.digests import EVIDENCE_DIGEST, OBSERVATIONS_DIGEST, evidence_digest, observations_digest
from hil.evidence.run_folder.files import (
    EVIDENCE_VERSION,
    RUN_FILE,
    SCENARIO_SUFFIX,
    SCENARIOS,
    on_disk,
    replace_file,
    scenario_files,
    slug,
)
from hil.evidence.run_folder.manifest import attachments, sum_of, write_manifest
from hil.evidence.run_folder.scenario_writer import ScenarioEntry, ScenarioWriter
from hil.owner_only import make_folder


@dataclass
class RunWriter:
    """A run folder being written. ``host`` facts stand apart from what the digests cover."""

    folder: Path
    document: dict[str, Json]
    host: dict[str, Json] = field(default_factory=dict)
    entries: dict[str, ScenarioEntry] = field(default_factory=dict)
    """Of each scenario that is done, by the name of its file."""

    @classmethod
    def create(cls, folder: Path, document: Mapping[str, Json], host: Mapping[str, Json]) -> Self:
        """Make the folder (it must not exist) for its owner alone, with a ``run.json`` that says it is not finished."""
        with on_disk(folder):
            make_folder(folder.parent)
            make_folder(folder, exist_ok=False)
            (folder / SCENARIOS).mkdir()
        run = cls(folder, {**document, "evidence_version": EVIDENCE_VERSION, "finished": False}, dict(host))
        run.save()
        return run

    def scenario(self, number: int, name: str) -> ScenarioWriter:
        """Open the file of the scenario with this running number."""
        return ScenarioWriter(self.folder / SCENARIOS / f"{number:04d}-{slug(name)}{SCENARIO_SUFFIX}")

    def scenario_done(self, writer: ScenarioWriter) -> None:
        """Close the file of a scenario and note what ``run.json`` says of it."""
        self.entries[writer.path.name] = writer.entry()

    def without_end(self) -> list[Path]:
        """Return the files of scenarios that were never ended, here or by a part of the run."""
        return [path for path in scenario_files(self.folder) if path.name not in self.entries]

    def save(self) -> None:
        """Write ``run.json`` anew, whole or not at all."""
        path = self.folder / RUN_FILE
        text = json.dumps({**self.document, "host": self.host}, indent=2, sort_keys=True, allow_nan=False)
        replace_file(path, text + "\n")

    def observations_digest(self) -> str:
        """Return the digest over what was observed in the scenarios that are done."""
        return observations_digest({name: entry.digest for name, entry in self.entries.items()})

    def finish(self, verdict: Verdict) -> str:
        """Write the verdict, the digests and the manifest; return the evidence digest."""
        with on_disk(self.folder):
            ended = {name: entry.document() for name, entry in self.entries.items()}
            broken: dict[str, dict[str, Json]] = {
                path.name: {"file": f"{SCENARIOS}/{path.name}", "sha256": sum_of(path)} for path in self.without_end()
            }
            attached = attachments(self.folder)
        listed: list[Json] = [document for _, document in sorted({**ended, **broken}.items())]
        self.document |= {
            "finished": True,
            "verdict": verdict.value,
            "scenarios": listed,
            "attachments": attached,
            OBSERVATIONS_DIGEST: self.observations_digest(),
        }
        digest = evidence_digest(json.loads(json.dumps(self.document)))
        if digest is None:
            raise FrameworkError(f"{RUN_FILE} holds what has no canonical form", place=str(self.folder))
        self.document[EVIDENCE_DIGEST] = digest
        self.save()
        write_manifest(self.folder)
        return digest
