"""The last check of a rig, and when its meter was zeroed, kept so that a run on it can tell what was measured before.

A file for each in ``reports/checks/`` of the project. A run that depends on a wall clock puts it into ``run.json``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hil.errors import RigFault
from hil.owner_only import make_folder
from hil.rig.check.findings import CheckFinding, Level
from hil.units import format_quantity
from hil.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from hil.rig.config.rig_file import RigFile

CHECKS = Path("reports/checks")
"""Below the project's root."""

MEASURED = ("clock", "meter rate", "meter zero", "meter ratio", "load rate", "bench clock")
"""The findings that are figures of this rig; the others name addresses, or say what the run says itself."""


def keep_zero(folder: Path, rig: RigFile, before: float, after: float, at: datetime) -> None:
    """Keep that the lab meter of ``rig`` was zeroed at ``at`` (UTC), and what it showed without input, in W."""
    document = {"rig": rig.options.name, "at": at.isoformat(timespec="seconds"), "before_w": before, "after_w": after}
    _write(_zero_path(folder, rig), document)


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
    _write(_path(folder, rig), document)


def _write(path: Path, document: dict[str, Any]) -> None:
    folder = path.parent
    try:
        make_folder(folder)
        write_whole(path, json.dumps(document, indent=2, ensure_ascii=False) + "\n")
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
        measured = [*found["measured"], *_last_zero(folder, rig)]
        return {"at": found["at"], "faults": found["faults"], "measured": measured}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _last_zero(folder: Path, rig: RigFile) -> list[dict[str, str]]:
    """Return when the meter was zeroed last, as a figure of the check; nothing if that is not kept for this rig."""
    try:
        found = json.loads(_zero_path(folder, rig).read_text(encoding="utf-8"))
        if found["rig"] != rig.options.name:
            return []
        before, after = (format_quantity(float(found[name]), "W") for name in ("before_w", "after_w"))
        return [{"part": "meter zeroed", "what": f"{found['at']}, {before} before, {after} after"}]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _zero_path(folder: Path, rig: RigFile) -> Path:
    return folder / f"{rig.path.stem}.zero.json"


def _path(folder: Path, rig: RigFile) -> Path:
    return folder / f"{rig.path.stem}.json"
