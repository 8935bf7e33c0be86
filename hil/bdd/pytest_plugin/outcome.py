"""From an error to words, and from the end of a pytest session to an exit code (docs/reference/exit-codes.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from hil.errors import ExitCode, FrameworkError
from hil.evidence.documents import Verdict
from hil.evidence.own_error import told, trail
from hil.evidence.verdicts import exit_code_of, verdict_of, worst
from hil.report.scenario.recent_events import account
from hil.report.text_format import on_a_line

if TYPE_CHECKING:
    from hil.bdd.language.document import Problem
    from hil.errors import HilError
    from hil.evidence.documents import Event


def blame(error: BaseException) -> tuple[Verdict, str]:
    """Return the verdict on a scenario that ``error`` ended, and the reason.

    What pytest raises to leave something out, or to end the session, is no one's failure.
    """
    if isinstance(error, pytest.skip.Exception | pytest.exit.Exception | KeyboardInterrupt):
        return Verdict.NOT_RUN, str(error) or "interrupted"
    return verdict_of(error), str(told(error))


def code_of_session(of_pytest: int, verdict: Verdict, *, others_failed: bool = False) -> int:
    """Return the exit code of a session that pytest would end with ``of_pytest`` and whose run has this verdict.

    An interrupted session whose bench failed, or in which our own code did, does not end as one that was made safe.

    :param others_failed: a test that does not use the bench has failed: that weighs as much as a failed device.
    """
    code = exit_code_of(worst([verdict, Verdict.FAIL]) if others_failed else verdict)
    told_by_verdict = of_pytest in {ExitCode.DEVICE_FAILURE, ExitCode.INTERNAL_ERROR} and code is not ExitCode.PASS
    worse = of_pytest == ExitCode.INTERRUPTED and code in {ExitCode.RIG_FAULT, ExitCode.INTERNAL_ERROR}
    decides = of_pytest == ExitCode.PASS or told_by_verdict or worse
    return code if decides else of_pytest


def error_document(error: BaseException) -> dict[str, str]:
    """Return what a STEP event says of an error."""
    own = told(error)
    parts = {"what": own.what, "place": own.place, "remedy": own.remedy}
    return {key: text.encode("utf-8", "backslashreplace").decode() for key, text in parts.items() if text}


def explain(place: str, step: str, error: BaseException, events: Sequence[Event], again: str) -> str:
    """Return what an engineer needs on the terminal: the step, what was found, what happened there, and the command
    that runs the scenario again; of a mistake in code also the calls that led to it.
    """
    own: HilError = told(error)
    calls = ["the calls that led there:", *(f"  {call}" for call in trail(error))]
    code = calls if isinstance(own, FrameworkError) else []
    lines = [f"{place}: {step}", f"{verdict_of(own)}: {own}", *code, *_happened(events, again)]
    return "\n".join(map(on_a_line, lines))


def told_beside(error: BaseException, events: Sequence[Event], again: str) -> str:
    """Return the same for a test of which pytest itself shows what went wrong, and where."""
    return "\n".join(map(on_a_line, [f"{verdict_of(error)}: {told(error)}", *_happened(events, again)]))


def _happened(events: Sequence[Event], again: str) -> list[str]:
    return [*account(events).lines(), f"run it again: {again}"]


def abort_on_problems(problems: Sequence[Problem]) -> None:
    """End the run with exit code 4 (author error) and the list of ``problems`` if there are any.

    Raises pytest.UsageError, so it must be called from a hook of pytest's start or collection.
    """
    if not problems:
        return
    files = {problem.file for problem in problems}
    features = sum(file.endswith(".feature") for file in files)
    where = [f"{features} feature file{'s' * (features > 1)}"] if features else []
    where += ["the rig file"] if features < len(files) else []
    count = f"{len(problems)} mistake{'s' * (len(problems) > 1)} in {' and '.join(where)}"
    raise pytest.UsageError(f"{count}; nothing was run, nothing was switched\n" + "\n".join(map(str, problems)))
