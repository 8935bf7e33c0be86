"""Files that a scenario adds to its evidence: a photo, a screenshot, a log of another instrument.

They are copied into the run folder at once. ``run.json`` lists each with its SHA-256 sum, which the evidence digest
covers, and an event of the scenario tells when it was attached.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hil.errors import AuthorError
from hil.evidence.documents import Json
from hil.evidence.run_folder.files import on_disk, slug

ATTACHMENTS: Final = "attachments"

LARGEST_MIB: Final = 100
"""A file that is larger is refused: it would fill the disk that the evidence needs."""

_AT_ONCE = 1 << 20
"""Bytes that are copied together."""


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
        """Copy the file, as long as it is now, into the run folder; return what its event says.

        Raises AuthorError for what is no file, cannot be read or is too large, RigFault if the disk does not take it.
        """
        source = self.root / path
        with self._opened(source) as file:
            size = os.fstat(file.fileno()).st_size
            if size > LARGEST_MIB << 20:
                raise _refused(source, f"it has {size >> 20} MiB, at most {LARGEST_MIB} MiB are allowed")
            target = self._free_name(source)
            try:
                copied, digest = _copy(file, source, target, size)
            except Exception:
                with contextlib.suppress(OSError):
                    target.unlink(missing_ok=True)
                raise
        return {
            "file": target.relative_to(self.folder).as_posix(),
            "name": source.name,
            "bytes": copied,
            "sha256": digest,
        }

    def _opened(self, source: Path) -> io.FileIO:
        """Open the file, which may neither be waited for nor be a device: reading that might never end."""
        try:
            if not stat.S_ISREG(source.stat().st_mode):
                raise _refused(source, "it is no file")
            return io.FileIO(os.open(source, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))
        except (FileNotFoundError, NotADirectoryError):
            remedy = f"Paths count from the laboratory's folder, {self.root}."
            raise _refused(source, "it is not there", remedy) from None
        except (OSError, ValueError) as error:
            raise _refused(source, f"it cannot be read ({getattr(error, 'strerror', None) or error})") from None

    def _free_name(self, source: Path) -> Path:
        suffix = f".{slug(source.suffix)}" if source.suffix.strip(".") else ""
        stem = f"{self.number:04d}-{slug(source.stem)}"
        names = (f"{stem}{f'-{again}' if again else ''}{suffix}" for again in range(1_000_000))
        return next(path for name in names if not (path := self.folder / ATTACHMENTS / name).exists())


def _refused(source: Path, why: str, remedy: str | None = None) -> AuthorError:
    return AuthorError(f"this file cannot be attached: {why}", place=str(source), remedy=remedy)


def _copy(file: io.FileIO, source: Path, target: Path, size: int) -> tuple[int, str]:
    """Copy ``size`` bytes; return how many there were, and their SHA-256 sum.

    A file of a size of 0 may be one of the kernel, which says no size: it is read to its end.
    """
    left = size or (LARGEST_MIB << 20) + 1
    digest, copied = hashlib.sha256(), 0
    with on_disk(target):
        target.parent.mkdir(exist_ok=True)
        copy = target.open("wb")
    with on_disk(target), copy:
        while left > copied and (piece := _piece(file, source, min(left - copied, _AT_ONCE))):
            copy.write(piece)
            digest.update(piece)
            copied += len(piece)
    if copied > LARGEST_MIB << 20:
        raise _refused(source, f"it has more than {LARGEST_MIB} MiB")
    return copied, digest.hexdigest()


def _piece(file: io.FileIO, source: Path, size: int) -> bytes:
    try:
        piece = file.read(size)
    except OSError as error:
        raise _refused(source, f"it cannot be read ({error.strerror})") from None
    if piece is None:
        raise _refused(source, "it cannot be read to its end: it waits for more")
    return piece
