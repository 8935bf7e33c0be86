"""What the rig file says of each instrument's calibration; an expired one gives no acceptance."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from hil.clock import utc_now
from hil.errors import ExitCode, RigFault
from hil.rig.check_findings import CheckFinding, Level, fault, note, ok

if TYPE_CHECKING:
    from hil.rig.file import RigOptions


def calibration(options: RigOptions, today: date) -> list[CheckFinding]:
    """Return certificate, uncertainty and due date of each instrument; an expired one is a fault."""
    findings = []
    for role in ("meter", "load"):
        part, facts = f"{role} calibration", options.instruments.get(role)
        if facts is None:
            findings.append(note(part, f"options.rig.instruments says nothing of the {role}"))
        elif facts.due is None:
            known = f", U {facts.uncertainty}" if facts.uncertainty else ""
            findings.append(note(part, f"{facts.calibration}{known}; no due date"))
        else:
            findings.append(_due(part, facts.due, f"{facts.calibration}, U {facts.uncertainty or 'not given'}", today))
    return findings


def refuse_expired(options: RigOptions, place: str) -> None:
    """Raise RigFault if a calibration has expired: such a bench gives no acceptance."""
    expired = [each for each in calibration(options, utc_now().date()) if each.level is Level.FAULT]
    if expired:
        what = "; ".join(f"{each.part}: {each.what}" for each in expired)
        raise RigFault(what, place=place, remedy="Have it calibrated, or run without --acceptance.")


def _due(part: str, due: str, facts: str, today: date) -> CheckFinding:
    try:
        last = date.fromisoformat(due)
    except ValueError:
        return fault(part, f"{facts}; due '{due}' is no date like 2027-01-31", ExitCode.AUTHOR_ERROR)
    if last < today:
        return fault(part, f"{facts}; expired on {last}")
    return ok(part, f"{facts}; due {last}")
