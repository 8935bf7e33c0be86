"""Notes that people add to a run after it has ended: ``notes.jsonl`` in its folder, one note a line.

The manifest is older than a note and cannot list it. Each note holds the SHA-256 sum of what came before it: the first
of the manifest, each further one of the note before. It holds a digest of itself as well. So no note can be changed,
put elsewhere or taken out from before another; that the last one is gone does not show.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hil.clock import utc_now
from hil.errors import ConfigurationError
from hil.evidence.documents import encode
from hil.evidence.run_folder.files import MANIFEST_FILE, NOTES_FILE, read_file, replace_bytes

LONGEST_NOTE: Final = 10_000
"""Characters of a note."""

_KEYS = ("at", "before", "digest", "text", "who")


@dataclass(frozen=True)
class Note:
    """What a person wrote.

    :param at: when, ISO 8601 in UTC, by the calendar of the machine.
    :param who: the person, as stated.
    """

    at: str
    who: str
    text: str


def add_note(folder: Path, text: str, who: str) -> Note:
    """Append a note to a finished run; raises ConfigurationError for what is none, RigFault if the disk refuses it."""
    if not text.strip() or not who.strip():
        raise ConfigurationError("a note needs a text and the name of the person who wrote it", place=str(folder))
    if not _is_unicode(text + who):
        raise ConfigurationError("text and name of a note are Unicode; one of them has bytes that are not UTF-8")
    if len(text) > LONGEST_NOTE:
        raise ConfigurationError(f"this note has {len(text)} characters; at most {LONGEST_NOTE} are allowed")
    if not (folder / MANIFEST_FILE).is_file():
        raise ConfigurationError(
            "this run was never finished, or is none: only a finished run takes notes", place=str(folder)
        )
    if faults := list(note_faults(folder)):
        raise ConfigurationError(faults[0], place=str(folder / NOTES_FILE))
    note = Note(utc_now().isoformat(timespec="seconds"), who.strip(), text.strip())
    line = _sealed({"at": note.at, "before": _sum_before(folder), "text": note.text, "who": note.who})
    before = b"".join(each for each, _ in _rows(folder))
    replace_bytes(folder / NOTES_FILE, before + line)  # half a note would be evidence that was altered
    return note


def read_notes(folder: Path) -> list[Note]:
    """Return the notes of a run, oldest first, as far as they can be read."""
    return [Note(row["at"], row["who"], row["text"]) for _, row in _rows(folder) if row is not None]


def note_faults(folder: Path) -> Iterator[str]:
    """Yield in sentences which notes are not as they were written."""
    before = _sum_of_manifest(folder)
    for number, (line, row) in enumerate(_rows(folder), 1):
        if row is None:
            yield f"{NOTES_FILE}:{number} is no note: it was changed."
        elif row["before"] != before:
            yield f"{NOTES_FILE}:{number} does not follow what stands before it: a note or the manifest was changed."
        before = hashlib.sha256(line).hexdigest()


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _sum_before(folder: Path) -> str:
    rows = list(_rows(folder))
    return hashlib.sha256(rows[-1][0]).hexdigest() if rows else _sum_of_manifest(folder)


def _sum_of_manifest(folder: Path) -> str:
    try:
        return hashlib.sha256(read_file(folder / MANIFEST_FILE)).hexdigest()
    except OSError:
        return ""


def _rows(folder: Path) -> Iterator[tuple[bytes, dict[str, str] | None]]:
    """Yield each line of the file, and what it says; None for a line that is no note."""
    try:
        content = read_file(folder / NOTES_FILE)
    except OSError:
        if os.path.lexists(folder / NOTES_FILE):
            yield b"", None
        return
    for line in content.splitlines(keepends=True):
        yield line, _parsed(line)


def _sealed(row: dict[str, str]) -> bytes:
    """Return the line of a note, with a digest of itself added."""
    return encode({**row, "digest": hashlib.sha256(encode(row)).hexdigest()}) + b"\n"


def _parsed(line: bytes) -> dict[str, str] | None:
    try:
        row = json.loads(line)
        good = line.endswith(b"\n") and sorted(row) == sorted(_KEYS) and all(isinstance(row[key], str) for key in _KEYS)
        return row if good and _sealed({key: row[key] for key in _KEYS if key != "digest"}) == line else None
    except (ValueError, TypeError, RecursionError):
        return None
