"""What pytest calls an internal error: an exception in a hook, ours or another's, that would end in its traceback.

PYTEST_DONT_REWRITE: the run's plugin imports this module before pytest loads it, which pytest would warn of.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from hil.bdd import pytest_internals
from hil.bdd.pytest_plugin.keys import LIVE, RUN
from hil.errors import ExitCode
from hil.evidence.own_error import last_words
from hil.evidence.verdicts import exit_code_of, verdict_of

if TYPE_CHECKING:
    from collections.abc import Generator


class LastCatch:
    """Tells an internal error in one sentence, and has the session end with the code of whom it blames."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._code: ExitCode | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_internalerror(self, excrepr: object, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Hook of pytest: tell whose mistake it is, and remember the exit code for that."""
        verdict, words = verdict_of(excinfo.value), last_words(excinfo.value)
        self._code = exit_code_of(verdict)
        if RUN in self._config.stash:
            self._config.stash[RUN].note(verdict, words)
            self._config.stash[LIVE].clear()
        if not self._config.getoption("fulltrace"):
            pytest_internals.tell_instead(excrepr, f"{verdict}: {words}")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Hook of pytest: end with that exit code."""
        if session.exitstatus == ExitCode.INTERNAL_ERROR and self._code is not None:
            session.exitstatus = self._code

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_unconfigure(self) -> Generator[None, None, None]:
        """Tell what is raised when the exit code is known, such as pytest's on a socket that was left open.

        The run has its verdict by then; a traceback would end the process with 1, which is the device's.
        """
        try:
            return (yield)
        except Exception as error:
            if RUN not in self._config.stash:
                raise
            sys.stderr.write(f"hil: {last_words(error)}\n")
