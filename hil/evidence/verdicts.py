"""From an error to a verdict, from many verdicts to one, and from a verdict to an exit code.

What each code means is in docs/reference/exit-codes.md.

The one derivation: terminal, ``run.json``, headline of the report, JUnit and exit code all take it from here.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable
from typing import TYPE_CHECKING

from hil.errors import ExitCode, HilError
from hil.evidence.documents import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    Verdict.FRAMEWORK_ERROR: ExitCode.INTERNAL_ERROR,
    Verdict.NOT_APPLICABLE: ExitCode.NOTHING_RUN,
    Verdict.NOT_RUN: ExitCode.INTERRUPTED,
    Verdict.ALTERED: ExitCode.EVIDENCE_ALTERED,
}

_SEVERITY = [
    Verdict.NOT_RUN,
    Verdict.NOT_APPLICABLE,
    Verdict.PASS,
    Verdict.INCONCLUSIVE,
    Verdict.FAIL,
    Verdict.AUTHOR_ERROR,
    Verdict.FRAMEWORK_ERROR,
    Verdict.RIG_FAULT,
    Verdict.ALTERED,
]

_OF_THE_MACHINE = frozenset(
    {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EFBIG,
        errno.EROFS,
        errno.EACCES,
        errno.EPERM,
        errno.EIO,
        errno.ENOMEM,
        errno.EAGAIN,
        errno.EMFILE,
        errno.ENFILE,
    }
)
"""Errors of the operating system that say: disk, rights, memory or handles have run out."""


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict that stands for all: a rig fault outweighs a failure, since nothing else can be trusted."""
    return max(verdicts, key=_SEVERITY.index, default=Verdict.NOT_RUN)


def verdict_of_run(scenarios: Sequence[Verdict | None], also: Iterable[Verdict] = ()) -> Verdict:
    """Return the verdict of a run.

    A run with a scenario that did not run does not pass. A run with a scenario without a STOP event is a rig fault.

    :param scenarios: of each scenario; None: it has no STOP event, so that its end is not known.
    :param also: verdicts on the run as a whole: its start, its end, a session that was interrupted.
    """
    verdicts = [Verdict.RIG_FAULT if verdict is None else verdict for verdict in scenarios] + list(also)
    found = worst(verdicts)
    return Verdict.NOT_RUN if found is Verdict.PASS and Verdict.NOT_RUN in verdicts else found


def exit_code_of(verdict: Verdict) -> ExitCode:
    """Return the exit code of a command whose verdict this is."""
    return _EXIT_CODES[verdict]


def verdict_of(error: BaseException) -> Verdict:
    """Return whom ``error`` blames; the cause decides where a library wrapped it.

    An error that was not raised on purpose is a mistake in code, ours or that of a laboratory's own step, unless the
    machine ran out of disk, rights or memory: those are the laboratory's.
    """
    told = purposeful(error)
    if told is not None:
        return _BY_EXIT_CODE.get(told.exit_code, Verdict.FRAMEWORK_ERROR)
    if isinstance(error, KeyboardInterrupt):
        return Verdict.NOT_RUN
    return Verdict.RIG_FAULT if of_the_machine(error) else Verdict.FRAMEWORK_ERROR


def purposeful(error: BaseException) -> HilError | None:
    """Return the error that was raised on purpose, ``error`` itself or its nearest cause; None if there is none."""
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, HilError):
            return link
        link = link.__cause__
    return None


def of_the_machine(error: BaseException) -> bool:
    """Tell whether the machine that runs the framework lacks disk, rights, memory or handles."""
    return isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in _OF_THE_MACHINE)
