"""The last check of a rig, kept so that a run on it can tell what was measured there before.

A file for each rig in ``reports/checks/`` of the project. A run that depends on a wall clock puts it into ``run.json``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hil.errors import RigFault
from hil.rig.check.findings import CheckFinding, Level

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from hil.rig.config.rig_file import RigFile

CHECKS = Path("reports/checks")
"""Below the project's root."""

MEASURED = ("clock", "meter rate", "meter zero", "load rate", "bench clock")
"""The findings that are figures of this rig; the others name addresses, or say what the run says itself."""


def keep(folder: Path, rig: RigFile, findings: Sequence[CheckFinding], at: datetime) -> None:
    """Keep what a check of ``rig`` found at ``at`` (UTC), in place of what was kept. Raises RigFault if it cannot."""
    faults = sum(each.level is Level.FAULT for each in findings)
    measured = [{"part": each.part, "what": each.what} for each in findings if each.part in MEASURED]
    document = {
        "rig": rig.options.name,
        "at": at.isoformat(timespec="seconds"),
        "faults": faults,
        "measured": measured,
    }
    path = _path(folder, rig)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise RigFault(
            f"the findings cannot be kept ({error.strerror})",
            place=str(path),
            remedy="Make room there, or give the user of the command the right to write.",
        ) from error


def last_check(folder: Path, rig: RigFile) -> dict[str, Any] | None:
    """Return what the last check found: ``at``, ``faults`` and ``measured``; None if none is kept for this rig."""
    try:
        found = json.loads(_path(folder, rig).read_text(encoding="utf-8"))
        if found["rig"] != rig.options.name:
            return None
        return {name: found[name] for name in ("at", "faults", "measured")}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _path(folder: Path, rig: RigFile) -> Path:
    return folder / f"{rig.path.stem}.json"
