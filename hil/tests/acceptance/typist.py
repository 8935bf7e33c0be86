"""A person at a terminal: types at a program on a pseudo-terminal, and waits for what it shows."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import termios
from collections.abc import Iterator

from hil.tests.acceptance.commands import Finished, Project, Running, poll

WITH_TERMINAL = (
    "-c",
    "import fcntl, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); from hil.cli.main import main; sys.exit(main())",
)
"""``hil`` with its standard input as the terminal whose Ctrl-C is its signal."""

CTRL_C, CTRL_D, TAB = "\x03", "\x04", "\t"

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[=>78DM]|[\x00-\x09\x0b-\x1f]")
_WHERE_IS_THE_CURSOR = b"\x1b[6n"


class Typist:
    """Types at ``hil`` and reads what comes back; see :func:`at_terminal`."""

    def __init__(self, running: Running, person: int) -> None:
        self.running = running
        self._person = person
        self._shown = ""
        self._seen = 0

    def type(self, text: str) -> None:
        os.write(self._person, text.encode())

    def line(self, text: str) -> None:
        """Type a line and the enter key."""
        self.type(f"{text}\r")

    def wait(self, text: str) -> str:
        """Wait until ``text`` is shown that was not there at the last wait; return what came before it."""

        def there() -> bool:
            running = self._read()
            found = text in self._shown[self._seen :]
            assert found or running, f"ended without '{text}':\n{self._shown}"
            return found

        poll(there, f"'{text}' on the terminal")
        before, _, _ = self._shown[self._seen :].partition(text)
        self._seen += len(before) + len(text)
        return before

    def finish(self) -> Finished:
        """Wait for the end of the program; what it said is all that was shown."""
        poll(lambda: not self._read(), "the end of the program")
        finished = self.running.finish()
        return Finished(finished.code, self._shown, finished.project)

    def _read(self) -> bool:
        """Take in what is there; False when nobody is on the other end any more."""
        while select.select([self._person], [], [], 0)[0]:
            try:
                data = os.read(self._person, 1 << 16)
            except OSError:
                return False
            for _ in range(data.count(_WHERE_IS_THE_CURSOR)):
                self.type("\x1b[1;1R")
            self._shown += _CONTROL.sub("", data.decode(errors="replace"))
        return True


@contextlib.contextmanager
def at_terminal(project: Project, *arguments: str) -> Iterator[Typist]:
    """Start ``hil`` with these arguments on a terminal of 30 lines."""
    person, program = pty.openpty()
    termios.tcsetwinsize(program, (30, 160))
    project.environment["TERM"] = "xterm"
    running = project.start(*arguments, program=WITH_TERMINAL, stdin=program, stdout=program, stderr=program)
    os.close(program)
    try:
        yield Typist(running, person)
    finally:
        os.close(person)  # hangs up: a program that is still there ends
        running.finish()
