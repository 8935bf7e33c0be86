"""A child process that is told something and answers it in lines, each within a deadline of wall time."""

from __future__ import annotations

import os
import select
import subprocess
from typing import TYPE_CHECKING, Final

from hil.child_process import STOPPED, ChildProcess
from hil.clock import stopwatch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.devices.lockstep.command import DeviceCommand

ANSWER_S: Final = 5.0
"""Longest wall time for one answer; the first one includes the start of the program."""

LOOK_S: Final = 0.5
"""How often a program that does not answer is looked at; stopped at two looks, it is not waited for any longer."""

MAX_ANSWER: Final = 1 << 20
"""Bytes of one answer."""

LAST_WORDS: Final = 400
"""Characters of its standard error that a failure tells."""


class NoAnswer(Exception):
    """The program ended, hung, or wrote more than an answer may hold; the text says which.

    :ivar ended: whether it ended by itself, with an exit code.
    """

    def __init__(self, what: str, *, ended: bool = False) -> None:
        super().__init__(what)
        self.ended = ended


class AnsweringProcess:
    """A device's program between its start and its end.

    :raises OSError: the machine does not start it.
    """

    def __init__(self, name: str, command: DeviceCommand) -> None:
        self._process = ChildProcess(
            name,
            command.words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            environment=command.environment(),
            folder=command.folder,
            dies_with_parent=True,
        )
        self._input, self._output = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._input, False)
        self._unread = b""

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def ask(self, words: str) -> Iterator[str]:
        """Write ``words``, then yield the lines that come, without end; raises NoAnswer instead of waiting for ever.

        Raises NoAnswer also if something was left from the answer before, and for a line that is no UTF-8.
        """
        if self._unread:
            raise NoAnswer(f"went on after the end of its answer: {self._unread[:60]!r}")
        elapsed = stopwatch()
        data = words.encode()
        while data:
            try:
                data = data[os.write(self._input, data) :]
            except BlockingIOError:
                self._await(self._input, select.POLLOUT, elapsed(), "did not read what it was told")
            except BrokenPipeError:
                raise self._ended() from None
        size = 0
        while True:
            while b"\n" not in self._unread:
                self._await(self._output, select.POLLIN, elapsed(), "did not end its answer")
                more = os.read(self._output, 1 << 16)
                size += len(more)
                if not more:
                    raise self._ended()
                if size > MAX_ANSWER:
                    raise NoAnswer(f"gave an answer of more than {MAX_ANSWER} bytes")
                self._unread += more
            line, _, self._unread = self._unread.partition(b"\n")
            try:
                yield line.decode()
            except UnicodeDecodeError:
                raise NoAnswer(f"wrote a line that is no UTF-8: {line[:60]!r}") from None

    def kill(self) -> None:
        """End it at once, as a power cut does; idempotent."""
        self._process.kill()
        self._process.end()

    def last_words(self) -> str:
        """Return the end of what it wrote on its standard error."""
        return self._process.last_words()[-LAST_WORDS:]

    def _await(self, descriptor: int, what: int, elapsed: float, failing: str) -> None:
        poll = select.poll()
        poll.register(descriptor, what)
        left, was_stopped = max(0.0, ANSWER_S - elapsed), False
        while not poll.poll(min(left, LOOK_S) * 1000):
            left -= LOOK_S
            is_stopped = self._process.stopped()
            if is_stopped and (was_stopped or left <= 0):
                raise NoAnswer(f"{STOPPED} and {failing}")
            if left <= 0:
                raise NoAnswer(f"{failing} within {ANSWER_S:g} s")
            was_stopped = is_stopped

    def _ended(self) -> NoAnswer:
        if not self._process.wait(ANSWER_S):
            return NoAnswer("closed its standard output")
        return NoAnswer(self._process.how_it_ended(), ended=(self._process.returncode or 0) >= 0)
