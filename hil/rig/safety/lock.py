"""A broken rig stays locked until a person clears it (docs/safety.md): a file for each rig, with the reason.

The files stand in ``reports/locks/`` of the project. A rig counts as locked by the lock of its own rig file, and by
that of another rig file with the same ``options.rig.name``: both describe one bench. One rig file may serve many
places: then each place has a lock of its own.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from hil.clock import utc_now
from hil.errors import RigFault
from hil.rig.config.held_place import PLACE_VARIABLE
from hil.whole_file import write_whole

if TYPE_CHECKING:
    from hil.rig.config.rig_file import RigFile

LOCKS = Path("reports/locks")
"""Below the project's root."""


@dataclass(frozen=True)
class Lock:
    """Why a rig must not be used.

    :param rig: ``options.rig.name``; ``file`` the rig file as it was named.
    :param since: UTC, ISO 8601.
    """

    rig: str
    file: str
    reason: str
    since: str


def write_lock(folder: Path, rig: RigFile, reason: str) -> Path:
    """Lock ``rig``; a lock that stands already keeps its first reason. Raises RigFault if it cannot be written."""
    path = folder / f"{_stem(rig)}.json"
    lock = Lock(bench_name(rig), rig.path.name, reason, utc_now().isoformat(timespec="seconds"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            write_whole(path, json.dumps(asdict(lock), indent=2) + "\n")
    except OSError as error:
        raise RigFault(
            f"the rig is broken ({reason}) and its lock cannot be written ({error.strerror})",
            place=str(path),
            remedy="Let nobody use the bench.",
        ) from error
    return path


def find_locks(folder: Path, rig: RigFile) -> list[tuple[Path, Lock]]:
    """Return the locks of the bench that ``rig`` describes; a lock that cannot be read counts as one."""
    return [
        (path, lock)
        for path, lock in all_locks(folder)
        if path.stem == _stem(rig) or (lock.rig == bench_name(rig) and lock.since != "unknown")
    ]


def all_locks(folder: Path) -> list[tuple[Path, Lock]]:
    """Return every lock in ``folder``; one that cannot be read has the name of its file."""
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            lock = Lock(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            lock = Lock(unquote(path.stem), path.stem, f"the lock cannot be read ({error})", "unknown")
        found.append((path, lock))
    return found


def bench_name(rig: RigFile) -> str:
    """Return how messages and locks call the bench: by the place that this job holds, else by the rig file's name."""
    return rig.place_name or rig.options.name


def _stem(rig: RigFile) -> str:
    return quote(rig.place_name, safe="") if rig.place_name else rig.path.stem


def refuse_locked(folder: Path, rig: RigFile) -> None:
    """Raise RigFault if ``rig`` is locked, with the reason and the command that clears it."""
    for _, lock in find_locks(folder, rig):
        raise RigFault(
            f"the rig '{lock.rig}' is locked since {lock.since}: {lock.reason}",
            place=str(rig.path),
            remedy=f"Look at the bench, mend it, then: {clearing(rig)}",
        )


def clearing(rig: RigFile) -> str:
    """Return the command that clears the locks of ``rig``."""
    named = f"{PLACE_VARIABLE}={shlex.quote(rig.place_name)} " if rig.place_name else ""
    return f"{named}hil rig clear {rig.path}"


def clear_locks(folder: Path, rig: RigFile) -> list[Lock]:
    """Remove the locks of ``rig`` and return them; [] if it was not locked."""
    found = find_locks(folder, rig)
    for path, _ in found:
        path.unlink(missing_ok=True)
    return [lock for _, lock in found]
