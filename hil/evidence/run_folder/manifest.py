"""The manifest of a run folder: the SHA-256 sum of each file, and of the manifest of the run before.

It covers itself by a digest of its own, so that an accident to it is noticed. Only a signature protects it against a
forger, or a copy of the digest that is kept elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final

from hil.evidence.run_folder.files import (
    DERIVED_FILES,
    EVIDENCE_VERSION,
    MANIFEST_FILE,
    NOTES_FILE,
    RUN_FILE,
    SAFE_STATE_FILES,
    on_disk,
    read_file,
    replace_file,
    require_file,
)
from hil.whole_file import DRAFT

SIGNATURE_FILE: Final = "manifest.json.sig"
TIME_STAMP_FILE: Final = "manifest.json.tst"
"""Made after the manifest and over it, so it cannot list them; nor can it list notes."""

_NOT_LISTED = DERIVED_FILES | {MANIFEST_FILE, SIGNATURE_FILE, TIME_STAMP_FILE, NOTES_FILE}

_DRAFTS = {name for file in {RUN_FILE, *_NOT_LISTED} for name in (file + DRAFT, Path(file).with_suffix(DRAFT).name)}
"""What a crash may leave of our own files while they are written; ``run.tmp`` and the like are of earlier versions.
Another file of that kind belongs to someone."""


_SAFE_STATE_DRAFTS = SAFE_STATE_FILES + DRAFT, str(Path(SAFE_STATE_FILES).with_suffix(DRAFT))


@dataclass(frozen=True)
class Previous:
    """The run before in the same folder: its id, and the SHA-256 sum of its manifest."""

    run: str
    manifest: str


@dataclass(frozen=True)
class Manifest:
    """A manifest as read back.

    :param files: SHA-256 sums by path in the run folder.
    :param problem: what is wrong with the manifest itself; None: nothing.
    """

    files: Mapping[str, str]
    previous: Previous | None = None
    problem: str | None = None
    version: int = EVIDENCE_VERSION


@dataclass(frozen=True)
class Changes:
    """The files of a run folder that are not as the manifest lists them."""

    removed: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)


def listed_files(folder: Path) -> Iterator[Path]:
    """Yield what is in a run folder and its manifest must list, sorted: files, links, and all else but folders."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if (path.is_symlink() or not path.is_dir()) and name not in _NOT_LISTED and not _is_temporary(name):
            yield path


def _is_temporary(name: str) -> bool:
    return name in _DRAFTS or any(fnmatch(name, draft) for draft in _SAFE_STATE_DRAFTS)


def attachments(folder: Path) -> list[dict[str, str]]:
    """Return the files beside ``run.json`` and the scenarios, with their sums: what ``run.json`` says of them."""
    return [
        {"file": name, "sha256": sum_of(path)}
        for path in listed_files(folder)
        if (name := path.relative_to(folder).as_posix()) != RUN_FILE and not name.startswith("scenarios/")
    ]


