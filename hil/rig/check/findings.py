"""What ``hil rig check`` finds: lines of a table, each with the exit code that it would give."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hil.errors import ExitCode, HilError, words


class Level(enum.StrEnum):
    """How a finding is meant; only a fault keeps the bench from being relied on."""

    OK = "ok"
    NOTE = "note"
    FAULT = "FAULT"


@dataclass(frozen=True)
class CheckFinding:
    """One line of the table."""

    part: str
    level: Level
    what: str
    code: ExitCode = ExitCode.PASS


def ok(part: str, what: str) -> CheckFinding:
    """Return a finding that ``part`` is as it should be."""
    return CheckFinding(part, Level.OK, what)


def note(part: str, what: str) -> CheckFinding:
    """Return a finding that a person should know of, and that is no fault."""
    return CheckFinding(part, Level.NOTE, what)


def fault(part: str, what: str, code: ExitCode = ExitCode.RIG_FAULT) -> CheckFinding:
    """Return a finding that ``part`` is not as it should be, with the exit code of the check."""
    return CheckFinding(part, Level.FAULT, what, code)


def each(part: str, look: Callable[[], list[CheckFinding]]) -> list[CheckFinding]:
    """Look at one part; whatever happens to it is a finding, so that the others are looked at too."""
    try:
        return look()
    except HilError as error:
        return [fault(part, str(error), error.exit_code)]
    except Exception as error:  # a driver of labgrid's, a serial port
        return [fault(part, f"{type(error).__name__}: {words(error)}")]


def table(findings: Sequence[CheckFinding]) -> str:
    """Return the findings as aligned columns, and their number."""
    width = max((len(finding.part) for finding in findings), default=0)
    lines = [f"{finding.part:{width}}  {finding.level:5}  {finding.what}" for finding in findings]
    faults = sum(finding.level is Level.FAULT for finding in findings)
    return "\n".join([*lines, f"{faults} fault{'' if faults == 1 else 's'}"])
