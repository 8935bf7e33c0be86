"""From an exception to a verdict and to words, and from a verdict to an exit code (README "Exit codes")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hil.errors import ExitCode, HilError
from hil.evidence.documents import Verdict
from hil.report.chronicle import account

if TYPE_CHECKING:
    from hil.evidence.documents import Event

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
    told = purposeful(error)
    if told is not None:
        return _BY_EXIT_CODE.get(told.exit_code, Verdict.RIG_FAULT)
    if isinstance(error, KeyboardInterrupt):
        return Verdict.NOT_RUN
    return Verdict.RIG_FAULT


def purposeful(error: BaseException) -> HilError | None:
    """Return the error that was raised on purpose, ``error`` itself or its nearest cause; None if there is none."""
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, HilError):
            return link
        link = link.__cause__
    return None


def exit_code_of(verdict: Verdict) -> ExitCode:
    return _EXIT_CODES[verdict]


def code_of_session(of_pytest: int, verdict: Verdict) -> int:
    """Return the exit code of a session that pytest would end with ``of_pytest`` and whose run has this verdict."""
    code = exit_code_of(verdict)
    # a test that is no scenario may have failed too: then the run's pass does not stand for all
    decides = of_pytest == ExitCode.PASS or (of_pytest == ExitCode.DEVICE_FAILURE and code is not ExitCode.PASS)
    return code if decides else of_pytest


def error_document(error: BaseException) -> dict[str, str]:
    """Return what a STEP event says of an error."""
    told = purposeful(error)
    if told is None:
        return {"what": f"{type(error).__name__}: {error}"}
    parts = {"what": told.what, "place": told.place, "remedy": told.remedy}
    return {key: text for key, text in parts.items() if text}


def explain(place: str, step: str, error: HilError, events: Sequence[Event], again: str) -> str:
    """Return what an engineer needs on the terminal: the step, what was found, what happened there, and the command
    that runs the scenario again.
    """
    happened = account(events).lines()
    return "\n".join([f"{place}: {step}", f"{verdict_of(error)}: {error}", *happened, f"run it again: {again}"])
