"""From an exception to a verdict, and from a verdict to an exit code. The two tables of README "Exit codes"."""

from __future__ import annotations

from hil.errors import ExitCode, HilError
from hil.evidence.documents import Verdict

_BY_EXIT_CODE = {
    ExitCode.DEVICE_FAILURE: Verdict.FAIL,
    ExitCode.AUTHOR_ERROR: Verdict.AUTHOR_ERROR,
    ExitCode.INCONCLUSIVE: Verdict.INCONCLUSIVE,
    ExitCode.RIG_FAULT: Verdict.RIG_FAULT,
}

_EXIT_CODES = {
    Verdict.PASS: ExitCode.PASS,
    Verdict.FAIL: ExitCode.DEVICE_FAILURE,
    Verdict.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
    Verdict.RIG_FAULT: ExitCode.RIG_FAULT,
    Verdict.AUTHOR_ERROR: ExitCode.AUTHOR_ERROR,
    Verdict.NOT_APPLICABLE: ExitCode.NOTHING_RUN,
    Verdict.NOT_RUN: ExitCode.INTERRUPTED,
}


def verdict_of(error: BaseException) -> Verdict:
    """Return whom ``error`` blames; the cause decides where labgrid wrapped it.

    An error that nobody raised on purpose is a fault of the bench, this program included: it says nothing about the
    device under test.
    """
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, HilError):
            return _BY_EXIT_CODE.get(link.exit_code, Verdict.RIG_FAULT)
        link = link.__cause__
    if isinstance(error, KeyboardInterrupt):
        return Verdict.NOT_RUN
    return Verdict.RIG_FAULT


def exit_code_of(verdict: Verdict) -> ExitCode:
    return _EXIT_CODES[verdict]
