"""The names of the files in a run folder, and how they are written: whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from hil.errors import RigFault
from hil.whole_file import write_whole

RUN_FILE: Final = "run.json"
MANIFEST_FILE: Final = "manifest.json"
SCENARIOS: Final = "scenarios"
SAFE_STATE_FILES: Final = "safe_state*.json"
"""In the run folder, of each watchdog that had to act: its report of what it did."""

NOTES_FILE: Final = "notes.jsonl"
"""What people wrote about the run after it had ended."""

REPORT_SUMS_FILE: Final = "reports.json"
"""The SHA-256 sums of the reports, as they were last written."""

DERIVED_FILES: Final = frozenset(
    {"report.html", "annex.html", "report.pdf", "certificate.pdf", "junit.xml", REPORT_SUMS_FILE}
)
"""Files that are made from the evidence; a later rendering changes them without touching it."""

EVIDENCE_VERSION: Final = 2
"""Of the format that is written. 1: plain JSON lines, and a digest of the scenarios alone."""

SCENARIO_SUFFIX: Final = ".jsonl.gz"
PLAIN_SUFFIX: Final = ".jsonl"
"""Of a scenario's file in evidence of version 1."""


def slug(text: str) -> str:
    """Return ``text`` as a file name of lower-case words joined by hyphens, at most 60 characters."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60] or "scenario"


def scenario_files(folder: Path) -> list[Path]:
    """Return the scenario files of a run folder of any version, in their order."""
    return sorted(
        path for path in (folder / SCENARIOS).glob("*") if path.name.endswith((SCENARIO_SUFFIX, PLAIN_SUFFIX))
    )


def scenario_name(file: str) -> str:
    """Return the name of a scenario's file without its folder and its suffix."""
    return file.rpartition("/")[2].removesuffix(".gz").removesuffix(PLAIN_SUFFIX)


def require_file(path: Path) -> None:
    """Raise OSError for a pipe or a device, of which a reader may never see the end; what is not there is not told."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise OSError(errno.EINVAL, "it is a pipe or a device, and no file", str(path))


def read_file(path: Path) -> bytes:
    """Return the content of a file; raises OSError, and does so for a pipe or a device as well."""
    require_file(path)
    return path.read_bytes()


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


def replace_file(path: Path, text: str | Iterable[str], *, private: bool = False) -> None:
    """Write ``path`` anew, whole or not at all, from a text or its parts; RigFault if the disk does not take it.

    :param private: only its owner may read it, whatever the umask.
    """
    with on_disk(path):
        write_whole(path, text, private=private)


def replace_bytes(path: Path, content: bytes) -> Path:
    """Write ``path`` anew, whole or not at all, and return it; RigFault if the disk does not take it."""
    with on_disk(path):
        write_whole(path, content)
    return path
