"""The watchdog as the test process sees it: started before a relay moves, told that the run lives and when it ends."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from hil.child_process import ChildProcess
from hil.clock import stopwatch
from hil.errors import RigFault

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hil.rig.config.rig_file import RigFile

READY_TIMEOUT_S = 20.0
"""From start to its first word; a loaded machine needs some seconds to import everything."""

ACT_TIMEOUT_S = 30.0
"""For a safe state with all its rounds."""

END_TIMEOUT_S = 5.0
STANDARD_ERROR = 2

ANSWER_TIMEOUT_S = 5.0
"""For ``alive`` and ``resting``: the watchdog does nothing else, and goes before other programs if it may."""

SECOND_CHANCE_S = 0.5
"""More than that for a watchdog that was stopped together with this process, and is only now going on."""

BEATS_A_LIMIT = 10
"""Beats in the time after which the watchdog would act."""


class WatchdogClient:
    """Starts the watchdog of ``rig`` and talks to it; not thread-safe.

    :param address: where the virtual bench listens; empty for a physical one.
    :param lifeline: descriptor of the virtual bench's standard input, which the watchdog holds open.
    :param report: file in which it tells what it did, if it had to act.
    :param locks: folder of locks.
    :param errors: descriptor on which it tells the same to a person; None: this process' standard error.
    """

    def __init__(
        self,
        rig: RigFile,
        *,
        address: str = "",
        lifeline: int | None = None,
        report: Path | None = None,
        locks: Path | None = None,
        errors: int | None = None,
    ) -> None:
        self._beats = rig.real_time
        self._limit = rig.options.limits.heartbeat
        self._link, theirs = socket.socketpair()
        arguments = ["--rig", str(rig.path.resolve())]
        arguments += ["--address", address] if address else []
        arguments += ["--heartbeat", str(self._limit)] if self._beats else []
        arguments += ["--report", str(report.resolve())] if report is not None else []
        arguments += ["--locks", str(locks.resolve())] if locks is not None else []
        arguments += ["--lifeline", str(lifeline)] if lifeline is not None else []
        with theirs:
            self._process = ChildProcess(
                "watchdog",
                [sys.executable, "-m", "hil.rig.safety.watchdog", *arguments],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=STANDARD_ERROR if errors is None else errors,
                pass_fds=() if lifeline is None else (lifeline,),
            )
        self._unread = b""
        self._armed = False
        self._since_beat = stopwatch()
        self._unanswered: Callable[[], float] | None = None
        """Seconds since the oldest beat without an answer; None if each has one."""
        self.lost: RigFault | None = None
        """Why the watchdog does not watch any more; None: it does."""
        self.also: Callable[[], None] | None = None
        """Called with each look; raises RigFault if the bench must not be used any more. None: there is no reason."""

    @property
    def process(self) -> int:
        """The watchdog's process id."""
        return self._process.pid

    def wait_until_ready(self) -> None:
        """Return when it watches; raises RigFault if it does not come to that."""
        self._await("ready", READY_TIMEOUT_S)

    def arm(self) -> None:
        """The bench comes into use: from now on beats must come. Raises RigFault if the watchdog does not watch."""
        self._armed = True
        self._beat()

    def beat(self) -> None:
        """Show that this process lives; cheap, and to be called often.

        Raises RigFault if the watchdog acted or is gone.
        """
        if self._armed and self._since_beat() > self._limit / BEATS_A_LIMIT:
            self._beat()

    def disarm(self) -> None:
        """The bench is safe: no beats from now on. Raises RigFault if the watchdog has not watched it to here."""
        if self._armed:
            self._armed = False
            self._send("rest")
            self._await("resting", ANSWER_TIMEOUT_S)
            self._unanswered = None  # it answers in order

    def trip(self, reason: str) -> dict[str, Any]:
        """Have the watchdog make the bench safe; return its report. Raises RigFault if it does not answer."""
        self._armed = False
        self._words(0.0)  # what it said before is no answer to this
        self._send(f"act {' '.join(reason.split())}")
        report: dict[str, Any] = json.loads(self._await("acted", ACT_TIMEOUT_S))
        return report

    def end(self) -> None:
        """The bench is safe and the run over: end the watchdog; idempotent."""
        with contextlib.suppress(OSError):
            self._link.send(b"done\n", socket.MSG_DONTWAIT)
        self._link.close()
        self._process.end(END_TIMEOUT_S)

    def _beat(self) -> None:
        self._since_beat = stopwatch()
        if self._beats:
            self._send("beat")
            self._unanswered = self._unanswered or stopwatch()
        self.look()

    def look(self) -> None:
        """Raise RigFault if the watchdog has acted, hangs, or is gone, or if the bench must not be used any more."""
        if not self._armed:
            return
        if self.lost is not None:
            raise self.lost
        self._hear(0.0)
        if self._unanswered is not None and self._unanswered() > ANSWER_TIMEOUT_S:
            self._hear(SECOND_CHANCE_S)
            if self._unanswered is not None:
                raise self._silent("alive", ANSWER_TIMEOUT_S)
        if self.also is not None:
            self.also()

    def _hear(self, timeout: float) -> None:
        """Take what the watchdog has said; raises RigFault if it has acted."""
        for word, rest in self._words(timeout):
            if word == "alive":
                self._unanswered = None
            elif word == "acted":
                report = json.loads(rest)
                state = "made the bench safe" if report["reached"] else f"could not make it safe ({report['problem']})"
                raise RigFault(
                    f"the watchdog {state}: {report['cause']}",
                    place="safety",
                    remedy="See limits.heartbeat in the rig file, and what the run was doing for so long.",
                )

    def _send(self, line: str) -> None:
        if self.lost is not None:
            raise self.lost
        try:
            self._link.send(f"{line}\n".encode(), socket.MSG_DONTWAIT)
        except OSError as error:
            raise self._gone() from error

    def _words(self, timeout: float) -> list[tuple[str, str]]:
        """Return what the watchdog has said by now; raises RigFault if it has ended."""
        try:
            if not select.select([self._link], [], [], timeout)[0]:
                return []
            data = self._link.recv(1 << 16)
        except OSError:
            data = b""
        if not data:
            raise self._gone()
        *lines, self._unread = (self._unread + data).split(b"\n")
        return [(word, rest) for word, _, rest in (line.decode().partition(" ") for line in lines)]

    def _await(self, awaited: str, timeout: float) -> str:
        elapsed = stopwatch()
        while (left := timeout - elapsed()) > 0:
            for word, rest in self._words(left):
                if word == awaited:
                    return rest
        raise self._silent(awaited, timeout)

    def _silent(self, awaited: str, timeout: float) -> RigFault:
        self.lost = RigFault(
            f"no '{awaited}' from the watchdog within {timeout:g} s: it hangs, and nobody"
            " would make the bench safe if this process died",
            place="safety",
            remedy="See what stopped it, and rerun.",
        )
        return self.lost

    def _gone(self) -> RigFault:
        if self.lost is not None:
            return self.lost
        self._process.wait(END_TIMEOUT_S)
        code = self._process.returncode
        state = "does not listen" if code is None else f"has ended with code {code}"
        self.lost = RigFault(
            f"the watchdog {state}: nobody would make the bench safe if this process died",
            place="safety",
            remedy="See its last words above, and rerun.",
        )
        return self.lost
