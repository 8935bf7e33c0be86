"""A program that this process starts, watches and ends.

One thread per child starts it and waits for its end. So the end is noticed at once, no zombie is left, and the
kernel's notice of a parent's death (which is about the *thread* that started the child) is about a thread that lives
as long as the child.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from hil.errors import RigFault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

KILL_TIMEOUT_S: Final = 10.0
"""From ``kill -9`` to the end of a program; more only if the kernel holds it, e.g. in a disk that does not answer."""

STOPPED: Final = "was stopped by a signal (state T)"
"""Of a program that does nothing until it gets SIGCONT."""

_TAIL_BYTES = 1 << 16

_DIE_WITH_PARENT: Final = ("setpriv", "--pdeathsig", "KILL", "sh", "-c", '[ "$PPID" = "$0" ] && exec "$@"')
"""Asks the kernel to kill this process when its parent dies (PR_SET_PDEATHSIG), then becomes the program; a parent's id
and the program follow. Debian has both commands on every machine; together they take 4 ms, Python would take 80.

The parent may have died just before it asked; then the parent's id has changed and there is nothing left to do.
"""


class ChildProcess:
    """A child process in a session of its own: Ctrl-C reaches this process only, which then ends the child in order.

    :param name: of the program, for messages and for the thread that watches it.
    :param command: program and arguments.
    :param feed: bytes for its standard input, which then ends; for secrets, which no list of processes shows.
    :param stdin: what else its standard input is: ``subprocess.PIPE``, ``DEVNULL`` or a descriptor.
    :param stdout: ``PIPE``, ``DEVNULL`` or a descriptor; None: it goes where standard error goes.
    :param stderr: a descriptor; None: it goes into ``log``.
    :param log: file for what it writes; None: a file without a name. :meth:`last_words` reads it.
    :param environment: all its variables; None: those of this process.
    :param folder: its working directory; None: that of this process.
    :param pass_fds: descriptors that it inherits beside the standard ones.
    :param dies_with_parent: the kernel kills it when this process ends, however that ends.
    :param restore_signals: signals that Python ignores are not ignored in the child, see ``subprocess.Popen``.
    :param on_end: called with this object when the child has ended, in another thread.
    :raises OSError: the machine does not start it.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        feed: bytes | None = None,
        stdin: int = subprocess.DEVNULL,
        stdout: int | None = None,
        stderr: int | None = None,
        log: Path | None = None,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        pass_fds: Sequence[int] = (),
        dies_with_parent: bool = False,
        restore_signals: bool = True,
        on_end: Callable[[ChildProcess], None] | None = None,
    ) -> None:
        self.name = name
        """Name of the program."""
        prefix = [*_DIE_WITH_PARENT, str(os.getpid())] if dies_with_parent else []
        self._on_end = on_end
        self._feed = feed
        self._over = threading.Event()
        self._reaping = threading.Lock()
        self._tail = b""
        self._log: IO[bytes] = log.open("w+b") if log else tempfile.TemporaryFile()  # noqa: SIM115 - _watch closes it
        launched = threading.Event()
        problem: list[BaseException] = []

        def keep() -> None:
            try:
                self._process = subprocess.Popen(
                    [*prefix, *command],
                    stdin=stdin if feed is None else subprocess.PIPE,
                    stdout=(self._log if stderr is None else stderr) if stdout is None else stdout,
                    stderr=self._log if stderr is None else stderr,
                    env=environment,
                    cwd=folder,
                    pass_fds=pass_fds,
                    start_new_session=True,
                    restore_signals=restore_signals,
                )
            except BaseException as error:
                self._log.close()
                problem.append(error)
                return
            finally:
                launched.set()
            self._watch()

        threading.Thread(target=keep, name=name, daemon=True).start()
        try:
            launched.wait()
        except BaseException:  # an interrupt: the caller never gets this child, so end it here
            launched.wait()
            if not problem:
                self.kill()
            raise
        if problem:
            raise problem[0]

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""
        return self._process.returncode if self._over.is_set() else None

    def how_it_ended(self) -> str:
        """Return in words how it ended, e.g. ``ended with code 1``, or that it still runs."""
        code = self.returncode
        if code is None:
            return STOPPED if self.stopped() else "still runs"
        return f"ended with code {code}" if code >= 0 else f"was ended by signal {-code}"

    def stopped(self) -> bool:
        """Tell whether a signal has stopped it, or a program that it started: then it does nothing until SIGCONT."""
        try:
            stats = [Path(f"/proc/{each}/stat").read_text() for each in family(self.pid)]
        except OSError:  # one of them has just ended
            return False
        return any(stat.rpartition(") ")[2].startswith("T") for stat in stats)

    @property
    def stdin(self) -> IO[bytes]:
        """Its standard input, if that is a pipe."""
        return _piped(self._process.stdin)

    @property
    def stdout(self) -> IO[bytes]:
        """Its standard output, if that is a pipe."""
        return _piped(self._process.stdout)

    def last_words(self) -> str:
        """Return the end of what it wrote into its log, 64 KiB at most, without blanks around it."""
        with self._reaping:
            return (self._tail if self._log.closed else self._read_tail()).decode(errors="replace").strip()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal; one that has ended gets nothing."""
        with self._reaping:  # not while its id is given back: it may soon be that of another process
            if self._process.returncode is None:
                os.kill(self.pid, number)

    def kill(self) -> None:
        """Send it SIGKILL; from any thread."""
        self.signal(signal.SIGKILL)

    def wait(self, timeout: float) -> bool:
        """Wait ``timeout`` seconds at most for its end; tell whether it has ended."""
        return self._over.wait(timeout)

    def end(self, grace: float = 0.0) -> None:
        """Close its standard input, give it ``grace`` seconds to end by itself, then kill it; idempotent.

        A program that ends in order does so at the end of its input, or because it was told before. Raises RigFault if
        it outlives ``kill -9``.
        """
        if self._feed is None and self._process.stdin is not None:  # else the thread has it, and may be writing
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        if not self.wait(grace):
            self.kill()
            if not self.wait(KILL_TIMEOUT_S):
                what = f"process {self.pid} still runs {KILL_TIMEOUT_S:g} s after kill -9"
                raise RigFault(f"{what}; last words: {self.last_words()}", place=self.name)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _watch(self) -> None:
        if self._feed is not None and self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError), self._process.stdin as stdin:  # it may have ended
                stdin.write(self._feed)
        with contextlib.suppress(ChildProcessError):  # somebody waited for all children of this process
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        with self._reaping:
            self._process.wait()
            self._tail = self._read_tail()
            self._log.close()
        self._over.set()
        if self._on_end is not None:
            self._on_end(self)

    def _read_tail(self) -> bytes:
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), _TAIL_BYTES, max(0, size - _TAIL_BYTES))


def family(pid: int) -> list[int]:
    """Return the process and all that it started, as far as they run; OSError if one ends while they are looked at."""
    return [pid, *(member for child in children(pid) for member in family(child))]


def children(pid: int) -> list[int]:
    """Return the processes that ``pid`` started, as far as they run; raises OSError if it ends meanwhile."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for thread in threads for child in (thread / "children").read_text().split()]


def _piped(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise AssertionError("it was not started with a pipe")
    return stream