def sum_of(path: Path) -> str:
    """Return the SHA-256 sum of a file in hex; raises OSError for a pipe or a device, which may never end."""
    require_file(path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_manifest(folder: Path) -> None:
    """Write the manifest of a finished run; raises RigFault if the disk does not take it."""
    with on_disk(folder):
        files = {path.relative_to(folder).as_posix(): sum_of(path) for path in listed_files(folder)}
        previous = _run_before(folder)
    document: dict[str, Any] = {
        "evidence_version": EVIDENCE_VERSION,
        "files": files,
        "previous": None if previous is None else {"run": previous.name, "manifest": sum_of(previous / MANIFEST_FILE)},
    }
    replace_file(folder / MANIFEST_FILE, sealed(document))


def _run_before(folder: Path) -> Path | None:
    """Return the newest other finished run in the same folder; its name begins with the time of its start."""
    finished = [path.parent for path in folder.parent.glob(f"*/{MANIFEST_FILE}") if not path.parent.is_symlink()]
    return max((path for path in finished if path.name != folder.name), key=lambda path: path.name, default=None)


def sealed(document: Mapping[str, Any]) -> str:
    """Return the one text of ``document`` with a digest of itself added; :func:`seal_holds` looks at it."""
    return _text({**document, "digest": _digest(document)})


def seal_holds(document: Mapping[str, Any], content: bytes) -> bool:
    """Tell whether ``content``, which was read as ``document``, is what :func:`sealed` made, to the byte."""
    bare = {key: value for key, value in document.items() if key != "digest"}
    return document.get("digest") == _digest(bare) and content == _text(document).encode()


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def _digest(document: Mapping[str, Any]) -> str:
    return hashlib.sha256(_text(document).encode()).hexdigest()


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a run folder, of any version; what is wrong with it is told in the answer."""
    try:
        content = read_file(folder / MANIFEST_FILE)
    except FileNotFoundError:
        return Manifest({}, problem=f"{MANIFEST_FILE} is missing: no file of the run folder could be checked.")
    except OSError as error:
        return Manifest({}, problem=f"{MANIFEST_FILE} cannot be read ({error.strerror}).")
    try:
        document = json.loads(content)
        if "evidence_version" not in document:
            return Manifest(_sums(document), version=1)
        told = document["previous"]
        return Manifest(
            _sums(document["files"]),
            None if told is None else Previous(str(told["run"]), str(told["manifest"])),
            _flaw(document, content),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Manifest({}, problem=f"{MANIFEST_FILE} cannot be read: no file of the run folder could be checked.")


def _flaw(document: Mapping[str, Any], content: bytes) -> str | None:
    if seal_holds(document, content):
        return None
    return f"{MANIFEST_FILE} is not as it was written: its own digest does not hold."


def _sums(document: Any) -> Mapping[str, str]:
    if not isinstance(document, dict) or not all(isinstance(value, str) for value in document.values()):
        raise TypeError("a manifest lists sums by file")
    return document


def changes_since(folder: Path, manifest: Manifest) -> Changes:
    """Return the files that were removed, changed and added since the manifest was written."""
    found = Changes()
    for name, expected in sorted(manifest.files.items()):
        if name in DERIVED_FILES:  # a manifest of version 1 may list them
            continue
        path = folder / name
        try:
            if sum_of(path) != expected:
                found.changed.append(name)
        except (OSError, ValueError):
            (found.changed if os.path.lexists(path) else found.removed).append(name)
    there = [path.relative_to(folder).as_posix() for path in listed_files(folder)]
    found.added.extend(name for name in there if name not in manifest.files)
    return found


def chain_faults(folder: Path, manifest: Manifest) -> list[str]:
    """Return in sentences which run before or after this one, in the same folder, is linked to another manifest."""
    faults = []
    before = manifest.previous
    if before is not None:
        path = folder.parent / before.run / MANIFEST_FILE
        if _is_name(before.run) and path.is_file() and sum_of(path) != before.manifest:
            faults.append(f"The manifest of the run before, {before.run}, was changed after this run.")
    own = sum_of(folder / MANIFEST_FILE)
    for path in sorted(folder.parent.glob(f"*/{MANIFEST_FILE}")):
        if path.parent.is_symlink() or path.parent.name == folder.name:
            continue
        try:
            if folder.name.encode() not in read_file(path):  # most are not about this run, and parsing takes long
                continue
        except OSError:  # what is wrong with another run says nothing of this one
            continue
        told = read_manifest(path.parent)
        linked = told.previous if told.problem is None else None
        if linked is not None and linked.run == folder.name and linked.manifest != own:
            faults.append(f"{MANIFEST_FILE} was changed after run {path.parent.name}, which recorded its sum.")
    return faults


def _is_name(run: str) -> bool:
    return run not in {"", ".", ".."} and "/" not in run and "\0" not in run
