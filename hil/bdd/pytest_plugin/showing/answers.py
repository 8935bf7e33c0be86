"""Where the person at the bench may answer what a step asks: the terminal of the run, and its live page.

PYTEST_DONT_REWRITE: the run's plugin imports this module before pytest loads it, which pytest would warn of.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import re
import termios
from typing import TYPE_CHECKING, Final

from hil.live.questions import ANSWERS, LONGEST_REMARK, Answer, posted_answer
from hil.report.text_format import visible

if TYPE_CHECKING:
    from pathlib import Path

    from hil.bdd.pytest_plugin.showing.bench_status import BenchStatus
    from hil.bdd.pytest_plugin.showing.live_line import LiveLine
    from hil.live.questions import Question

TERMINAL: Final = "/dev/tty"
"""The terminal of this process, if it has one; pytest has put another file in the place of the standard input."""

_READ = 1 << 12

_FORMS = {"y": "yes", "n": "no", "?": "unsure"} | {answer: answer for answer in ANSWERS}

_ANSWER = re.compile(r"([a-z]+|[?])(?:[\s,.:;]+(.*))?", re.IGNORECASE | re.DOTALL)


class TerminalAnswer:
    """Asks on the terminal, unless the run is in its background; the live line waits meanwhile."""

    def __init__(self, line: LiveLine) -> None:
        self._line = line
        self._terminal = -1
        self._typed = b""

    def ask(self, question: Question) -> None:
        """Write the question; what was typed before it is no answer."""
        try:
            terminal = os.open(TERMINAL, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return
        try:
            background = os.tcgetpgrp(terminal) != os.getpgrp()  # to read there would stop the run
            termios.tcflush(terminal, termios.TCIFLUSH)
        except (OSError, termios.error):
            background = True
        if background:
            os.close(terminal)
            return
        self._terminal, self._typed = terminal, b""
        self._line.clear()
        self._line.held = True
        left = question.until - question.asked
        self._write(f"\nThe bench asks the operator: {visible(question.text)}\n  yes, no or unsure ({left:.0f} s): ")

    def answer(self) -> Answer | None:
        """Return what a line says that was typed; ask again for one that is no answer."""
        if self._terminal < 0:
            return None
        try:
            read = os.read(self._terminal, _READ)
        except BlockingIOError:
            return None
        except OSError:
            read = b""
        if not read:  # the end of the file, or a terminal that has gone
            self.close()
            return None
        *lines, self._typed = (self._typed + read).split(b"\n")
        for line in lines:
            answer = answer_of(line.decode(errors="replace"))
            if answer is not None:
                return answer
            self._write("  Type yes, no or unsure, and a remark after it if you like: ")
        return None

    def close(self) -> None:
        """Ask no more; the live line goes on."""
        if self._terminal >= 0:
            self._write("\n")
            os.close(self._terminal)
            self._terminal = -1
        self._line.held = False

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError):
            os.write(self._terminal, text.encode())


def answer_of(line: str) -> Answer | None:
    """Return the answer in a line: a word of ``ANSWERS`` and then a remark; None if it is none."""
    found = _ANSWER.fullmatch(line.strip())
    answer = _FORMS.get(found[1].lower()) if found is not None else None
    if found is None or answer is None:
        return None
    return Answer(answer, " ".join(visible(found[2] or "").split())[:LONGEST_REMARK], _user(), "terminal")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no user has this id
        return f"user {os.getuid()}"


class PageAnswer:
    """Asks on the live page."""

    def __init__(self, status: BenchStatus, folder: Path) -> None:
        self._status = status
        self._folder = folder

    def ask(self, question: Question) -> None:
        """Let the page show the question."""
        self._status.question = question

    def answer(self) -> Answer | None:
        """Return the answer that the page has taken."""
        question = self._status.question
        return None if question is None else posted_answer(self._folder, question.id)

    def close(self) -> None:
        """Let the page show it no more."""
        self._status.question = None
