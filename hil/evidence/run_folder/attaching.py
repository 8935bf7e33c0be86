"""Files that a scenario adds to its evidence: a photo, a screenshot, a log of another instrument.

They are copied into the run folder at once. ``run.json`` lists each with its SHA-256 sum, which the evidence digest
covers, and an event of the scenario tells when it was attached.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hil.errors import AuthorError
from hil.evidence.documents import Json
from hil.evidence.run_folder.files import on_disk, slug

ATTACHMENTS: Final = "attachments"

LARGEST_MIB: Final = 100
"""A file that is larger is refused: it would fill the disk that the evidence needs."""


@dataclass(frozen=True)
class Attaching:
    """Takes the files of one scenario.

    :param root: folder of the laboratory, from which paths count.
    :param folder: of the run.
    :param number: of the scenario in the run.
    """

    root: Path
    folder: Path
    number: int

    def take(self, path: str | Path) -> dict[str, Json]:
        """Copy the file into the run folder; return what its event says.

        Raises AuthorError for what is no file or is too large, RigFault if the disk does not take it.
        """
        source = self.root / path
        if not source.is_file():
            raise AuthorError(
                "this file cannot be attached: it is not there",
                place=str(source),
                remedy=f"Paths count from the laboratory's folder, {self.root}.",
            )
        size = source.stat().st_size
        if size > LARGEST_MIB << 20:
            raise AuthorError(
                f"this file cannot be attached: it has {size >> 20} MiB, at most {LARGEST_MIB} MiB are allowed",
                place=str(source),
            )
        target = self._free_name(source)
        with on_disk(target):
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(source, target)
            digest = hashlib.sha256(target.read_bytes()).hexdigest()
        return {
            "file": target.relative_to(self.folder).as_posix(),
            "name": source.name,
            "bytes": target.stat().st_size,
            "sha256": digest,
        }

    def _free_name(self, source: Path) -> Path:
        suffix = f".{slug(source.suffix)}" if source.suffix.strip(".") else ""
        stem = f"{self.number:04d}-{slug(source.stem)}"
        names = (f"{stem}{f'-{again}' if again else ''}{suffix}" for again in range(1_000_000))
        return next(path for name in names if not (path := self.folder / ATTACHMENTS / name).exists())
